"""The requests of a recording, so that two deployments are asked what an application asks."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from contract_tests.compare.reads import Ask
from contract_tests.engine.contract import JSON, load_contract
from contract_tests.engine.safety import READS
from contract_tests.errors import UsageError
from contract_tests.traffic.har import read_archive

API = "/api/credentials/"


def list_recorded(path: str, skipped: Counter[str]) -> Iterator[Ask]:
    """Yield the reads of a recording that are requests of the API; raises UsageError.

    Keys and cookies of the recording are not sent: each side has its own. What is passed over is
    counted.
    """
    requests = read_requests(path)
    return iter(list(_choose(requests, skipped)))


def read_requests(path: str) -> list[tuple[str, str]]:
    """Return method and URL of each entry of an HTTP Archive; raises UsageError."""
    try:
        return [(one.method, one.url) for one in read_archive(Path(path))]
    except UsageError as error:
        raise UsageError(f"--requests: {error}") from None


def _choose(requests: list[tuple[str, str]], skipped: Counter[str]) -> Iterator[Ask]:
    contract, known = load_contract(), set()
    for method, url in requests:
        parts = urlsplit(url)
        at = parts.path.find(API)
        if at < 0:
            skipped["requests of the recording that are not to this API"] += 1
        elif method not in READS:
            skipped["writes of the recording, which are not repeated"] += 1
        elif (method, parts.path[at:], parts.query) not in known:
            known.add((method, parts.path[at:], parts.query))
            path = parts.path[at:] + (f"?{parts.query}" if parts.query else "")
            operation = contract.find_operation(method, parts.path[at:])
            names = [pair.partition("=")[0] for pair in parts.query.split("&") if pair]
            yield Ask(
                operation.id if operation else "",
                "as recorded",
                parts.path[at:],
                tuple((name, "") for name in names),
                method=method,
                headers={"Accept": JSON},
                raw_path=path,
            )

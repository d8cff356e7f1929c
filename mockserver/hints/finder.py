"""All hints at a request, found as soon as it is answered."""

import logging
from collections.abc import Iterator
from itertools import islice

from mockserver.config import Config
from mockserver.contract.contract import Contract
from mockserver.hints.bodies import find_hints_on_body
from mockserver.hints.callers import find_hints_on_caller
from mockserver.hints.headers import find_hints_on_headers
from mockserver.hints.paths import PathHints
from mockserver.hints.query import find_hints_on_query
from mockserver.hints.served import ServedRequest
from mockserver.hints.wording import show

LOG = logging.getLogger("mockserver")
MOST_HINTS = 10
LONGEST_HINT = 600


class HintFinder:
    """Finds the hints at requests to a mock, of one release of the contract, below a prefix."""

    def __init__(self, contract: Contract, whole: Contract, config: Config, prefix: str) -> None:
        self._auth = config.auth
        self._paths = PathHints(contract, whole, config.api_version, prefix)

    def find(self, served: ServedRequest) -> tuple[str, ...]:
        """Return the hints at a request, at most ten, each once; none is worth a failed request."""
        try:
            found = tuple(islice(self._find(served), MOST_HINTS))
        except Exception:
            LOG.exception("no hints at %s %s%s", served.method, served.root, served.path)
            return ()
        return tuple(dict.fromkeys(show(hint, LONGEST_HINT) for hint in found)) if found else found

    def _find(self, served: ServedRequest) -> Iterator[str]:
        if served.status >= 300:
            yield from self._paths.find_hints(served)
            yield from find_hints_on_caller(served, self._auth)
        yield from find_hints_on_headers(served)
        if served.operation is not None:
            if served.query:
                yield from find_hints_on_query(served, served.operation)
            yield from find_hints_on_body(served, served.operation)

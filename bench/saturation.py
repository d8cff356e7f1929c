"""How many requests one process serves, and who was the limit: the server or the client."""

from collections.abc import Iterator
from dataclasses import asdict
from statistics import median

from bench.load import Cost, drive, first_reply
from bench.requests import LIST
from bench.servers import running
from bench.setting import Setting, report
from bench.table import Row, Section, figure

CONNECTIONS = (16, 256)


def measure_saturation(setting: Setting) -> Iterator[Section]:
    """Yield the table of requests in a second."""
    cases = [(name, number) for name in setting.mock.requests for number in CONNECTIONS]
    costs: dict[tuple[str, int], list[Cost]] = {case: [] for case in cases}
    times = min(3, setting.rounds)
    for number in range(times):
        report(f"saturation, round {number + 1} of {times}")
        with running(setting.mock, setting.server_core) as server:
            first_reply(server, LIST)
            drive(server, LIST, 1, setting.client_core)  # warm
            for name, connections in cases:
                cost = drive(
                    server,
                    setting.mock.requests[name],
                    setting.seconds,
                    setting.client_core,
                    connections=connections,
                )
                costs[name, connections].append(cost)
    yield Section(
        "saturation",
        "saturation of one process",
        ("requests/s", "server CPU", "client CPU", "others' CPU"),
        [_row(f"{name}, {c} connections", all_of) for (name, c), all_of in costs.items()],
        f"medians of {times} rounds of {setting.seconds} s; shares of one core; "
        "others: all else on this machine",
        {f"{n}, {c}": [asdict(cost) for cost in all_of] for (n, c), all_of in costs.items()},
    )


def _row(label: str, costs: list[Cost]) -> Row:
    rate = median(cost.rate for cost in costs)
    server = median(cost.cpu_seconds / cost.seconds for cost in costs)
    client = median(cost.client_cpu_seconds / cost.seconds for cost in costs)
    others = median(cost.others_seconds / cost.seconds for cost in costs)
    return Row(label, [figure(rate), f"{server:.0%}", f"{client:.0%}", f"{others:.0%}"])

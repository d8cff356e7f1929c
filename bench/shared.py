"""The recipe of a team's shared mock: nginx in front of one, two and three processes."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.load import drive, first_reply
from bench.requests import LIST
from bench.servers import Server, running, started
from bench.setting import Setting, report
from bench.table import Row, Section, figure
from mockserver.testing import free_port

RECIPE = Path(__file__).parents[1] / "examples" / "shared" / "nginx.conf"
NGINX = shutil.which("nginx", path=os.pathsep.join((os.environ["PATH"], "/usr/sbin")))
PORTS = ("9001", "9002", "9003")
CONNECTIONS = 64
SANDBOXES = 60


@dataclass(frozen=True)
class Figures:
    """What a load through nginx took: requests in a second, CPU microseconds for each."""

    rate: float
    nginx: float
    mock: float


@contextmanager
def behind_nginx(folder: Path, mocks: list[Server]) -> Iterator[Server]:
    """Run nginx with the recipe in front of some of its processes."""
    port = free_port()
    text = RECIPE.read_text().replace("listen 127.0.0.1:8080", f"listen 127.0.0.1:{port}")
    places = dict(zip(PORTS, mocks, strict=False))
    for each in PORTS:
        line = f"        server 127.0.0.1:{each} max_fails=0;\n"
        if line not in text:
            raise SystemExit(f"bench: {RECIPE} has no line {line.strip()!r}")
        address = places[each].url.removeprefix("http://") if each in places else ""
        text = text.replace(line, f"server {address} max_fails=0;\n" if address else "")
    folder.chmod(0o755)  # nginx's workers are another user's when it is started by root
    path = folder / "nginx.conf"
    path.write_text(text)
    command = [str(NGINX), "-p", str(folder), "-c", str(path)]
    with started(command, f"http://127.0.0.1:{port}") as server:
        yield server


def measure(setting: Setting, processes: int) -> Figures:
    """Measure the list, over many sandboxes, with some processes behind nginx."""
    with ExitStack() as stack:
        mocks = [stack.enter_context(running(setting.mock)) for _ in range(processes)]
        for each in mocks:
            first_reply(each, LIST)
        nginx = stack.enter_context(behind_nginx(setting.folder, mocks))
        first_reply(nginx, LIST)
        words = {"connections": CONNECTIONS, "sandboxes": SANDBOXES}
        drive(nginx, LIST, 1, setting.client_core, **words)  # warm
        before = sum(each.cpu_seconds() for each in mocks)
        cost = drive(nginx, LIST, setting.seconds, setting.client_core, **words)
        used = sum(each.cpu_seconds() for each in mocks) - before
    return Figures(cost.rate, cost.microseconds, used / cost.requests * 1e6)


def measure_shared(setting: Setting) -> Iterator[Section]:
    """Yield the table of the shared mock."""
    if NGINX is None:
        report("the shared mock is left out: nginx is missing (apt-get install nginx-light)")
        return
    seen: dict[int, list[Figures]] = {processes: [] for processes in range(1, len(PORTS) + 1)}
    times = min(3, setting.rounds)
    for number in range(times):
        report(f"shared mock, round {number + 1} of {times}")
        for processes in seen:
            seen[processes].append(measure(setting, processes))
    cores = len(os.sched_getaffinity(0))
    yield Section(
        "shared",
        "shared mock: list through nginx",
        ("requests/s", "nginx CPU µs", "mock CPU µs"),
        [
            Row(
                f"{processes} {'process' if processes == 1 else 'processes'}",
                [
                    figure(median(getattr(each, name) for each in all_of))
                    for name in ("rate", "nginx", "mock")
                ],
            )
            for processes, all_of in seen.items()
        ],
        f"medians of {times} rounds of {setting.seconds} s, {CONNECTIONS} connections, {SANDBOXES} "
        f"sandboxes; nginx, mocks and client share {cores} cores, which is the limit",
        {n: [vars(each) for each in all_of] for n, all_of in seen.items()},
    )

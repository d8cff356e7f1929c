"""Run the judge on a deployment that was written without a look at it: nothing to report."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.independent.serve import running

KEYS = {
    "ADMIN": "berth",
    "DEPARTMENT_ADMIN": "dora",
    "LEARNER": "lena",
    "OTHER_ORG_ADMIN": "inna",
    "RETIRED": "gone",
}
NAMES = [
    "--org=harbour",
    "--user-id=berth",
    "--username=berth",
    "--learner-username=lena",
    "--other-org=inland",
    "--other-user-id=inna",
    "--api-version=4.202",
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Run the deployment for the tests of this module."""
    with running() as found:
        yield found


@pytest.mark.longest
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("profile", "mode"), [("quick", "--read-only")])
def test_a_sound_stranger_has_no_failures(
    address: str, profile: str, mode: str, tmp_path: Path
) -> None:
    """No rule fails, no rule breaks, and nothing is left behind."""
    command = [
        Path(sys.executable).with_name("credcheck"),
        *("run", address, *NAMES, mode, f"--profile={profile}", f"--journal={tmp_path}"),
    ]
    keys = {f"CREDCHECK_KEY_{role}": f"{user}-key-4f1d" for role, user in KEYS.items()}
    done = subprocess.run(
        command, env={**os.environ, **keys}, capture_output=True, text=True, timeout=1800
    )
    failures = re.findall(r"^(?:FAILED|request failed) .*", done.stdout, re.MULTILINE)
    assert failures == [], f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    assert "0 left behind" in done.stdout

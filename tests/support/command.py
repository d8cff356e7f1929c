"""The command `credcheck` in a process of its own, with the keys of the world that ships."""

import os
import subprocess
import sys
from typing import Any

from tests.harness.bite import KEYS
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

COMMAND = [sys.executable, "-m", "contract_tests.cli"]
ENVIRONMENT = {**os.environ, **{f"CREDCHECK_KEY_{role}": key for role, key in KEYS.items()}}


def run(*words: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    """Run the command and return how it ended."""
    options = {"env": ENVIRONMENT, "timeout": 2 * PATIENCE, "cwd": ROOT, **more}
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, **options)

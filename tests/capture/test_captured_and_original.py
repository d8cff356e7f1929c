"""A captured service beside its original, by the commands that their users call."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.command import ENVIRONMENT, run
from tests.support.server import CREDMOCK, running
from tests.support.waiting import PATIENCE

UNSEEN = ("assignments", "providers", "exim", "analytics", "images")
"""What a capture says that it cannot see, or only in part."""
WITHOUT = [word for tag in UNSEEN for word in ("--without", tag)]
TARGET = """
[target.{name}]
base_url = "{url}"
org = "main"
user_id = "1"
api_version = "4.202"
keys = {{ admin = "env:{name}_KEY" }}
"""


@pytest.mark.slow
def test_a_captured_service_answers_as_its_original(tmp_path: Path) -> None:
    """`credcheck compare --same-data` finds every value equal, in several hundred requests."""
    world = str(tmp_path / "world.json")
    with running() as original:
        words = ["capture", original.url, "--org", "main", "--user-id", "1", "--keep-people"]
        captured = subprocess.run(
            [*CREDMOCK, *words, "--images", "-o", world], env=ENVIRONMENT, timeout=PATIENCE
        )
        assert captured.returncode == 0
        with running("--world", world) as copy:
            file = tmp_path / "credcheck.toml"
            targets = {"original": original.url, "captured": copy.url}
            file.write_text("".join(TARGET.format(name=n, url=u) for n, u in targets.items()))
            words = ["compare", "original", "captured", "--same-data", *WITHOUT]
            keys = {"original_KEY": "main-admin-key", "captured_KEY": "main-captured-key"}
            compared = run(*words, cwd=tmp_path, env={**os.environ, **keys})
    assert compared.returncode == 0, compared.stdout
    (line,) = [line for line in compared.stdout.splitlines() if line.startswith("COMPARED")]
    equal, _, all_of_them = line.split(": ")[1].split()[:3]
    assert equal == all_of_them
    assert int(equal) > 300

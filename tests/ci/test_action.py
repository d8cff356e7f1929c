"""The action and the template: valid by their published schemas, and their shell steps run here."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.bite import BROKEN_MOCK, KEYS
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

ACTION = ROOT / "action.yml"
TEMPLATE = ROOT / "templates" / "credcheck.gitlab-ci.yml"
BINARIES = Path(sys.executable).parent
BASH = shutil.which("bash")
EXPRESSION = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
QUICK = ("--rule", "PAGE-03", "--rule", "SCHEMA-01", "--profile", "quick", "--seed", "1")
needs_bash = pytest.mark.skipif(BASH is None, reason="bash is not installed")


def read_action() -> dict[str, Any]:
    """Return the action as YAML."""
    action: dict[str, Any] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    return action


@dataclass
class Step:
    """What a shell step of the action did."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str
    annotations: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)


def read_commands(log: str) -> Iterator[tuple[str, str]]:
    """Yield the commands that a runner takes from a log: name with properties, and message."""
    stopped = ""
    for line in log.splitlines():
        found = re.fullmatch(r"\s*::([^:]*)::(.*)", line)
        if not found:
            continue
        if stopped:
            stopped = "" if found[1] == stopped else stopped
        elif found[1] == "stop-commands":
            stopped = found[2]
        else:
            yield found[1], found[2]


def run_step(name: str, folder: Path, inputs: Mapping[str, str], **variables: str) -> Step:
    """Run a step as a runner does: bash with `-e`, inputs in the environment, files for results."""
    action = read_action()
    (step,) = (step for step in action["runs"]["steps"] if step["name"] == name)
    assert set(inputs) <= set(action["inputs"])
    values = {key: each.get("default", "") for key, each in action["inputs"].items()}
    values |= inputs
    files = {key: folder / key.lower() for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        path.touch()
    (folder / "step.sh").write_text(step["run"])
    environment = {
        **os.environ,
        "PATH": f"{BINARIES}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RUNNER_TEMP": str(folder),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_PATH": str(folder / "path"),
        **{key: str(path) for key, path in files.items()},
        **{
            key: EXPRESSION.sub(lambda found: values[found[1]], text)
            for key, text in step["env"].items()
        },
        **variables,
    }
    ended = subprocess.run(
        [str(BASH), "--noprofile", "--norc", "-eo", "pipefail", str(folder / "step.sh")],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2 * PATIENCE,
    )
    commands = list(read_commands(ended.stdout))
    return Step(
        ended.returncode,
        ended.stdout,
        dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines()),
        files["GITHUB_STEP_SUMMARY"].read_text(),
        [f"{name} {text}" for name, text in commands if name.startswith("error")],
        [text for name, text in commands if name == "add-mask"],
    )


@pytest.mark.parametrize(
    ("schema", "path"), [("github-actions", ACTION), ("gitlab-ci", TEMPLATE)], ids=str
)
def test_it_is_valid_by_its_published_schema(schema: str, path: Path) -> None:
    """A maintained checker, which brings the schemas, has no complaint."""
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    ended = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 0, ended.stdout


def test_no_input_is_pasted_into_a_shell_line() -> None:
    """Scripts hold no expression: what somebody passes is a variable, and stays a text."""
    steps = [step for step in read_action()["runs"]["steps"] if "run" in step]
    assert len(steps) == 3
    for step in steps:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        assert all(EXPRESSION.fullmatch(value) for value in step["env"].values())


def test_every_input_is_used() -> None:
    """Each has a description, and a step reads it."""
    action = read_action()
    used = set(re.findall(r"inputs\.([a-z-]+)", ACTION.read_text(encoding="utf-8")))
    assert used == set(action["inputs"])
    assert all(
        each["description"] and not each.get("required") for each in action["inputs"].values()
    )


@needs_bash
@pytest.mark.slow
def test_a_check_of_the_mock_passes(tmp_path: Path) -> None:
    """Exit code 0, the summary on the page of the job, the report, and no annotation."""
    step = run_step("Test the target", tmp_path, {"arguments": "\n".join(QUICK)})
    assert (step.code, step.outputs) == (0, {"exit-code": "0"}), step.log
    assert "credcheck: mock conforms" in step.summary
    assert (tmp_path / "credcheck-report" / "report.html").is_file()
    assert step.annotations == []


@needs_bash
@pytest.mark.slow
def test_a_check_of_a_broken_mock_fails(tmp_path: Path) -> None:
    """The code is that of credcheck, an annotation names the rule, and keys are masked."""
    keys = {f"{role.lower().replace('_', '-')}-key": key for role, key in KEYS.items()}
    arguments = "\r\n".join([*QUICK, "", "--disposable", "--api-version", "4.202"])
    inputs = {"target": BROKEN_MOCK, "org": "main", "user-id": "1", "arguments": arguments}
    step = run_step(
        "Test the target", tmp_path, {**inputs, **keys}, BROKEN="counts_are_not_numbers"
    )
    assert (step.code, step.outputs) == (1, {"exit-code": "1"}), step.log
    assert any(line.startswith("error title=SCHEMA-01%3A ") for line in step.annotations), step.log
    assert "breaks the contract" in step.summary
    assert {*step.masks} == {*KEYS.values()}
    unmasked = re.sub("(?m)^::add-mask::.*$", "", step.log)
    assert not [key for key in KEYS.values() if re.search(rf"(?<![\w-]){key}", unmasked)]


@needs_bash
@pytest.mark.slow
def test_what_cannot_be_tested_is_an_annotation(tmp_path: Path) -> None:
    """A usage error is exit code 2, and nothing in an input is run or is another option."""
    trap = f"$(touch {tmp_path}/run) `touch {tmp_path}/run` ; touch {tmp_path}/run #"
    inputs = {"target": trap, "org": trap, "user-id": trap, "arguments": f"--rule\n{trap}\n*"}
    key = "100%0A::error::\n::add-mask::x"
    step = run_step("Test the target", tmp_path, {**inputs, "admin-key": key})
    assert (step.code, step.outputs) == (2, {"exit-code": "2"}), step.log
    assert not (tmp_path / "run").exists()
    assert step.annotations == ["error title=credcheck exit code 2: see the log of this step"]
    assert step.masks == ["100%250A::error::", "::add-mask::x"]


@needs_bash
@pytest.mark.slow
def test_the_mock_serves_the_steps_that_follow(tmp_path: Path) -> None:
    """The step ends once the mock responds at the address that it passes on."""
    inputs = {"port": "0", "arguments": "--quiet\n--prefix\n/dm"}
    step = run_step("Start the mock", tmp_path, {**inputs, "command": "serve"})
    assert step.code == 0, step.log
    try:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", step.outputs["url"])
        url = f"{step.outputs['url']}/dm/__mock__/health"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as response:
            assert json.load(response)["status"] == "ok"
    finally:
        os.kill(int(step.outputs["pid"]), signal.SIGTERM)
    failed = run_step("Start the mock", tmp_path, {"port": "none", "arguments": "; true"})
    assert failed.code == 2
    assert [line.partition(":")[0] for line in failed.annotations] == [
        "error title=credmock the mock did not start"
    ]


@needs_bash
@pytest.mark.slow
def test_the_action_installs_itself(tmp_path: Path) -> None:
    """The folder of the action is a package; its commands are on the path of later steps."""
    step = run_step("Install", tmp_path, {"command": "serve"})  # which needs fewer packages
    assert step.code == 0, step.log
    (folder,) = (tmp_path / "path").read_text().splitlines()
    for command in ("credcheck", "credmock"):
        said = subprocess.run([f"{folder}/{command}", "--version"], capture_output=True, text=True)
        assert said.stdout.startswith(f"{command}, version"), said.stderr


def run_job(
    name: str, part: str, folder: Path, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run the script of a job of the template as a runner does, with the shell of a slim image."""
    job = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))[name]
    lines = "\n".join(job[part])
    environment = {
        **os.environ,
        "PATH": f"{BINARIES}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        **{key: value for key, value in job["variables"].items() if "$" not in value},
        **variables,
    }
    return subprocess.run(
        ["sh", "-e", "-c", lines],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2 * PATIENCE,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("mistake", "code"), [("", 0), ("counts_are_not_numbers", 1)])
def test_the_template_tests_a_target(tmp_path: Path, mistake: str, code: int) -> None:
    """The job fails as credcheck does, and leaves JUnit and code quality where it says."""
    job = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))[".credcheck"]
    arguments = "\n".join([*QUICK, "--disposable", "--api-version", "4.202"])
    settings = {f"CREDCHECK_KEY_{role}": key for role, key in KEYS.items()}
    settings |= {"CREDCHECK_ORG": "main", "CREDCHECK_USER_ID": "1", "BROKEN": mistake}
    settings |= {"CONTRACT_TARGET": BROKEN_MOCK, "CONTRACT_ARGUMENTS": arguments}
    ended = run_job(".credcheck", "script", tmp_path, CONTRACT_PACKAGE="", **settings)
    assert ended.returncode == code, ended.stdout
    reports = job["artifacts"]["reports"]
    suite = ElementTree.parse(tmp_path / reports["junit"]).getroot()[0]  # noqa: S314  (our own)
    assert bool(int(suite.attrib["failures"])) == bool(code)
    issues = json.loads((tmp_path / reports["codequality"]).read_text(encoding="utf-8"))
    assert bool(issues) == bool(code)
    assert code == 0 or "SCHEMA-01" in {issue["check_name"] for issue in issues}
    trap = f"$(touch {tmp_path}/run); touch {tmp_path}/run"
    traps = {"CONTRACT_TARGET": trap, "CONTRACT_ARGUMENTS": trap, "CONTRACT_PACKAGE": ""}
    assert run_job(".credcheck", "script", tmp_path, **traps).returncode == 2
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_template_starts_the_mock(tmp_path: Path) -> None:
    """The script of a job that extends it finds the mock serving."""
    options = {"MOCK_PACKAGE": "", "CREDMOCK_SERVE_BIND": "127.0.0.1:0"}
    assert run_job(".credmock", "before_script", tmp_path, **options).returncode == 0
    port = int((tmp_path / ".credmock" / "port").read_text())
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}/__mock__/health") as response:
            assert response.status == 200
    finally:
        os.kill(int((tmp_path / ".credmock" / "pid").read_text()), signal.SIGTERM)

"""The command that repeats a run has all that the run was given, and no key."""

import html
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from contract_tests.catalogue.operations import LIST_CREDENTIALS
from contract_tests.cli import main
from contract_tests.option_groups import GROUPS
from contract_tests.report.documents import build_report, render_html
from contract_tests.report.markdown import render_markdown
from contract_tests.report.repeat import format_commands
from contract_tests.settings.command_line import COMMAND_LINE, FILTERS
from contract_tests.settings.option import format_rate, parse_rate
from contract_tests.settings.sources import load_settings
from tests.harness.test_report import verdict
from tests.support.certificates import make_certificates
from tests.support.command import COMMAND, ENVIRONMENT, run
from tests.support.paths import ROOT

URL = "https://staging.example.com/a b"
SECRETS = {
    "CREDCHECK_KEY_ADMIN": "an-admin-key",
    "LEARNER": "a-learner-key",
    "WALL": "guard:a-password",
    "PROXY": "http://guard:another-password@proxy.example.com:3128",
    "TRACE": "a-secret-trace",
}
COMMAND_OPTION = next(command for name, command in main.commands.items() if name == "run")
GIVEN: dict[str, str | list[str] | bool] = {
    "api_version": "3.59",
    "without": ["exim", "providers"],
    "org": 'it\'s "main" $HOME `x` !',
    "user_id": "-7",
    "username": "zoë",
    "learner_username": "learner one",
    "other_org": "a&b;c",
    "other_user_id": "11",
    "issuer": "*",
    "key": ["learner=env:LEARNER"],
    "key_command": [f"admin='{sys.executable}' -c \"print('an-admin-key')\""],
    "auth_header": "X-Auth",
    "auth_scheme": "",
    "rate": "0.0001/min",
    "header": ["X-Trace: env:TRACE", 'X-Plain: it\'s "on"', "X-Token: a-token-in-clear"],
    "basic": "env:WALL",
    "basic_header": "X-Basic",
    "proxy": "env:PROXY",
    "allow_writes": True,
    "read_only": True,
    "disposable": True,
    "yes_this_is_production": True,
    "journal": "jour nal",
    "profile": "thorough",
    "rule": ["PAGE-03", "PAGE-02"],
    "subject": ["search"],
    "operation": [LIST_CREDENTIALS],
    "time_budget": "77",
    "seed": "4711",
    "workers": "2",
    "max_latency": "1e-05",
    "no_unknown_fields": True,
    "hold_choices": True,
    "report": "re port",
    "summary": "sum mary.md",
    "annotations": "anno.txt",
    "code_quality": "quality.json",
}
"""A value of each option of `credcheck run`; the files that have to exist come with a test."""
FILES = ("config", "client_cert", "client_key", "ca_bundle", "accept")
"""The options that name a file which has to exist."""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return a value of each option of `credcheck run`."""
    folder = tmp_path_factory.mktemp("a folder")
    certificates = make_certificates(folder)
    (folder / "credcheck.toml").write_text("")
    (folder / "accepted.toml").write_text("")
    return {
        **GIVEN,
        "config": str(folder / "credcheck.toml"),
        "client_cert": str(certificates.client),
        "client_key": str(certificates.client_key),
        "ca_bundle": str(certificates.authority),
        "accept": str(folder / "accepted.toml"),
    }


def repeat(options: dict[str, Any], target: str = URL) -> str:
    """Return the command that repeats a run with these options."""
    settings = load_settings(
        target, {name: value for name, value in options.items() if name in COMMAND_LINE}, SECRETS
    )
    filters = {name: options[name] for name in FILTERS if name in options}
    others = {"workers", "report", "summary", "annotations", "code_quality"} & {*options}
    given = {name: options[name] for name in sorted(others)}
    return format_commands(settings, filters, given, "")["run"]


def parse(command: str) -> dict[str, Any]:
    """Return what a shell and then `credcheck run` read in a command."""
    shown = subprocess.run(
        ["bash", "-c", f"credcheck() {{ printf '%s\\0' \"$@\"; }}; {command}"],
        capture_output=True,
        check=True,
        env={**os.environ, **SECRETS},
    )
    words = shown.stdout.decode().split("\0")[:-1]
    assert words[0] == "run"
    return COMMAND_OPTION.make_context("run", words[1:]).params


def test_a_value_of_every_option_is_tried() -> None:
    """Each option of `run` has values here."""
    options = {each.name for each in COMMAND_OPTION.params if isinstance(each, click.Option)}
    assert options == {*GIVEN, *FILES}
    assert options <= {name for names in GROUPS.values() for name in names}


@pytest.mark.parametrize("name", sorted({*GIVEN, *FILES}))
def test_each_option_is_repeated(given: dict[str, Any], name: str) -> None:
    """Alone it is in the command as it was given, or as the reference to a secret."""
    needed = {"org": "main", "user_id": "7"}
    if name.startswith("client_"):
        needed |= {other: given[other] for other in ("client_cert", "client_key")}
    if name == "yes_this_is_production":
        needed["disposable"] = True
    expected = {**needed, name: given[name]}
    read = parse(repeat(expected))
    assert read["target"] == URL
    values = list(read[name]) if isinstance(read[name], tuple) else read[name]
    if name == "rate":
        assert float(values.removesuffix("/s")) == pytest.approx(0.0001 / 60)
    elif name == "header":
        assert values == [*given["header"][:2], "X-Token: env:CREDCHECK_HEADER_X_TOKEN"]
    elif name == "key_command":
        assert [shlex.split(one) for one in values] == [
            shlex.split(one) for one in given["key_command"]
        ]
    elif name in ("time_budget", "max_latency"):
        assert float(values) == float(given[name])
    else:
        assert values == given[name]


def test_all_options_are_repeated_without_a_secret(given: dict[str, Any]) -> None:
    """Keys, passwords and secret headers are shown as what refers to them, in every report."""
    command = repeat(given)
    read = parse(command)
    assert all(read[name] not in (None, False, ()) for name in given if name != "auth_scheme")
    hidden = ["an-admin-key", "a-learner-key", "a-password", "another-password"]
    hidden += ["a-secret-trace", "a-token-in-clear"]
    assert not [secret for secret in hidden if secret in command]
    repeated = verdict(repeat={"run": command})
    document = build_report(repeated)
    assert document["repeat"] == {"run": command}
    assert command in "\n".join(render_markdown(repeated))
    page = render_html(document)
    shown = re.search(r'id="again">(.*?)</pre>', page, re.DOTALL)
    assert shown is not None
    assert parse(html.unescape(shown[1])) == read


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("mock", {}, "credcheck run mock --allow-writes --profile standard --seed 0"),
        ("mock", {"read_only": True}, "credcheck run mock --profile standard --seed 0 --read-only"),
        ("mock", {"org": "acme"}, "credcheck run mock --org acme --allow-writes"),
        ("wsgi:json:loads", {}, "credcheck run wsgi:json:loads --org"),
    ],
)
def test_what_was_not_given_is_left_out(target: str, options: dict[str, Any], words: str) -> None:
    """Only profile, seed and whether it writes are there in any case."""
    places = {} if target == "mock" else {"org": "main", "user_id": "7"}
    assert repeat({**places, **options}, target).startswith(words)


def test_what_variables_and_a_file_gave_is_repeated(tmp_path: Path) -> None:
    """With other variables, or another version of the file, the line repeats the same run."""
    file = tmp_path / "credcheck.toml"
    file.write_text(
        f'[target.staging]\nbase_url = "{URL}"\norg = "main"\nrate = "5/s"\nallow_writes = false\n'
        'without = ["exim"]\nkey_command = ["printf", "an-admin-key"]\n'
        'keys = { learner = "env:LEARNER" }\nheaders = { X-Plain = "on", X-Token = "a-token" }\n'
    )
    environment = {**SECRETS, "CREDCHECK_USER_ID": "9", "CREDCHECK_HOLD_CHOICES": "yes"}
    settings = load_settings("staging", {"config": str(file)}, environment)
    read = parse(format_commands(settings, {}, {}, "")["run"])
    assert (read["org"], read["user_id"], read["rate"]) == ("main", "9", "5/s")
    assert (read["without"], read["hold_choices"]) == (("exim",), True)
    assert (read["read_only"], read["allow_writes"]) == (True, False)
    assert read["key"] == ("learner=env:LEARNER",)
    assert read["header"] == ("X-Plain: on", "X-Token: env:CREDCHECK_HEADER_X_TOKEN")
    assert read["config"] == str(file)
    assert shlex.split(read["key_command"][0]) == ["admin=printf", "an-admin-key"]


@pytest.mark.parametrize("text", ["5/s", "100/min", "0.0001/min", "0.5/s", "1000000/s"])
def test_a_rate_is_written_as_it_is_read(text: str) -> None:
    """No small number gets an exponent, which the option does not take."""
    assert parse_rate(format_rate(parse_rate(text))) == pytest.approx(parse_rate(text))


@pytest.mark.slow
def test_the_printed_command_runs(tmp_path: Path) -> None:
    """Pasted as it is printed, it sends the same again and is not refused for its options."""
    words = ["--rule", "PAGE-03", "--profile", "quick", "--header", "X-Plain: it's on"]
    words += ["--report", "re port", "--summary", "sum.md", "--time-budget", "300", "-n", "1"]
    first = run("run", "mock", *words, cwd=tmp_path, env={**ENVIRONMENT, "PYTHONPATH": str(ROOT)})
    assert first.returncode == 0, first.stdout + first.stderr
    report = json.loads((tmp_path / "re port" / "report.json").read_text())
    assert report["repeat"]["run"] in (tmp_path / "sum.md").read_text()
    program = shlex.join(COMMAND)
    again = subprocess.run(
        ["bash", "-c", f'credcheck() {{ {program} "$@"; }}; {report["repeat"]["run"]}'],
        cwd=tmp_path,
        env={**ENVIRONMENT, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert again.returncode == 0, again.stdout + again.stderr
    second = json.loads((tmp_path / "re port" / "report.json").read_text())
    assert second["repeat"] == report["repeat"]
    assert second["seed"] == report["seed"]

"""Settings: one definition of each for command line, environment and file, and clear errors."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from contract_tests.cli import main
from contract_tests.errors import UsageError
from contract_tests.option_groups import GROUPS, GroupedCommand
from contract_tests.settings.command_line import COMMAND_LINE, FILTERS
from contract_tests.settings.sources import load_settings
from tests.support.paths import ROOT

URL = "https://staging.example.com"
KEY = {"CREDCHECK_KEY_ADMIN": "an-admin-key"}
NAMES = {"org": "main", "user_id": "7"}


def write_file(folder: Path, *lines: str) -> str:
    """Write a file with one target, and return its path."""
    file = folder / "credcheck.toml"
    table = ["[target.staging]", f'base_url = "{URL}"', 'org = "main"', 'user_id = "7"', *lines]
    file.write_text("\n".join(table))
    return str(file)


@pytest.mark.parametrize("command", ["run", "cleanup", "replay"])
def test_the_help_lists_every_option(command: str) -> None:
    """`--help` of a command shows each option that is defined for it, with its help text."""
    shown = " ".join(CliRunner().invoke(main, [command, "--help"]).output.split())
    for name, option in COMMAND_LINE.items():
        flag = f"--{name.replace('_', '-')}"
        assert (f" {flag} " in shown) == (command in option.commands), flag
        assert (" ".join(option.help.split()) in shown) == (command in option.commands), flag
    assert (" --rule " in shown) == (command == "run")
    assert set(FILTERS) == {"rule", "subject", "operation"}


def test_the_command_line_overrides_the_environment_and_the_file(tmp_path: Path) -> None:
    """An option wins over a variable, a variable over the file, the file over the default."""
    file = write_file(tmp_path, 'username = "file"', 'issuer = "file"', 'auth_scheme = "Token"')
    environment = {**KEY, "CREDCHECK_USERNAME": "variable", "CREDCHECK_ISSUER": "variable"}
    options = {"config": file, "username": "option"}
    settings = load_settings("staging", options, environment)
    assert settings.username == "option"
    assert settings.issuer == "variable"
    assert settings.auth_scheme == "Token"
    assert settings.timeout == 15


def test_keys_and_headers_add_to_the_file(tmp_path: Path) -> None:
    """Keys and headers of the command line are merged with those of the file."""
    file = write_file(
        tmp_path, 'keys = { learner = "env:L" }', 'headers = { X-A = "file", X-B = "file" }'
    )
    options = {"config": file, "key": ["retired=env:R"], "header": ["X-B: option"]}
    environment = {**KEY, "L": "a-learner-key", "R": "a-retired-key"}
    settings = load_settings("staging", options, environment)
    assert settings.keys == {
        "admin": "an-admin-key",
        "learner": "a-learner-key",
        "retired": "a-retired-key",
    }
    assert settings.headers == {"X-A": "file", "X-B": "option"}


def test_variables_for_the_mock() -> None:
    """A variable that describes a deployment is ignored for `mock`, one about the run is not."""
    environment = {"CREDCHECK_ORG": "theirs", "CREDCHECK_MAX_LATENCY": "0.5"}
    settings = load_settings("mock", {}, environment)
    assert settings.org == "main"
    assert settings.max_latency == 0.5


@pytest.mark.parametrize(
    ("options", "environment", "message"),
    [
        (
            {"user_id": "7"},
            KEY,
            "--org is required: pass --org, set CREDCHECK_ORG, or put org into credcheck.toml",
        ),
        (
            NAMES,
            {},
            "the key of admin is required: set CREDCHECK_KEY_ADMIN, pass --key admin=env:NAME, "
            "or put keys.admin into credcheck.toml",
        ),
        (
            {**NAMES, "rate": "fast"},
            KEY,
            "--rate: 'fast' is not a rate: use for example 5/s or 100/min",
        ),
        (
            {**NAMES, "profile": "lazy"},
            KEY,
            "--profile: 'lazy' is not valid: use one of quick, standard, thorough",
        ),
        ({**NAMES, "seed": "x"}, KEY, "--seed: 'x' is not an integer"),
        (
            NAMES,
            {**KEY, "CREDCHECK_ALLOW_WRITES": "maybe"},
            "CREDCHECK_ALLOW_WRITES: 'maybe' is not a boolean: use true or false",
        ),
        ({**NAMES, "header": ["no colon"]}, KEY, "--header: the value is not 'Name: value'"),
        ({**NAMES, "accept": "none.toml"}, KEY, "--accept: the file none.toml does not exist"),
    ],
)
def test_errors_name_the_source_and_the_fix(
    options: dict[str, Any], environment: dict[str, str], message: str
) -> None:
    """A message names option or variable, the value, what is expected, and what to do."""
    with pytest.raises(UsageError) as error:
        load_settings(URL, options, environment)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('allow_writes = "false"', "allow_writes: 'false' is not a boolean: use true or false"),
        ("timeout = true", "timeout: True is not a number"),
        ("user_id = 7", "user_id: 7 is not a string: write it in quotes"),
        ('without = "a b"', "without: 'a b' is not a list of strings such as"),
        ("rate = 5", "rate: 5 is not a rate: use for example 5/s or 100/min"),
        ('keys = "a-secret"', 'keys: the value is not a table such as { admin = "env:NAME" }'),
        ('other_orgg = "acme"', "unknown setting 'other_orgg'; did you mean 'other_org'?"),
        ("seed = 5", "unknown setting 'seed'"),
    ],
)
def test_errors_in_the_file_name_the_table(tmp_path: Path, line: str, message: str) -> None:
    """A message about the file names it, the target and the setting; a secret is not shown."""
    lines = [line] if not line.startswith("user_id") else []
    file = write_file(tmp_path, *lines)
    if not lines:
        Path(file).write_text(Path(file).read_text().replace('user_id = "7"', line))
    with pytest.raises(UsageError) as error:
        load_settings("staging", {"config": file}, KEY)
    text = str(error.value)
    assert text.startswith(f"{file}: [target.staging]: {message}")
    assert "a-secret" not in text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("timeout = -1", "timeout: -1 is not a number of seconds above 0"),
        ("timeout = nan", "timeout: nan is not a number of seconds above 0"),
        ("[targets.staging]", "unknown table or setting 'targets': write [target.staging]"),
    ],
)
def test_what_no_run_can_use_is_told(tmp_path: Path, line: str, message: str) -> None:
    """A time that is none, and a table that nothing reads."""
    with pytest.raises(UsageError) as error:
        load_settings("staging", {"config": write_file(tmp_path, line)}, KEY)
    assert str(error.value).endswith(message)


@pytest.mark.parametrize("words", [("run", "mock"), ("replay", "report.json", "PAGE-02")])
def test_a_missing_extra_is_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    """Where only the mock is installed, the line says what to install, with exit code 2."""
    (tmp_path / "report.json").write_text("{}")
    hide = "import sys; sys.modules.update(dict.fromkeys(('pytest', 'httpx', 'jinja2')))"
    code = f"{hide}; from contract_tests.cli import main; main({list(words)!r})"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert ended.returncode == 2, ended.stderr
    assert "is not installed: run pip install 'credmock[check]'" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_the_help_shows_each_option_in_a_group() -> None:
    """No option of a command is outside of a group, none is in two, and there are no others."""
    grouped = [name for names in GROUPS.values() for name in names]
    commands = [
        command for command in main.commands.values() if isinstance(command, GroupedCommand)
    ]
    taken = {
        each.name
        for command in commands
        for each in command.params
        if isinstance(each, click.Option)
    }
    assert len(commands) == 3
    assert sorted(grouped) == sorted(filter(None, taken))

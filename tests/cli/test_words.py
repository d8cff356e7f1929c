"""How the commands are asked by hand: `-h`, and commands with a slip."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from contract_tests.cli import main as credcheck
from mockserver.cli.main import main as credmock
from tests.support.paths import ROOT


@pytest.mark.parametrize("words", ["-h", "serve -h", "ctl -h", "ctl clock -h", "drift -h"])
def test_h_is_help_of_credmock(words: str) -> None:
    """For the command and each of its commands."""
    ended = CliRunner().invoke(credmock, words.split())
    assert ended.exit_code == 0
    assert ended.output.startswith("Usage: ")


@pytest.mark.parametrize("words", ["-h", "run -h", "cleanup -h", "explain -h"])
def test_h_is_help_of_credcheck(words: str) -> None:
    """For the command and each of its commands."""
    ended = CliRunner().invoke(credcheck, words.split())
    assert ended.exit_code == 0
    assert ended.output.startswith("Usage: ")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("serv", "serve"),
        ("SERVE", "serve"),
        ("routs", "routes"),
        ("drfit x", "drift"),
        ("ctl rest", "reset"),
        ("ctl scenarios", "scenario"),
        ("ctl exports", "export"),
    ],
)
def test_a_mistyped_command_of_credmock_is_suggested(words: str, meant: str) -> None:
    """In one line, with exit code 2, as an option is."""
    ended = CliRunner().invoke(credmock, words.split())
    assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1)
    assert f"Did you mean {meant!r}?" in ended.stderr


@pytest.mark.parametrize(
    ("word", "meant"), [("rnu", "run"), ("explian", "explain"), ("rule", "rules")]
)
def test_a_mistyped_command_of_credcheck_is_suggested(word: str, meant: str) -> None:
    """In the same way."""
    ended = CliRunner().invoke(credcheck, [word])
    assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1)
    assert f"Did you mean {meant!r}?" in ended.stderr


def test_another_word_is_refused_without_a_guess() -> None:
    """A word that is like no command has no suggestion."""
    ended = CliRunner().invoke(credmock, ["xyzzy"])
    assert (ended.exit_code, "Did you mean" in ended.stderr) == (2, False)


@pytest.mark.parametrize(
    ("command", "words"), [(credmock, []), (credmock, ["ctl"]), (credcheck, [])]
)
def test_without_a_command_there_is_the_help(command: click.Command, words: list[str]) -> None:
    """With its lines as they are, and not as one line; nothing was done, so exit code 2."""
    ended = CliRunner().invoke(command, words)
    assert ended.exit_code == 2
    shown = CliRunner().invoke(command, [*words, "-h"]).stdout
    assert ended.stderr.strip() == shown.strip()


def list_commands(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the words of a command and of all below it."""
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from list_commands(below, (*words, name))


@pytest.mark.parametrize("program", [credmock, credcheck], ids=["credmock", "credcheck"])
def test_every_command_has_both_spellings_of_help(program: click.Command) -> None:
    """`-h` says the same as `--help`, whatever the command lacks."""
    for words in list_commands(program, ()):
        short, long = (CliRunner().invoke(program, [*words, flag]) for flag in ("-h", "--help"))
        assert (short.exit_code, long.exit_code) == (0, 0), words
        assert short.stdout == long.stdout
        assert short.stdout.startswith("Usage: ")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("explain PAGE-3", "PAGE-03"),
        ("explain page-03", "PAGE-03"),
        ("run mokc", "mock"),
        ("run localhost:8000", "http://localhost:8000"),
        ("run staging.example.com/dm", "http://staging.example.com/dm"),
        ("run HTTPS://staging.example.com", "https://staging.example.com"),
        ("run http:/127.0.0.1:8000/", "http://127.0.0.1:8000/"),
        ("run mock --rule page-3", "PAGE-03"),
    ],
)
def test_a_mistyped_target_or_rule_is_suggested(words: str, meant: str, tmp_path: Path) -> None:
    """What was probably meant is in the line that refuses it."""
    command = [sys.executable, "-m", "contract_tests.cli", *words.split()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert ended.returncode == 2, ended.stderr
    assert f"did you mean {meant!r}?" in ended.stderr
    assert "Traceback" not in ended.stderr

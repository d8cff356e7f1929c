"""How the commands are asked by hand: `-h`, and commands with a slip."""

import pytest
from click.testing import CliRunner

from contract_tests.cli import main as credcheck
from mockserver.cli.main import main as credmock


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

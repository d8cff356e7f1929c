"""`credmock.toml`: the options of `credmock serve` in a file."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import trustme
from click.testing import CliRunner, Result

from mockserver.cli.main import main
from mockserver.cli.serve import GROUPS, serve
from mockserver.config import Config

SERVE = sys.modules["mockserver.cli.serve"]
EACH = {
    "bind": '"127.0.0.1:9001"',
    "port-file": '"port"',
    "tls-cert": '"server.pem"',
    "tls-key": '"server.key"',
    "tls-self-signed": "false",
    "prefix": '"/dm/"',
    "public-url": '"https://mock.example.com"',
    "trust-proxy": "1",
    "upstream": '"https://staging.example.com/dm"',
    "upstream-ca": '"world.json"',
    "upstream-writes": "true",
    "api-version": '"4.202"',
    "auth": '"any"',
    "cors": '""',
    "world": '"world.json"',
    "scenarios": '"."',
    "state": '"state.json"',
    "seed": "7",
    "credentials": "1",
    "assertions": "2",
    "assignments": "3",
    "now": "2026-06-01T12:00:00Z",
    "group-delay": "1.5",
    "rate-limit": '"100/min"',
    "max-body": "4096",
    "max-sandboxes": "5",
    "control-token": '"secret"',
    "strict": "true",
    "reload": "true",
    "quiet": "false",
    "log-format": '"json"',
}
"""A value of each option that differs from its default, where there is one."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Return what the server is started with, in an empty folder, without starting it."""
    seen: dict[str, Any] = {}

    def note(config: Config, listeners: Any, *_: Any, **more: Any) -> None:
        seen.update(config=config, address=listeners, **more)

    monkeypatch.setattr(SERVE, "run_server", note)
    monkeypatch.setattr(SERVE, "open_listeners", lambda host, port: (host, port))
    monkeypatch.chdir(tmp_path)
    return seen


def run(*words: str, env: Mapping[str, str] | None = None) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["serve", *words], env=env)


def test_each_option_can_be_in_the_file(tmp_path: Path, started: dict[str, Any]) -> None:
    """Each option of the command is a key; files are those beside the file itself."""
    folder = tmp_path / "team"
    folder.mkdir()
    (folder / "world.json").write_text("{}")
    lines = [f"{name} = {value}" for name, value in EACH.items()]
    (folder / "mock.toml").write_text("\n".join(["[serve]", *lines]))
    options = {each.opts[0].removeprefix("--") for each in serve.params}
    assert options - {"config"} == EACH.keys()
    issued = trustme.CA().issue_cert("localhost")
    (folder / "server.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    (folder / "server.key").write_bytes(issued.private_key_pem.bytes())
    ended = run("--config", "team/mock.toml")
    assert ended.exit_code == 0, ended.output
    config = started["config"]
    assert started["address"] == ("127.0.0.1", 9001)
    assert (started["reload"], started["port_file"]) == (True, Path("team/port"))
    assert (config.world, config.state) == (Path("team/world.json"), Path("team/state.json"))
    assert started["certificate"].chain == Path("team/server.pem")
    assert (config.prefix, config.cors, config.seed, config.strict) == ("/dm", None, 7, True)
    assert (config.maximum_body, config.group_delay, config.log_requests) == (4096, 1.5, "json")
    assert config.now.isoformat() == "2026-06-01T12:00:00+00:00"


def test_command_line_and_environment_win(tmp_path: Path, started: dict[str, Any]) -> None:
    """The file of the current folder is read by itself, and is the last to be asked."""
    (tmp_path / "credmock.toml").write_text('[serve]\nseed = 1\nauth = "any"\nmax_body = 99\n')
    variables = {"CREDMOCK_SERVE_AUTH": "off", "CREDMOCK_SERVE_SEED": "2"}
    assert run("--seed", "3", env=variables).exit_code == 0
    config = started["config"]
    assert (config.seed, config.auth, config.maximum_body) == (3, "off", 99)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[serve]\nstric = true",
            r"\[serve\] stric: there is no such option; did you mean 'strict'",
        ),
        ('[serve]\nstrict = "yes"', r"\[serve\] strict: write true or false, without quotes"),
        ("[serve]\nseed = true", r"\[serve\] seed: write a whole number"),
        ("[serve]\nseed = 1.5", r"\[serve\] seed: write a whole number"),
        ("[serve]\napi-version = 4.95", r"\[serve\] api-version: write a text in quotes"),
        ("[serve]\nbind = ['a']", r"\[serve\] bind: write a text in quotes"),
        ('[serve]\nbind = "x"', r"\[serve\] bind: 'x' is not a valid address: write HOST:PORT"),
        ('[serve]\nauth = "an"', r"\[serve\] auth: 'an' is not one of 'keys', 'any', 'off'"),
        ("[serve]\nmax-body = 0", r"\[serve\] max-body: 0 is not in the range"),
        ("[serve]\nmax-body = 1\nmax_body = 2", r"\[serve\] max_body: max-body sets the same"),
        ("[serve]\ngroup-delay = nan", r"\[serve\] group-delay: nan is not a number of seconds"),
        ('[serve]\nrate-limit = "x"', r"\[serve\] rate-limit: 'x' is not a valid rate: use for"),
        ("[serve]\nnow = 2026-06-01", r"\[serve\] now: '2026-06-01' has no time zone"),
        ('[serve]\nworld = "no.json"', r"\[serve\] world: File '.*no.json' does not exist"),
        ('[serve]\nworld = "a\\u0000b"', r"\[serve\] world: embedded null byte"),
        ('[serve]\nconfig = "x"', r"\[serve\] config: there is no such option"),
        ('[serve]\n"\\u001b[2J" = 1', r"\[serve\] '\\x1b\[2J': there is no such option"),
        ("[server]\nseed = 1", r"unknown table \[server\]: settings are in \[serve\]"),
        ("serve = 1", r"serve must be a table: write \[serve\]"),
        ("[serve]\nbind = \nseed = 1", r"not valid TOML: .*line 2"),
        ("x = " + "[" * 5000, r"not valid TOML"),
        (" \n", r"the file is empty"),
    ],
)
def test_a_slip_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    """It names the file, the key or the line, and what to write; the exit code is 2."""
    file = tmp_path / "mock.toml"
    file.write_text(text)
    ended = run("--config", str(file))
    assert ended.exit_code == 2
    assert re.fullmatch(rf"credmock: {re.escape(str(file))}: {said}.*\n", ended.stderr), (
        ended.output
    )


def test_a_file_of_powershell_is_read(tmp_path: Path, started: dict[str, Any]) -> None:
    """UTF-16 with a byte order mark and Windows' ends of lines are as good."""
    file = tmp_path / "mock.toml"
    file.write_bytes('[serve]\r\nprefix = "/dm"\r\nseed = 9\r\n'.encode("utf-16"))
    assert run("--config", str(file)).exit_code == 0
    assert started["config"].seed == 9


def test_the_help_shows_each_option_in_a_group() -> None:
    """Each option but --config and --help is in one group, and the examples are valid options."""
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(
        each.name for each in serve.params if isinstance(each, click.Option) and each.expose_value
    )
    shown = run("--help").output
    assert all(f"\n{title}:\n" in shown for title in GROUPS)
    assert shown.index("Address:") < shown.index("--bind") < shown.index("World:\n")

"""Guarded targets are reached by `run`, `replay` and `cleanup`, and the way is not shown."""

import base64
import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.certificates import OPENSSL, Certificates, make_certificates
from tests.support.command import run
from tests.support.faulty import Answer, Call, Fault, FaultyServer, serve_faulty
from tests.support.forward_proxy import ForwardProxy, forward_proxy

PASSWORD = "wall-password-0815"
PROXY_PASSWORD = "proxy-password-4711"
BASIC = "Basic " + base64.b64encode(f"team:{PASSWORD}".encode()).decode()
OPTIONS = ("--org", "main", "--user-id", "1", "--api-version", "4.202", "--profile", "quick")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="needs openssl")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Return certificates that were made once."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


class Gate:
    """A wall of Basic in front of an API whose key is in a header of its own, and expires.

    Each token, which a command prints and counts in a file, is good for a number of requests.
    """

    def __init__(self, counter: Path, uses: int) -> None:
        self.counter = counter
        self.uses = uses
        self.used: dict[str, int] = {}
        self.delete_does_nothing = False
        self.wrong_count = False

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        if call.headers.get("authorization") != BASIC:
            return Answer.page(401, "<h1>401</h1>", WWW_Authenticate='Basic realm="staging"')
        scheme, _, token = call.headers.get("x-token", "").partition(" ")
        newest = f"fresh-token-{self.counter.read_text()}"
        self.used[token] = self.used.get(token, 0) + 1
        if scheme != "Token" or token != newest or self.used[token] > self.uses:
            return call.forward({"Authorization": "Api-Key refused"})
        if call.method == "DELETE" and self.delete_does_nothing:
            return Answer(204)
        answer: Answer = call.forward({"Authorization": "Api-Key main-admin-key"})
        if self.wrong_count and call.method == "GET" and b'"count"' in answer.body:
            page = json.loads(answer.body)
            page.get("result", page)["count"] = -1
            return Answer.json(answer.status, page)
        return answer


@dataclass
class Staging:
    """A guarded deployment: its server, its gate, the proxy, and the file that describes it."""

    served: FaultyServer
    gate: Gate
    proxy: ForwardProxy
    folder: Path

    def run(self, *words: str) -> tuple[int, str]:
        """Run the command in the folder; return exit code and output."""
        environment = {**os.environ, "WALL": f"team:{PASSWORD}"}
        port = self.proxy.server_port
        environment["PROXY"] = f"http://user:{PROXY_PASSWORD}@127.0.0.1:{port}"
        environment["PYTHONPATH"] = os.getcwd()
        ended = run(*words, cwd=self.folder, env=environment)
        return ended.returncode, ended.stdout + ended.stderr


@contextmanager
def staging(folder: Path, certificates: Certificates, uses: int = 40) -> Iterator[Staging]:
    """Run a deployment with a wall of certificates, one of passwords, a proxy and short tokens."""
    counter = folder / "counter"
    counter.write_text("0")
    script = folder / "print_token.py"
    script.write_text(
        "import pathlib, sys\n"
        f"counter = pathlib.Path({str(counter)!r})\n"
        "counter.write_text(str(int(counter.read_text()) + 1))\n"
        "assert sys.argv[1] == '$HOME; echo a b'  # no shell has seen it\n"
        "print('fresh-token-' + counter.read_text())\n"
    )
    with ExitStack() as stack:
        gate = Gate(counter, uses)
        tls = certificates.make_server_context(needs_client=True)
        served = stack.enter_context(serve_faulty(gate, tls))
        proxy = stack.enter_context(forward_proxy(f"user:{PROXY_PASSWORD}"))
        command = json.dumps([sys.executable, str(script), "$HOME; echo a b"])
        (folder / "credcheck.toml").write_text(f"""
            [target.staging]
            base_url = "{served.url}"
            org = "main"
            user_id = "1"
            api_version = "4.202"
            auth_header = "X-Token"
            auth_scheme = "Token"
            key_command = {command}
            basic = "env:WALL"
            proxy = "env:PROXY"
            client_cert = "{certificates.client}"
            client_key = "{certificates.client_key}"
            ca_bundle = "{certificates.authority}"
        """)
        yield Staging(served, gate, proxy, folder)


@pytest.mark.longest
@pytest.mark.slow
@needs_openssl
def test_run_replay_and_cleanup_pass_every_wall(tmp_path: Path, certificates: Certificates) -> None:
    """All commands pass certificate, password, proxy and tokens that expire, and show no secret."""
    with staging(tmp_path, certificates) as place:
        place.gate.delete_does_nothing = place.gate.wrong_count = True
        words = ("--profile", "quick", "--rule", "PAGE-01", "--rule", "STATE-02")
        code, output = place.run("run", "staging", *words, "--report", "report")
        assert code == 1, output
        assert "1 left behind" in output or "left behind:" in output
        assert int(place.gate.counter.read_text()) > 1, "no token expired"
        assert place.proxy.asked
        report = json.loads((tmp_path / "report" / "report.json").read_text())
        left = report["left_behind"]
        assert left, output
        place.gate.delete_does_nothing = False
        code, cleaned = place.run("cleanup", "staging")
        assert (code, "cleaned up" in cleaned) == (0, True), cleaned
        assert place.served.names() == []
        rule = report["failures"][0]["rule"]
        code, again = place.run("replay", "report/report.json", rule)
        assert code == 1, again
        assert "the rule still fails" in again
        place.gate.wrong_count = False
        code, again = place.run("replay", "report/report.json", rule)
        assert code == 0, again
    texts = [output, cleaned, again]
    texts += [path.read_text(errors="replace") for path in tmp_path.rglob("report/*.*")]
    for secret in (PASSWORD, PROXY_PASSWORD, BASIC.removeprefix("Basic "), "fresh-token-"):
        assert not any(secret in text for text in texts), secret


@needs_openssl
@pytest.mark.parametrize(
    ("missing", "named"),
    [
        (("client_cert", "client_key"), "--client-cert"),
        (("ca_bundle",), "--ca-bundle"),
        (("basic",), "--basic"),
        (("proxy",), ""),
    ],
)
def test_each_wall_is_named(
    missing: tuple[str, ...], named: str, tmp_path: Path, certificates: Certificates
) -> None:
    """Before the first rule, the line names the option that passes the wall, with exit code 3."""
    with staging(tmp_path, certificates) as place:
        file = tmp_path / "credcheck.toml"
        lines = file.read_text().splitlines()
        kept = [line for line in lines if not line.strip().startswith(missing)]
        file.write_text("\n".join(kept))
        for command in ("run", "cleanup") if named else ("run",):
            if command == "cleanup":
                leave_a_journal(tmp_path, place.served.url)
            code, output = place.run(
                command, "staging", *(("--rule", "PAGE-01") * (command == "run"))
            )
            assert named in output, output
            assert "Traceback" not in output
            assert code == ({"run": 3, "cleanup": 1}[command] if named else 0), output


def leave_a_journal(folder: Path, url: str) -> None:
    """Write the journal of a run that has created something and crashed."""
    head = {"target": url, "application": "", "org": "main", "user_id": "1", "run": "abc",
            "mark": "credcheck-abc-main-"}  # fmt: skip
    path = "/api/credentials/orgs/main/users/1/"
    intent = {"intent": 1, "at": path, "name": "item credcheck-abc-main-1", "private": False}
    (folder / ".credcheck").mkdir(exist_ok=True)
    text = "\n".join(map(json.dumps, (head, intent)))
    (folder / ".credcheck" / "abc-main.jsonl").write_text(text)


@needs_openssl
def test_a_command_that_prints_a_refused_token_stops_the_run(
    tmp_path: Path, certificates: Certificates
) -> None:
    """A token that is refused twice is asked for once more, not again and again: exit code 3."""
    with staging(tmp_path, certificates, uses=0) as place:
        code, output = place.run("run", "staging", "--rule", "PAGE-01")
        assert code == 3, output
        assert "the key of admin is unknown" in output
        assert int(place.gate.counter.read_text()) == 2


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--client-key", "x.pem"), "--client-key"),
        (("--client-cert", "none.pem"), "none.pem does not exist"),
        (("--client-cert", "README.md"), "no certificate in PEM"),
        (("--ca-bundle", "README.md"), "no certificate in PEM"),
        (("--basic", "user:secret-word"), "env:NAME or file:PATH"),
        (("--basic", "env:NO_COLON"), "USER:PASSWORD"),
        (("--basic", "env:WALL", "--basic-header", "authorization"), "--auth-header"),
        (("--basic-header", "a b"), "not the name of a header"),
        (("--proxy", "http://user:secret-word@proxy"), "env:NAME or file:PATH"),
        (("--proxy", "nonsense"), "--proxy" ),
        (("--key-command", "no-such-program-at-all --x"), "no-such-program-at-all"),
        (("--key-command", "learner='x"), "--key-command"),
        (("--key-command", "king=echo x"), "king"),
        (("--key-command", "false"), "exit code 1"),
        (("--key-command", "true"), "printed no key"),
        (("--time-budget", "0"), "--time-budget"),
    ],
)  # fmt: skip
def test_wrong_ways_are_one_line(words: tuple[str, ...], named: str) -> None:
    """A wrong option is one line with exit code 2, that names it and shows no secret."""
    environment = {**os.environ, "CREDCHECK_KEY_ADMIN": "an-admin-key", "WALL": "a:long-word",
                   "NO_COLON": "secret-word"}  # fmt: skip
    ended = run("run", "https://127.0.0.1:1", *OPTIONS, *words, env=environment)
    lines = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    assert ended.returncode == 2, lines
    assert len(lines) == 1, lines
    assert named.lstrip("-").replace("-", "_") in lines[0].replace("-", "_")
    assert "secret-word" not in lines[0]


@pytest.mark.parametrize("form", ['["echo", "main-admin-key"]', '"echo main-admin-key"',
                                  '{ admin = "echo main-admin-key" }'])  # fmt: skip
def test_the_file_takes_a_command_in_three_forms(form: str, tmp_path: Path) -> None:
    """A list, a text, and a table of roles name the command that prints a key."""

    def fault(_: Call) -> None:
        return None

    plain: Fault = fault
    with serve_faulty(plain) as served:
        (tmp_path / "credcheck.toml").write_text(
            f'[target.here]\nbase_url = "{served.url}"\norg = "main"\nuser_id = "1"\n'
            f"key_command = {form}\n"
        )
        environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        ended = run("run", "here", "--rule", "PAGE-05", cwd=tmp_path, env=environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr

"""No output of a run holds a key, whatever an answer repeats and however the run ends."""

import base64
import html
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from contract_tests.engine.exchange import LONGEST_LOGGED, describe_body, split_cut_text
from contract_tests.engine.redaction import Redactor
from tests.support.command import COMMAND
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

TARGET = "wsgi:tests.support.echoing:application"
SECRETS = {"ADMIN": "Sk-admin-7Qx0very1secret2", "LEARNER": 'sk-learner/9+Zz&"quoted"\'<==>'}
GATEWAY = ("a-key-of-the-gateway-77", "a-token-of-the-gateway-77", "a-cookie-of-the-gateway-77")
PASSWORD = "hunter2-hunter2"
BASIC = base64.b64encode(f"gate:{PASSWORD}".encode()).decode()
RULES = (
    "SCHEMA-01", "SCHEMA-05", "PAGE-02", "PAGE-03", "ERR-02", "ACCESS-02", "ACCESS-04", "STATE-03",
)  # fmt: skip
"""Rules that compare items, follow links, expect errors, ask as a learner and write."""
PLACES = ("org=main", "user-id=1", "username=admin", "learner-username=learner")
Ended = subprocess.CompletedProcess[str]
FRAGMENT = 10
"""Characters of a key that nobody may find next to a cut."""


def spell(secret: str) -> Iterator[str]:
    """Yield a secret as it may be spelled in a file."""
    raw = secret.encode()
    yield from (secret, secret.lower(), quote(secret), quote(secret, safe=""), quote_plus(secret))
    yield from (json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[3:-3], repr(secret)[1:-1])
    yield "".join(f"\\u{ord(character):04x}" for character in secret)
    yield from (secret.replace("&", "&amp;"), secret[:FRAGMENT], secret[-FRAGMENT:])
    for prefix in (b"", b"u", b"us", b"user:"):
        encoded = base64.b64encode(prefix + raw).decode().rstrip("=")
        yield encoded[-(len(raw) * 4 // 3 - 4) : -2]


def check_artefacts(folder: Path, *outputs: str) -> None:
    """Require that no secret is in any file of a folder or in what a process has printed."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    texts = {str(path): path.read_text(errors="replace") for path in files}
    texts |= {f"output {number}": output for number, output in enumerate(outputs)}
    forms = {form for secret in (*SECRETS.values(), PASSWORD) for form in spell(secret)}
    for name, text in texts.items():
        found = [form for form in {*forms, *GATEWAY, BASIC} if form in text]
        around = [text[max(0, text.find(form) - 200) :][:300] for form in found]
        assert not found, (name, around)


def run_process(command: list[str], folder: Path, **more: str) -> Ended:
    """Run a command with the keys in its environment."""
    keys = {f"CREDCHECK_KEY_{role}": key for role, key in SECRETS.items()}
    environment = {**os.environ, **keys, "GATE": f"Basic {BASIC}", "PYTHONPATH": str(ROOT), **more}
    environment["GITHUB_STEP_SUMMARY"] = str(folder / "step.md")
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment, timeout=4 * PATIENCE
    )


def run_credcheck(folder: Path, *options: str, **more: str) -> Ended:
    """Test the echoing deployment with the command, with every kind of report."""
    words = [*COMMAND, "run", TARGET, "--profile", "quick", "--no-unknown-fields"]
    words += ["--header", "Proxy-Authorization: env:GATE", "--report", "report", "--seed", "1"]
    words += ["--summary", "summary.md", "--annotations", "annotations.txt"]
    words += ["--code-quality", "quality.json", *options]
    return run_process([*words, *(f"--{place}" for place in PLACES)], folder, **more)


def run_pytest(folder: Path, *options: str, **more: str) -> Ended:
    """Test the echoing deployment in pytest's own way, which shows the values of variables."""
    words = [sys.executable, "-m", "pytest", "-p", "credcheck", "--pyargs", "contract_tests"]
    words += ["--credcheck-target", TARGET, "--credcheck-profile", "quick"]
    words += ["--credcheck-report", "report", "--junitxml", "junit.xml"]
    words += ["--credcheck-header", "Proxy-Authorization: env:GATE"]
    words += ["-l", "-vv", "-rA", "--tb=long", "-o", "junit_logging=all", "--log-file=log.txt"]
    words += ["-p", "no:cacheprovider", *options]
    words += [f"--credcheck-rule={rule}" for rule in RULES]
    return run_process([*words, *(f"--credcheck-{place}" for place in PLACES)], folder, **more)


@pytest.mark.parametrize("options", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)])
def test_no_report_of_the_command_holds_a_secret(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Terminal, reports, archive and summaries of a run with many failures hold none."""
    rules = [word for rule in RULES for word in ("--rule", rule)]
    ended = run_credcheck(tmp_path, *rules, *options)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "$CREDCHECK_KEY_ADMIN" in ended.stdout
    written = {path.name for path in tmp_path.rglob("*.*") if path.is_file()}
    expected = {"report.json", "report.html", "traffic.har", "junit.xml", "summary.md", "step.md"}
    expected |= {"annotations.txt", "quality.json"}
    assert written >= expected
    check_artefacts(tmp_path, ended.stdout, ended.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_no_report_of_pytest_holds_a_secret(tmp_path: Path, options: tuple[str, ...]) -> None:
    """With `-l` and `-vv`, in captured output and in the log, there is none either."""
    ended = run_pytest(tmp_path, *options)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "test_pagination.py" in ended.stdout
    check_artefacts(tmp_path, ended.stdout, ended.stderr)


@pytest.mark.slow
def test_a_crash_shows_no_secret(tmp_path: Path) -> None:
    """A worker that dies in the middle, and what it printed last, show none; the verdict is 3."""
    ended = run_pytest(tmp_path, "-n", "2", ECHO_CRASH="40")
    assert ended.returncode in (1, 3), ended.stdout + ended.stderr
    check_artefacts(tmp_path, ended.stdout, ended.stderr)


PLUGIN = """
import os

def pytest_runtest_logfinish(nodeid):
    secret = os.environ["CREDCHECK_KEY_ADMIN"]
    raise RuntimeError(f"cannot use {secret}")
"""


@pytest.mark.parametrize("options", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)])
def test_an_internal_error_shows_no_secret(tmp_path: Path, options: tuple[str, ...]) -> None:
    """An error in another plugin of pytest is one line without the values of variables."""
    (tmp_path / "breaking.py").write_text(PLUGIN)
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    ended = run_pytest(tmp_path, "-p", "breaking", *options, PYTHONPATH=path)
    assert ended.returncode in (1, 3), ended.stdout + ended.stderr
    assert "error in the harness: RuntimeError at" in ended.stdout
    (tmp_path / "breaking.py").unlink()
    check_artefacts(tmp_path, ended.stdout, ended.stderr)


@pytest.mark.parametrize(
    "secret",
    [
        *(*SECRETS.values(), "word", "learner", "a b+c%d\\e", "Bearer x.y-z", "a b c d e f"),
        *("a\"b<c>&d'e\\f%20+/=", "%41%42%43%44", "++++//==", "it's{{7*7}}", "k=v; w=="),
    ],
)
def test_the_redactor_finds_every_spelling(secret: str) -> None:
    """A secret is found in every encoding and mixture, and redacting again changes nothing."""
    redact = Redactor({"learner": secret}, {})
    raw = secret.encode()
    spellings = [secret, secret.lower(), quote(secret), quote(secret, safe=""), quote_plus(secret)]
    spellings += [quote(quote(secret, safe="")), json.dumps(secret), json.dumps(json.dumps(secret))]
    spellings += ["".join(f"%{byte:02x}" for byte in raw), repr(secret), repr(raw)]
    spellings += [f"{secret}{secret}", secret.replace("&", "&#38;"), secret.replace("/", "\\/")]
    half = len(secret) // 2
    breaks = ("\n", "\r\n    ", "\\n", "<wbr>", "\\\\r\\\\n")
    spellings += [f"{secret[:half]}{each}{secret[half:]}" for each in breaks]
    spellings += [html.escape(secret), html.escape(html.escape(secret)), raw.hex().upper()]
    spellings += [quote(quote(quote(secret, safe=""), safe="")), quote(json.dumps(secret))]
    spellings += [html.escape(json.dumps(secret)), "".join(f"\\{byte:03o}" for byte in raw)]
    spellings += [secret.replace("'", "'\\''"), secret.replace('"', '""')]  # for a shell, in CSV
    spellings += [base64.encodebytes(b"u" * 50 + raw).decode().rstrip("=\n")]
    for spelling in spellings:
        shown = redact(f'{{"key": "{spelling}"}}')
        assert "$CREDCHECK_KEY_LEARNER" in shown, spelling
        assert secret not in shown.replace("$CREDCHECK_KEY_LEARNER", "")
        assert redact(shown) == shown
    assert redact.redact_value({secret: [secret, 1, None]}) == {
        "$CREDCHECK_KEY_LEARNER": ["$CREDCHECK_KEY_LEARNER", 1, None]
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("got 'x Sk-admin-7Qx0...very1secret2' then", "got 'x {part}...{part}' then"),
        ("expected Sk-admin-7Qx…", "expected {part}…"),
        ("b'7Qx0very1secret2'", "b'{part}'"),
        ('{"a": "Sk-admin-7Qx0very1', '{"a": "{part}'),
        ("nothing of it... here", "nothing of it... here"),
    ],
)
def test_what_a_cut_leaves_of_a_secret_is_hidden(text: str, shown: str) -> None:
    """The beginning of a secret before a cut, and its end after one, are hidden."""
    redact = Redactor({"admin": SECRETS["ADMIN"]}, {})
    assert redact(text) == shown.replace("{part}", "[part of $CREDCHECK_KEY_ADMIN]")


@pytest.mark.parametrize("encode", [str, quote, lambda text: quote(quote(quote(text, safe=""))),
    lambda text: text.encode().hex(), lambda text: html.escape(json.dumps(text)[1:-1]),
    lambda text: "".join(f"&#{ord(each):05};" for each in text)])  # fmt: skip
@pytest.mark.parametrize("secret", [*SECRETS.values(), "a-long-token." * 300])
def test_a_cut_body_ends_with_no_part_of_a_secret(
    encode: Callable[[str], str], secret: str
) -> None:
    """Of a body that is cut within a secret, in whatever encoding, no part of that is shown."""
    redact = Redactor({"admin": secret}, {})
    spelled = encode(secret)
    for shown_part in (1, 7, len(spelled) // 2, len(spelled) - 1, len(spelled)):
        before = "- " * LONGEST_LOGGED
        body = before[: LONGEST_LOGGED - min(shown_part, LONGEST_LOGGED)] + spelled + " " + before
        shown = describe_body(body.encode(), redact, LONGEST_LOGGED, redact.reach)
        text, size = split_cut_text(shown)
        assert size == len(body.encode())
        assert set(text.partition("$")[0]) <= set("- ")


def test_parts_of_a_secret_header_are_secret() -> None:
    """Credentials without their scheme, decoded, and the value of a cookie are hidden, too."""
    cookie = "session=c00kie-of-mine; theme=dark"
    redact = Redactor({}, {"Authorization": f"Basic {BASIC}", "Cookie": cookie})
    for text in (BASIC, PASSWORD, f"gate:{PASSWORD}", "c00kie-of-mine", cookie):
        assert text not in redact(f"you sent {text}.")
    assert redact("dark") == "dark"

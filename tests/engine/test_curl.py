"""The curl line of a finding sends what was sent, as a shell runs it; else it is a comment."""

import base64
import os
import subprocess
from collections.abc import Iterator, Mapping

import pytest

from contract_tests.engine.curl import build_curl, is_copied, quote_word, shorten_curl
from contract_tests.engine.exchange import LONGEST_BODY
from contract_tests.engine.redaction import Redactor
from contract_tests.report.ci import render_annotations
from contract_tests.report.documents import build_report, render_html
from contract_tests.report.markdown import render_markdown
from tests.harness.test_report import exchange, finding, verdict
from tests.support.recording import Sent, recording

KEY = "an-admin-key"
REDACT = Redactor({"admin": KEY}, {})
ENVIRONMENT = {**os.environ, "CREDCHECK_KEY_ADMIN": KEY, "NO_PROXY": "*", "no_proxy": "*"}
UPLOAD = (
    b'--b\r\nContent-Disposition: form-data; name="image"; filename="\xc3\xa4\'.png"\r\n'
    b"Content-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\0\xff!\r\n--b--\r\n"
)
BODIES: dict[str, bytes] = {
    "quotes": b'{"name": "it\'s \\"so\\" $HOME `id` \\\\ !!"}',
    "letters": '{"name": "ä 日本 🎓"}'.encode(),
    "lines": b'{\n  "name": "it\'s"\n}\n',
    "history": b"{\n!!\n}",
    "an upload": UPLOAD,
    "every byte": bytes(range(256)),
    "NUL": b"a\0b",
    "half of a surrogate pair": b"\xed\xa0\x80",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a name of a file": b"@/etc/passwd",
    "a dash": b"-",
    "the key": f'{{"key": "{KEY}", "it\'s": "{KEY}"}}'.encode(),
    "the key with line breaks": f"it's\n{KEY}\n".encode(),
    "the most": b"'" * LONGEST_BODY,
    "control characters": b"a\tb\x1b[2J\x7f\r\n",
}


@pytest.fixture(scope="module")
def recorder() -> Iterator[tuple[str, list[Sent]]]:
    """Serve for the tests of this module; return the address and what was received."""
    with recording() as (url, received):
        yield url, received


def paste(line: str) -> None:
    """Run a line as bash does; a line of 20 kB goes through a pipe."""
    ended = subprocess.run(
        ["bash", "-s"], input=line.encode(), capture_output=True, env=ENVIRONMENT
    )
    assert ended.returncode == 0, (line, ended.stderr)


@pytest.mark.parametrize("name", list(BODIES))
def test_the_body_arrives_as_it_was(recorder: tuple[str, list[Sent]], name: str) -> None:
    """Whatever bytes it has, and without the key in the line."""
    url, received = recorder
    headers = {"Content-Type": "a/b", "Authorization": f"Api-Key {KEY}"}
    line = build_curl("POST", f"{url}/x/", headers, BODIES[name], REDACT)
    assert is_copied(line)
    assert KEY not in line
    paste(line)
    method, path, sent, body = received[-1]
    assert (method, path, body) == ("POST", "/x/", BODIES[name])
    assert (sent["content-type"], sent["authorization"]) == ("a/b", f"Api-Key {KEY}")


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", "/a/../b/./?c=[1]&d={2,3}&e='f'", {"X-Quoted": '"it\'s" $HOME `id` \\ !'}, None),
        ("GET", "/", {"X-Empty": "", "Accept": "text/html"}, None),
        ("GET", f"/?key={KEY}&name=it's", {"X-Both": f'"{KEY}" `id` it\'s $HOME'}, None),
        ("GET", f"/?a{KEY}b=1{KEY}_", {"X-Before": f"a{KEY}b", "X-Odd": f'"{KEY}b'}, None),
        ("POST", "/", {}, f'{{"a{KEY}b": 1}}'.encode()),
        ("POST", "/", {}, b"a=b"),
        ("DELETE", "/", {}, None),
        ("PUT", "/", {}, b""),
        ("HEAD", "/", {"Content-Type": "a/b"}, b"{}"),
        ("GET", "/", {"Content-Type": "a/b"}, b"{}"),
    ],
)
def test_the_request_arrives_as_it_was(
    recorder: tuple[str, list[Sent]],
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None,
) -> None:
    """Path, query and headers are not changed by the shell or by curl, and none is added."""
    url, received = recorder
    line = build_curl(method, url + path, headers, body, REDACT)
    assert KEY not in line
    paste(line)
    sent_method, sent_path, sent, sent_body = received[-1]
    assert (sent_method, sent_path) == (method, path)
    assert sent_body == (b"" if method == "HEAD" else body or b"")
    given = {name.lower(): value for name, value in headers.items()}
    assert {name: sent.get(name) for name in given} == given
    assert ("content-type" in sent) is ("content-type" in given)


@pytest.mark.parametrize("body", [b"x" * (LONGEST_BODY + 1), b"\xff" + KEY.encode(), b"x an-admi"])
def test_what_no_line_can_hold_is_a_comment(body: bytes) -> None:
    """A body that is too long, or with a secret that no variable can stand for."""
    line = build_curl("POST", "http://x/", {}, body, REDACT)
    assert line.startswith("# no curl line: ")
    assert not is_copied(line)
    assert subprocess.run(["bash", "-c", line], capture_output=True).stdout == b""


@pytest.mark.parametrize(
    ("path", "headers", "reason"),
    [
        ("/", {"Cookie": "session=0123456789"}, "a header is secret"),
        ("/", {"X-Csrf-Token": "0123456789"}, "a header is secret"),
        ("/", {"Authorization": "Api-Key of-nobody"}, "a header is secret"),
        ("/", {"X-Odd": KEY.upper()}, "a secret is in a header"),
        ("/", {"X-Part": f"{KEY[:9]}..."}, "a secret is in a header"),
        ("/", {"X-Base64": base64.b64encode(KEY.encode()).decode()}, "a secret is in a header"),
        (f"/?key={KEY.replace('-', '%2D')}", {}, "a secret is in the URL"),
    ],
)
def test_a_line_that_would_send_another_secret_is_a_comment(
    path: str, headers: Mapping[str, str], reason: str
) -> None:
    """What is hidden, and a key that is written otherwise, is not sent by a variable."""
    line = build_curl("GET", f"http://x{path}", headers, None, REDACT)
    assert line.startswith(f"# no curl line: {reason}")
    assert KEY not in line


def test_a_header_whose_name_makes_no_variable_is_a_comment() -> None:
    """A shell has no variable with a dot in its name."""
    redact = Redactor({}, {"X-My.Auth": "0123456789"})
    line = build_curl("GET", "http://x/", {"X-My.Auth": "0123456789"}, None, redact)
    assert not is_copied(line)


def test_a_line_is_shown_whole_or_not_at_all() -> None:
    """Summary and annotations have room for short lines only; the page offers no comment."""
    body = base64.b64encode(b"\xff" * 3000)
    long = build_curl("POST", "http://x/", {}, body, REDACT)
    shown = exchange(curl=long, method="POST")
    failing = verdict(failures=[finding("PAGE-02", shown.operation, "wrong", shown)], exit_code=1)
    for text in ("\n".join(render_markdown(failing)), render_annotations(failing)):
        assert "curl -sS" not in text
        assert f"no curl line: it has {len(long)} characters" in text
    assert shorten_curl("curl x", 10) == "curl x"
    for curl, is_offered in ((long, True), ("# no curl line: it is secret", False)):
        page = render_html(
            build_report(
                verdict(
                    failures=[finding("PAGE-02", shown.operation, "wrong", exchange(curl=curl))],
                    exit_code=1,
                )
            )
        )
        assert ('data-copy="failure-1-curl"' in page) is is_offered


@pytest.mark.parametrize(
    "text",
    ["a $CREDCHECK_KEY_ADMIN b", "'$CREDCHECK_KEY_ADMIN'\"`$(id)", "$CREDCHECK_KEY_ADMIN", "$HOME"],
)
def test_only_variables_of_secrets_are_filled_in(text: str) -> None:
    """Nothing else of a text is a command, or a variable, to the shell."""
    ended = subprocess.run(
        ["bash", "-c", f"printf %s {quote_word(text)}"], capture_output=True, env=ENVIRONMENT
    )
    assert ended.stdout.decode() == text.replace("$CREDCHECK_KEY_ADMIN", KEY)

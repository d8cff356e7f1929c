"""Multipart bodies, read as Django itself reads them."""

import base64
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.api.forms import parse_multipart
from mockserver.errors import BodyTooLarge, ParseError, SuspiciousRequest
from mockserver.messages import UploadedFile
from tests.conftest import API
from tests.support.paths import ROOT

DISPOSITIONS = (
    *('form-data; name="a"', "form-data; name=a", "form-data; name='a'", 'form-data; name=""'),
    *("form-data", 'form-data; name="a";;', 'form-data;name="a"', 'FORM-DATA; NAME="a"'),
    *('attachment; name="a"', 'form-data; name="ä"', 'form-data; name="a\\"b"', "form-data; name"),
    *('form-data; name="a%22b"', "form-data; name*=UTF-8''%C3%A4", 'form-data; name=" a "'),
    'form-data; filename="x.png"',
    *(
        f'form-data; name="a"; filename="{name}"'
        for name in (
            *("f.png", "ä.png", "../../etc/x.png", "C:\\dir\\x.png", "", "..", "/", "a;b.png"),
            *("x&amp;y.png", "x\\u0000.png", "x\ty.png", "  x.png ", "=?utf-8?q?x?="),
            *("l" * 300 + ".png", "x." + "l" * 300, "日本.png", "e\u0301.png", "\u202ex.png"),
        )
    ),
    'form-data; name="a"; filename=x.png',
    "form-data; name=\"a\"; filename*=UTF-8''%C3%A4%20b.png",
    'form-data; name="a"; filename="x.png"; filename*=UTF-8\'\'%C3%A4.png',
    "form-data; name=\"a\"; filename*=utf-16''%00x",
    "form-data; name=\"a\"; filename*=nonsense''x.png",
    "form-data; name=\"a\"; filename*=''x.png",
    'form-data; name="a"; filename*0="x"; filename*1=".png"',
)
HEADERS = (
    *("", "Content-Type: image/png\r\n", "Content-Type: text/plain; charset=latin-1\r\n"),
    *("Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: quoted-printable\r\n"),
    *("content-transfer-encoding: BASE64; x\r\n", "Content-Type: IMAGE/PNG; a=b\r\n"),
    *("Content-Type: multipart/mixed; boundary=y\r\n", "X-Other\r\n", "Content-Length: 3\r\n"),
    *("Content-Type:\r\n", f"X-Long: {'x' * 1100}\r\n", "Content-Type : image/png\r\n"),
)
CONTENTS = (
    *(b"", b"v", b"\xff\xfe", b"dg==", b"dg=", b"a\r\nb", b"--x", b"\r\n", b"\xef\xbb\xbfv"),
    *(b"\0", b"v\r\n", b"\n", b"\r\n--xy\r\n", b"--y\r\n\r\nq\r\n--y--", b"d g = =", b"\r\n\r\n"),
)


def make_bodies() -> Iterator[bytes]:
    """Yield each piece in an upright body, and many bodies that are not upright."""
    for disposition in DISPOSITIONS:
        for header in HEADERS[:6]:
            head = f"Content-Disposition: {disposition}\r\n{header}\r\n".encode()
            yield b"--x\r\n" + head + b"dg==\r\n--x--\r\n"
    chance = random.Random(42)
    for _ in range(1500):
        body = chance.choice([b""] * 9 + [b"before\r\n", b"x" * 1100])
        for _ in range(chance.choice([0, 1, 1, 1, 2])):
            name = chance.choice(["Content-Disposition"] * 9 + ["content-disposition", "X"])
            lines = [f"{name}: {chance.choice(DISPOSITIONS)}\r\n", chance.choice(HEADERS)]
            chance.shuffle(lines)
            blank = chance.choice([b"\r\n"] * 12 + [b"", b"\n"])
            part = "".join(lines).encode() + blank + chance.choice(CONTENTS)
            end = chance.choice([b"\r\n"] * 15 + [b"\n"])
            body += b"--x" + end + part + end
        body += chance.choice([b"--x--\r\n"] * 8 + [b"", b"--x\r\n", b"--x--", b"--x--\r\nafter"])
        yield body[: chance.randint(0, len(body))] if chance.random() < 0.05 else body
    many = b'--x\r\nContent-Disposition: form-data; name="a"%s\r\n\r\n\r\n'
    for number in (1000, 1001):
        yield many % b"" * number + b"--x--"
    for number in (100, 101):
        yield many % b'; filename="b"' * number + b"--x--"
    for number in (2_621_439, 2_621_438, 2_621_437):
        yield many % b"" + b"x" * number + b"\r\n--x--"


def read(body: bytes) -> Any:
    """Return what the mock reads, in the form in which Django's own reading is written."""
    try:
        form = parse_multipart(body, b"x", 2_621_440, "utf-8")
    except ParseError as error:
        return str(error.detail).removeprefix("Multipart form ").replace(" - ", ": ")
    except (SuspiciousRequest, BodyTooLarge):
        return "suspicious"
    return {
        name: [
            [each.name, each.content_type, each.content.decode("latin-1")]
            if isinstance(each, UploadedFile)
            else each
            for each in values
        ]
        for name, values in form.items()
    }


def test_bodies_are_read_as_django_reads_them() -> None:
    """Names, folders, charsets, boundaries, bounds: what is a field, a file, or refused."""
    bodies = [body for body in make_bodies() if body]
    lines = b"".join(base64.b64encode(body) + b"\n" for body in bodies)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.differential.plain.forms"],
        input=lines,
        capture_output=True,
        cwd=ROOT,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    for body, line in zip(bodies, ended.stdout.splitlines(), strict=True):
        assert read(body) == json.loads(line), body[:2000]


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("multipart/form-data; boundary=x; charset=latin-1", "Ã¤"),
        ("multipart/form-data; boundary=x; charset=nonsense", "ä"),
        ('multipart/form-data; charset=utf-8; boundary="x"', "ä"),
    ],
)
def test_the_charset_of_the_request_is_that_of_its_fields(
    api: API, content_type: str, name: str
) -> None:
    """As Django decodes forms; a charset that it does not know is none."""
    head = 'Content-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    fields = {"name": "ä", "issuer": api.issuer()}
    body = "".join(f"--x\r\n{head.format(*pair)}" for pair in fields.items()) + "--x--\r\n"
    response = api.post(data=body.encode(), content_type=content_type)
    assert response.status_code == 200, response.text
    assert response.get_json()["result"]["name"] == name


@pytest.mark.parametrize("boundary", ["", '""', "x" * 202, '"x "', "ä"])
def test_a_boundary_that_is_none_is_400(api: API, boundary: str) -> None:
    """As Django refuses it, on the body as a whole."""
    response = api.post(data=b"--x--", content_type=f"multipart/form-data; boundary={boundary}")
    assert response.status_code == 400, response.text
    assert "Multipart form parse error - Invalid" in response.text

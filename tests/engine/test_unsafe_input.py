"""Which input can damage a store, in each form that a body has."""

from urllib.parse import quote

import pytest

from contract_tests.engine.unsafe_input import find_unsafe_input
from contract_tests.wire.intermediary import is_odd

JSON = "application/json"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        (b'{"a": "\\udc00 x"}', "half of a surrogate pair"),
        (b'{"a": "\\ud83d\\ud83d\\ude00"}', "half of a surrogate pair"),
        (b'{"a": "\\ud83dx\\ude00"}', "half of a surrogate pair"),
        (b'{"a": "\xed\xa0\x80"}', "half of a surrogate pair"),
        (b'{"a": "\xff"}', "bytes that are not UTF-8"),
        (b'{"a": "\\u0000"}', "a NUL"),
        (b'{"a": "\x00"}', "a NUL"),
        (b'{"a": "\\u0007"}', "a control character"),
        (b'{"a": "\\b"}', "a control character"),
        (b'{"a": "\x1b[31m"}', "a control character"),
        ('{"a": "\x85"}'.encode(), "a control character"),
        (b"[" * 1000, "deeply nested JSON"),
        (b'{"m": ' + b'{"a":' * 60 + b"1" + b"}" * 61, "deeply nested JSON"),
        (b'{"a": 1000000000000000000000000000000}', "a huge number"),
        (b'{"a": 1e400}', "a huge number"),
        (b'{"a": -9e30}', "a huge number"),
        (b'{"a": NaN}', "a number that is none"),
        (b'{"a": -Infinity}', "a number that is none"),
        ('{"a": "\\ud83d\\ude00 \\n\\t\\u00e9 café \\\\ud800"}'.encode(), ""),
        (b'{"a": "1000000000000000000000000000000 NaN [[[["}', ""),
        (b'{"a": [1, 2.5, -3e5, 0.123456789012345678901], "b": {"c": [[[null]]]}}', ""),
        (b"", ""),
        (b"not json", ""),
    ],
)
def test_what_of_a_json_body_is_unsafe(body: bytes, found: str) -> None:
    """Characters, numbers and depths are found, escaped or not; usual bodies are not."""
    assert find_unsafe_input(body, JSON) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name=a%00b", "a NUL"),
        ("name=a%1Bb", "a control character"),
        ("name=%ED%A0%80", "half of a surrogate pair"),
        ("metadata=" + quote('{"a": "\\ud800"}'), "half of a surrogate pair"),
        ("expires.amount=" + "9" * 30, "a huge number"),
        ("metadata=" + quote("[" * 99), "deeply nested JSON"),
        ("name=caf%C3%A9+au+lait&tags=%5B%22a%22%5D", ""),
    ],
)
def test_what_of_a_form_is_unsafe(text: str, found: str) -> None:
    """The same is found in the values of a form."""
    assert find_unsafe_input(text.encode(), FORM) == found


def test_files_are_not_looked_at() -> None:
    """A picture has NULs and is no text."""
    assert find_unsafe_input(b"\x89PNG\x00\xff", "multipart/form-data; boundary=x") == ""


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/a/?search=%00", b"", True),
        ("/a/?search=%3Cscript%3E", b"", True),
        ("/a/?search=%27%20OR%201=1", b"", True),
        ("/a/?search=..%2F..%2Fetc%2Fpasswd", b"", True),
        ("/a/?search=" + "x" * 3000, b"", True),
        ("/a/%ED%A0%80", b"", True),
        ("/a/", b'{"name": "\\u0000"}', True),
        ("/a/", b"[" * 100, True),
        ("/api/credentials/orgs/main/users/1/?search=caf%C3%A9&page=2", b"", False),
        ("/a/", b'{"name": "Python 101", "tags": ["a"], "expires": {"amount": 3}}', False),
    ],
)
def test_what_looks_like_an_attack(path: str, body: bytes, expected: bool) -> None:
    """A firewall may refuse what looks like an attack, and not what is usual."""
    assert is_odd(path, body) == expected

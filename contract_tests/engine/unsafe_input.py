"""Finds input that can damage what a target stores, so that reading it back fails for everybody.

Half a surrogate pair that is stored once makes a list 500 for each of its readers. Such input is
sent to disposable targets only.
"""

import re
from urllib.parse import unquote_to_bytes

MOST_DEPTH = 50
"""Brackets inside of each other that any store takes."""
MOST_DIGITS = 18
"""Digits of a number that fits into 64 bits."""
_BINARY = re.compile(r"multipart/|image/|audio/|video/|application/octet-stream", re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ESCAPED_CONTROLS = {"b", "f"}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.])-?(\d+)(\.\d+)?([eE][+-]?\d+)?(?![\w.])")
_NOT_A_NUMBER = re.compile(r"(?<![\w.])-?(?:NaN|Infinity)(?!\w)")


def find_unsafe_input(body: bytes | None, content_type: str) -> str:
    """Return what of a body can damage a store, in a few words, or an empty text."""
    if not body or _BINARY.match(content_type):
        return ""
    data = unquote_to_bytes(body.replace(b"+", b" ")) if content_type.startswith(_FORM) else body
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        is_surrogate = data[error.start : error.start + 1] == b"\xed"
        return "half of a surrogate pair" if is_surrogate else "bytes that are not UTF-8"
    return _find_unsafe_text(text) or _find_unsafe_structure(text)


def _find_unsafe_text(text: str) -> str:
    """Find characters, as they are and escaped as in JSON, that not every store can hold."""
    if "\x00" in text:
        return "a NUL"
    if _CONTROL.search(text):
        return "a control character"
    high_end = -1
    """Where a first half of a surrogate pair ended, which the second must follow."""
    for match in _ESCAPE.finditer(text):
        if match[1] is None:
            if match[2] in _ESCAPED_CONTROLS:
                return "a control character"
            continue
        code = int(match[1], 16)
        if 0xDC00 <= code < 0xE000 and high_end == match.start():
            high_end = -1
            continue
        if high_end >= 0 or 0xDC00 <= code < 0xE000:
            return "half of a surrogate pair"
        if code == 0:
            return "a NUL"
        if _CONTROL.match(chr(code)):
            return "a control character"
        if 0xD800 <= code < 0xDC00:
            high_end = match.end()
    return "half of a surrogate pair" if high_end >= 0 else ""


def _find_unsafe_structure(text: str) -> str:
    """Find numbers and depths that not every store can hold."""
    outside = _STRING.sub('""', text)
    if _is_deep(outside):
        return "deeply nested JSON"
    if _NOT_A_NUMBER.search(outside):
        return "a number that is none"
    for match in _NUMBER.finditer(outside):
        whole, _, exponent = match.groups()
        if len(whole.lstrip("0")) > MOST_DIGITS or (
            exponent and abs(float(match[0])) >= 10.0**MOST_DIGITS
        ):
            return "a huge number"
    return ""


def _is_deep(text: str) -> bool:
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth += 1 if bracket in "[{" else -1
        if depth > MOST_DEPTH:
            return True
    return False

"""The line for a shell that repeats a request: whole and without secrets, or a comment."""

import re
import shlex
from base64 import b64encode
from collections.abc import Mapping

from contract_tests.engine.exchange import (
    HIDDEN,
    LONGEST_BODY,
    Redact,
    redact_headers,
)

_VARIABLE = re.compile(r"\$(CREDCHECK_\w+)")
_SAFE_IN_QUOTES = re.compile(r"[^\"`\\$!]*")
_NOT_COPIED = "# no curl line: "
"""What begins the comment that stands in the place of a line that would send another request."""


def build_curl(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, redact: Redact
) -> str:
    """Return the curl line that sends a request, with secrets as variables of the shell.

    For a request that no line can hold, it is a comment with the reason.
    """
    words = ["curl", "-sS", "-i" if method != "HEAD" else "-I"]
    if method not in ("GET", "HEAD") or (body and method == "GET"):
        words += ["-X", method]
    for name, value in redact_headers(headers, redact).items():
        words += ["-H", quote_word(f"{name}: {value}" if value else f"{name};")]
    source = ""
    if body and method != "HEAD":  # with which curl sends none
        if "content-type" not in map(str.lower, headers):
            words += ["-H", "'Content-Type:'"]  # curl would add one of its own
        if len(body) > LONGEST_BODY:
            return refuse_curl(f"the body of {len(body)} bytes is too long for one")
        try:
            source, data = quote_body(body, redact)
        except ValueError:
            return refuse_curl("a secret is in the body, in a form that no variable can take")
        words += ["--data-binary", data]
    if set("[]{}") & set(url):  # which curl would take for a range
        words.append("--globoff")
    if "/." in url:  # which curl would resolve
        words.append("--path-as-is")
    return source + " ".join([*words, quote_word(redact(url))])


def refuse_curl(reason: str) -> str:
    """Return the comment that stands in the place of a curl line."""
    return _NOT_COPIED + reason


def is_copied(curl: str) -> bool:
    """Tell whether a line repeats its request, and is no comment that says why there is none."""
    return not curl.startswith(_NOT_COPIED)


def shorten_curl(curl: str, longest: int) -> str:
    """Return a line, or a comment in the place of one that is longer: cut, it would mislead."""
    if len(curl) <= longest:
        return curl
    return refuse_curl(f"it has {len(curl)} characters, and is in the report of the run")


def quote_body(body: bytes, redact: Redact) -> tuple[str, str]:
    """Return what a shell pipes into curl, if anything, and the word after `--data-binary`.

    What a terminal may change when it is pasted, and what is not text, is Base64. Raises ValueError
    for a body with a secret that no variable can stand for.
    """
    text = decode_plain(body)
    if text is None:
        # Each byte as a character, since nothing finds a secret within Base64.
        readable = body.decode("latin-1")
        if redact(readable) != readable:
            raise ValueError("a secret")
        return f"printf %s {shlex.quote(b64encode(body).decode())} | base64 --decode | ", "@-"
    redacted = redact(text)
    if redacted != text and any(mark in redacted for mark in (HIDDEN, "[hidden,", "[part of")):
        raise ValueError("a secret")
    return "", quote_word(redacted)


def decode_plain(body: bytes) -> str | None:
    """Return a body as a text that a terminal takes as it is pasted; None for any other."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    lines = text.split("\n")
    # A shell looks for its history in lines that continue a quoted word.
    is_plain = all(map(str.isprintable, lines)) and not (len(lines) > 1 and "!" in text)
    return None if text.startswith("@") or not is_plain else text  # @ would name a file


def quote_word(text: str) -> str:
    """Return a text as one word of a shell, which fills in the variables of secrets."""
    if _VARIABLE.search(text) is None:
        return shlex.quote(text)
    parts = _VARIABLE.split(text)
    if all(map(_SAFE_IN_QUOTES.fullmatch, parts[::2])):
        return f'"{text}"'
    return "".join(
        f'"${{{part}}}"' if number % 2 else shlex.quote(part) if part else ""
        for number, part in enumerate(parts)
    )

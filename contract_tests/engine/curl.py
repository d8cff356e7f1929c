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
from contract_tests.engine.redaction import Redactor

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
    for name, value in headers.items():
        if HIDDEN in redact_headers({name: value}, redact).values():
            return refuse_curl("a header is secret, and no variable stands for it")
        try:
            words += ["-H", quote_redacted(f"{name}: {value}" if value else f"{name};", redact)]
        except ValueError:
            return refuse_curl("a secret is in a header, in a form that no variable can take")
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
    try:
        words.append(quote_redacted(url, redact))
    except ValueError:
        return refuse_curl("a secret is in the URL, in a form that no variable can take")
    return source + " ".join(words)


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
    return "", quote_redacted(text, redact)


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


def quote_redacted(text: str, redact: Redact) -> str:
    """Return a text as one word of a shell, with variables in the place of secrets.

    Raises ValueError where it would be another text when they are filled in, such as that of a key
    in capitals, or of a part of one.
    """
    redacted = redact(text)
    if redacted == text or not isinstance(redact, Redactor):
        return quote_word(redacted)
    secrets = redact.list_variables()
    # The longest first, and of these names only: what follows a key may be a letter, too.
    names = "|".join(map(re.escape, sorted(secrets, key=len, reverse=True)))
    variable = re.compile(rf"\$({names})" if names else r"(?!)")
    meant = "".join(
        f"(?:{'|'.join(map(re.escape, secrets[part]))})" if number % 2 else re.escape(part)
        for number, part in enumerate(variable.split(redacted))
    )
    if not re.fullmatch(meant, text):
        raise ValueError("a secret")
    return quote_word(redacted, variable)


def quote_word(text: str, variable: re.Pattern[str] = _VARIABLE) -> str:
    """Return a text as one word of a shell, which fills in the variables of secrets."""
    if variable.search(text) is None:
        return shlex.quote(text)
    parts = variable.split(text)
    if all(map(_SAFE_IN_QUOTES.fullmatch, parts[::2])):
        return (
            '"'
            + "".join(
                _name_variable(part, parts[number + 1]) if number % 2 else part
                for number, part in enumerate(parts)
            )
            + '"'
        )
    return "".join(
        f'"${{{part}}}"' if number % 2 else shlex.quote(part) if part else ""
        for number, part in enumerate(parts)
    )


def _name_variable(name: str, following: str) -> str:
    """Return a variable as a shell reads it within quotes before a text."""
    return f"${{{name}}}" if re.match(r"\w", following) else f"${name}"

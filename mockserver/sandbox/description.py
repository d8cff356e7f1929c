"""An exchange of a journal as people read it: in full, with hints and a curl line."""

import shlex
from typing import Any

from mockserver.sandbox.faults import FAULT
from mockserver.sandbox.journal import (
    KEY,
    Exchange,
    Headers,
    decode_text,
    encode_binary,
    format_moment,
)


def summarize_exchange(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange as a row of a list, without headers and bodies."""
    return {
        "number": exchange.number,
        "time": format_moment(exchange),
        "method": exchange.method,
        "path": exchange.target,
        "operation": exchange.operation.operation_id if exchange.operation else None,
        "status": exchange.status,
        "milliseconds": round(exchange.milliseconds, 1),
        "hints": list(exchange.hints),
        "user": exchange.user,
        "faults": next((v for name, v in exchange.response_headers if name == FAULT), None),
    }


def describe_exchange(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange in full, with a curl line and the hints at it."""
    return {
        **summarize_exchange(exchange),
        "request": _describe_side(
            exchange.request_headers, exchange.request_body, exchange.request_size
        ),
        "response": _describe_side(
            exchange.response_headers, exchange.response_body, exchange.response_size
        ),
        "curl": curl_line(exchange),
    }


def _describe_side(headers: Headers, body: bytes, size: int) -> dict[str, Any]:
    """Return headers and body of one side, with what is to be known of a body that is not text.

    `encoding` is there for one that is Base64, `size` for one of which only the beginning is kept.
    """
    is_whole = len(body) == size
    text = decode_text(body, is_whole=is_whole)
    binary = {} if text is not None else {"encoding": "base64"}
    cut = {} if is_whole else {"size": size, "kept": len(body)}
    shown = encode_binary(body) if text is None else text
    return {"headers": dict(headers), "body": shown, **binary, **cut}


def curl_line(exchange: Exchange) -> str | None:
    """Return a line for a shell; a key that is not one of the mock's own is a variable.

    There is none for a request of which only a part is kept: it would be another request.
    """
    if not exchange.request_is_whole:
        return None
    words = ["curl", "-i"]
    source, body = "", exchange.request_body
    if exchange.method == "HEAD":
        words += ["--head"]
        body = b""  # curl sends none with it
    elif exchange.method != "GET" or body:
        words += ["-X", exchange.method]
    for name, value in exchange.request_headers:
        if name.lower() in ("authorization", "content-type", "accept", "prefer"):
            is_own = exchange.key and name.lower() == "authorization"
            sent = value.replace(KEY, exchange.key) if is_own else value
            words += ["-H", quote_header(f"{name}: {sent}" if sent else f"{name};")]
    if body and "content-type" not in {name.lower() for name, _ in exchange.request_headers}:
        words += ["-H", "'Content-Type:'"]  # curl would add one of its own
    if body:
        text = decode_text(body)
        if text is None or not can_be_pasted(text):
            source = f"printf %s {shlex.quote(encode_binary(body))} | base64 --decode | "
            words += ["--data-binary", "@-"]
        else:
            words += ["--data-binary", shlex.quote(text)]
    url = f"{exchange.origin}{exchange.target}"
    if set("[]{}") & set(exchange.target):  # which curl would take for a range
        words += ["--globoff"]
    if "/." in exchange.target:  # which curl would resolve
        words += ["--path-as-is"]
    return source + " ".join([*words, shlex.quote(url)])


def can_be_pasted(text: str) -> bool:
    """Tell whether a terminal and curl take a quoted text as it is."""
    lines = text.split("\n")
    # A shell looks for its history in lines that continue a quoted word; @ would name a file.
    has_history = len(lines) > 1 and "!" in text
    return all(map(str.isprintable, lines)) and not has_history and not text.startswith("@")


def quote_header(line: str) -> str:
    """Return a header line for a shell, in which only the variable of the key is expanded."""
    return shlex.quote(line).replace(KEY, f"'\"{KEY}\"'")

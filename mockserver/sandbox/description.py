"""An exchange of a journal as people read it: in full, with hints and a curl line."""

import shlex
from typing import Any

from mockserver.sandbox.journal import KEY, Exchange, decode_body, format_moment


def describe_exchange(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange in full, with a curl line and the hints at it."""
    return {
        "number": exchange.number,
        "time": format_moment(exchange),
        "method": exchange.method,
        "path": exchange.target,
        "operation": exchange.operation.operation_id if exchange.operation else None,
        "status": exchange.status,
        "milliseconds": round(exchange.milliseconds, 1),
        "request": {
            "headers": dict(exchange.request_headers),
            "body": decode_body(exchange.request_body),
        },
        "response": {
            "headers": dict(exchange.response_headers),
            "body": decode_body(exchange.response_body),
        },
        "hints": list(exchange.hints),
        "curl": curl_line(exchange),
    }


def curl_line(exchange: Exchange) -> str:
    """Return a line for a shell; the key is a variable."""
    words = ["curl", "-i"]
    if exchange.method != "GET":
        words += ["-X", exchange.method]
    for name, value in exchange.request_headers:
        if name.lower() in ("authorization", "content-type", "accept", "prefer"):
            line = f"{name}: {value}"
            words += ["-H", quote_header(line)]
    if exchange.request_body:
        words += ["--data-binary", shlex.quote(decode_body(exchange.request_body))]
    return " ".join([*words, shlex.quote(f"{exchange.origin}{exchange.target}")])


def quote_header(line: str) -> str:
    """Return a header line for a shell, in which only the variable of the key is expanded."""
    return shlex.quote(line).replace(KEY, f"'\"{KEY}\"'")

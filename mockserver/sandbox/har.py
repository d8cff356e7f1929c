"""Exchanges of a journal as an HTTP Archive, which browsers and tools read."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from mockserver.sandbox.journal import (
    Exchange,
    decode_text,
    encode_binary,
    read_query,
)


def build_har(exchanges: list[Exchange], version: str) -> dict[str, Any]:
    """Return exchanges, given the newest first, as an HTTP Archive 1.2."""
    entries = [_entry(exchange) for exchange in reversed(exchanges)]
    creator = {"name": "credmock", "version": version}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}


def _entry(exchange: Exchange) -> dict[str, Any]:
    request_type, response_type = (
        {name.lower(): value for name, value in headers}.get("content-type", "")
        for headers in (exchange.request_headers, exchange.response_headers)
    )
    post_data = (
        {"postData": _body(exchange.request_body, exchange.request_size, request_type)}
        if exchange.request_size
        else {}
    )
    content = _body(exchange.response_body, exchange.response_size, response_type)
    response_headers = {name.lower(): value for name, value in exchange.response_headers}
    common = {"httpVersion": "HTTP/1.1", "cookies": [], "headersSize": -1}
    return {
        "startedDateTime": _format_start(exchange),
        "time": exchange.milliseconds,
        "request": {
            **common,
            "method": exchange.method,
            "url": f"{exchange.origin}{exchange.target}",
            "headers": _name_values(exchange.request_headers),
            "queryString": _name_values(read_query(exchange)),
            "bodySize": exchange.request_size,
            **post_data,
        },
        "response": {
            **common,
            "status": exchange.status,
            "statusText": "",
            "headers": _name_values(exchange.response_headers),
            "content": {"size": exchange.response_size, **content},
            "redirectURL": response_headers.get("location", ""),
            "bodySize": exchange.response_size,
        },
        "cache": {},
        "timings": {"send": 0, "wait": exchange.milliseconds, "receive": 0},
    }


def _format_start(exchange: Exchange) -> str:
    """Return when a request came, exactly enough to tell what had ended before it."""
    start = exchange.moment - exchange.milliseconds / 1000
    return datetime.fromtimestamp(start, UTC).isoformat(timespec="microseconds")


def _body(body: bytes, size: int, media_type: str) -> dict[str, Any]:
    """Return a body as text, or as Base64 where it is none; a comment says that it was cut."""
    is_whole = len(body) == size
    text = decode_text(body, is_whole=is_whole)
    shown = {"text": encode_binary(body), "encoding": "base64"} if text is None else {"text": text}
    cut = {} if is_whole else {"comment": f"cut: {len(body)} of {size} bytes"}
    return {"mimeType": media_type, **shown, **cut}


def _name_values(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]

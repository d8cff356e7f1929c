"""Exchanges of a journal as an HTTP Archive, which browsers and tools read."""

from collections.abc import Iterable
from typing import Any

from mockserver.sandbox.journal import Exchange, decode_body, format_moment, read_query


def build_har(exchanges: list[Exchange], version: str) -> dict[str, Any]:
    """Return exchanges, given the newest first, as an HTTP Archive 1.2."""
    entries = [_entry(exchange) for exchange in reversed(exchanges)]
    creator = {"name": "credmock", "version": version}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}


def _entry(exchange: Exchange) -> dict[str, Any]:
    body = decode_body(exchange.request_body)
    request_headers = {n.lower(): v for n, v in exchange.request_headers}
    post_data = (
        {"postData": {"mimeType": request_headers.get("content-type", ""), "text": body}}
        if body
        else {}
    )
    content = decode_body(exchange.response_body)
    response_headers = {n.lower(): v for n, v in exchange.response_headers}
    common = {"httpVersion": "HTTP/1.1", "cookies": [], "headersSize": -1}
    return {
        "startedDateTime": format_moment(exchange),
        "time": exchange.milliseconds,
        "request": {
            **common,
            "method": exchange.method,
            "url": f"{exchange.origin}{exchange.target}",
            "headers": _name_values(exchange.request_headers),
            "queryString": _name_values(read_query(exchange)),
            "bodySize": len(exchange.request_body),
            **post_data,
        },
        "response": {
            **common,
            "status": exchange.status,
            "statusText": "",
            "headers": _name_values(exchange.response_headers),
            "content": {
                "size": len(exchange.response_body),
                "mimeType": response_headers.get("content-type", ""),
                "text": content,
            },
            "redirectURL": response_headers.get("location", ""),
            "bodySize": len(exchange.response_body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": exchange.milliseconds, "receive": 0},
    }


def _name_values(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]

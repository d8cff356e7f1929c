"""From the bytes of a body to plain data, as the framework's three parsers do."""

import codecs
import json
import re
from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from mockserver.errors import BodyTooLarge, ParseError, SuspiciousRequest, UnsupportedMediaType
from mockserver.framework.negotiation import MediaType, select_parser
from mockserver.messages import MAXIMUM_FIELDS, Form, Request

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
BOUNDARY = re.compile(r"[ -~]{0,200}[!-~]")


def parse_body(request: Request, offered: tuple[str, ...]) -> Any:
    """Return the data of a body: any JSON value, or a Form.

    `offered` are the media types that the operation takes. Raises UnsupportedMediaType and
    ParseError; a body of no bytes is an empty object or form whatever it claims to be.
    """
    content_type = request.headers.get("Content-Type") or ""
    kind = select_parser(content_type, offered)
    try:
        body = request.read_body()
    except BodyTooLarge:
        if kind is None:  # which the framework looks at first
            raise UnsupportedMediaType(content_type) from None
        raise
    if not body:
        return Form() if select_parser(content_type, (FORM, MULTIPART)) else {}
    if kind is None:
        raise UnsupportedMediaType(content_type)
    if kind == MULTIPART:
        return _parse_multipart(
            request, body, MediaType.parse(content_type), _encoding(content_type)
        )
    encoding = _encoding(content_type)
    return _parse_form(body, encoding) if kind == FORM else _parse_json(body, encoding)


@lru_cache(maxsize=256)
def _encoding(content_type: str) -> str:
    charset = MediaType.parse(content_type).parameters.get("charset", "utf-8")
    try:
        codecs.lookup(charset)
    except (LookupError, ValueError):  # Django ignores a charset that it does not know
        return "utf-8"
    try:
        "".encode(charset)
    except (LookupError, UnicodeError):
        raise ParseError(
            f'Unsupported charset "{charset}" in request Content-Type header.'
        ) from None
    return charset


def _refuse_constant(name: str) -> None:
    raise ValueError(f"Out of range float values are not JSON compliant: {name!r}")


def _decode(body: bytes, encoding: str) -> str:
    if encoding == "utf-8":
        with suppress(UnicodeDecodeError):
            return body.decode()
    # By a stream, as the framework reads it, so that the error messages are the same.
    return codecs.getreader(encoding)(BytesIO(body)).read()


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)


def _parse_json(body: bytes, encoding: str) -> Any:
    try:
        text = _decode(body, encoding)
        if text.startswith("\ufeff"):
            return json.loads(text)  # which raises an error
        return _JSON.decode(text)
    except ValueError as error:
        raise ParseError(f"JSON parse error - {error}") from None
    except RecursionError:
        raise ParseError("JSON parse error - nested too deeply") from None


def _parse_form(body: bytes, encoding: str) -> Form:
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        text = body.decode("iso-8859-1")
    form = Form()
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, encoding=encoding, max_num_fields=MAXIMUM_FIELDS
        )
    except ValueError:
        raise SuspiciousRequest from None
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def _parse_multipart(request: Request, body: bytes, media_type: MediaType, encoding: str) -> Form:
    boundary = media_type.parameters.get("boundary")
    if not boundary or not BOUNDARY.fullmatch(boundary):
        raise ParseError(f"Multipart form parse error - Invalid boundary in multipart: {boundary}")
    return request.parse_multipart(body, boundary.encode(), encoding)

"""Multipart bodies as Django reads them, which is more lenient than their standard in places.

It splits at each occurrence of the boundary, whatever stands around it, skips what is no part of a
form, and has bounds of its own. Source: `django.http.multipartparser`, which the differential tests
ask; `tests/framework/test_multipart.py` compares both.
"""

import base64
import codecs
import html
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from email.utils import collapse_rfc2231_value

from mockserver.errors import BodyTooLarge, ParseError, SuspiciousRequest
from mockserver.messages import MAXIMUM_FIELDS, Form, UploadedFile

MAXIMUM_FILES = 100
LONGEST_HEAD = 1024
"""Bytes of the headers of a part."""
LONGEST_NAME = 255
BLANK_LINE = b"\r\n\r\n"
Parameters = Mapping[str, str]
Headers = Mapping[str, tuple[str, Parameters]]
"""The headers of a part in lower case, each with its value in lower case and its parameters."""


def parse_multipart(body: bytes, boundary: bytes, maximum: int | None, encoding: str) -> Form:
    """Return the fields and files of a multipart body, whose fields have at most `maximum` bytes.

    Raises SuspiciousRequest, BodyTooLarge and ParseError. As in Django, a part may be encoded as
    base64 and in no other way, and its fields have the charset of the request, whatever charset
    they name.
    """
    form, files = Form(), Form()
    counted = size = 0
    for part, is_last in _split(body, b"--" + boundary):
        headers, content = _read_part(part)
        disposition = headers.get("content-disposition")
        parameters = disposition[1] if disposition else {}
        is_file = bool(parameters.get("filename"))
        counted += not is_file
        if counted > MAXIMUM_FIELDS + 2:  # the pieces before and after all parts count, too
            raise SuspiciousRequest
        if "name" not in parameters:
            continue
        name = parameters["name"].strip()
        is_base64 = headers.get("content-transfer-encoding", ("", {}))[0].strip() == "base64"
        if not is_file:
            size += len(content) + len(name) + 2
            if maximum is not None and size > maximum:
                raise BodyTooLarge
            content = _decode_field(content) if is_base64 else content
            form.setdefault(name, []).append(content.decode(encoding, "replace"))
            continue
        file_name = _clean_file_name(parameters["filename"])
        if not file_name:  # it was not chosen, or is none; Django leaves it out
            continue
        media_type = headers.get("content-type", ("", {}))[0].strip()
        content = _decode_file(content) if is_base64 else content
        if not is_last:  # else it was cut
            files.setdefault(name, []).append(UploadedFile(file_name, media_type, content))
        if sum(map(len, files.values())) > MAXIMUM_FILES:
            raise SuspiciousRequest
    form.update(files)
    return form


def _split(body: bytes, separator: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield what stands between boundaries, and whether the body ends before another one."""
    *pieces, rest = body.split(separator)
    for number, piece in enumerate(pieces, 1):
        yield _strip_line_break(piece), number == len(pieces) and not rest
    if rest:
        yield rest, True


def _strip_line_break(piece: bytes) -> bytes:
    """Return a piece without the line break that belongs to the boundary after it."""
    return piece.removesuffix(b"\n").removesuffix(b"\r")


def _read_part(part: bytes) -> tuple[Headers, bytes]:
    """Return the headers and the content of a part; raises ParseError."""
    end = part[:LONGEST_HEAD].find(BLANK_LINE)
    if end < 0:
        if len(part) >= LONGEST_HEAD:
            raise ParseError("Multipart form parse error - Request max total header size exceeded.")
        return {}, b""
    headers: dict[str, tuple[str, Parameters]] = {}
    for line in part[:end].split(b"\r\n"):
        try:
            pair, parameters = _read_parameters(line.decode())
            name, value = pair.split(":", 1)
            _check_characters(parameters.values())
        except ValueError:
            continue
        headers[name] = value, parameters
    return headers, part[end + len(BLANK_LINE) :]


def _read_parameters(line: str) -> tuple[str, dict[str, str]]:
    """Return what stands before the first semicolon, in lower case, and the parameters after it.

    Raises ValueError for a charset (RFC 2231) that does not exist.
    """
    if ";" not in line:
        return line.strip().lower(), {}
    message = Message()
    message["content-type"] = line
    (key, _), *pairs = message.get_params([("", "")])
    parameters = {}
    for name, value in pairs:
        if isinstance(value, tuple):
            try:
                codecs.lookup(value[0] or "ascii")
            except LookupError:
                raise ValueError(value[0]) from None
            value = collapse_rfc2231_value(value)
        if name:
            parameters[name] = value
    return key.lower(), parameters


def _check_characters(texts: Iterable[str]) -> None:
    """Raise ValueError for half of a surrogate pair, which no response could show."""
    for text in texts:
        text.encode()


def _clean_file_name(name: str) -> str:
    """Return the name of an uploaded file without folders and invisible characters."""
    bare = html.unescape(name).rsplit("/")[-1].rsplit("\\")[-1]
    shown = "".join(filter(str.isprintable, bare))
    if shown in (".", ".."):
        return ""
    stem, extension = posixpath.splitext(shown)
    extension = extension[:LONGEST_NAME]
    return stem[: LONGEST_NAME - len(extension)] + extension


def _decode_field(content: bytes) -> bytes:
    """Return what a field encodes as base64, or its bytes as they are where it does not."""
    try:
        return base64.b64decode(content)
    except ValueError:
        return content


def _decode_file(content: bytes) -> bytes:
    """Return what a file encodes as base64; raises ParseError."""
    try:
        packed = b"".join(content.split())
        if len(packed) % 4:  # what Python reads in spite of other characters in it
            raise ValueError("it is cut")
        return base64.b64decode(packed)
    except ValueError:
        raise ParseError("Multipart form parse error - Could not decode base64 data.") from None

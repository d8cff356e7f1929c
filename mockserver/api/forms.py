"""Multipart bodies as Django reads them: Werkzeug splits them, and the rest is Django's."""

import base64
from collections.abc import Iterator

from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from mockserver.errors import BodyTooLarge, ParseError, SuspiciousRequest
from mockserver.messages import MAXIMUM_FIELDS, Form, UploadedFile

Part = tuple[Field | File, bytes]


def parse_multipart(body: bytes, boundary: bytes, maximum: int | None = None) -> Form:
    """Return the fields and files of a multipart body, whose fields have at most `maximum` bytes.

    Raises SuspiciousRequest, BodyTooLarge and ParseError. As in Django, a part may be encoded as
    base64 and in no other way, and its fields are UTF-8 whatever charset it names.
    """
    # Django's parser takes the end of the body for the end of the last part, and what is no part
    # for nothing at all.
    body += b"\r\n--" + boundary + b"--\r\n"
    try:
        parts = list(_split(body, boundary))
    except HTTPException:
        raise SuspiciousRequest from None
    except ValueError:
        return Form()
    form = Form()
    files = Form()
    size = 0
    for part, content in parts:
        encoding = part.headers.get("Content-Transfer-Encoding", "").partition(";")[0]
        is_base64 = encoding.strip().lower() == "base64"
        if isinstance(part, File):
            # A file without a name was not chosen; Django leaves it out.
            if part.filename:
                media_type = parse_options_header(part.headers.get("Content-Type"))[0]
                content = _decode_file(content) if is_base64 else content
                upload = UploadedFile(part.filename, media_type, content)
                files.setdefault(part.name, []).append(upload)
        elif part.name:
            size += len(content) + len(part.name) + 2
            if maximum is not None and size > maximum:
                raise BodyTooLarge
            content = _decode_field(content) if is_base64 else content
            form.setdefault(part.name, []).append(content.decode("utf-8", "replace"))
    form.update(files)
    return form


def _split(body: bytes, boundary: bytes) -> Iterator[Part]:
    """Yield the parts with their contents; raises ValueError, and HTTPException for too many."""
    decoder = MultipartDecoder(boundary, None, max_parts=MAXIMUM_FIELDS)
    decoder.receive_data(body)
    decoder.receive_data(None)
    part: Field | File | None = None
    content: list[bytes] = []
    while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
        if isinstance(event, Field | File):
            part, content = event, []
        elif isinstance(event, Data) and part is not None:
            content.append(event.data)
            if not event.more_data:
                yield part, b"".join(content)


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

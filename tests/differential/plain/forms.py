"""Multipart bodies read by Django itself: from lines of Base64 to lines of JSON."""

import base64
import io
import json
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError


def read(body: bytes) -> Any:
    """Return fields and files by name, or what kind of refusal it is."""
    meta = {"CONTENT_TYPE": "multipart/form-data; boundary=x", "CONTENT_LENGTH": len(body)}
    try:
        fields, files = MultiPartParser(
            meta, io.BytesIO(body), [MemoryFileUploadHandler()], "utf-8"
        ).parse()
    except MultiPartParserError as error:
        return f"parse error: {error}"
    except SuspiciousOperation:
        return "suspicious"
    read: dict[str, list[Any]] = {name: list(values) for name, values in fields.lists()}
    for name, values in files.lists():
        read[name] = [
            [each.name, each.content_type, each.read().decode("latin-1")] for each in values
        ]
    return read


def main() -> None:
    """Read bodies until the end of the input."""
    settings.configure(DEBUG=False)
    for line in sys.stdin:
        print(json.dumps(read(base64.b64decode(line))), flush=True)


if __name__ == "__main__":
    main()

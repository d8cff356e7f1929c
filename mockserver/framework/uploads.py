"""Uploaded files: whether one is an image, by its content and never by its name."""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from xml.parsers import expat

from mockserver.framework.fields import InvalidValue
from mockserver.framework.scalars import Scalar
from mockserver.messages import UploadedFile

PNG, JPEG, WEBP, SVG = "image/png", "image/jpeg", "image/webp", "image/svg+xml"
EXTENSIONS: Mapping[str, str] = {PNG: "png", JPEG: "jpg", WEBP: "webp", SVG: "svg"}
"""The accepted formats, each with the extension of the name it is served under."""

SVG_ROOT = "http://www.w3.org/2000/svg svg"
_WEBP_IMAGE_CHUNKS = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers that begin a frame of a JPEG, which holds the size of the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture(Scalar):
    """ImageField: an uploaded file that is an image.

    The framework uses Pillow, which supports more formats and no SVG; the four here are our
    choice, as is the maximum size.
    """

    maximum_size: int

    required_text: ClassVar[str] = "No file was submitted."

    def convert(self, value: Any) -> UploadedFile:
        """Return the file; refuse what is not a file, is empty, is too large or is not an image."""
        if not isinstance(value, UploadedFile):
            raise InvalidValue(
                "The submitted data was not a file. Check the encoding type on the form."
            )
        if not value.content:
            raise InvalidValue("The submitted file is empty.")
        if len(value.content) > self.maximum_size:
            raise InvalidValue(
                f"Ensure this file has no more than {self.maximum_size} bytes"
                f" (it has {len(value.content)})."
            )
        if detect_media_type(value.content) is None:
            raise InvalidValue(
                "Upload a valid image. The file you uploaded was either not an image or a"
                " corrupted image."
            )
        return value


def detect_media_type(content: bytes) -> str | None:
    """Return the media type of a complete PNG, JPEG, WebP or SVG image, or None."""
    return next((name for name, is_one in _FORMATS.items() if is_one(content)), None)


def _is_png(content: bytes) -> bool:
    """Walk the chunks of a PNG with their check sums, from the header to the end mark."""
    if content[:8] != b"\x89PNG\r\n\x1a\n":
        return False
    at = 8
    kinds: list[bytes] = []
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        end = at + 12 + length
        if end > len(content) or content[end - 4 : end] != struct.pack(
            ">I", zlib.crc32(kind + data)
        ):
            return False
        if not kinds and (kind != b"IHDR" or length != 13 or 0 in struct.unpack(">II", data[:8])):
            return False
        kinds.append(kind)
        at = end
        if kind == b"IEND":
            return b"IDAT" in kinds
    return False


def _is_jpeg(content: bytes) -> bool:
    """Walk the segments of a JPEG to the first scan, which a frame must come before."""
    if content[:2] != b"\xff\xd8" or b"\xff\xd9" not in content[-64:]:
        return False
    at, has_frame = 2, False
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a byte that fills
            at += 1
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        if length < 2 or at + 2 + length > len(content):
            return False
        if marker in _FRAMES:
            if length < 8 or 0 in struct.unpack_from(">HH", content, at + 5):
                return False
            has_frame = True
        if marker == 0xDA:
            return has_frame
        at += 2 + length
    return False


def _is_webp(content: bytes) -> bool:
    """Walk the chunks of a WebP, which must fill the container and contain an image."""
    if len(content) < 20 or content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return False
    (size,) = struct.unpack_from("<I", content, 4)
    if size + 8 != len(content) or content[12:16] not in (b"VP8 ", b"VP8L", b"VP8X"):
        return False
    at, kinds = 12, set()
    while at + 8 <= len(content):
        (length,) = struct.unpack_from("<I", content, at + 4)
        kinds.add(content[at : at + 4])
        at += 8 + length + length % 2
        if kinds & _WEBP_IMAGE_CHUNKS and not length:
            return False
    return at == len(content) and bool(kinds & _WEBP_IMAGE_CHUNKS)


def _is_svg(content: bytes) -> bool:
    """Parse an SVG as XML; entity declarations are refused, since expanding them is expensive."""
    roots: list[str] = []

    def start(name: str, attributes: Any) -> None:
        if not roots:
            roots.append(name)
            if name != SVG_ROOT:
                raise _NotAnImage

    def declares(*_: Any) -> None:
        raise _NotAnImage

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EntityDeclHandler = declares
    parser.ElementDeclHandler = declares
    try:
        parser.Parse(content, True)
    except (_NotAnImage, expat.ExpatError, ValueError, LookupError):
        return False
    return bool(roots)


class _NotAnImage(Exception):
    """The content is not an image, whatever follows."""


_FORMATS: Mapping[str, Callable[[bytes], bool]] = {
    PNG: _is_png,
    JPEG: _is_jpeg,
    WEBP: _is_webp,
    SVG: _is_svg,
}

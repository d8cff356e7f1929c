"""Reads HTTP Archives as browsers, Playwright and mitmproxy write them.

Each tool has its own habits: bodies in Base64, in files beside the archive or left out, names of
headers in lower case, the pseudo-headers of HTTP/2, sizes of -1, statuses of 0 and -1, fields of
its own that begin with an underscore. What an archive does not say is unknown, and not guessed.
"""

import base64
import binascii
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from contract_tests.errors import UsageError
from contract_tests.text_files import decode_text_file

MOST_BYTES = 200_000_000
"""Bytes of an archive, and of all that it contains when it is compressed."""
ZIP = b"PK\x03\x04"
ZLIB = (b"\x78\x01", b"\x78\x9c", b"\x78\xda")
"""How a file begins that Playwright, or mitmproxy, has compressed."""
_FILE_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,127}\.[0-9A-Za-z]{1,16}")
"""The names that Playwright gives to bodies in files of their own: a hash and a suffix."""
_WITHOUT_BODY = frozenset({204, 304})
LONGEST_KEPT_BY_CREDCHECK = 2_000
"""Characters of a body in the recording of a run of credcheck, which does not say that it cut."""
ReadFile = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded request and its response.

    Headers are by name in lower case, a repeated one joined with commas; they may hold keys, and so
    may bodies, so neither is part of the representation. `started` and `ended` are in seconds since
    the epoch, None where the archive does not say it. `status` is 0 if there was no response.
    """

    number: int
    """The place in the archive, from 1."""
    method: str
    url: str
    request_headers: Mapping[str, str] = field(repr=False)
    request_body: bytes = field(repr=False)
    request_is_whole: bool
    status: int
    response_headers: Mapping[str, str] = field(repr=False)
    response_body: bytes = field(repr=False)
    response_is_whole: bool
    started: float | None
    ended: float | None
    is_local: bool
    """Whether a cache or a script of the browser answered, and not the service."""

    @property
    def is_answered(self) -> bool:
        """Whether a response was recorded."""
        return self.status > 0

    @property
    def address(self) -> SplitResult:
        """The parts of the URL; one that is not valid has a path only."""
        try:
            return urlsplit(self.url)
        except ValueError:
            return SplitResult("", "", self.url, "", "")

    def is_before(self, other: "Recorded") -> bool:
        """Tell whether this response had come when the other request was sent."""
        if self.ended is None or other.started is None:
            return False
        return self.ended <= other.started


def read_archive(path: str | Path) -> tuple[Recorded, ...]:
    """Return the exchanges of an HTTP Archive in its order; raises UsageError.

    The file may be a zip archive, as Playwright writes it, or compressed by mitmproxy.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(_describe_size(path))
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path}: {reason}") from None
    read_file: ReadFile = _FolderReader(path.parent)
    if content.startswith(ZIP):
        read_file = _open_zip(path, content)
        content = read_file.text
    elif content.startswith(ZLIB):
        content = _decompress(path, content)
    return tuple(_read_entries(path, content, read_file))


def _read_entries(path: Path, content: bytes, read_file: ReadFile) -> Iterator[Recorded]:
    try:
        document = json.loads(decode_text_file(content, str(path)))
    except RecursionError:
        raise UsageError(f"{path}: not an HTTP Archive: nested too deeply") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UsageError(f"{path}: not valid JSON: {place}: {error.msg}") from None
    except ValueError as error:
        raise UsageError(f"{path}: not valid JSON: {error}") from None
    log = _take(document, "log", dict, None)
    entries = _take(log, "entries", list, None)
    if entries is None:
        raise UsageError(
            f"{path}: not an HTTP Archive: expected an object with `log.entries`; save the traffic "
            "as HAR in the network panel of the browser"
        )
    is_from_credcheck = _take(_take(log, "creator", dict, {}), "name", str, "") == "credcheck"
    longest = LONGEST_KEPT_BY_CREDCHECK if is_from_credcheck else None
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise UsageError(f"{path}: entry {number}: expected an object")
        yield _read_entry(f"{path}: entry {number}", number, entry, read_file, longest)


def _read_entry(
    where: str, number: int, entry: Mapping[str, Any], read_file: ReadFile, longest: int | None
) -> Recorded:
    request = _take(entry, "request", dict, {})
    response = _take(entry, "response", dict, {})
    method, url = _take(request, "method", str, ""), _take(request, "url", str, "")
    if not method or not url:
        raise UsageError(f"{where}: `request` has no `method` and `url`, which are texts")
    status = max(0, _take(response, "status", int, 0))
    request_headers, response_headers = _read_headers(request), _read_headers(response)
    content = _take(response, "content", dict, {})
    if not _take(response, "headers", list, []):
        media_type = _take(content, "mimeType", str, "")
        if media_type and media_type != "x-unknown":
            response_headers["content-type"] = media_type
    request_body, request_is_whole = _read_request_body(request, request_headers, read_file)
    has_body = method.upper() != "HEAD" and status not in _WITHOUT_BODY
    response_body, response_is_whole = _read_response_body(
        content, response, response_headers, read_file, has_body=has_body
    )
    if longest is not None and has_body:
        response_is_whole = (
            response_is_whole and len(response_body.decode("utf-8", "replace")) < longest
        )
    started = _read_time(entry.get("startedDateTime"))
    duration = _measure_duration(entry)
    return Recorded(
        number=number,
        method=method.upper(),
        url=url.partition("#")[0],
        request_headers=request_headers,
        request_body=request_body,
        request_is_whole=request_is_whole,
        status=status,
        response_headers=response_headers,
        response_body=response_body,
        response_is_whole=response_is_whole,
        started=started,
        ended=None if started is None or duration is None else started + duration,
        is_local=_is_local(entry, status),
    )


def _is_local(entry: Mapping[str, Any], status: int) -> bool:
    """Tell whether a response came from a cache, a service worker or a route of a test."""
    marks = ("_fromCache", "_fetchedViaServiceWorker", "_wasFulfilled")
    response = _take(entry, "response", dict, {})
    return status == 304 or any(entry.get(mark) or response.get(mark) for mark in marks)


def _read_headers(message: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of a message; what HTTP/2 puts in the place of its first line is none."""
    headers: dict[str, str] = {}
    for header in _take(message, "headers", list, []):
        name = _take(header, "name", str, "").strip().lower()
        value = _take(header, "value", str, "").strip()
        if name and not name.startswith(":"):
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _read_request_body(
    request: Mapping[str, Any], headers: Mapping[str, str], read_file: ReadFile
) -> tuple[bytes, bool]:
    """Return the body of a request, and whether it is whole."""
    data = _take(request, "postData", dict, {})
    size = max(_read_size(request, "bodySize"), _read_length(headers))
    body = _read_text(data, read_file)
    if not body and data.get("params") and _is_form(data, headers):
        pairs = [
            (_take(one, "name", str, ""), _take(one, "value", str, "")) for one in data["params"]
        ]
        return urlencode(pairs).encode(), True  # in an encoding that may be another one
    if body is None:
        return b"", size <= 0
    return body, len(body) >= size and not _is_marked_as_cut(data)


def _is_form(data: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    media_type = headers.get("content-type") or _take(data, "mimeType", str, "")
    is_form = media_type.lower().startswith("application/x-www-form-urlencoded")
    return is_form and isinstance(data["params"], list)


def _read_response_body(
    content: Mapping[str, Any],
    response: Mapping[str, Any],
    headers: Mapping[str, str],
    read_file: ReadFile,
    *,
    has_body: bool,
) -> tuple[bytes, bool]:
    """Return the body of a response, decoded from its content encoding, and whether it is whole."""
    body = _read_text(content, read_file)
    if not has_body:
        return body or b"", True
    length = 0 if headers.get("content-encoding") else _read_length(headers)
    size = _take(content, "size", int, -1)
    if body is None:
        # mitmproxy writes null for a body that it did not keep, and a size of 0.
        is_empty = size == 0 and "text" not in content and "_file" not in content
        return b"", is_empty and max(length, _read_size(response, "bodySize")) <= 0
    # For mitmproxy the size is that on the wire, which for short bodies is more than decoded.
    decoded_size = size + min(0, _take(content, "compression", int, 0))
    return body, len(body) >= max(decoded_size, length) and not _is_marked_as_cut(content)


def _read_text(content: Mapping[str, Any], read_file: ReadFile) -> bytes | None:
    """Return the text of a content as bytes; None where it is not kept or cannot be read."""
    name = content.get("_file")
    if isinstance(name, str):
        return read_file(name)
    text = content.get("text")
    if not isinstance(text, str):
        return None
    if str(content.get("encoding", "")).lower() != "base64":
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return None


def _is_marked_as_cut(content: Mapping[str, Any]) -> bool:
    """Tell whether a comment says that the body was cut, as in the journal of the mock."""
    return str(content.get("comment", "")).startswith("cut")


def _read_size(message: Mapping[str, Any], name: str) -> int:
    size: int = _take(message, name, int, 0)
    return max(0, size)


def _read_length(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 16 else 0


def _read_time(text: Any) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _measure_duration(entry: Mapping[str, Any]) -> float | None:
    """Return how many seconds an exchange took; None where no time is given, or -1."""
    timings = _take(entry, "timings", dict, {})
    parts = [part for part in map(_read_number, timings.values()) if part and part > 0]
    # `ssl` is a part of `connect`, too, so the sum may be more than it was, which does no harm.
    times = [_read_number(entry.get("time")) or -1.0, sum(parts) if parts else -1.0]
    longest = max(times)
    return longest / 1000 if longest > 0 else None


def _read_number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e12 else None


def _take(value: Any, name: str, kind: type, default: Any) -> Any:
    """Return a field of an object if both are what they should be, else a default."""
    found = value.get(name) if isinstance(value, dict) else None
    if kind is int and isinstance(found, float) and found.is_integer():
        return int(found)
    return found if isinstance(found, kind) and not isinstance(found, bool) else default


class _FolderReader:
    """Reads the bodies that lie in files beside an archive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._left = MOST_BYTES

    def __call__(self, name: str) -> bytes | None:
        """Return a file by its name, which is no path; None if it is not there."""
        if not _FILE_NAME.fullmatch(name):
            return None
        try:
            with (self._folder / name).open("rb") as file:
                body = file.read(self._left + 1)
        except OSError:
            return None
        self._left -= len(body)
        return body if self._left >= 0 else None


class _ZipReader:
    """Reads an archive and the bodies of it from a zip file."""

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        self._path = path
        self._file = file
        self._left = MOST_BYTES
        names = [name for name in file.namelist() if name.endswith(".har")]
        if len(names) != 1:
            raise UsageError(f"{path}: expected one .har file in the zip file, got {len(names)}")
        self.text = self(names[0]) or b""

    def __call__(self, name: str) -> bytes | None:
        """Return a file of the zip file; None if it is not there."""
        try:
            with self._file.open(name) as file:
                body = file.read(self._left + 1)
        except KeyError:
            return None
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, zlib.error):
            raise UsageError(f"{self._path}: the zip file is damaged or encrypted") from None
        self._left -= len(body)
        if self._left < 0:
            raise UsageError(_describe_size(self._path))
        return body


def _open_zip(path: Path, content: bytes) -> _ZipReader:
    try:
        return _ZipReader(path, zipfile.ZipFile(io.BytesIO(content)))
    except zipfile.BadZipFile:
        raise UsageError(f"{path}: the zip file is damaged") from None


def _decompress(path: Path, content: bytes) -> bytes:
    try:
        text = zlib.decompressobj().decompress(content, MOST_BYTES + 1)
    except zlib.error:
        raise UsageError(f"{path}: the compressed file is damaged") from None
    if len(text) > MOST_BYTES:
        raise UsageError(_describe_size(path))
    return text


def _describe_size(path: Path) -> str:
    return (
        f"{path}: larger than {MOST_BYTES // 1_000_000} MB: record less, or leave out what is not "
        "of the API"
    )

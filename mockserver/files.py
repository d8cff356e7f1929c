"""Files: where the contract and the fixtures lie, and how any text file is read and replaced."""

import codecs
import contextlib
import errno
import os
import threading
import tomllib
from pathlib import Path
from typing import Any

from mockserver.errors import StartError

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent

CONTRACT = _ROOT / "spec" / "openapi.yaml"
CONTROL = _ROOT / "spec" / "control.yaml"
LEDGER = _ROOT / "spec" / "divergences.yaml"
WORLD = _ROOT / "fixtures" / "world.json"
SCENARIOS = _ROOT / "fixtures" / "scenarios"
SCENARIO_SCHEMA = _ROOT / "fixtures" / "scenario.schema.json"
WORLD_SCHEMA = _ROOT / "fixtures" / "world.schema.json"
IMAGES = _ROOT / "fixtures" / "images"

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF32_LE, "UTF-32-LE"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "UTF-32-BE"),
    (codecs.BOM_UTF16_LE, "UTF-16-LE"),
    (codecs.BOM_UTF16_BE, "UTF-16-BE"),
)
CANNOT_REPLACE = (errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS, errno.EINVAL)
"""A file that is mounted by itself, or lies in a folder that cannot be written."""


def read_text_file(path: Path) -> bytes:
    """Return the content of a text file as UTF-8 without a byte order mark; raises StartError.

    PowerShell writes UTF-16, Notepad a byte order mark.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from error
    return decode_text(content, str(path))


def read_toml_file(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; raises StartError that names the line."""
    try:
        return tomllib.loads(read_text_file(path).decode().replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise StartError(f"{path}: not valid TOML: {error}") from error


def decode_text(content: bytes, name: str) -> bytes:
    """Return text in any Unicode encoding as UTF-8; raises StartError that begins with the name."""
    mark, encoding = _find_encoding(content)
    content = content.removeprefix(mark)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StartError(
            f"{name}: not {encoding} text: line {line} has the byte 0x{content[error.start]:02x}; "
            "save the file as UTF-8"
        ) from error
    if not text or text.isspace():
        raise StartError(f"{name}: the file is empty")
    return content if encoding == "UTF-8" else text.encode()


def _find_encoding(content: bytes) -> tuple[bytes, str]:
    """Return the byte order mark of a text, which may be empty, and its encoding."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return mark, encoding
    # Neither JSON nor YAML nor TOML has a NUL, and each begins with an ASCII character.
    if content[1:2] == b"\0":
        return b"", "UTF-16-LE"
    return b"", "UTF-16-BE" if content[:1] == b"\0" else "UTF-8"


def is_blank(path: Path) -> bool:
    """Tell whether a small file holds nothing but a byte order mark and white space."""
    if path.stat().st_size > 100:
        return False
    content = path.read_bytes()
    return not content.removeprefix(_find_encoding(content)[0]).strip()


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that there is the old one or the new one, and never a part.

    A file that cannot be replaced, since it is mounted by itself, is written in place.
    Raises OSError.
    """
    path = path.resolve()  # what a link leads to is replaced, and not the link
    new = _name_new_file(path)
    try:
        with new.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            new.chmod(path.stat().st_mode & 0o777)
        new.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        if error.errno not in CANNOT_REPLACE or not path.is_file():
            raise
        _write_in_place(path, content)


def check_replaceable(path: Path) -> None:
    """Raise OSError unless a file can be made, replaced or at least written in place."""
    path = path.resolve()
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    new = _name_new_file(path)
    try:
        new.touch(exist_ok=False)
        new.unlink()
    except OSError:
        if not path.is_file():
            raise
        path.open("r+b").close()


def _name_new_file(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")


def _write_in_place(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())

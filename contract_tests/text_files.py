"""How any text file of a user is read, whatever system wrote it."""

import codecs
import os
import tomllib
from pathlib import Path
from typing import Any

from contract_tests.errors import UsageError

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF32_LE, "UTF-32-LE"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "UTF-32-BE"),
    (codecs.BOM_UTF16_LE, "UTF-16-LE"),
    (codecs.BOM_UTF16_BE, "UTF-16-BE"),
)
WITHOUT_MARK = (
    ("x000", "UTF-32-LE"),
    ("000x", "UTF-32-BE"),
    ("x0", "UTF-16-LE"),
    ("0x", "UTF-16-BE"),
)
"""The first bytes of an ASCII character in each encoding: 0 is NUL, x is another byte."""
CONTROL_CHARACTERS = ("\0", "\x1a")
"""What no text has: a disk that was full leaves NULs, and DOS ends a file with the other."""


def read_text_file(path: str | Path, where: str = "") -> str:
    """Return the text of a file without a byte order mark; raises UsageError.

    PowerShell writes UTF-16, Notepad a byte order mark. The text of an error shows nothing of the
    content, which may be a key, and begins with `where`, the option that named the file.
    """
    name = f"{where}: {path}" if where else str(path)
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{name}: {reason}") from None
    return decode_text_file(content, name)


def is_file(path: str | Path) -> bool:
    """Tell whether there is a file, or a pipe of the shell (`<(…)`), whatever the name is."""
    return os.path.exists(path) and not os.path.isdir(path)


def decode_text_file(content: bytes, name: str) -> str:
    """Return the content of a file as text; raises UsageError that begins with the name."""
    mark, encoding = _find_encoding(content)
    content = content.removeprefix(mark)
    try:
        text = content.decode(encoding).lstrip("\ufeff")  # a second mark, of a file that was joined
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{name}: not {encoding} text, see line {line}: save the file as UTF-8"
        ) from None
    if not text or text.isspace():
        raise UsageError(f"{name}: the file is empty")
    for control in CONTROL_CHARACTERS:
        if control not in text:
            continue
        line = text.count("\n", 0, text.index(control)) + 1
        raise UsageError(
            f"{name}: line {line} has the control character 0x{ord(control):02x}; remove it, or "
            "save the file as UTF-8"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_toml_file(path: str | Path) -> dict[str, Any]:
    """Return the content of a TOML file; raises UsageError."""
    try:
        return tomllib.loads(read_text_file(path))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error


def _find_encoding(content: bytes) -> tuple[bytes, str]:
    """Return the byte order mark of a text, which may be empty, and its encoding."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return mark, encoding
    # No text file of ours has a NUL, and each begins with an ASCII character.
    for form, encoding in WITHOUT_MARK:
        if len(content) >= len(form) and all(
            (byte == 0) == (kind == "0") for byte, kind in zip(content, form, strict=False)
        ):
            return b"", encoding
    return b"", "UTF-8"

"""Files: where the contract and the fixtures lie, and how any text file is read and replaced."""

import codecs
import contextlib
import errno
import os
import threading
import tomllib
from pathlib import Path
from typing import Any, BinaryIO

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
WITHOUT_MARK = (
    ("x000", "UTF-32-LE"),
    ("000x", "UTF-32-BE"),
    ("x0", "UTF-16-LE"),
    ("0x", "UTF-16-BE"),
)
"""The first bytes of an ASCII character in each encoding: 0 is NUL, x is another byte."""
CONTROL_CHARACTERS = ("\0", "\x1a")
"""What no text has: a disk that was full leaves NULs, and DOS ends a file with the other."""
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
        text = read_text_file(path).decode()
        return tomllib.loads(text.replace("\r\n", "\n").replace("\r", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise StartError(f"{path}: not valid TOML: {error}") from error


def decode_text(content: bytes, name: str) -> bytes:
    """Return text in any Unicode encoding as UTF-8; raises StartError that begins with the name."""
    mark, encoding = _find_encoding(content)
    content = content.removeprefix(mark)
    try:
        text = content.decode(encoding).lstrip("\ufeff")  # a second mark, of a file that was joined
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StartError(
            f"{name}: not {encoding} text: line {line} has the byte 0x{content[error.start]:02x}; "
            "save the file as UTF-8"
        ) from error
    if not text or text.isspace():
        raise StartError(f"{name}: the file is empty")
    for control in CONTROL_CHARACTERS:
        if control not in text:
            continue
        line = text.count("\n", 0, text.index(control)) + 1
        raise StartError(
            f"{name}: line {line} has the control character 0x{ord(control):02x}; remove it, or "
            "save the file as UTF-8"
        )
    return content if encoding == "UTF-8" and content[:1] == text[:1].encode() else text.encode()


def _find_encoding(content: bytes) -> tuple[bytes, str]:
    """Return the byte order mark of a text, which may be empty, and its encoding."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return mark, encoding
    # Neither JSON nor YAML nor TOML has a NUL, and each begins with an ASCII character.
    for form, encoding in WITHOUT_MARK:
        if len(content) >= len(form) and all(
            (byte == 0) == (kind == "0") for byte, kind in zip(content, form, strict=False)
        ):
            return b"", encoding
    return b"", "UTF-8"


def is_blank(path: Path) -> bool:
    """Tell whether a small file holds nothing but a byte order mark and white space."""
    if path.stat().st_size > 100:
        return False
    content = path.read_bytes()
    return not content.removeprefix(_find_encoding(content)[0]).strip()


def replace_file(path: Path, content: bytes, lock: "FileLock | None" = None) -> None:
    """Write a file so that there is the old one or the new one, and never a part.

    A file that cannot be replaced, since it is mounted by itself, is written in place. With a lock
    the new file is locked before others see it. Raises OSError.
    """
    path = resolve(path)  # what a link leads to is replaced, and not the link
    new = _name_new_file(path)
    try:
        with new.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            new.chmod(path.stat().st_mode & 0o777)
        if lock:
            lock.replace(new, path)
        else:
            new.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        if error.errno not in CANNOT_REPLACE or not path.is_file():
            raise
        _write_in_place(path, content)


def check_replaceable(path: Path) -> None:
    """Raise OSError unless a file can be made, replaced or at least written in place.

    A device, such as `/dev/null`, would be replaced for everybody, and a pipe has no content.
    """
    path = resolve(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file")
    new = _name_new_file(path)
    try:
        new.touch(exist_ok=False)
        new.unlink()
    except OSError:
        if not path.is_file():
            raise
        path.open("r+b").close()


def resolve(path: Path) -> Path:
    """Return where links lead to; raises OSError for a circle, as from Python 3.13 on."""
    try:
        return path.resolve()
    except RuntimeError as error:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error


def lock_file(file: BinaryIO) -> None:
    """Lock an open file until it is closed.

    Raises BlockingIOError if another process has locked it, and OSError where there are no locks,
    as on Windows.
    """
    try:
        import fcntl
    except ImportError as error:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP)) from error
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """Keeps other processes that lock it from a file, also when it is replaced by another one.

    It ends with the process at the latest, and leaves nothing behind.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def acquire(self) -> None:
        """Lock the file that is there now, or make an empty one.

        Raises BlockingIOError if another process has locked it, and OSError where there are no
        locks.
        """
        while True:
            with contextlib.suppress(FileExistsError):
                self._path.touch(exist_ok=False)
            file = self._path.open("rb")
            try:
                if self._file and os.path.sameopenfile(file.fileno(), self._file.fileno()):
                    file.close()
                    return
                lock_file(file)
                is_there = self._is_at_path(file)
            except OSError:
                file.close()
                raise
            if is_there:
                self._hold(file)
                return
            file.close()  # it was replaced in between

    def _is_at_path(self, file: BinaryIO) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False

    def replace(self, new: Path, path: Path) -> None:
        """Move a new file to where the locked one is, and lock it before others see it."""
        file = new.open("rb")
        try:
            with contextlib.suppress(OSError):  # where there are no locks
                lock_file(file)
            new.replace(path)
        except OSError:
            file.close()
            raise
        self._hold(file)

    def _hold(self, file: BinaryIO) -> None:
        self.release()
        self._file = file

    def is_lost(self) -> bool:
        """Tell whether the locked file was moved away, so that another one may be in its place."""
        return self._file is not None and not self._is_at_path(self._file)

    def release(self) -> None:
        """Let others lock it."""
        if self._file:
            self._file.close()


def _name_new_file(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")


def _write_in_place(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())

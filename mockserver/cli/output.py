"""Standard output for the log of a server."""

import contextlib
import io
import os
from typing import Any


def open_log_output(stream: Any) -> Any:
    """Return a stream for the log that no character and no closed terminal makes fail.

    A line that cannot be written must not turn the response into an error.
    """
    try:
        raw = open(os.dup(stream.fileno()), "wb", buffering=0)  # noqa: SIM115  (until the end)
    except (OSError, ValueError, AttributeError):
        return stream
    lines = LossyOutput(raw)
    return io.TextIOWrapper(
        lines,
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )


class LossyOutput(io.BufferedIOBase):
    """A binary stream that drops what nobody can receive any more."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, content: Any) -> int:
        """Write all bytes, or none where the reader is gone."""
        with contextlib.suppress(OSError):
            self._raw.write(content)
        return len(content)

"""How hints are worded: what a client sent is shown in one line, and short."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

HEADER = "X-Mock-Hint"
SEPARATOR = " | "
LONGEST_HEADER = 2_000
"""Characters; servers, proxies and Node refuse a response whose headers are much longer."""
LONGEST_NAME = 60
LONGEST_MISSPELLED = 100
LONGEST_PATH = 160

NOT_PRINTABLE_ASCII = re.compile(r"[^ -~]")


def show(text: str, longest: int = LONGEST_NAME) -> str:
    """Return what a client sent in one line; what is not printable is escaped."""
    shown = text if len(text) <= longest else f"{text[:longest]}…"
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)


def quote(text: str) -> str:
    """Return what a client sent as code."""
    return f"`{show(text)}`"


def quote_address(path: str) -> str:
    """Return a path as code."""
    return f"`{show(path, LONGEST_PATH)}`"


def quote_all(names: Sequence[str], most: int = 5) -> str:
    """Return some names as code, and how many more there are."""
    shown = ", ".join(map(quote, names[:most]))
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def write_header(hints: Iterable[str]) -> str:
    """Return hints as the value of a header: printable ASCII, in one line, and bounded."""
    line = SEPARATOR.join(hints)
    escaped = NOT_PRINTABLE_ASCII.sub(lambda found: ascii(found[0])[1:-1], line)
    return escaped if len(escaped) <= LONGEST_HEADER else f"{escaped[: LONGEST_HEADER - 3]}..."


def find_near(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant: spelled in another way, or nearly so."""
    if len(name) > LONGEST_MISSPELLED:  # to compare it would take long
        return None
    names = list(known)
    same = find_same(name, names)
    if same:
        return same
    near = get_close_matches(name, names, 1)
    return near[0] if near else None


def find_same(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is this one in another spelling."""
    folded = _fold(name)
    return next((candidate for candidate in known if _fold(candidate) == folded), None)


def _fold(name: str) -> str:
    """Return a name without what spellings differ in: case, underscores and hyphens."""
    return name.lower().replace("_", "").replace("-", "")


def suggest(meant: str | None) -> str:
    """Return how a hint ends that knows what was meant, or nothing."""
    return f"; did you mean {quote(meant)}?" if meant else ""

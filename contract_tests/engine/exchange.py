"""A request and its response, redacted, with bodies as text."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

LONGEST_BODY = 20_000
"""Characters of a body that a finding shows."""
LONGEST_LOGGED = 2_000
"""Characters of a body that the log of a run keeps."""
_SECRET_HEADERS = re.compile(
    r"authorization|cookie|token|secret|passw|api[-_]?key|session|csrf|jwt|-(auth|key)\Z",
    re.IGNORECASE,
)
"""Names of headers whose values are hidden, though the run may not know them."""
_KNOWN_SECRET = re.compile(r"([\w-]+ )?\$CREDCHECK_\w+")
"""A value with nothing in it but a scheme and a secret whose variable is shown."""
_CUT = re.compile(r"… \((\d{4,}) bytes\)\Z")
"""What stands at the end of a body that was cut."""
BINARY = "base64: "
"""What stands before a body that is not text; cut, what follows it still has whole groups of 4."""
HIDDEN = "[hidden]"
"""What stands for a secret that has no variable."""
Redact = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response, redacted; bodies are text, cut where they are long."""

    rule: str
    operation: str
    actor: str
    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: str
    status: int
    response_headers: Mapping[str, str]
    response_body: str
    milliseconds: float
    started: str
    curl: str


@dataclass(frozen=True)
class Response:
    """A response of the target."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    logged: Exchange
    """The exchange as the log of a run keeps it: with short bodies, and without a curl line."""
    describe: Callable[[], Exchange] = field(repr=False, compare=False)
    """Makes the exchange as a finding shows it, which takes long and most responses never need."""
    is_refused: bool = False
    """Whether a firewall refused the request, which it was expected to do."""

    @cached_property
    def exchange(self) -> Exchange:
        """The exchange as a finding shows it."""
        return self.describe()

    @property
    def curl(self) -> str:
        """The curl line that repeats the request."""
        return self.exchange.curl

    @property
    def is_from_proxy(self) -> bool:
        """Whether this is the response of a proxy or firewall, and not of the service."""
        return self.is_refused

    @cached_property
    def value(self) -> Any:
        """The body as JSON, which must not be changed, or as text where it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return self.body.decode("utf-8", "replace")


def describe_body(
    body: bytes, redact: Redact, longest: int = LONGEST_BODY, reach: int | None = None
) -> str:
    """Return a body as text without secrets, cut where it is long; binary as Base64.

    Secrets are looked for in the whole of it, or up to `reach` characters behind the cut.
    """
    try:
        whole, is_text = body.decode(), True
    except UnicodeDecodeError:
        # Each byte as a character, since nothing finds a secret within Base64.
        whole, is_text = body.decode("latin-1"), False
    beginning = whole if reach is None else whole[: longest + reach]
    text = redact(beginning)
    if not is_text:
        text = BINARY + b64encode(text.encode("latin-1", "replace")).decode()
    if len(beginning) == len(whole) and len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(body)} bytes)"


def read_binary(body: str) -> bytes | None:
    """Return the bytes of a body that is kept as Base64, None for a text."""
    if not body.startswith(BINARY):
        return None
    try:
        return b64decode(body.removeprefix(BINARY), validate=True)
    except ValueError:  # a text that begins so
        return None


def split_cut_text(text: str) -> tuple[str, int | None]:
    """Return a text without the mark that it was cut, and the bytes of the whole where it has one.

    A shorter text has no mark, whatever it ends with.
    """
    mark = _CUT.search(text, LONGEST_LOGGED)
    return (text[: mark.start()], int(mark[1])) if mark else (text, None)


def is_secret_name(name: str) -> bool:
    """Tell whether the value of a header or a field is secret, by its name."""
    return _SECRET_HEADERS.search(name) is not None


def redact_headers(headers: Mapping[str, str], redact: Redact) -> dict[str, str]:
    """Return headers without secrets, be they known or not."""
    redacted = {}
    for name, value in headers.items():
        text = redact(value)
        is_shown = not text or _KNOWN_SECRET.fullmatch(text)
        is_secret = is_secret_name(name) and not is_shown
        redacted[redact(name)] = HIDDEN if is_secret else text
    return redacted

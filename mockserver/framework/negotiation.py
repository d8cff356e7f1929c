"""Content negotiation as Django REST Framework does it, for its one renderer and three parsers."""

from dataclasses import dataclass
from functools import lru_cache

from mockserver.errors import NotAcceptable, NotFound
from mockserver.messages import JSON

# The framework's own bounds on what it reads of an Accept header.
MAXIMUM_ACCEPT_LENGTH = 8192
MAXIMUM_ACCEPT_TOKENS = 64
MAXIMUM_MEDIA_TYPE_LENGTH = 256


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or range with its parameters, parameter names in lower case."""

    main: str
    sub: str
    parameters: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> "MediaType":
        """Read a header value leniently; what is not valid matches nothing."""
        kind, *rest = text.split(";")
        parameters = {}
        for item in rest:
            name, equals, value = item.partition("=")
            if equals:
                parameters[name.strip().lower()] = value.strip().strip('"')
        main, _, sub = kind.strip().lower().partition("/")
        return cls(main, sub, parameters)

    @property
    def name(self) -> str:
        """Type and subtype without parameters."""
        return f"{self.main}/{self.sub}"

    @property
    def precedence(self) -> int:
        """How specific this is: 0 for `*/*` up to 3 for a type with parameters."""
        if self.main == "*":
            return 0
        if self.sub == "*":
            return 1
        return 2 if not self.parameters.keys() - {"q"} else 3

    def matches(self, name: str) -> bool:
        """Tell whether this type or range covers `type/subtype`."""
        main, _, sub = name.partition("/")
        return self.sub in ("*", sub) and self.main in ("*", main)


@lru_cache(maxsize=256)
def accept_json(accept: str | None, wanted: str | None) -> int:
    """Return the indentation that the client asked for, 0 for none.

    `accept` is the Accept header, None when there is none; `wanted` is `?format=`. Raises
    NotFound for a format that does not exist and NotAcceptable; quality values are ignored, as
    the framework ignores them.
    """
    if wanted and wanted != "json":
        raise NotFound
    ranges = map(MediaType.parse, _split_ranges("*/*" if accept is None else accept))
    for media_range in sorted(ranges, key=lambda media_type: -media_type.precedence):
        if media_range.matches(JSON):
            try:
                return max(min(int(media_range.parameters["indent"]), 8), 0)
            except (KeyError, ValueError):
                return 0
    raise NotAcceptable


def _split_ranges(accept: str) -> list[str]:
    if len(accept) > MAXIMUM_ACCEPT_LENGTH:
        accept = accept[: accept.rfind(",", 0, MAXIMUM_ACCEPT_LENGTH) + 1]
    tokens = (token.strip() for token in accept.split(","))
    kept = [token for token in tokens if token and len(token) <= MAXIMUM_MEDIA_TYPE_LENGTH]
    return kept[:MAXIMUM_ACCEPT_TOKENS]


@lru_cache(maxsize=256)
def select_parser(content_type: str, offered: tuple[str, ...]) -> str | None:
    """Return the first of the offered media types that a Content-Type header names, or None."""
    if len(content_type) > MAXIMUM_MEDIA_TYPE_LENGTH:
        return None
    sent = MediaType.parse(content_type)
    return next((name for name in offered if sent.matches(name)), None)

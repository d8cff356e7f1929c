"""The values of a world document: references, times, pictures; what is wrong is a ValueError."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mockserver.files import IMAGES
from mockserver.framework.times import parse_time
from mockserver.framework.uploads import detect_media_type
from mockserver.world.fields import freeze_value
from mockserver.world.records import Signatory, Upload
from mockserver.world.shape import find_meant

Record = Mapping[str, Any]
PICTURES = "/__mock__/images/"
"""Where this server serves pictures."""
MADE_AT = ("createdAt", "issuedOn", "assignedOn", "due")
"""Times of which later ones are worked out, unlike the end of an assertion."""
FIRST_YEAR, LAST_YEAR = 900, 9500
"""More than any clock of a sandbox can have (`mockserver.sandbox.clock`), and no end of time."""


def require(collection: Any, key: Any, kind: str) -> Any:
    """Return a key that a collection has; raises ValueError with the one that was meant."""
    if key not in collection:
        shown = key[1] if isinstance(key, tuple) else key  # after its platform
        raise ValueError(f"there is no {kind} {shown!r}{find_meant(collection, key)}")
    return key


def refuse_duplicate(collection: Mapping[Any, Any], key: Any, kind: str, shown: Any = None) -> None:
    """Raise ValueError for a key that a collection has already."""
    if key in collection:
        raise ValueError(f"{kind} {shown or key!r} is used twice: give each its own")


def check_key(key: str) -> None:
    """Raise ValueError for a key that no header can carry."""
    if not key.isprintable() or key != key.strip():
        raise ValueError(f"key {key!r}: no header carries it; remove white space and controls")


def list_pictures() -> frozenset[str]:
    """Return the names of the pictures that ship."""
    return frozenset(path.name for path in IMAGES.iterdir())


def read_upload(text: str) -> Upload:
    """Return the picture in a Base64 text; raises ValueError."""
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise ValueError(f"content: not valid Base64: {error}") from error
    media_type = detect_media_type(content)
    if media_type is None:
        raise ValueError("the content is not a PNG, JPEG, WebP or SVG picture")
    return Upload(media_type, content)


def read_signatory(record: Record) -> Signatory:
    """Return a signatory."""
    return Signatory(record["entityId"], record["name"], record["title"], record["signature"])


def read_moment(field: str, text: str) -> datetime:
    """Return the time in a field; raises ValueError that names it."""
    try:
        moment = parse_time(text)
        if field in MADE_AT and not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ValueError(f"{text!r} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
        return moment
    except (ValueError, TypeError) as error:
        raise ValueError(f"{field}: {error}; write for example 2026-06-01T12:00:00Z") from error


def read_time(field: str, text: str | None) -> datetime | None:
    """Return the time in a field that may be null."""
    return None if text is None else read_moment(field, text)


def freeze_field(record: Record, name: str) -> dict[str, Any]:
    """Return a record whose JSON field does not change."""
    return {**record, name: freeze_value(record[name])}


def read_times(record: Record) -> dict[str, Any]:
    """Return a record with the times of its creation and last change; raises ValueError."""
    times = {name: read_moment(name, record[name]) for name in ("created", "updated")}
    return {**record, **times}

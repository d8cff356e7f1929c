"""What the page at `/__mock__/` shows of a sandbox, as plain data."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nlargest
from typing import Any

from mockserver.framework.pagination import Page, newest_first, paginate
from mockserver.framework.times import format_time
from mockserver.rendering.renderer import IMAGE_PATH
from mockserver.sandbox.faults import Fault, written
from mockserver.sandbox.journal import Exchange, shown
from mockserver.world.records import SEPARATOR, Assertion, Credential
from mockserver.world.store import Store

CARDS = 12
ASSERTIONS = 15
WEEKS = 26
CURVE = (600, 120)
"""Width and height of the curve, in its own units."""
TAG = re.compile(r"{{\s*(\w+)\s*}}")
SAMPLES: Mapping[str, str] = {
    "learner_name": "Leo Lindqvist",
    "issued_on": "1 June 2026",
    "expires_on": "1 June 2027",
    "course_name": "Python Foundations",
    "program_name": "Professional Data Analyst",
    "grade": "96 %",
}
"""What a preview shows in the place of a template's tags, where the world has nothing better."""


@dataclass(frozen=True)
class Card:
    """A credential as a card."""

    entity_id: str
    name: str
    issuer: str
    kind: str
    lasts: str
    image: str | None
    tags: tuple[str, ...]
    holders: int
    public: bool
    has_template: bool


@dataclass(frozen=True)
class Cards:
    """A page of the credentials of a platform, the newest first, also those that are not public."""

    cards: Sequence[Card]
    page: Page


def cards(store: Store, platform: str, search: str, number: str | None) -> Cards:
    """Return a page of cards; raises NotFound."""
    term = search.casefold()
    found = sorted(
        (
            each
            for each in store.credentials.values()
            if each.platform == platform and _has(each, term)
        ),
        key=lambda each: each.position,
    )
    page = paginate(len(found), number, CARDS)
    return Cards([_card(store, each) for each in newest_first(found, page)], page)


def _has(credential: Credential, term: str) -> bool:
    return any(term in text for text in credential.searchable.split(SEPARATOR))


def _card(store: Store, credential: Credential) -> Card:
    fields = credential.fields
    amount, duration = (fields["expires"].get(name) for name in ("amount", "duration"))
    return Card(
        credential.entity_id,
        fields["name_override"] or fields["name"],
        store.issuers[credential.issuer].name,
        fields["credentialType"].replace("_", " ").lower(),
        f"valid {amount} {duration}" if amount and duration else "does not expire",
        _picture(store, fields),
        tuple(fields["tags"] or ()),
        len(store.assertions_of.get(credential.entity_id, ())),
        credential.public,
        bool(fields["html_template"]),
    )


def _picture(store: Store, fields: Mapping[str, Any]) -> str | None:
    """Return where a badge lies, from the page's own address on; other servers are not asked."""
    for name in ("icon_image_id", "thumbnail_image_id"):
        if fields[name] is not None:
            return IMAGE_PATH.removeprefix("/__mock__/") + store.images[fields[name]].file
    return None


@dataclass(frozen=True)
class Issued:
    """An assertion as a row of a table."""

    entity_id: str
    credential: str
    recipient: str
    issued_on: str
    state: str


def last_issued(store: Store, platform: str, now: datetime) -> list[Issued]:
    """Return the last assertions on a platform, the newest first."""
    found = (each for each in store.assertions.values() if _platform(store, each) == platform)
    newest = nlargest(ASSERTIONS, found, key=lambda each: each.position)
    return [_issued(store, each, now) for each in newest]


def _platform(store: Store, assertion: Assertion) -> str:
    return store.credentials[assertion.credential].platform


def _issued(store: Store, assertion: Assertion, now: datetime) -> Issued:
    state = "revoked" if assertion.revoked else "expired" if assertion.expired(now) else "valid"
    return Issued(
        assertion.entity_id,
        store.credentials[assertion.credential].fields["name"],
        store.users[assertion.recipient].name,
        format_time(assertion.issued_on)[:10],
        state,
    )


@dataclass(frozen=True)
class Curve:
    """How many assertions were issued in each of the last weeks, as points of a line."""

    counts: Sequence[int]
    line: str
    area: str
    since: str

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts)

    @property
    def most(self) -> int:
        """The most in one week."""
        return max(self.counts)


def curve(store: Store, platform: str, now: datetime) -> Curve:
    """Return the curve of a platform up to now."""
    counts = [0] * WEEKS
    for each in store.assertions.values():
        week = (now - each.issued_on) // timedelta(weeks=1)
        if 0 <= week < WEEKS and _platform(store, each) == platform:
            counts[WEEKS - 1 - week] += 1
    width, height = CURVE
    scale = (height - 10) / max(1, *counts)
    points = [
        f"{index * width / (WEEKS - 1):.1f},{height - 2 - count * scale:.1f}"
        for index, count in enumerate(counts)
    ]
    since = format_time(now - timedelta(weeks=WEEKS))[:10]
    return Curve(counts, " ".join(points), f"0,{height} {' '.join(points)} {width},{height}", since)


@dataclass(frozen=True)
class Row:
    """An exchange as a row of the journal, with both bodies made readable."""

    about: Mapping[str, Any]
    request_body: str
    response_body: str

    @property
    def kind(self) -> str:
        """The family of its status, for the colour."""
        return f"s{self.about['status'] // 100}"

    @property
    def clock(self) -> str:
        """The time of day in UTC."""
        return str(self.about["time"])[11:19]


def row(exchange: Exchange) -> Row:
    """Return an exchange as the page shows it."""
    about = shown(exchange)
    bodies = (about[each]["body"] for each in ("request", "response"))
    return Row(about, *(_readable(each) for each in bodies))


def _readable(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False) if text else ""
    except (ValueError, RecursionError):
        return text


def told(fault: Fault) -> str:
    """Return a fault in words: what happens, to which calls, how often."""
    words = written(fault)
    delay = words.pop("delay", None)
    effects = [
        *([str(words.pop("status"))] if "status" in words else []),
        *([words.pop("damage")] if "damage" in words else []),
        *([f"delay {delay} ms"] if delay is not None else []),
    ]
    rest = ", ".join(f"{name} {value}" for name, value in words.items())
    return " ".join([" + ".join(effects) or "other answer", f"({rest})" if rest else ""]).strip()


def preview(store: Store, credential: Credential) -> str:
    """Return a credential's own template with its tags filled in, as a page that runs nothing.

    Tags are replaced as text; a template of somebody else is never evaluated.
    """
    fields = credential.fields
    values = {
        **SAMPLES,
        "credential_name": fields["name"],
        "issuer_name": store.issuers[credential.issuer].name,
        "credential_id": credential.entity_id,
        "verification_url": f"https://verify.example.org/{credential.entity_id}",
    }
    body = TAG.sub(lambda tag: html.escape(values.get(tag[1], tag[0])), fields["html_template"])
    style = (fields["css_template"] or "").replace("</", "<\\/")
    title = html.escape(fields["name"])
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    return f"{head}<style>{style}</style><body>{body}</body></html>"

"""What the page at `/__mock__/` shows of a sandbox, as plain data."""

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nlargest
from operator import attrgetter
from typing import Any

from mockserver.framework.pagination import Page, newest_first, paginate
from mockserver.framework.times import format_time
from mockserver.rendering.renderer import IMAGE_PATH
from mockserver.sandbox.description import describe_exchange
from mockserver.sandbox.fault_format import describe_fault
from mockserver.sandbox.faults import Fault
from mockserver.sandbox.journal import Exchange
from mockserver.world.letters import to_upper
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
    """A page of the credentials of a platform, the newest first, including private ones."""

    cards: Sequence[Card]
    page: Page


def list_cards(store: Store, platform: str, search: str, number: str | None) -> Cards:
    """Return a page of cards with those that a search finds; raises NotFound."""
    term = to_upper(search)
    matching = (
        credential
        for credential in store.credentials.values()
        if credential.platform == platform and _matches(credential, term)
    )
    found = sorted(matching, key=attrgetter("position"))
    page = paginate(len(found), number, CARDS)
    cards = [_build_card(store, credential) for credential in newest_first(found, page)]
    return Cards(cards, page)


def _matches(credential: Credential, term: str) -> bool:
    return SEPARATOR not in term and term in credential.searchable


def _build_card(store: Store, credential: Credential) -> Card:
    fields = credential.fields
    amount, duration = (fields["expires"].get(name) for name in ("amount", "duration"))
    return Card(
        credential.entity_id,
        fields["name_override"] or fields["name"],
        store.issuers[credential.issuer].name,
        fields["credentialType"].replace("_", " ").lower(),
        f"valid {amount} {duration}" if amount and duration else "does not expire",
        _find_picture(store, fields),
        tuple(fields["tags"] or ()),
        len(store.assertions_of.get(credential.entity_id, ())),
        credential.public,
        bool(fields["html_template"]),
    )


def _find_picture(store: Store, fields: Mapping[str, Any]) -> str | None:
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


def list_last_assertions(store: Store, platform: str, now: datetime) -> list[Issued]:
    """Return the last assertions on a platform, the newest first."""
    found = _assertions_of(store, platform)
    newest = nlargest(ASSERTIONS, found, key=attrgetter("position"))
    return [_describe_assertion(store, assertion, now) for assertion in newest]


def _assertions_of(store: Store, platform: str) -> Iterator[Assertion]:
    """Yield the assertions of a platform's credentials."""
    return (
        assertion
        for assertion in store.assertions.values()
        if store.credentials[assertion.credential].platform == platform
    )


def _describe_assertion(store: Store, assertion: Assertion, now: datetime) -> Issued:
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


def build_curve(store: Store, platform: str, now: datetime) -> Curve:
    """Return the curve of a platform up to now."""
    counts = [0] * WEEKS
    for assertion in _assertions_of(store, platform):
        week = (now - assertion.issued_on) // timedelta(weeks=1)
        if 0 <= week < WEEKS:
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


def build_row(exchange: Exchange) -> Row:
    """Return an exchange as the page shows it."""
    about = describe_exchange(exchange)
    return Row(
        about,
        _format_body(about["request"]["body"]),
        _format_body(about["response"]["body"]),
    )


def _format_body(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False) if text else ""
    except (ValueError, RecursionError):
        return text


def summarize_fault(fault: Fault) -> str:
    """Return a fault in words: the response, what it applies to, how often it repeats."""
    words = describe_fault(fault)
    delay = words.pop("delay", None)
    effects = [
        *([str(words.pop("status"))] if "status" in words else []),
        *([words.pop("damage")] if "damage" in words else []),
        *([f"delay {delay} ms"] if delay is not None else []),
    ]
    rest = ", ".join(f"{name} {value}" for name, value in words.items())
    return " ".join([" + ".join(effects) or "other answer", f"({rest})" if rest else ""]).strip()


def render_preview(store: Store, credential: Credential) -> str:
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

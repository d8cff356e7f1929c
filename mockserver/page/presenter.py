"""What the page at `/__mock__/` shows of a sandbox, as plain data that becomes JSON."""

import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any

from mockserver.contract.contract import Contract
from mockserver.framework.pagination import newest_first, paginate
from mockserver.framework.times import format_time
from mockserver.rendering.renderer import IMAGE_PATH
from mockserver.world.letters import to_upper
from mockserver.world.records import SEPARATOR, Assertion, Credential, User
from mockserver.world.store import Store

CARDS = 24
HOLDERS = 50
"""Assertions of a credential that are listed, the newest."""
BADGES = 24
"""Badges of a learner that are listed, the newest."""
LEARNERS = 100
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


def describe_world(store: Store, contract: Contract) -> dict[str, Any]:
    """Return who and what there is: platforms, users with their keys, issuers, operations."""
    counts = Counter(credential.platform for credential in store.credentials.values())
    keys = {key.user_id: key for key in store.api_keys.values()}
    return {
        "platforms": [
            {"key": platform.key, "name": platform.name, "credentials": counts[platform.key]}
            for platform in store.platforms.values()
        ],
        "users": [
            {
                "id": user.id,
                "username": user.username,
                "name": user.name,
                "platform": user.platform,
                "role": user.role,
                "active": user.active,
                "key": keys[user.id].key if user.id in keys else None,
                "keyIsActive": user.id in keys and keys[user.id].active and user.active,
            }
            for user in store.users.values()
        ],
        "issuers": [
            {"entityId": issuer.entity_id, "name": issuer.name, "platform": issuer.platform}
            for platform in store.platforms
            for issuer in store.list_issuers(platform)
        ],
        "operations": [
            {"id": operation.operation_id, "summary": operation.summary}
            for operation in contract.operations.values()
        ],
    }


def list_cards(
    store: Store, platform: str, search: str, number: str | None, *, public: bool | None = None
) -> dict[str, Any]:
    """Return a page of credentials that a search finds, by default private ones too.

    Raises NotFound.
    """
    term = to_upper(search)
    matching = (
        credential
        for credential in store.credentials.values()
        if credential.platform == platform
        and public in (None, credential.public)
        and _matches(credential, term)
    )
    found = sorted(matching, key=attrgetter("position"))
    page = paginate(len(found), number, CARDS)
    return {
        "count": page.count,
        "page": page.number,
        "pages": page.num_pages,
        "cards": [_build_card(store, credential) for credential in newest_first(found, page)],
    }


def _matches(credential: Credential, term: str) -> bool:
    return SEPARATOR not in term and term in credential.searchable


def _build_card(store: Store, credential: Credential) -> dict[str, Any]:
    fields = credential.fields
    return {
        "entityId": credential.entity_id,
        "name": fields["name_override"] or fields["name"],
        "platform": credential.platform,
        "issuer": store.issuers[credential.issuer].name,
        "type": fields["credentialType"],
        "expires": dict(fields["expires"]),
        "image": _find_picture(store, fields),
        "tags": list(fields["tags"] or ()),
        "issued": len(store.assertions_of.get(credential.entity_id, ())),
        "public": credential.public,
        "hasTemplate": bool(fields["html_template"]),
    }


def _find_picture(store: Store, fields: Mapping[str, Any]) -> str | None:
    """Return where a badge lies, from the page's own address on; other servers are not asked."""
    for name in ("icon_image_id", "thumbnail_image_id"):
        if fields[name] is not None:
            return IMAGE_PATH.removeprefix("/__mock__/") + store.images[fields[name]].file
    return None


def describe_credential(store: Store, credential: Credential, now: datetime) -> dict[str, Any]:
    """Return a credential in full with its last assertions, the newest first."""
    fields, held = credential.fields, store.assertions_of.get(credential.entity_id, ())
    named = ("name", "name_override", "description", "criteriaUrl", "criteriaNarrative")
    return {
        **_build_card(store, credential),
        "fields": {name: fields[name] for name in named},
        "issuerId": credential.issuer,
        "createdAt": format_time(credential.created_at),
        "assertions": [
            {**_describe_assertion(assertion, now), "user": assertion.recipient}
            for assertion in islice(reversed(list(held)), HOLDERS)
        ],
    }


def _describe_assertion(assertion: Assertion, now: datetime) -> dict[str, Any]:
    state = "revoked" if assertion.revoked else "expired" if assertion.expired(now) else "valid"
    return {
        "entityId": assertion.entity_id,
        "credential": assertion.credential,
        "state": state,
        "issuedOn": format_time(assertion.issued_on),
        "expires": assertion.expires and format_time(assertion.expires),
        "reason": assertion.fields["revocationReason"],
    }


def list_learners(store: Store, platform: str, search: str, now: datetime) -> dict[str, Any]:
    """Return the users of a platform that a search finds by name, each with the newest badges."""
    found = list(_find_users(store, platform, search))
    return {
        "count": len(found),
        "learners": [_describe_learner(store, user, now) for user in found[:LEARNERS]],
    }


def _find_users(store: Store, platform: str, search: str) -> Iterator[User]:
    words = search.casefold().split()
    for user in store.users.values():
        text = f"{user.id} {user.username} {user.name} {user.role}".casefold()
        if user.platform == platform and all(word in text for word in words):
            yield user


def _describe_learner(store: Store, user: User, now: datetime) -> dict[str, Any]:
    held = list(store.assertions_held_by.get(user.id, ()))
    return {
        "id": user.id,
        "count": len(held),
        "badges": [
            {
                **_describe_assertion(assertion, now),
                **_describe_badge(store, store.credentials[assertion.credential]),
            }
            for assertion in islice(reversed(held), BADGES)
        ],
    }


def _describe_badge(store: Store, credential: Credential) -> dict[str, Any]:
    fields = credential.fields
    return {
        "name": fields["name_override"] or fields["name"],
        "image": _find_picture(store, fields),
        "public": credential.public,
    }


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

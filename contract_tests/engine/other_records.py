"""Images, signatories, configurations and mappings: records that have no path of their own.

An image and a signatory cannot be deleted, and a configuration can only be deactivated: what a run
stored of them on a disposable target stays there, and is named. A mapping is deleted.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from contract_tests.engine.contract import JSON
from contract_tests.engine.effects import find_kind
from contract_tests.engine.journal import UnfinishedRun
from contract_tests.engine.looking import MOST_FOUND_PAGES, Unreadable, list_items
from contract_tests.engine.target import Target
from contract_tests.engine.watch import ADMIN
from contract_tests.errors import RequestFailed, TargetUnavailable

BY_HAND = "change it in the service's own administration or database"
PAGE = "?page_size=100"
SEVERAL_OF_A_NAME = ("images", "signatories")
"""Kinds of records that a name does not tell apart."""


@dataclass(frozen=True)
class Remains:
    """What is there after a cleanup, by name.

    `left_behind` could have been deleted, or nobody can see whether it is gone. `permanent` is what
    the API offers no way to delete.
    """

    left_behind: list[str] = field(default_factory=list)
    permanent: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class OtherRecord:
    """A record that a request may have created; `stored` tells that a response said so."""

    folder: str
    name: str
    stored: bool
    credential: str = ""

    def __str__(self) -> str:
        kind = find_kind(self.folder)
        noun = {"signatories": "signatory"}.get(kind, kind.removesuffix("s"))
        of = "of " if kind in ("configurations", "mappings") else ""
        about = f" for credential {self.credential}" if self.credential else ""
        return f"{noun} {of}{self.name!r}{about}" if self.name else f"{noun} without a name"


def clean_up_others(target: Target, run: UnfinishedRun) -> Remains:
    """Delete or deactivate what a run created without an id of its own; return what remains."""
    remains = Remains()
    for record in list_other_records(run):
        try:
            _handle(target, run.mark, record, remains)
        except TargetUnavailable:
            raise
        except (RequestFailed, Unreadable) as error:
            prefix = "" if record.stored else "perhaps "
            reason = f"nobody can see whether it is there: {error}"
            remains.left_behind.append(f"{prefix}{record}: {reason}: {BY_HAND}")
    return remains


def list_other_records(run: UnfinishedRun) -> list[OtherRecord]:
    """Return what a run may have created without an id of its own, each record once.

    Several images, and several signatories, may have one name; of the others it is the key.
    """
    records: dict[tuple[str, ...], OtherRecord] = {}
    for number, entry in run.others.items():
        record = OtherRecord(
            entry["at"], entry["name"], bool(entry.get("stored")), entry.get("credential", "")
        )
        is_another = record.stored and find_kind(record.folder) in SEVERAL_OF_A_NAME
        key = (record.folder, record.name, record.credential, str(number) * is_another)
        was_stored = key in records and records[key].stored
        records[key] = replace(record, stored=record.stored or was_stored)
    return list(records.values())


def _handle(target: Target, mark: str, record: OtherRecord, remains: Remains) -> None:
    """Delete or deactivate a record, and add it to what remains unless its absence was seen."""
    kind = find_kind(record.folder)
    if kind in SEVERAL_OF_A_NAME:
        is_there = _find_image if kind == "images" else _find_signatory
        # No read shows the absence of one that was stored: a search may miss it.
        if record.stored or is_there(target, record):
            remains.permanent.append(str(record))
        return
    is_configuration = kind == "configurations"

    def find() -> dict[str, Any] | None:
        for item in list_items(target, record.folder + PAGE, MOST_FOUND_PAGES, ADMIN):
            is_same = isinstance(item, dict) and item.get("provider_name") == record.name
            if is_same and is_configuration and (record.stored or mark in json.dumps(item)):
                return dict(item)
            if is_same and not is_configuration and item.get("credential_id") == record.credential:
                return dict(item)
        return None

    found = find()
    if found is None:
        if record.stored and not record.name:
            raise Unreadable("it names no provider")
        return
    if not is_configuration or found.get("enabled"):
        returned = _send_deletion(target, record)
        found = find()
        if found is not None and (not is_configuration or found.get("enabled")):
            what = "enabled" if is_configuration else "there"
            remains.left_behind.append(
                f"{record}: DELETE returned {returned}, and it is still {what}: {BY_HAND}"
            )
            return
    if found is not None:
        remains.permanent.append(f"{record} (deactivated)")


def _send_deletion(target: Target, record: OtherRecord) -> int:
    fields = {"provider_name": record.name}
    if record.credential:
        fields["credential_id"] = record.credential
    body = json.dumps(fields).encode()
    return target.send("DELETE", record.folder, headers={"Content-Type": JSON}, body=body).status


def _find_image(target: Target, record: OtherRecord) -> bool:
    """Tell whether a search finds an image by its name; raises Unreadable."""
    response = target.send("GET", f"{record.folder}?query={quote(record.name or 'a')}")
    if response.status != 200 or not isinstance(response.value, list) or not record.name:
        raise Unreadable(f"the search for images returns {response.status}")
    return _contains(response.value, record.name)


def _find_signatory(target: Target, record: OtherRecord) -> bool:
    """Tell whether any issuer shows a signatory; raises Unreadable."""
    issuers = record.folder.removesuffix("authority/")
    if not record.name:
        raise Unreadable("it has no name")
    return _contains(list(list_items(target, issuers + PAGE, MOST_FOUND_PAGES, ADMIN)), record.name)


def _contains(items: list[Any], name: str) -> bool:
    return json.dumps(name)[1:-1] in json.dumps(items)

"""What recorded calls show together: what was written is read as it was, what was deleted is gone.

Only what must hold whatever other clients do counts: of records that the recording created,
between calls of which one had ended when the other began, with no write between or beside them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from contract_tests.catalogue.operations import (
    ADD_SIGNATORY,
    CREATE_CREDENTIAL,
    CREATE_ISSUER,
    DELETE_CREDENTIAL,
    DELETE_ISSUER,
    IMPORT_COURSE,
    ISSUE_CREDENTIAL,
    LIST_CREDENTIALS,
    LIST_ISSUERS,
    LIST_USER_ASSERTIONS,
    RETRIEVE_ASSERTION,
    RETRIEVE_CREDENTIAL,
    RETRIEVE_ISSUER,
    UPDATE_ASSERTION,
    UPDATE_CREDENTIAL,
    UPDATE_ISSUER,
)
from contract_tests.errors import RuleFailed, require
from contract_tests.oracle.model import apply_write, is_surely_found
from contract_tests.traffic.checks import Check, hold
from contract_tests.traffic.service import Call, read_fields
from contract_tests.vocabulary.checks import check_fields
from contract_tests.vocabulary.deployment import Page
from contract_tests.vocabulary.signatures import strip_signatures

HIDDEN_KEYS = ("$CREDMOCK_KEY",)
"""What stands in a journal for every key alike."""


@dataclass(frozen=True)
class Kind:
    """One kind of record: its operations, and the rules about it.

    `follows` are fields that show another record, which may change on its own.
    """

    name: str
    create: str
    retrieve: str
    update: str
    delete: str
    listing: str
    as_written: str
    gone: str
    follows: frozenset[str] = frozenset()


KINDS = (
    Kind(
        "credential",
        CREATE_CREDENTIAL,
        RETRIEVE_CREDENTIAL,
        UPDATE_CREDENTIAL,
        DELETE_CREDENTIAL,
        LIST_CREDENTIALS,
        as_written="STATE-02",
        gone="STATE-09",
        follows=frozenset({"issuerDetails", "signatories", "catalog_items"}),
    ),
    Kind(
        "issuer",
        CREATE_ISSUER,
        RETRIEVE_ISSUER,
        UPDATE_ISSUER,
        DELETE_ISSUER,
        LIST_ISSUERS,
        as_written="ISSUER-03",
        gone="ISSUER-04",
        follows=frozenset({"signatories"}),
    ),
    Kind(
        "assertion",
        ISSUE_CREDENTIAL,
        RETRIEVE_ASSERTION,
        UPDATE_ASSERTION,
        "",
        LIST_USER_ASSERTIONS,
        as_written="ASSERT-05",
        gone="",
        follows=frozenset({"credentialDetails", "recipient", "acceptance_time"}),
    ),
)
WRITES_TO_MANY = frozenset({IMPORT_COURSE, ADD_SIGNATORY})
"""Operations that change records which their path does not name."""
SHOWN_AS_SENT = frozenset(
    {"name", "name_override", "description", "tags", "credentialType", "signal", "issuing_signal"}
    | {"criteriaUrl", "criteria_url", "criteriaNarrative", "criteria_text"}
)
"""Fields of a credential that a response shows as a request has them, where these are texts."""


@dataclass
class Life:
    """One record that the recording created, and what was done to it since."""

    kind: Kind
    created: Call
    record: dict[str, Any]
    is_public: bool
    writes: list[Call] = field(default_factory=list)
    """Every call that may have changed it, in the order of time."""


def list_changes(calls: Iterable[Call]) -> list[Call]:
    """Return the calls that may have changed something."""
    return [call for call in calls if call.recorded.method not in ("GET", "HEAD", "OPTIONS")]


def check_history(calls: list[Call], pages: Mapping[int, Page]) -> Iterator[Check]:
    """Yield what is known of the records that the recording creates, changes and deletes."""
    changes = list_changes(calls)
    lives: dict[str, Life] = {}
    knows_callers = _knows_callers(calls)
    for kind in KINDS:
        yield from _begin(kind, calls, lives)
    for change in changes:
        for entity_id, living in lives.items():
            if change is not living.created and _may_change(change, entity_id):
                living.writes.append(change)
    yield from _check_written(calls, lives)
    yield from _check_deletions(calls, pages)
    for call in calls:
        entity_id = call.place.get("entity_id", "")
        life = lives.get(entity_id)
        if life and call.operation_id == life.kind.retrieve and call.recorded.method == "GET":
            yield from _check_read(call, life, knows_callers=knows_callers)
        if call.recorded.number in pages:
            yield from _check_listed(call, pages[call.recorded.number], lives)


def _begin(kind: Kind, calls: Iterable[Call], lives: dict[str, Life]) -> Iterator[Check]:
    """Note the records of one kind that the recording creates; no id is used twice (STATE-10)."""
    for call in calls:
        record = read_record(call) if call.operation_id == kind.create else None
        entity_id = record.get("entityId") if record else None
        if record is None or not isinstance(entity_id, str):
            continue
        earlier = [life.created for life in [lives.get(entity_id)] if life]
        yield hold("STATE-10", call, partial(_check_new_id, call, entity_id, lives), *earlier)
        fields = read_fields(call)
        is_public = kind.name != "credential" or (
            fields is not None and fields.get("public", True) is True
        )
        lives.setdefault(entity_id, Life(kind, call, record, is_public))


def _check_new_id(call: Call, entity_id: str, lives: Mapping[str, Life]) -> None:
    message = "two records were created with one id"
    require(entity_id not in lives, message, call.response, expected="a new id", got=entity_id)


def read_record(call: Call) -> dict[str, Any] | None:
    """Return the record in a success, without what the contract does not define; else None."""
    if not call.is_success or not call.is_whole or not call.response.body:
        return None
    value = call.response.value
    value = value.get("result", value) if isinstance(value, dict) else value
    record = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(record, dict):
        return None
    known: dict[str, Any] = strip_signatures(record)
    return known


def _may_change(change: Call, entity_id: str) -> bool:
    """Tell whether a call may have changed a record, whether it succeeded or not."""
    if change.operation_id in WRITES_TO_MANY or change.operation is None:
        return True
    return change.place.get("entity_id") == entity_id


def _check_written(calls: Iterable[Call], lives: Mapping[str, Life]) -> Iterator[Check]:
    """Yield whether what a create or an update answers contains what it was sent."""
    kinds = {kind.create: kind for kind in KINDS} | {kind.update: kind for kind in KINDS}
    for call in calls:
        kind = kinds.get(call.operation_id)
        record, fields = read_record(call), read_fields(call)
        if kind is None or kind.name != "credential" or record is None or fields is None:
            continue
        sent = {
            name: value
            for name, value in fields.items()
            if name in SHOWN_AS_SENT and isinstance(value, str | list | None)
        }
        expected = {name: value for name, value in apply_write({}, sent).items() if name in record}
        is_update = call.operation_id == kind.update
        what = "an updated credential" if is_update else "a created credential"
        yield hold(
            "STATE-04" if is_update else "STATE-02",
            call,
            partial(check_fields, call.response, record, expected, what),
        )
        life = lives.get(call.place.get("entity_id", ""))
        if is_update and life and life.created.is_before(call):
            stays = {name: life.record.get(name) for name in ("entityId", "createdAt")}
            yield hold(
                "STATE-04",
                call,
                partial(check_fields, call.response, record, stays, what),
                life.created,
            )


def _check_read(call: Call, life: Life, *, knows_callers: bool) -> Iterator[Check]:
    """Yield whether a record is read as the last write showed it."""
    last = _find_last_write(call, life)
    if last is None:
        return
    if call.response.status == 404:
        if last.operation_id != life.kind.delete and _is_same_caller(call, life, knows_callers):
            yield hold("STATE-14", call, partial(_fail_unreadable, call, life.kind), last)
        return
    written, read = read_record(last), read_record(call)
    if written is None or read is None or last.operation_id == life.kind.delete:
        return
    expected = {
        name: value
        for name, value in written.items()
        if name in read and name not in life.kind.follows
    }
    what = f"the {life.kind.name}, read as it was written"
    look = partial(check_fields, call.response, read, expected, what)
    yield hold(life.kind.as_written, call, look, last)
    yield Check("STATE-14", call)


def _find_last_write(call: Call, life: Life) -> Call | None:
    """Return the write whose result a read must show; None where it is not known."""
    writes = [life.created, *life.writes]
    before = [write for write in writes if write.is_before(call)]
    if any(not call.is_before(write) for write in writes if write not in before):
        return None  # at the same time, or at a time that is not recorded
    if not before:
        return None
    last = before[-1]
    are_ordered = all(write.is_before(last) for write in before[:-1])
    # A refused write changes nothing, but whether it was refused by the service is not sure.
    is_known = last.is_success and last.operation_id not in WRITES_TO_MANY
    return last if are_ordered and is_known else None


def _is_same_caller(call: Call, life: Life, knows_callers: bool) -> bool:
    return knows_callers and call.caller == life.created.caller


def _knows_callers(calls: Iterable[Call]) -> bool:
    """Tell whether keys are recorded, or nothing shows that there was more than one of them."""
    keys = {call.caller[0] for call in calls}
    are_hidden = any(not key or key.endswith(HIDDEN_KEYS) for key in keys)
    return not are_hidden or all(call.response.status not in (401, 403) for call in calls)


def _fail_unreadable(call: Call, kind: Kind) -> None:
    message = f"the {kind.name} that was written cannot be read"
    raise RuleFailed(message, call.response, expected=200, got=404)


def _check_listed(call: Call, page: Page, lives: Mapping[str, Life]) -> Iterator[Check]:
    """Yield whether a list shows records as they were written, and all of them."""
    kinds = {kind.listing: kind for kind in KINDS}
    kind = kinds.get(call.operation_id)
    if kind is None:
        return
    listed = {entity_id: item for item in page.items if (entity_id := item.get("entityId"))}
    query = dict(call.query)
    is_whole = page["num_pages"] == 1 and query.keys() <= {"page", "page_size", "search"}
    for entity_id, life in lives.items():
        if life.kind is not kind or life.created.base != call.base:
            continue
        last = _find_last_write(call, life)
        if last is None or last.operation_id == kind.delete:
            continue
        if entity_id in listed:
            expected = {
                name: value
                for name, value in (read_record(last) or {}).items()
                if name in listed[entity_id] and name not in kind.follows
            }
            what = f"the {kind.name}, listed as it was written"
            look = partial(check_fields, call.response, listed[entity_id], expected, what)
            yield hold(kind.as_written, call, look, last)
            yield Check("STATE-14", call)
        elif is_whole and _must_be_listed(call, life) and _is_found(last, query.get("search")):
            yield hold("STATE-14", call, partial(_fail_unlisted, call, kind), last)


def _must_be_listed(call: Call, life: Life) -> bool:
    """Tell whether the whole list of a platform must contain a record."""
    is_same = call.place.get("org") == life.created.place.get("org")
    sent = [read_fields(write) for write in life.writes if not call.is_before(write)]
    stays_public = all(fields is not None and fields.get("public", True) is True for fields in sent)
    return is_same and life.is_public and stays_public and life.kind.name != "assertion"


def _is_found(write: Call, term: str | None) -> bool:
    """Tell whether every reading of a search finds what was written."""
    record = read_record(write) or {}
    has_texts = {"name", "name_override", "description"} <= record.keys()
    return not term or (has_texts and is_surely_found(record, term))


def _fail_unlisted(call: Call, kind: Kind) -> None:
    message = f"the {kind.name} that was written is not in the list"
    raise RuleFailed(message, call.response, expected="in the list", got="not in the list")


def _check_deletions(calls: Iterable[Call], pages: Mapping[int, Page]) -> Iterator[Check]:
    """Yield whether what was deleted is gone: by its id, and from the lists."""
    calls = tuple(calls)
    by_id: dict[str, list[Call]] = {}
    for call in calls:
        by_id.setdefault(call.place.get("entity_id", ""), []).append(call)
    for kind in (kind for kind in KINDS if kind.delete):
        lists = [
            call
            for call in calls
            if call.operation_id == kind.listing and call.recorded.number in pages
        ]
        for deletion in calls:
            if deletion.operation_id == kind.delete and deletion.response.status in (200, 204):
                entity_id = deletion.place["entity_id"]
                yield from _check_deletion(kind, deletion, by_id[entity_id])
                for call in lists:
                    if deletion.base == call.base and deletion.is_before(call):
                        ids = pages[call.recorded.number].ids
                        look = partial(_check_not_listed, call, kind, entity_id, ids)
                        yield hold(kind.gone, call, look, deletion)


def _check_deletion(kind: Kind, deletion: Call, calls: Iterable[Call]) -> Iterator[Check]:
    for call in calls:
        is_about_it = call.operation_id in (kind.retrieve, kind.update, kind.delete)
        if is_about_it and deletion.base == call.base and deletion.is_before(call):
            yield hold(kind.gone, call, partial(_check_gone, call, kind), deletion)


def _check_gone(call: Call, kind: Kind) -> None:
    got = call.response.status
    message = f"the deleted {kind.name} is answered with {got}"
    # A client that may not see it, or sends what cannot be parsed, gets that error first.
    require(not 200 <= got < 300, message, call.response, expected=404, got=got)


def _check_not_listed(call: Call, kind: Kind, entity_id: str, ids: list[str]) -> None:
    message = f"the deleted {kind.name} is still listed"
    require(entity_id not in ids, message, call.response, expected="gone", got=entity_id)

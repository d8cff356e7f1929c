"""Keeps the guard and the journal up to date with what requests create and delete."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs, quote

from contract_tests.engine.effects import OTHER_KINDS, Effects, find_kind
from contract_tests.engine.exchange import Response
from contract_tests.engine.journal import Journal
from contract_tests.engine.redaction import Redactor
from contract_tests.engine.safety import Guard, is_creation
from contract_tests.errors import RequestFailed
from contract_tests.settings.settings import Settings

LONGEST_NAME = 1_100
"""Characters of a name that the journal keeps."""
ASSIGNMENT_ID_FIELDS = ("assignment_id", "id", "entityId", "entity_id")
"""What may name the id of an assignment, which is not known."""
ASSIGNED = re.compile(r"/assignments/(?:users|groups)/\Z")
IMPORTED = ("result", "imported_credentials")


class Creations:
    """What this process creates: recorded before a request is sent, and after its response."""

    def __init__(
        self,
        settings: Settings,
        guard: Guard,
        journal: Journal,
        effects: Effects,
        redact: Redactor,
    ) -> None:
        self._settings = settings
        self._guard = guard
        self._journal = journal
        self._effects = effects
        self._redact = redact
        self._folders: dict[str, str] = {}
        """The folders of what this process created, by id."""
        self._absent: set[str] = set()
        self._private_intents: set[int] = set()
        self._unseen: set[str] = set()
        """What no list shows, and no response has shown at its own path."""
        self._lock = threading.Lock()

    def announce(self, method: str, path: str, body: bytes | None) -> int:
        """Record that a request is about to create something, and return a number, else 0.

        Raises RequestFailed for a private credential, unless the target is disposable: no list
        shows it, so it could not be found again if its response was lost.
        """
        if method == "PUT" and not self._guard.is_own(path.rpartition("/")[2]):
            return self._announce_replacement(path, body)
        fields = parse_fields(body) if method == "POST" else {}
        if method == "POST" and find_kind(path) in OTHER_KINDS:
            return self._announce_other(path, fields)
        if not is_creation(method, path):
            return 0
        if is_private(fields) and not self._settings.disposable:
            raise RequestFailed("a private credential is created on disposable targets only")
        folder = self._home if "/exim/" in path else ASSIGNED.sub("/assignments/", path)
        intent = self._journal.announce(
            folder, self.find_name(path, body), private=is_private(fields)
        )
        if is_private(fields):
            self._private_intents.add(intent)
        return intent

    def _announce_replacement(self, path: str, body: bytes | None) -> int:
        """Record that a PUT may create what was deleted, or never was there."""
        folder, _, entity_id = path.rpartition("/")
        if not entity_id or "/assertions/" in path:
            return 0
        name = parse_fields(body).get("name", "")
        return self._journal.announce(f"{folder}/", str(name)[:LONGEST_NAME])

    def _announce_other(self, path: str, fields: Mapping[str, Any]) -> int:
        """Record that a record without a path of its own is about to be stored.

        A signatory of an item of this run is deleted with that item.
        """
        owner = fields.get("credential") or fields.get("entityId")
        if isinstance(owner, str) and self._guard.is_own(owner):
            return 0
        name, credential = fields.get("name") or fields.get("provider_name"), ""
        if find_kind(path) == "mappings":
            name, credential = fields.get("provider_name"), str(fields.get("credential_id", ""))
        details = {"credential": credential} if credential else {}
        text = "" if name is None else str(name)[:LONGEST_NAME]
        return self._journal.announce(path, text, other=True, **details)

    def find_name(self, path: str, body: bytes | None) -> str:
        """Return the name that a request gives to what it creates, or an empty text."""
        if not is_creation("POST", path):
            return ""
        fields = parse_fields(body)
        credentials = list_entries(fields, "credentials")  # of an import
        names = [item["name"] for item in credentials if isinstance(item.get("name"), str)]
        name = fields.get("name", names[0] if len(names) == 1 else "")
        return name[:LONGEST_NAME] if isinstance(name, str) else str(name)[:LONGEST_NAME]

    def forget(self, intent: int) -> None:
        """Record that a request that was announced has not been sent."""
        if intent:
            self._journal.write(refused=intent)

    def note_lost(self, method: str, path: str) -> None:
        """Record that a request got no response, and may have been carried out."""
        if method == "DELETE":
            self._note_seen(path)

    def settle(self, intent: int, method: str, path: str, response: Response) -> None:
        """Record what came of a request: what it created, changed, deleted, or did not find."""
        is_success = 200 <= response.status < 300
        if is_success and method in ("GET", "PUT", "PATCH"):
            self._note_seen(path)
        if find_kind(path) in OTHER_KINDS:
            self._settle_other(intent, method, path, response.status)
        elif intent and method == "PUT":
            self._settle_replacement(intent, path, response.status)
        elif intent:
            self._settle_creation(intent, path, response)
        elif method == "GET":
            self._settle_read(path, response)
        elif method == "POST" and is_success:
            created = find_created_id(response.value)
            if created:
                self._effects.count("created", path)
            if created and find_kind(path) == "assertions":
                # It may be revoked, and is deleted with its credential. The id in the response to a
                # new signatory may be that of an issuer, which need not be of this run.
                self._guard.own.add(created)
        elif method == "DELETE" and response.status in (200, 202, 204):
            entity_id = path.rpartition("/")[2]
            self._guard.deleted.add(entity_id)
            if self._redact(entity_id) == entity_id:
                self._journal.record_deletion(entity_id)
            self._effects.count("deleted", path)
        elif method in ("PUT", "PATCH") and is_success:
            self._effects.count("changed", path)
            self._settle_update(path)

    def _settle_other(self, intent: int, method: str, path: str, status: int) -> None:
        """Record what came of a request about records without a path of their own."""
        if intent and is_refusal(status):
            self._journal.write(refused=intent)
        if not 200 <= status < 300 or method not in ("POST", "DELETE"):
            return
        if intent:
            self._journal.write(stored=intent)
        kind = find_kind(path)
        is_update = status == 200 and kind in ("configurations", "mappings")
        action = "changed" if is_update else "created"
        if method == "DELETE":
            action = "changed" if kind == "configurations" else "deleted"
        self._effects.count(action, path)

    def _settle_replacement(self, intent: int, path: str, status: int) -> None:
        """Record what came of a PUT to what was not there."""
        if is_refusal(status):
            self._journal.write(refused=intent)
        elif status < 300:
            self._effects.count("changed", path)
            self._settle_update(path, intent)

    def _settle_update(self, path: str, intent: int = 0) -> None:
        """Record that an item exists that was deleted or never existed."""
        folder, _, entity_id = path.rpartition("/")
        if not self._guard.is_own(entity_id):
            self._guard.own.add(entity_id)
            self._guard.deleted.discard(entity_id)
            self._note_created(entity_id, f"{folder}/", intent)

    def _settle_read(self, path: str, response: Response) -> None:
        """Record whether a read at its own path finds an item that was called deleted."""
        folder, _, entity_id = path.rpartition("/")
        if entity_id not in self._guard.deleted or self._folders.get(entity_id) != f"{folder}/":
            return
        with self._lock:
            if is_own_404(response) and entity_id not in self._absent:
                self._absent.add(entity_id)
                self._journal.record_absence(entity_id)
            elif response.status < 300 and entity_id in self._absent:
                self._note_created(entity_id, f"{folder}/", 0)

    def _note_seen(self, path: str) -> None:
        """Record that an item that no list shows was at its own path, or may have been."""
        folder, _, entity_id = path.rpartition("/")
        if entity_id in self._unseen and self._folders.get(entity_id) == f"{folder}/":
            self._unseen.discard(entity_id)
            self._journal.record_presence(entity_id)

    def _note_created(self, entity_id: str, folder: str, intent: int) -> None:
        if self._redact(entity_id) != entity_id:
            return  # a key: it is found by the mark in its name, and is in no file
        self._folders[entity_id] = folder
        self._absent.discard(entity_id)
        if intent in self._private_intents:
            self._unseen.add(entity_id)
        settles = {"settles": intent} if intent else {}
        self._journal.write(created=entity_id, at=folder, **settles)

    def _settle_creation(self, intent: int, path: str, response: Response) -> None:
        created = dict(self._find_created(path, response.value)) if response.status < 300 else {}
        with self._lock:
            for entity_id, folder in created.items():
                self._guard.own.add(entity_id)
                self._effects.count("created", folder)
                self._note_created(entity_id, folder, intent)
            updated = [entry for entry in list_entries(response.value, *IMPORTED)
                       if entry.get("status") == "updated"]  # fmt: skip
            if updated:
                self._effects.count("changed", self._home, len(updated))
            # Assignments and imports report each record that they create, so none is none.
            reports_all = (
                response.status < 300
                and isinstance(response.value, dict)
                and ("/assignments/" in path or "/exim/" in path)
            )
            if not created and (reports_all or is_refusal(response.status)):
                self._journal.write(refused=intent)

    def _find_created(self, path: str, value: Any) -> Iterator[tuple[str, str]]:
        """Yield the ids of what a response reports as created, each with the path of its folder."""
        entity_id = find_created_id(value)
        if entity_id:
            yield entity_id, path
        for assignment in list_entries(value, "result", "successful_assignments"):
            folder = path.rpartition("/assignments/")[0]
            for assigned_id in find_assignment_ids(assignment)[:1]:
                yield assigned_id, f"{folder}/assignments/"
        for credential in list_entries(value, *IMPORTED):
            if credential.get("status") == "created":
                yield credential.get("entityId", ""), self._home

    @property
    def _home(self) -> str:
        """The collection that an import adds to, since its path has none."""
        return build_collection_path(self._settings.org, self._settings.user_id)


def is_refusal(status: int) -> bool:
    """Tell whether a status code says that nothing was done; 408 and 499 are a gateway's."""
    return 400 <= status < 500 and status not in (408, 499)


def is_own_404(response: Response) -> bool:
    """Tell the service's own 404 from that of a wrong URL."""
    value = response.value
    return response.status == 404 and isinstance(value, dict) and "detail" in value


def build_collection_path(org: str, user_id: str) -> str:
    """Return the path of a collection of credentials."""
    return f"/api/credentials/orgs/{quote(org, safe='')}/users/{quote(user_id, safe='')}/"


def parse_fields(body: bytes | None) -> dict[str, Any]:
    """Return the fields of a JSON object or a form, none for any other body."""
    content = body or b""
    if content.startswith(b"--"):
        return dict(_parse_multipart(content))
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        pairs = parse_qs(content.decode("latin-1"))
        fields = {name: values[-1] for name, values in pairs.items()}
    return fields if isinstance(fields, dict) else {}


def _parse_multipart(body: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and text of the fields of a multipart form, whose first line is its boundary."""
    boundary = body.partition(b"\r\n")[0].removeprefix(b"--")
    head = b'Content-Type: multipart/form-data; boundary="' + boundary + b'"\r\n\r\n'
    for part in message_from_bytes(head + body).walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            yield name, content.decode("utf-8", "replace")


def is_private(fields: Mapping[str, Any]) -> bool:
    """Tell whether a body creates a credential that no list shows."""
    return str(fields.get("public", True)).lower() in ("false", "f", "no", "n", "off", "0")


def list_entries(value: Any, *names: str) -> list[dict[str, Any]]:
    """Return the objects of a list inside a response, none where there is no such list."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def find_assignment_ids(assignment: Mapping[str, Any]) -> list[str]:
    """Return what may be the id of an assignment in a response, the likeliest first."""
    found = (assignment.get(name) for name in ASSIGNMENT_ID_FIELDS)
    return list(dict.fromkeys(value for value in found if isinstance(value, str) and value))


def find_created_id(value: Any) -> str | None:
    """Return the entityId in the response to a create: in the envelope, bare, or in an array."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    for record in (value.get("result"), value) if isinstance(value, dict) else ():
        if isinstance(record, dict) and isinstance(record.get("entityId"), str):
            entity_id: str = record["entityId"]
            return entity_id
    return None

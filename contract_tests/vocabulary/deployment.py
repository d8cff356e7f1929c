"""A deployment as rules use it: list, page, create, change and delete credentials as an admin.

It is long because every rule is written with this one class, whose methods are a few lines each.
"""

import hashlib
import json
import random
import string
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode, urlsplit

from contract_tests.engine.cleanup import delete_created
from contract_tests.engine.contract import JSON, load_contract
from contract_tests.engine.creations import build_collection_path
from contract_tests.engine.exchange import Response
from contract_tests.engine.other_records import Remains
from contract_tests.engine.target import RUN_MARK, Target, split_address
from contract_tests.errors import NotTested, RuleFailed, require
from contract_tests.settings.settings import Settings
from contract_tests.vocabulary.checks import check_deleted, check_status
from contract_tests.vocabulary.signatures import strip_signatures

MOST_PAGES = 10
"""Pages of a hundred that a rule reads of one list, however many the platform has."""
LONG_SEARCHES = 12
"""Tests of a thorough run that could go on without end, plus a share for all others."""
MOST_ATTEMPTS = 8
"""Attempts to read a list that does not change meanwhile."""
FAILURES_THAT_COUNT = 3
"""Failures in a row, with nobody writing, that are the target's."""
LOOKS = (6, 6, 40)
SECONDS_BETWEEN_LOOKS = 0.03
"""How often, and how far apart, each failure in a row looks whether somebody else writes."""
FEW = 20
"""Credentials among which one is that was not created just now."""
MOST_COMPARED = 3
"""Pages of a hundred that a longer look compares."""
ID_CHARACTERS = string.ascii_letters + string.digits + "-_"


@dataclass(frozen=True)
class Effort:
    """How much a profile tests.

    `covering_every` n sends every n-th request of schemathesis' coverage phase, `sequences` is the
    number of its sequences of linked requests, and `reducing` the time in seconds in which the
    smallest request of one failure is looked for.
    """

    machine_runs: int
    machine_steps: int
    generated: int
    covering_every: int
    reducing: float
    sequences: int
    repeats: int
    terms: int


EFFORTS = {
    "quick": Effort(
        machine_runs=6,
        machine_steps=10,
        generated=4,
        covering_every=20,
        reducing=0.5,
        sequences=3,
        repeats=32,
        terms=6,
    ),
    "standard": Effort(
        machine_runs=20,
        machine_steps=16,
        generated=10,
        covering_every=8,
        reducing=1.0,
        sequences=10,
        repeats=64,
        terms=14,
    ),
    "thorough": Effort(
        machine_runs=300,
        machine_steps=30,
        generated=400,
        covering_every=1,
        reducing=5.0,
        sequences=150,
        repeats=300,
        terms=100,
    ),
}


@dataclass(frozen=True)
class Page:
    """One page of a list, and the response that contained it."""

    response: Response
    fields: Mapping[str, Any]

    @property
    def items(self) -> list[dict[str, Any]]:
        """The records on the page."""
        data = self.fields.get("data")
        require(isinstance(data, list), "a page has no `data`", self.response)
        return data  # type: ignore[return-value]

    @property
    def ids(self) -> list[str]:
        """The entityIds on the page, in its order."""
        return [item.get("entityId", "") for item in self.items]

    def __getitem__(self, name: str) -> Any:
        require(name in self.fields, f"a page has no `{name}`", self.response)
        return self.fields[name]


@dataclass(frozen=True)
class NewestItems:
    """The first items of a list, and whether these are all of them."""

    items: list[dict[str, Any]]
    is_complete: bool


@dataclass(frozen=True)
class Item:
    """A course, program or pathway, which a credential is earned with."""

    kind: str
    entity_id: str

    @property
    def fields(self) -> dict[str, str]:
        """What an issue says of the item."""
        return {self.kind: self.entity_id}

    @property
    def links(self) -> dict[str, list[str]]:
        """What attaches a credential to the item."""
        return {f"{self.kind}s": [self.entity_id]}


class Deployment:
    """A target, with the requests that rules consist of."""

    def __init__(self, target: Target, run_id: str) -> None:
        self.target = target
        self.settings: Settings = target.settings
        self.run_id = run_id
        self.random = random.Random(target.settings.seed)
        self.item: Item | None = None
        """What this process issues credentials with, once it was looked up."""
        self._names = 0
        self._is_still = False
        """Whether a long look once saw that nobody else writes."""
        self._issuer = target.settings.issuer

    @property
    def mark(self) -> str:
        """The text that every name given by this process contains."""
        return self.target.mark

    @property
    def effort(self) -> Effort:
        """How much the profile of this run tests."""
        return EFFORTS[self.settings.profile]

    def get_deadline(self) -> float:
        """Return when a long search of a thorough run must end, by the monotonic clock."""
        if self.settings.profile != "thorough":
            return float("inf")
        return time.monotonic() + self.settings.budget / LONG_SEARCHES

    @property
    def own_path(self) -> str:
        """The path of the collection."""
        return build_collection_path(self.settings.org, self.settings.user_id)

    @property
    def learner_path(self) -> str:
        """The path of the learner's own collection; raises NotTested where no learner is set."""
        if not self.settings.learner_username:
            raise NotTested("learner_username is not set, and whose path a learner may use is open")
        return build_collection_path(self.settings.org, self.settings.learner_username)

    @property
    def other_path(self) -> str:
        """The path of the other platform's collection."""
        return build_collection_path(self.settings.other_org, self.settings.other_user_id)

    def make_name(self, text: str = "item") -> str:
        """Return a name that no other item has."""
        self._names += 1
        return f"{text} {self.mark}{self._names}"

    def make_word(self) -> str:
        """Return a word that no other item contains, and that does not identify the run."""
        self._names += 1
        return "n" + hashlib.sha256(f"{self.mark}{self._names}".encode()).hexdigest()[:14]

    def make_unknown_id(self) -> str:
        """Return an id that no record has."""
        entity_id = "zz" + "".join(self.random.choices(ID_CHARACTERS, k=20))
        self.target.guard.unknown.add(entity_id)
        return entity_id

    def send(self, method: str, path: str = "", **options: Any) -> Response:
        """Send a request; a path without a leading slash is relative to the collection.

        It accepts JSON only, unless its headers say otherwise: a target may have more renderers.
        """
        headers = {"Accept": JSON, **(options.pop("headers", None) or {})}
        url = path if path.startswith("/") else self.own_path + path
        return self.target.send(method, url, headers=headers, **options)

    def get(
        self, path: str = "", query: Mapping[str, Any] | None = None, **options: Any
    ) -> Response:
        """Send a GET with these query parameters."""
        return self.send("GET", path + ("?" + urlencode(query) if query else ""), **options)

    def send_json(self, method: str, path: str, value: Any, **options: Any) -> Response:
        """Send a request with a JSON body."""
        headers = {"Content-Type": JSON, **options.pop("headers", {})}
        body = json.dumps(value).encode()
        return self.send(method, path, headers=headers, body=body, **options)

    def follow(self, link: Any, response: Response, **options: Any) -> Response:
        """Send a GET to a link of a response, which must lead to this target."""
        is_absolute = isinstance(link, str) and "://" in link
        require(is_absolute, "a link is not absolute", response, got=link)
        origin, root = split_address(self.settings.base_url)
        got, _ = split_address(link)
        parts = urlsplit(link)
        here = urlsplit(self.settings.base_url)
        message = "a link leads to another host"
        if parts.hostname == here.hostname:
            is_scheme = parts.scheme != here.scheme
            message = f"a link has another {'scheme' if is_scheme else 'port'} than the base URL"
        require(got == origin, message, response, expected=origin, got=got)
        has_prefix = parts.path.startswith(f"{root}/api/")
        require(has_prefix, "a link lacks the prefix of the base URL", response, got=parts.path)
        path = parts.path[len(root) :] + (f"?{parts.query}" if parts.query else "")
        return self.send("GET", path, **options)

    def get_page(
        self,
        query: Mapping[str, Any] | None = None,
        path: str = "",
        *,
        envelope: bool = True,
        **options: Any,
    ) -> Page:
        """Return a page of a list, with or without an envelope; it must exist."""
        return read_page(self.get(path, query, **options), envelope=envelope)

    def walk_pages(
        self, query: Mapping[str, Any], path: str = "", *, envelope: bool = True, **options: Any
    ) -> Iterator[Page]:
        """Follow `next` from the first page; it is a failure if that does not end."""
        page = self.get_page(query, path, envelope=envelope, **options)
        most = 3 + (page["count"] if isinstance(page["count"], int) else 0)
        for _ in range(most):
            yield page
            if page["next"] is None:
                return
            response = self.follow(page["next"], page.response, **options)
            page = read_page(response, envelope=envelope)
        raise RuleFailed("following `next` does not end", page.response, got=f"over {most} pages")

    def get_odd_page(self, query: Mapping[str, Any], path: str = "") -> Page | None:
        """Return a page of a list for unusual text, None where it is refused.

        Something in front may take the text for an attack, and a NUL may be refused.
        """
        response = self.get(path, query, proxy_may_refuse=True)
        return None if response.is_from_proxy or response.status == 400 else read_page(response)

    def list_newest(
        self, query: Mapping[str, Any] | None = None, path: str = "", **options: Any
    ) -> NewestItems:
        """Return the first items of a list: all of them, unless the platform is large."""
        pages = self.walk_pages({"page_size": 100, **(query or {})}, path, **options)
        read = list(islice(pages, MOST_PAGES))
        items = [item for page in read for item in page.items]
        return NewestItems(items, is_complete=read[-1]["next"] is None)

    def list_items(
        self, query: Mapping[str, Any] | None = None, path: str = "", **options: Any
    ) -> list[dict[str, Any]]:
        """Return the items of a list, the newest ones of a large platform."""
        return self.list_newest(query, path, **options).items

    def read_fingerprint(self) -> Any:
        """Return a value that changes when another client writes."""
        paths = ["", *["issuers/"] * ("issuers" not in self.settings.without)]
        pages = [self.get_page({"page_size": 15}, path) for path in paths]
        return [(page["count"], strip_signatures(page.items)) for page in pages]

    def run_undisturbed(self, check: Callable[[], None]) -> None:
        """Run a check of reads that must agree, again if other clients write meanwhile.

        An item that another client creates and deletes between two reads leaves no trace. So a
        failure counts when it occurs several times in a row, and nothing moves in the lists before,
        after, and for a while.
        """
        failures = 0
        with self.target.worker_lock.hold(exclusive=True):
            for _ in range(MOST_ATTEMPTS):
                before = self.read_fingerprint()
                try:
                    check()
                except RuleFailed:
                    looks = min(LOOKS) if self._is_still else LOOKS[failures]
                    is_moving = self.is_moving(before, looks)
                    self._is_still = self._is_still or (not is_moving and looks == max(LOOKS))
                    failures = 0 if is_moving else failures + 1
                    if failures >= FAILURES_THAT_COUNT - self._is_still:
                        raise
                else:
                    return
        raise NotTested("not judged: somebody else writes, and the lists kept changing")

    def is_moving(self, before: Any, looks: int) -> bool:
        """Tell whether lists changed since a fingerprint, or change within a short time.

        The fingerprint is of the newest items, so that each check can afford it. What changes
        further down, or in lists of assertions, is seen by two longer looks.
        """
        whole = self.read_records()
        for _ in range(looks):
            if self.read_fingerprint() != before:
                return True
            time.sleep(SECONDS_BETWEEN_LOOKS * self.random.random())
        again = self.read_records()
        return any(again[path] != whole[path] for path in again.keys() & whole.keys())

    def read_records(self) -> dict[str, Any]:
        """Return, by list, the records that rules compare, in no order.

        A list that cannot be read is left out: then the target is at fault and not a neighbour.
        """
        lists = {"": True}
        if "issuers" not in self.settings.without:
            lists["issuers/"] = True
        if "assertions" not in self.settings.without:
            users = filter(None, (self.settings.user_id, self.settings.learner_username))
            paths = (build_collection_path(self.settings.org, user) for user in users)
            lists |= {f"{path}assertions/": False for path in paths}
        records = {}
        for path, envelope in lists.items():
            query = {"page_size": 100} | ({} if envelope else {"include_revoked": "true"})
            with suppress(RuleFailed):
                pages = self.walk_pages(query, path, envelope=envelope)
                read = [item for page in islice(pages, MOST_COMPARED) for item in page.items]
                records[path] = sorted(json.dumps(strip_signatures(item)) for item in read)
        return records

    @property
    def issuer(self) -> str:
        """The entityId of an issuer of the platform."""
        if not self._issuer:
            issuers = self.list_lasting_issuers()
            if not issuers:
                raise NotTested("the platform has no issuer; create one, or set `issuer`")
            self._issuer = issuers[0]
        return self._issuer

    def list_lasting_issuers(self, base: str = "", actor: str = "admin") -> list[str]:
        """Return the entityIds of a platform's issuers, first those that hardly anybody deletes.

        These are the issuers of older credentials. One of another run or worker goes at any time.
        """
        items = self.get_page(path=f"{base}issuers/", actor=actor).items
        issued = self.list_lasting_credentials(base, actor)
        used = [(item.get("issuerDetails") or {}).get("entityId") for item in issued]

        def may_go(item: dict[str, Any]) -> tuple[bool, int]:
            entity_id = item.get("entityId")
            rank = used.index(entity_id) if entity_id in used else len(used)
            return RUN_MARK in str(item.get("name")), rank

        return [item.get("entityId", "") for item in sorted(items, key=may_go)]

    def list_lasting_credentials(
        self, base: str = "", actor: str = "admin"
    ) -> list[dict[str, Any]]:
        """Return some credentials, first those that hardly anybody deletes soon.

        The newest may be of a client that creates and deletes all the time, or of another run.
        """
        oldest_first = reversed(self.get_page({"page_size": FEW}, base, actor=actor).items)
        return sorted(oldest_first, key=lambda item: RUN_MARK in str(item.get("name")))

    def build_body(self, **fields: Any) -> dict[str, Any]:
        """Return a body that creates a credential."""
        return {"name": self.make_name(), "issuer": self.issuer, **fields}

    def create(self, **fields: Any) -> dict[str, Any]:
        """Create a credential, which must succeed, and return it."""
        return read_created(self.send_json("POST", "", self.build_body(**fields)))

    def retrieve(self, entity_id: str, **options: Any) -> dict[str, Any]:
        """Return a credential, which must exist."""
        return read_result(self.get(entity_id, **options))

    def put(self, entity_id: str, fields: Mapping[str, Any], **options: Any) -> Response:
        """Send a PUT with these fields."""
        return self.send_json("PUT", entity_id, fields, **options)

    def update(self, entity_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Update a credential, which must succeed, and return the one in the response."""
        return read_result(self.put(entity_id, fields))

    def delete(self, entity_id: str) -> None:
        """Delete a credential, which must succeed."""
        check_deleted(self.send("DELETE", entity_id), "deleting a credential")

    def clean_up(self) -> Remains:
        """Delete what this process created; return what remains."""
        run = self.target.journal.read() if self.settings.allow_writes else None
        return delete_created(self.target, run) if run else Remains()


def read_known(response: Response) -> Any:
    """Return the JSON of a response without fields that the contract does not define.

    A service may add fields, to some shapes of a record only; SCHEMA-02 reports them. The
    signatures of addresses, which differ in each response, are left out, too.
    """
    operation = response.logged.operation
    value = load_contract().keep_known_fields(operation, response.status, response.value)
    return strip_signatures(value)


def read_page(response: Response, *, envelope: bool = True) -> Page:
    """Return the page in a response, with or without an envelope."""
    check_status(response, 200, "a list")
    fields = read_known(response)
    if envelope:
        fields = fields.get("result") if isinstance(fields, dict) else None
    require(isinstance(fields, dict), "a list is not a page in its envelope", response)
    return Page(response, fields)


def check_success(response: Response) -> None:
    """Require 200 or 201."""
    got = response.status
    message = f"a valid request: expected 200 or 201, got {got}"
    require(got in (200, 201), message, response, expected="200 or 201", got=got)


def read_result(response: Response) -> dict[str, Any]:
    """Return the record in the envelope of a response, which must be a success."""
    check_success(response)
    value = read_known(response)
    record = value.get("result") if isinstance(value, dict) else None
    require(isinstance(record, dict), "a response has no `result`", response)
    return record  # type: ignore[return-value]


def read_created(response: Response) -> dict[str, Any]:
    """Return the record that a POST created, which must succeed."""
    record = read_result(response)
    has_id = isinstance(record.get("entityId"), str)
    require(has_id, "a created record has no entityId", response)
    return record

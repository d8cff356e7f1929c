"""The words that the rules are written in: list, walk, create, change, delete, as an admin does."""

import hashlib
import json
import random
import re
import string
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode, urlsplit

from contract_tests.engine.cleanup import remove
from contract_tests.engine.journal import read_journal
from contract_tests.engine.outcome import Breach, NotTested, require
from contract_tests.engine.settings import Settings
from contract_tests.engine.target import Reply, Target, address_of, collection

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MOST_PAGES = 10
"""Pages of a hundred that a rule reads of one list: what comes after is a big platform's."""
LONG_SEARCHES = 12
"""Tests that could go on for ever, and a few shares for all others."""
ID_CHARACTERS = string.ascii_letters + string.digits + "-_"


@dataclass(frozen=True)
class Effort:
    """How much a profile does."""

    machine_runs: int
    machine_steps: int
    generated: int
    covering: int
    repeats: int
    terms: int


EFFORTS = {
    "quick": Effort(
        machine_runs=6, machine_steps=10, generated=8, covering=20, repeats=32, terms=6
    ),
    "standard": Effort(
        machine_runs=20, machine_steps=16, generated=20, covering=25, repeats=64, terms=14
    ),
    "thorough": Effort(
        machine_runs=300, machine_steps=30, generated=400, covering=1000, repeats=300, terms=100
    ),
}


@dataclass(frozen=True)
class Page:
    """One page of a list, and the reply that it came in."""

    reply: Reply
    fields: Mapping[str, Any]

    @property
    def items(self) -> list[dict[str, Any]]:
        """The records on the page."""
        data = self.fields.get("data")
        require(isinstance(data, list), "a page has no `data`", self.reply)
        return data  # type: ignore[return-value]

    @property
    def ids(self) -> list[str]:
        """The entityIds on the page, in its order."""
        return [each.get("entityId", "") for each in self.items]

    def __getitem__(self, name: str) -> Any:
        require(name in self.fields, f"a page has no `{name}`", self.reply)
        return self.fields[name]


@dataclass(frozen=True)
class Newest:
    """The first items of a list, and whether they are all of it."""

    items: list[dict[str, Any]]
    whole: bool


class Deployment:
    """A target, seen by the rules."""

    def __init__(self, target: Target, run_id: str) -> None:
        self.target = target
        self.settings: Settings = target.settings
        self.run_id = run_id
        self.random = random.Random(target.settings.seed)
        self._names = 0
        self._started = time.monotonic()
        self._issuer = target.settings.issuer

    @property
    def mark(self) -> str:
        """What every name that this process of the run gives contains."""
        return self.target.mark

    @property
    def effort(self) -> Effort:
        """How much the profile of this run does."""
        return EFFORTS[self.settings.profile]

    @property
    def is_out_of_time(self) -> bool:
        """Whether the time budget of a thorough run is used up."""
        spent = time.monotonic() - self._started
        return self.settings.profile == "thorough" and spent > self.settings.time_budget

    def share_of_time(self) -> float:
        """Return until when, by the monotonic clock, one long search of a thorough run may go."""
        if self.settings.profile != "thorough":
            return float("inf")
        return time.monotonic() + self.settings.time_budget / LONG_SEARCHES

    @property
    def here(self) -> str:
        """The path of the collection."""
        return collection(self.settings.org, self.settings.user_id)

    @property
    def elsewhere(self) -> str:
        """The path of the other platform's collection."""
        return collection(self.settings.other_org, self.settings.other_user_id)

    def name(self, text: str = "item") -> str:
        """Return a name that nothing else has."""
        self._names += 1
        return f"{text} {self.mark}{self._names}"

    def word(self) -> str:
        """Return a word that is in nothing else, and that does not tell whose it is."""
        self._names += 1
        return "n" + hashlib.sha256(f"{self.mark}{self._names}".encode()).hexdigest()[:14]

    def made_up_id(self) -> str:
        """Return an id that no record has."""
        entity_id = "zz" + "".join(self.random.choices(ID_CHARACTERS, k=20))
        self.target.guard.made_up.add(entity_id)
        return entity_id

    def send(self, method: str, path: str = "", **options: Any) -> Reply:
        """Send a request; a path that does not begin with a slash is relative to the collection."""
        return self.target.send(
            method, path if path.startswith("/") else self.here + path, **options
        )

    def get(self, path: str = "", query: Mapping[str, Any] | None = None, **options: Any) -> Reply:
        """Send a GET with these query parameters."""
        return self.send("GET", path + ("?" + urlencode(query) if query else ""), **options)

    def send_json(self, method: str, path: str, value: Any, **options: Any) -> Reply:
        """Send a request with a JSON body."""
        headers = {"Content-Type": JSON, **options.pop("headers", {})}
        body = json.dumps(value).encode()
        return self.send(method, path, headers=headers, body=body, **options)

    def follow(self, link: Any, reply: Reply, **options: Any) -> Reply:
        """Send a GET to a link of an answer, which must lead to this target."""
        require(isinstance(link, str) and "://" in link, "a link is not absolute", reply, got=link)
        origin, root = address_of(self.settings.base_url)
        there, _ = address_of(link)
        parts = urlsplit(link)
        require(there == origin, "a link leads to another host", reply, expected=origin, got=there)
        require(
            parts.path.startswith(f"{root}/api/"), "a link leaves the prefix", reply, got=parts.path
        )
        path = parts.path[len(root) :] + (f"?{parts.query}" if parts.query else "")
        return self.target.send("GET", path, **options)

    def page(
        self,
        query: Mapping[str, Any] | None = None,
        path: str = "",
        *,
        bare: bool = False,
        **options: Any,
    ) -> Page:
        """Return a page of a list that must be there, in the envelope or bare."""
        return as_page(self.get(path, query, **options), bare=bare)

    def pages(
        self, query: Mapping[str, Any], path: str = "", *, bare: bool = False, **options: Any
    ) -> Iterator[Page]:
        """Walk `next` from the first page; a walk that does not end is a breach."""
        page = self.page(query, path, bare=bare, **options)
        most = 3 + (page["count"] if isinstance(page["count"], int) else 0)
        for _ in range(most):
            yield page
            if page["next"] is None:
                return
            page = as_page(self.follow(page["next"], page.reply, **options), bare=bare)
        raise Breach("walking `next` does not end", page.reply, got=f"over {most} pages")

    def newest(
        self, query: Mapping[str, Any] | None = None, path: str = "", **options: Any
    ) -> Newest:
        """Return the first items of a list: all of them, unless the platform is a big one."""
        pages = self.pages({"page_size": 100, **(query or {})}, path, **options)
        read = list(islice(pages, MOST_PAGES))
        items = [item for page in read for item in page.items]
        return Newest(items, whole=read[-1]["next"] is None)

    def everything(
        self, query: Mapping[str, Any] | None = None, path: str = "", **options: Any
    ) -> list[dict[str, Any]]:
        """Return the items of a list; of a big platform the newest."""
        return self.newest(query, path, **options).items

    def fingerprint(self) -> Any:
        """Return what changes when somebody else writes."""
        paths = ["", *["issuers/"] * ("issuers" not in self.settings.without)]
        pages = [self.page({"page_size": 15}, path) for path in paths]
        return [(page["count"], stable(page.items)) for page in pages]

    def while_nobody_writes(self, check: Any) -> None:
        """Run a check of reads that must agree; if others wrote meanwhile, run it again.

        A breach counts when it shows twice running, for what others create and delete at once
        leaves no trace to see.
        """
        shown = 0
        with self.target.turnstile.passed(alone=True):
            for _ in range(6):
                before = self.fingerprint()
                try:
                    check()
                except Breach:
                    shown = shown + 1 if self.fingerprint() == before else 0
                    if shown == 2:
                        raise
                else:
                    return
        raise NotTested("the list kept changing while it was read")

    @property
    def issuer(self) -> str:
        """The entityId of an issuer of the platform."""
        if not self._issuer:
            issuers = self.page(path="issuers/").ids
            if not issuers:
                raise NotTested("the platform has no issuer; create one, or set `issuer`")
            self._issuer = issuers[0]
        return self._issuer

    def body(self, **fields: Any) -> dict[str, Any]:
        """Return a body that creates a credential."""
        return {"name": self.name(), "issuer": self.issuer, **fields}

    def create(self, **fields: Any) -> dict[str, Any]:
        """Create a credential, which must succeed, and return it."""
        return created(self.send_json("POST", "", self.body(**fields)))

    def retrieve(self, entity_id: str, **options: Any) -> dict[str, Any]:
        """Return a credential, which must be there."""
        return result(self.get(entity_id, **options))

    def put(self, entity_id: str, fields: Mapping[str, Any], **options: Any) -> Reply:
        """Send a change."""
        return self.send_json("PUT", entity_id, fields, **options)

    def change(self, entity_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Change a credential, which must succeed, and return the answer's."""
        return result(self.put(entity_id, fields))

    def delete(self, entity_id: str) -> None:
        """Delete a credential, which must succeed."""
        reply = self.send("DELETE", entity_id)
        require(reply.status == 204, "a deletion fails", reply, expected=204, got=reply.status)

    def clean_up(self) -> list[str]:
        """Delete what this run created; return what is left behind."""
        run = read_journal(self.target.journal.path) if self.settings.allow_writes else None
        return remove(self.target, run) if run else []


def stable(value: Any) -> Any:
    """Return a value without the signatures of addresses, which are others each time."""
    return json.loads(_SIGNED.sub(r"\1", json.dumps(value)))


_SIGNED = re.compile(
    r'(https?://[^\s"?]+)\?(?=[^\s"]*(?:X-Amz-|X-Goog-|Signature=|Key-Pair-Id=|[?&]sig=))[^\s"]*'
)


def as_page(reply: Reply, *, bare: bool = False) -> Page:
    """Return a reply as a page, in the envelope or bare."""
    require(reply.status == 200, "a list is not answered", reply, expected=200, got=reply.status)
    fields = reply.value
    if not bare:
        fields = fields.get("result") if isinstance(fields, dict) else None
    require(isinstance(fields, dict), "a list has no envelope", reply)
    return Page(reply, fields)


def result(reply: Reply) -> dict[str, Any]:
    """Return the record in the envelope of a reply that must be a success."""
    ok = reply.status in (200, 201)
    require(ok, "a request that must succeed is refused", reply, expected=200, got=reply.status)
    record = reply.value.get("result") if isinstance(reply.value, dict) else None
    require(isinstance(record, dict), "an answer has no `result`", reply)
    return record  # type: ignore[return-value]


def created(reply: Reply) -> dict[str, Any]:
    """Return what a POST that must succeed created."""
    record = result(reply)
    require(isinstance(record.get("entityId"), str), "what is created has no entityId", reply)
    return record

"""The mock and the twin answer alike: the same requests over HTTP to both, answer by answer.

The twin is the real Django REST Framework over a real database, so what is equal here is the
framework's behaviour and not our memory of it. Status, headers and bodies are compared whole, with
the server's address and generated ids replaced. `EXPLAINED` lists the differences that stay.
"""

import contextlib
import http.client
import json
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from mockserver.files import WORLD
from tests.differential import asked_assertions
from tests.differential.asked import ADMIN, COURSE, ISSUER, JSON, MAIN, Asked, json_body
from tests.differential.asked import GROUPS as CORE_GROUPS
from tests.differential.twin.server import serve_twin
from tests.support.postgresql import needs_postgresql, running_postgresql
from tests.support.server import running
from tests.support.waiting import PATIENCE
from tests.support.world import DOCUMENT

GROUPS = {**asked_assertions.READS, **CORE_GROUPS, **asked_assertions.WRITES}
ISSUERS = [each["entityId"] for each in DOCUMENT["issuers"] if each["platform"] == "main"]
NOW = "2026-11-01T12:00:00+00:00"
COMPARED_HEADERS = ("Allow", "WWW-Authenticate", "Location", "Content-Type", "Retry-After")
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
DATABASES = [
    SQLITE,
    pytest.param(POSTGRESQL, marks=[pytest.mark.slow, pytest.mark.thorough, needs_postgresql]),
]
KNOWN_IDS = {
    each["entityId"] for name in ("credentials", "issuers", "assertions") for each in DOCUMENT[name]
}
KNOWN_IDS |= {each["entityId"] for issuer in DOCUMENT["issuers"] for each in issuer["signatories"]}


@dataclass(frozen=True)
class Answered:
    """What is compared of an answer."""

    status: int
    headers: Mapping[str, str | None]
    body: Any


def ask(base: str, asked: Asked) -> Answered:
    """Send a request exactly as it stands and return what is compared of the answer."""
    address = urlsplit(base)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
    try:
        path = asked.path if asked.path.startswith("/") else MAIN + asked.path
        connection.putrequest(
            asked.method, path, skip_host="Host" in asked.headers, skip_accept_encoding=True
        )
        for name, value in asked.headers.items():
            connection.putheader(name, value)
        if asked.body is not None:
            connection.putheader("Content-Length", str(len(asked.body)))
        connection.endheaders(asked.body)
        response = connection.getresponse()
        raw = response.read()
    finally:
        connection.close()
    headers = {name: response.headers[name] for name in COMPARED_HEADERS}
    if headers["Content-Type"] != JSON:
        return Answered(response.status, headers, b" ".join(raw.split()))
    text = raw.decode().replace(base, "http://server")
    return Answered(response.status, headers, json.loads(text) if text else None)


class Pair:
    """The two servers and the ids that they gave to what was created on both."""

    def __init__(self, mock: str, twin: str, database: str = SQLITE) -> None:
        self.bases = (mock, twin)
        self.database = database

    def both(self, asked: Asked) -> list[Answered]:
        """Return the answers of the mock and of the twin."""
        return [comparable(ask(base, asked)) for base in self.bases]

    def create(self, body: Mapping[str, Any]) -> list[str]:
        """Create a credential on both and return its ids."""
        asked = json_body("POST", "", {"name": "n", "issuer": ISSUER, **body})
        answers = [ask(base, asked) for base in self.bases]
        return [answer.body["result"]["entityId"] for answer in answers]

    def each(self, ids: list[str], asked: Asked) -> list[Answered]:
        """Send a request whose path is an item's id; return the answers without the id."""
        answers = []
        for base, entity_id in zip(self.bases, ids, strict=True):
            path = asked.path.replace("ID", entity_id)
            answers.append(
                comparable(ask(base, Asked(asked.method, path, asked.headers, asked.body)))
            )
        return answers


class Pairs:
    """The pairs over one database, each started when it is first asked for."""

    def __init__(self, stack: contextlib.ExitStack, database: str) -> None:
        self._stack = stack
        self._database = database
        self._started: dict[bool, Pair] = {}

    def get(self, group: str = "") -> Pair:
        """Return the pair for a group: those that list issuers have one to themselves.

        Issuers of one name are listed in the order of their ids, which are random, so that many
        that other groups created would not stand in the same order on both.
        """
        is_listing = any(lists_issuers(asked) for asked in GROUPS.get(group, ()))
        if is_listing not in self._started:
            self._started[is_listing] = self._start()
        return self._started[is_listing]

    def _start(self) -> Pair:
        enter = self._stack.enter_context
        folder = enter(running_postgresql()) if self._database == POSTGRESQL else None
        mock = enter(running("--strict", "--now", NOW, "--api-version", "3.59"))
        twin = enter(serve_twin(WORLD, freeze=NOW, postgresql=folder))
        return Pair(mock.url, twin, self._database)


def lists_issuers(asked: Asked) -> bool:
    """Tell whether a request lists the issuers of a platform."""
    return asked.method == "GET" and asked.path.partition("?")[0].endswith("issuers/")


@pytest.fixture(scope="module", params=DATABASES)
def pairs(request: pytest.FixtureRequest) -> Iterator[Pairs]:
    """Return mocks and twins, over each database, that serve the same world at a frozen time."""
    with contextlib.ExitStack() as stack:
        yield Pairs(stack, request.param)


@pytest.fixture
def pair(pairs: Pairs) -> Pair:
    """Return a mock and a twin that any test may write to."""
    return pairs.get()


def comparable(answered: Answered) -> Answered:
    """Return an answer with generated ids replaced, and without the prose of OPTIONS."""
    body = with_known_ids(answered.body)
    if isinstance(body, dict) and "renders" in body:
        body.pop("description")  # the framework takes it from a view's docstring
    return Answered(answered.status, answered.headers, body)


def with_known_ids(value: Any) -> Any:
    """Return a JSON value in which every entityId that the world does not know is "NEW"."""
    if isinstance(value, dict):
        return {
            name: "NEW" if name == "entityId" and is_new(each) else with_known_ids(each)
            for name, each in value.items()
        }
    return [with_known_ids(each) for each in value] if isinstance(value, list) else value


def is_new(entity_id: Any) -> bool:
    """Tell whether this is an id that a server gave; the errors of the field are not."""
    return isinstance(entity_id, str) and entity_id not in KNOWN_IDS


QUOTES_A_SURROGATE = "the framework quotes a lone surrogate and then fails to write it, a 500"
STORES_A_SURROGATE = "the framework stores it and then fails to write it, a 500"
EXPLAINED = {
    b'"signal": "\\ud800"': QUOTES_A_SURROGATE,
    b'"issuing_signal": "\\ud800"': QUOTES_A_SURROGATE,
    b'"metadata": "\\ud800"': STORES_A_SURROGATE,
    b'"metadata": "\\udc00': STORES_A_SURROGATE,
    b'"metadata": ["\\ud800"]': STORES_A_SURROGATE,
    b'"metadata": {"\\ud800"': STORES_A_SURROGATE,
}
"""What the body of a request holds whose answers differ, and why they may."""


NULS = (b"\0", b"\\u0000", b"%00")
"""In a path or a body: PostgreSQL stores none and refuses to look for one, a 500."""


def explained(asked: Asked, database: str = SQLITE) -> bool:
    """Tell whether the answers to a request may differ."""
    return any(part in (asked.body or b"") for part in EXPLAINED) or (
        database == POSTGRESQL and holds_nul(asked)
    )


def holds_nul(asked: Asked) -> bool:
    """Tell whether a NUL is in a request, spelt in any way."""
    return any(nul in asked.path.encode() or nul in (asked.body or b"") for nul in NULS)


@pytest.mark.slow
def test_both_throttle_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many requests of one user: the same answers; who was refused before is not counted."""
    monkeypatch.setenv("TWIN_THROTTLE", "3/day")
    with (
        running("--rate-limit", "3/day", "--api-version", "3.59") as mock,
        serve_twin(WORLD) as twin,
    ):
        for base in (mock.url, twin):
            asked = [
                Asked("GET", "", {"Authorization": "no-such-key"}),
                *[Asked("GET", "?page_size=1", ADMIN), Asked("PATCH", "", ADMIN)] * 3,
                Asked("GET", "?page_size=1", {"Authorization": "main-learner-key"}),
            ]
            answers = [ask(base, each) for each in asked]
            assert [each.status for each in answers] == [401, 200, 405, 200, 429, 429, 429, 200]
            detail = "Request was throttled. Expected available in 86400 seconds."
            assert answers[-2].body == {"detail": detail}
            assert answers[-2].headers["Retry-After"] == "86400"


@pytest.mark.parametrize("group", GROUPS)
def test_both_answer_some_alike(pairs: Pairs, group: str) -> None:
    """About thirty requests of a group, spread over it, have the same answer from both."""
    requests = GROUPS[group]
    compare(pairs.get(group), requests[:: 1 + len(requests) // 30])


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_both_answer_alike(pairs: Pairs, group: str) -> None:
    """Each request of a group has the same answer from both."""
    compare(pairs.get(group), GROUPS[group])


def compare(pair: Pair, requests: Sequence[Asked]) -> None:
    """Send requests to both and assert that the answers are the same."""
    complaints = []
    for asked in requests:
        if explained(asked, pair.database):
            continue
        mock, twin = pair.both(asked)
        if mock != twin:
            complaints.append(f"{asked}\n    mock {mock}\n    twin {twin}")
    shown = "\n".join(complaints)[:20_000]
    assert not complaints, f"{len(complaints)} of {len(requests)}:\n{shown}"


@pytest.mark.slow
def test_what_is_explained_does_differ() -> None:
    """The mock refuses what the framework fails on; on servers of its own, since one is hurt."""
    asked = [each for group in GROUPS.values() for each in group if explained(each)]
    assert all(any(part in (each.body or b"") for each in asked) for part in EXPLAINED)
    with (
        running("--now", NOW, "--api-version", "3.59") as mock,
        serve_twin(WORLD, freeze=NOW) as twin,
    ):
        answers = [Pair(mock.url, twin).both(each) for each in asked]
    assert [(mock.status, twin.status) for mock, twin in answers] == [(400, 500)] * len(asked)


@pytest.mark.slow
@pytest.mark.thorough
@needs_postgresql
def test_a_nul_fails_in_postgresql_only() -> None:
    """The mock never answers 500; what PostgreSQL does not fail on has the mock's answer."""
    nuls = [each for group in GROUPS.values() for each in group if holds_nul(each)]
    with (
        running_postgresql() as folder,
        running("--strict", "--now", NOW, "--api-version", "3.59") as mock,
        serve_twin(WORLD, freeze=NOW, postgresql=folder) as twin,
    ):
        reads = [each for each in nuls if each.method in {"GET", "HEAD", "OPTIONS"}]
        answers = [Pair(mock.url, twin).both(each) for each in reads]
    assert all(mock.status < 500 for mock, _ in answers)
    assert [mock for mock, twin in answers if twin.status != 500 and mock != twin] == []
    assert sum(twin.status == 500 for _, twin in answers) > 10


def test_no_vary_is_sent_with_one_renderer(pair: Pair) -> None:
    """The framework adds it where a view has several; neither the twin nor the mock has."""
    seen = []
    for base in pair.bases:
        request = urllib.request.Request(base + MAIN, headers=dict(ADMIN))
        with urllib.request.urlopen(request) as answer:
            seen.append(answer.headers["Vary"])
    assert seen == [None, None]


def test_enough_is_compared() -> None:
    """At least 250 different requests are sent to both."""
    assert len({str(asked) for group in GROUPS.values() for asked in group}) > 250


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"name": "Other"},
        {"description": None},
        {"metadata": {"b": 3, "c": {"d": 1}}},
        {"metadata": None},
        {"metadata": [1]},
        {"expires": {"amount": 9}},
        {"expires": {"duration": "years"}},
        {"expires": {}},
        {"tags": None},
        {"tags": []},
        {"courses": []},
        {"courses": [COURSE]},
        {"icon_image_id": None},
        {"icon_image": "https://example.com/i.png"},
        {"iconImage": None},
        {"issuer": ISSUERS[-1]},
        {"issuer": None},
        {"public": False},
        {"entityId": "x", "createdAt": "2000-01-01T00:00:00Z"},
        {"criteria_text": "new", "credential_type": "CERTIFICATE"},
        {"name": "", "description": "kept?"},
    ],
)
def test_changes_do_the_same(pair: Pair, change: dict[str, Any]) -> None:
    """A partial change has the same answer and leaves the same item and the same list."""
    before = {"metadata": {"a": 1, "b": {"c": 2}}, "expires": {"amount": 1, "duration": "days"}}
    before |= {"tags": ["x"], "courses": [COURSE], "icon_image_id": 1, "description": "d"}
    ids = pair.create(before)
    for asked in (
        json_body("PUT", "ID", change),
        Asked("GET", "ID"),
        Asked("GET", "?page_size=1"),
        Asked("DELETE", "ID"),
        Asked("GET", "ID"),
        Asked("DELETE", "ID"),
    ):
        mock, twin = pair.each(ids, asked)
        assert mock == twin, asked

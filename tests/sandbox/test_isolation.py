"""No handler can change another world, nor its own without a transaction that succeeds."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from immutables import Map

from mockserver import Config, create_app
from mockserver.api.completeness import check_completeness
from mockserver.api.context import PublicContext, WriteContext
from mockserver.api.operations import Handlers
from mockserver.api.service import Service
from mockserver.config import RELEASES
from mockserver.contract.compiler import load_contract
from mockserver.errors import Conflict, StartError
from mockserver.messages import JSON, Response
from mockserver.world.export import export_world
from mockserver.world.records import Credential
from mockserver.world.store import Store
from tests.conftest import API, NOW
from tests.sandbox.test_sandboxes import ALICE, BOB, within

VALUES = {
    "org": "main",
    "user_id": "1",
    "entity_id": "a" * 22,
    "assignment_id": "a" * 22,
    "course_id": "course-v1:main+PY101+2026",
}
READING = [each for each in load_contract().operations.values() if each.method == "GET"]
LIST, CREATE = "credentials_orgs_users_retrieve", "credentials_orgs_users_create"
Attempt = Callable[[], Any]


def attributes_of(value: Any) -> tuple[str, ...]:
    """Return the names of the fields of a record or of a store."""
    if is_dataclass(value):
        return tuple(field.name for field in fields(value))
    return getattr(value, "_fields", ())


def attempts_on(value: Any) -> Iterator[Attempt]:
    """Yield ways to change a collection, a record or a field of one."""
    yield lambda: value.clear()
    yield lambda: value.append(None)
    if not isinstance(value, Map):  # whose method of this name returns another one
        yield lambda: value.update({"harm": None})
    yield lambda: value.pop(next(iter(value)))
    yield lambda: value.__setitem__(next(iter(value)), None)
    yield lambda: value.__delitem__(next(iter(value)))
    for name in attributes_of(value):
        yield lambda name=name: setattr(value, name, None)
        yield lambda name=name: delattr(value, name)


def attempts_to_harm(store: Store) -> Iterator[Attempt]:
    """Yield ways to change a store: itself, its collections, some of their records and fields."""
    yield from attempts_on(store)
    for collection in store:
        yield from attempts_on(collection)
        for record in list(getattr(collection, "values", list)())[:3]:
            yield from attempts_on(record)
            for value in getattr(record, "fields", {}).values():
                yield from attempts_on(value)
            yield from attempts_on(getattr(record, "fields", ()))
            for part in record if isinstance(record, tuple) else ():
                yield from attempts_on(part)


@pytest.fixture
def mock() -> API:
    """Return a mock with two sandboxes that share its world."""
    api = API(create_app(Config(now=NOW, api_version=RELEASES[-1])))
    for prefix in (ALICE, BOB):
        assert within(api, prefix).get().status_code == 200
    return api


def worlds(service: Service) -> list[Any]:
    """Return all that the mock's sandboxes hold, as documents."""
    found = [service.sandboxes.get(name) for name in ("default", "alice", "bob")]
    return [export_world(store) for each in found for store in (each.base, each.store)]


@pytest.mark.parametrize("operation", READING, ids=[each.operation_id for each in READING])
def test_a_handler_that_reads_can_change_nothing(mock: API, operation: Any) -> None:
    """Every attempt to clear, assign or change what it is given fails, and all worlds stay."""
    service: Service = mock.app.extensions["mockserver"]
    before, made, succeeded = worlds(service), [], []

    def harm(context: PublicContext) -> Response:
        assert not hasattr(context, "transaction")
        for number, attempt in enumerate(attempts_to_harm(context.store)):
            made.append(number)
            try:
                attempt()
            except (AttributeError, TypeError):
                continue
            except StopIteration:  # an empty collection has nothing to remove
                continue
            succeeded.append(number)
        return Response(200, b"{}", JSON)

    handlers: Any = service.handlers
    table = handlers.public if operation.is_public else handlers.read
    table[operation.operation_id] = harm
    assert mock.get(ALICE + operation.path.format(**VALUES)).status_code == 200
    assert len(made) > 500
    assert succeeded == []
    assert worlds(service) == before


def test_a_handler_that_writes_changes_its_own_world_only(mock: API) -> None:
    """What one sandbox removes is still in the others, and in the world that all began with."""
    service: Service = mock.app.extensions["mockserver"]
    before = worlds(service)

    def remove_everything(context: WriteContext) -> Response:
        for credential in context.store.credentials.values():
            context.transaction.remove_credential(credential)
        return Response(200, b"{}", JSON)

    service.handlers.write[CREATE] = remove_everything
    assert within(mock, ALICE).post({}).status_code == 200
    alice = service.sandboxes.get("alice").store
    assert (len(alice.credentials), len(alice.assertions), len(alice.assignments)) == (0, 0, 0)
    after = worlds(service)
    assert [after[index] for index in (0, 1, 2, 4, 5)] == [before[i] for i in (0, 1, 2, 4, 5)]


def test_a_refused_request_has_changed_nothing(mock: API) -> None:
    """What a handler did before it raised an error is dropped."""
    service: Service = mock.app.extensions["mockserver"]
    create, sandbox = service.handlers.write[CREATE], service.sandboxes.get("alice")
    store, version = sandbox.store, sandbox.version

    def create_and_refuse(context: WriteContext) -> Response:
        create(context)
        assert len(context.store.credentials) == len(store.credentials) + 1
        raise Conflict("Refused.")

    service.handlers.write[CREATE] = create_and_refuse
    inside = within(mock, ALICE)
    answer = inside.post({"name": "Dropped", "issuer": mock.issuer()}, inside.base)
    assert answer.status_code == 409
    assert sandbox.store is store
    assert sandbox.version == version


def test_a_handler_of_the_wrong_kind_stops_the_start() -> None:
    """A handler that writes is not for GET, nor one that reads for another method."""
    handlers: Any = Handlers()
    handlers.write[LIST] = handlers.read.pop(LIST)
    with pytest.raises(StartError, match=f"operations without a handler: {LIST}"):
        check_completeness(load_contract(), handlers)


def test_applications_share_no_handlers(mock: API) -> None:
    """A handler that is replaced in one application is replaced in no other."""
    service: Service = mock.app.extensions["mockserver"]
    service.handlers.read.clear()
    assert API(create_app(Config(now=NOW, api_version=RELEASES[-1]))).get().status_code == 200


def test_what_a_handler_reads_is_of_one_moment(mock: API) -> None:
    """A store that was read before a change is as it was."""
    service: Service = mock.app.extensions["mockserver"]
    sandbox = service.sandboxes.get("alice")
    store = sandbox.store
    found: list[Credential] = list(store.credentials.values())
    within(mock, ALICE).create(name="Later")
    assert sandbox.store is not store
    assert set(store.credentials.values()) == set(found)

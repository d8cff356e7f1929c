"""Many clients at once: nothing is lost, doubled or seen half done."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from mockserver import Config, create_app
from tests.conftest import API

THREADS = 32


class Client:
    """One of many: creates, changes and deletes credentials of its own, and looks at all."""

    def __init__(self, api: API, issuer: str, number: int) -> None:
        self.api = api
        self.issuer = issuer
        self.number = number
        self.random = random.Random(number)
        self.mine: dict[str, int] = {}
        self.created: list[str] = []
        self.done: Counter[str] = Counter()

    def create(self) -> None:
        """Create a credential."""
        body = {"name": f"client {self.number}", "issuer": self.issuer, "metadata": {"n": 0}}
        response = self.api.post(body)
        assert response.status_code == 200, response.text
        entity_id = response.json["result"]["entityId"]
        self.mine[entity_id] = 0
        self.created.append(entity_id)

    def update(self) -> None:
        """Count one of its own up by one."""
        if self.mine:
            entity_id = self.random.choice(list(self.mine))
            self.mine[entity_id] += 1
            body = {"metadata": {"n": self.mine[entity_id]}}
            assert self.api.put(entity_id, body).status_code == 200

    def delete(self) -> None:
        """Delete one of its own."""
        if len(self.mine) > 5:
            entity_id = self.random.choice(list(self.mine))
            del self.mine[entity_id]
            assert self.api.delete(entity_id).status_code == 204
            assert self.api.get(entity_id).status_code == 404

    def look(self) -> None:
        """Look at a page, which must be one moment of the list, and at one of its own."""
        size = self.random.choice([1, 10, 100])
        page = self.api.result(f"?page_size={size}&page={self.random.choice([1, 'last'])}")
        ids = [each["entityId"] for each in page["data"]]
        times = [each["createdAt"] for each in page["data"]]
        assert (
            len(ids) == len(set(ids)) == min(size, page["count"] - size * (page["page_number"] - 1))
        )
        assert times == sorted(times, reverse=True)
        assert page["num_pages"] == -(-page["count"] // size)
        for entity_id, n in list(self.mine.items())[:1]:
            assert self.api.result(entity_id)["metadata"] == {"n": n}

    def run(self, number: int) -> None:
        """Do so many things, in an order of its own."""
        actions: list[Callable[[], None]] = [self.create, self.update, self.delete, self.look]
        for _ in range(number):
            action = self.random.choice(actions)
            action()
            self.done[action.__name__] += 1


@pytest.mark.parametrize(
    "number", [80, pytest.param(500, marks=[pytest.mark.slow, pytest.mark.thorough])]
)
def test_thirty_two_clients_at_once(number: int) -> None:
    """After so many things of each at once: no lost update, right counts, no id twice."""
    api = API(create_app(Config()))
    before = api.result("?page_size=1")["count"]
    issuer = api.issuer()
    clients = [Client(api, issuer, seed) for seed in range(THREADS)]
    failures: list[Any] = []

    def run(client: Client) -> None:
        try:
            client.run(number)
        except Exception as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    created = [entity_id for client in clients for entity_id in client.created]
    assert len(created) == len(set(created))
    kept = {entity_id: n for client in clients for entity_id, n in client.mine.items()}
    assert api.result("?page_size=1")["count"] == before + len(kept)
    for entity_id, n in kept.items():
        assert api.result(entity_id)["metadata"] == {"n": n}
    done = sum((client.done for client in clients), Counter())
    assert min(done.values()) > THREADS, done

"""The service keeps the facts that everything else rests on."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.independent.serve import running
from tests.independent.service.choices import CHOICES

ADMIN, LEARNER, STRANGER, SERVICE = (
    f"{name}-key-4f1d" for name in ("berth", "lena", "inna", "ibl-admin")
)


class Client:
    """Ask the service."""

    def __init__(self, address: str) -> None:
        self.api = f"{address}/api/credentials/"
        self.base = f"{self.api}orgs/harbour/users/"

    def ask(
        self, path: str, key: str | None = ADMIN, method: str = "GET", body: Any = None
    ) -> tuple[int, Any]:
        """Send a request and return the status code and the body."""
        address = path if path.startswith("http") else self.base + path
        request = urllib.request.Request(address, method=method)
        if key:
            request.add_header("Authorization", f"Api-Key {key}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, json.loads(response.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or "null")

    def create(self, **fields: Any) -> dict[str, Any]:
        """Create a credential and return it."""
        issuer = self.ask("berth/issuers/")[1]["result"]["data"][0]["entityId"]
        body = {"name": "Test", "issuer": issuer, **fields}
        status, answer = self.ask("berth/", method="POST", body=body)
        assert status == 201, answer
        return dict(answer["result"])


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Run the service for the tests of this module."""
    with running() as address:
        yield Client(address)


def test_lists_public_credentials_in_an_envelope(client: Client) -> None:
    """The list is wrapped, newest first, with links to its neighbours."""
    status, body = client.ask("berth/?page_size=3&page=2")
    page = body["result"]
    assert (status, body["status"]) == (200, {"success": True, "description": "Ok"})
    assert page["next"].endswith("/berth/?page=3&page_size=3")
    assert page["previous"].endswith("/berth/?page_size=3")
    times = [item["createdAt"] for item in page["data"]]
    assert times == sorted(times, reverse=True)


def test_refuses_with_the_frameworks_bodies(client: Client) -> None:
    """Refusals carry the detail that Django REST Framework gives them."""
    assert client.ask("berth/", None)[0] == 401
    assert client.ask("berth/", STRANGER)[0] == 403
    unknown = {"detail": "No Credential matches the given query."}
    assert client.ask("berth/nope") == (404, unknown)
    assert client.ask("berth/?page=99") == (404, {"detail": "Invalid page."})
    required = ["This field is required."]
    assert client.ask("berth/", method="POST", body={}) == (
        400,
        {"name": required, "issuer": required},
    )


def test_changes_only_what_is_sent_and_merges_metadata(client: Client) -> None:
    """PUT is partial, in both spellings, and merges metadata."""
    made = client.create(credential_type="CERTIFICATE", metadata={"a": 1}, tags=["x"])
    body = {"criteria_text": "Pass", "metadata": {"b": 2}}
    status, answer = client.ask(f"berth/{made['entityId']}", method="PUT", body=body)
    assert (status, answer["status"]["description"]) == (200, "Updated")
    changed = {"criteriaNarrative": "Pass", "metadata": {"a": 1, "b": 2}}
    assert answer["result"] == {**made, **changed}


def test_hides_private_credentials_from_learners(client: Client) -> None:
    """A private credential is listed for nobody and shown to admins only."""
    made = client.create(public=False)
    assert client.ask(f"berth/{made['entityId']}")[0] == 200
    assert client.ask(f"lena/{made['entityId']}", LEARNER)[0] == 404
    listed = client.ask("berth/?page_size=100")[1]["result"]["data"]
    assert made["entityId"] not in {item["entityId"] for item in listed}


def test_issues_for_an_attached_item_and_revokes_with_a_reason(client: Client) -> None:
    """Issuing needs an attached item; an active assertion keeps its credential."""
    course = "course-v1:HarbourU+101+2026"
    made = client.create(courses=[course], expires={"amount": 1, "duration": "months"})
    place = f"berth/{made['entityId']}/assertions/"
    recipient = {"recipient": {"identity": "lena"}}
    assert client.ask(place, method="POST", body=recipient)[0] == 400
    status, assertion = client.ask(place, method="POST", body={**recipient, "course": course})
    assert (status, assertion["recipient"]["username"]) == (201, "lena")
    assert client.ask(f"berth/{made['entityId']}", method="DELETE")[0] == 409
    revoking = f"berth/assertions/{assertion['entityId']}"
    assert client.ask(revoking, method="PUT", body={"revoked": True})[0] == 400
    reason = {"revoked": True, "revocationReason": "Mistake"}
    assert client.ask(revoking, method="PUT", body=reason)[0] == 200
    public = f"{client.api}public/assertions/{assertion['entityId']}/"
    status, shown = client.ask(public, None)
    assert (status, shown["revocationReason"]) == (404, "Mistake")
    assert client.ask(f"berth/{made['entityId']}", method="DELETE")[0] == 204


def test_imports_an_export_unchanged(client: Client) -> None:
    """An export is accepted as it is, by the service's own admins only."""
    course = f"{client.api}exim/credentials/course/course-v1:HarbourU+102+2026/"
    assert client.ask(f"{course}export/")[0] == 403
    status, export = client.ask(f"{course}export/", SERVICE)
    assert (status, bool(export["credentials"])) == (200, True)
    status, answer = client.ask(f"{course}import/", SERVICE, "POST", export)
    assert status == 201, answer
    assert len(answer["result"]["imported_credentials"]) == len(export["credentials"])


def test_groups_get_their_assignments_and_lose_them(client: Client) -> None:
    """An assignment to a group reaches its members and takes everything along."""
    groups = client.ask("berth/assignments/groups/")[1]["result"]["data"]
    made = client.create()
    body = {"credential_id": made["entityId"], "group_ids": [groups[0]["group_id"], "nope"]}
    status, answer = client.ask("berth/assignments/groups/", method="POST", body=body)
    assert (status, len(answer["result"]["failed_assignments"])) == (200, 1)
    held = client.ask(f"berth/{made['entityId']}/assertions/")[1]
    assert held["count"] == 2
    given = answer["result"]["successful_assignments"][0]["entity_id"]
    status, answer = client.ask(f"berth/assignments/{given}", method="DELETE")
    assert (status, answer["status"]["description"]) == (200, "Deleted")
    assert client.ask(f"berth/{made['entityId']}/assertions/")[1]["count"] == 0


def test_keeps_a_deactivated_configuration(client: Client) -> None:
    """A provider's configuration needs its key, hides it, and stays when deactivated."""
    place = "berth/provider-config/"
    bare = {"provider_name": "accredible"}
    assert client.ask(place, method="POST", body=bare)[0] == 400
    full = {**bare, "config": {"Accredible_API_Key": "s3cret"}}
    assert client.ask(place, method="POST", body=full)[0] == 201
    assert client.ask(place, method="POST", body=full)[0] == 200
    status, answer = client.ask(place, method="DELETE", body=bare)
    assert (status, answer["status"]["description"]) == (200, "Deactivated")
    assert answer["result"]["enabled"] is False
    denied = {"detail": "Requires platform admin access"}
    assert client.ask("lena/provider-config/", LEARNER) == (403, denied)


def test_every_switch_is_used() -> None:
    """A switch that nothing asks for is a mistake in its name."""
    folder = Path(__file__).parent / "service"
    sources = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "choices.py")
    unused = [name for name in CHOICES if f'"{name}"' not in sources]
    assert unused == []

"""The state machine of assertions: issue, revoke, reinstate and delete in any order."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, rule

from contract_tests.engine.exchange import Response
from contract_tests.errors import require
from contract_tests.oracle.machine import Machine, record_steps
from contract_tests.vocabulary.checks import (
    check_deleted,
    check_equal,
    check_fields,
    check_status,
)
from contract_tests.vocabulary.deployment import read_created
from contract_tests.vocabulary.issuing import (
    find_item,
    is_final,
    issue_in_bulk,
    list_assertions,
    list_user_assertions,
    look_up_assertion,
    put_assertion,
    read_assertion,
    read_record,
    request_issue,
    revoke_and_delete,
)

REASONS = st.sampled_from(["By mistake.", "Ungültig – “twice”"])


def build_model(username: str) -> dict[str, Any]:
    """Return what the API must show of an assertion that was just issued."""
    return {"username": username, "revoked": False}


class AssertionMachine(Machine):
    """The credentials of one machine, and the assertions that were issued of them.

    `held` maps a credential to its assertions in the order of issue, each with the fields that the
    API must show: username, revoked, revocationReason.
    """

    credentials = Bundle("credentials")

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, dict[str, dict[str, Any]]] = {}

    def list_people(self) -> list[str]:
        """Return the users that credentials can be issued to."""
        settings = self.deployment.settings
        return [name for name in (settings.username, settings.learner_username) if name]

    def find_holders(self, credential: str) -> set[str]:
        """Return the users who were ever issued a credential."""
        return {assertion["username"] for assertion in self.held[credential].values()}

    def find_active(self, credential: str) -> set[str]:
        """Return the users with an active assertion."""
        held = self.held[credential].values()
        return {assertion["username"] for assertion in held if not assertion["revoked"]}

    @rule(target=credentials)
    @record_steps
    def create(self) -> Any:
        """Create a credential."""
        self.add_step("create")
        body = self.deployment.build_body(**find_item(self.deployment).links)
        item = read_created(self.deployment.send_json("POST", "", body))
        self.held[item["entityId"]] = {}
        return item["entityId"]

    @rule(credential=credentials, person=st.integers(0, 1))
    @record_steps
    def issue(self, credential: str, person: int) -> None:
        """Issue a credential to a user who does not hold it: what else happens is not known."""
        people = self.list_people()
        username = people[person % len(people)]
        if credential not in self.held or username in self.find_holders(credential):
            return
        self.add_step(f"issue to {username}")
        response = request_issue(self.deployment, credential, username)
        assertion = read_assertion(response)
        known = {entity_id for held in self.held.values() for entity_id in held}
        require(assertion["entityId"] not in known, "an id is used twice", response)
        self.held[credential][assertion["entityId"]] = build_model(username)

    @rule(credential=credentials, whom=st.integers(1, 3))
    @record_steps
    def issue_in_bulk(self, credential: str, whom: int) -> None:
        """Issue a credential to one or both users, who may hold it already."""
        if credential not in self.held:
            return
        users = [name for at, name in enumerate(self.list_people()) if whom & (1 << at)]
        # Whether bulk skips those whose assertion was revoked is not known.
        unclear = self.find_holders(credential) - self.find_active(credential)
        users = [name for name in users if name not in unclear]
        if not users:
            return
        self.add_step(f"issue in bulk to {', '.join(users)}")
        active = self.find_active(credential)
        response = issue_in_bulk(self.deployment, credential, users)
        body = read_record(response)
        expected = {
            "skipped": sorted(user for user in users if user in active),
            "issued": sorted(user for user in users if user not in active),
        }
        got = {name: sorted(body.get(name) or ()) for name in expected}
        check_equal(got, expected, "issuing in bulk reports the wrong users", response)
        known = self.held[credential]
        page = list_assertions(self.deployment, credential)
        fresh = [item for item in reversed(page.items) if item["entityId"] not in known]
        names = sorted(item["recipient"]["username"] for item in fresh)
        message = "issuing in bulk issued to other users than it reports"
        check_equal(names, expected["issued"], message, page.response)
        for item in fresh:
            self.deployment.target.guard.own.add(item["entityId"])
            known[item["entityId"]] = build_model(item["recipient"]["username"])

    @rule(credential=credentials, at=st.integers(0, 5), revoked=st.booleans(), reason=REASONS)
    @record_steps
    def change(self, credential: str, at: int, revoked: bool, reason: str) -> None:
        """Revoke or reinstate one of the assertions of a credential."""
        held = self.held.get(credential)
        if not held:
            return
        entity_id = list(held)[at % len(held)]
        self.add_step("revoke" if revoked else "reinstate")
        fields = {"revoked": revoked, **({"revocationReason": reason} if revoked else {})}
        response = put_assertion(self.deployment, entity_id, fields)
        if is_final(response) and held[entity_id]["revoked"] and not revoked:
            return
        held[entity_id] |= {"revoked": revoked}
        held[entity_id].pop("revocationReason", None)  # of a reinstated one it is not known
        held[entity_id] |= {"revocationReason": reason} if revoked else {}
        body = read_record(response)
        self.check_assertion(response, body, held[entity_id], "an updated assertion")

    @rule(credential=credentials)
    @record_steps
    def delete(self, credential: str) -> None:
        """Delete a credential, which is refused while a user holds it."""
        if credential not in self.held:
            return
        self.add_step("delete")
        response = self.deployment.send("DELETE", credential)
        if self.find_active(credential):
            check_status(response, 409, "deleting a credential with an active assertion")
            return
        check_deleted(response, "deleting a credential without active assertions")
        del self.held[credential]

    @rule(credential=credentials)
    @record_steps
    def list(self, credential: str) -> None:
        """List the assertions of a credential, and compare each."""
        if credential not in self.held:
            return
        self.add_step("list")
        page = list_assertions(self.deployment, credential)
        held = self.held[credential]
        message = "a credential's list has the wrong assertions"
        check_equal(sorted(page.ids), sorted(held), message, page.response)
        for item in page.items:
            self.check_assertion(page.response, item, held[item["entityId"]], "a listed assertion")

    @rule(credential=credentials)
    @record_steps
    def check_user_list_and_look_up(self, credential: str) -> None:
        """Look for the latest assertion in the user's list and in public."""
        for entity_id, expected in list(self.held.get(credential, {}).items())[-1:]:
            self.add_step("look up in the user's list and in public")
            page = list_user_assertions(self.deployment, expected["username"])
            is_listed = entity_id in page.ids
            message = "whether a user's list contains an assertion"
            check_equal(is_listed, not expected["revoked"], message, page.response)
            response = look_up_assertion(self.deployment, entity_id)
            check_status(response, 404 if expected["revoked"] else 200, "the public look-up")

    def check_assertion(
        self, response: Response, got: dict[str, Any], expected: dict[str, Any], what: str
    ) -> None:
        """Require an assertion to match the model."""
        fields = {**got, "username": got.get("recipient", {}).get("username")}
        check_fields(response, fields, expected, what)

    def teardown(self) -> None:
        """Revoke and delete what is left."""
        for credential in self.held:
            revoke_and_delete(self.deployment, credential)

"""The state machine of assertions: issue, revoke, take back, delete in any order."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, rule

from contract_tests.engine.outcome import require
from contract_tests.oracle.machine import Machine, check_shown, telling
from contract_tests.vocabulary.deployment import created
from contract_tests.vocabulary.issuing import (
    assertions_of,
    bare,
    held_by,
    issued,
    look_up,
    put_assertion,
    send_issue,
    withdraw,
)

REASONS = st.sampled_from(["By mistake.", "Ungültig – “twice”"])


class AssertionMachine(Machine):
    """Credentials of one machine, and what was issued of them.

    `held` maps a credential to its assertions in the order of issue, each as the API must show it:
    recipient, revoked, reason.
    """

    credentials = Bundle("credentials")

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, dict[str, dict[str, Any]]] = {}

    def people(self) -> list[str]:
        """Return whom credentials may be issued to."""
        settings = self.deployment.settings
        return [each for each in (settings.username, settings.learner_username) if each]

    def active(self, credential: str) -> set[str]:
        """Return who holds an assertion that is not revoked."""
        return {each["username"] for each in self.held[credential].values() if not each["revoked"]}

    @rule(target=credentials)
    @telling
    def create(self) -> Any:
        """Create a credential."""
        self.step("create")
        body = self.deployment.body()
        item = created(self.deployment.send_json("POST", "", body))
        self.held[item["entityId"]] = {}
        return item["entityId"]

    @rule(credential=credentials, person=st.integers(0, 1))
    @telling
    def issue(self, credential: str, person: int) -> None:
        """Issue it to somebody, who may hold it already."""
        if credential not in self.held:
            return
        people = self.people()
        username = people[person % len(people)]
        self.step(f"issue to {username}")
        reply = send_issue(self.deployment, credential, username)
        assertion = issued(reply)
        known = {each for held in self.held.values() for each in held}
        require(assertion["entityId"] not in known, "an id is given twice", reply)
        fresh = {"username": username, "revoked": False, "revocationReason": None}
        self.held[credential][assertion["entityId"]] = fresh

    @rule(credential=credentials, whom=st.integers(1, 3))
    @telling
    def issue_in_bulk(self, credential: str, whom: int) -> None:
        """Issue it to one or both, who may hold it already."""
        if credential not in self.held:
            return
        users = [each for at, each in enumerate(self.people()) if whom & (1 << at)]
        self.step(f"issue in bulk to {', '.join(users)}")
        before = self.active(credential)
        reply = self.deployment.send_json(
            "POST", f"{credential}/assertions/bulk/", {"users": users}
        )
        answer = bare(reply)
        expected = {
            "skipped": sorted(each for each in users if each in before),
            "issued": sorted(each for each in users if each not in before),
        }
        got = {name: sorted(answer.get(name) or ()) for name in expected}
        require(got == expected, "a bulk issues to others", reply, expected=expected, got=got)
        known = self.held[credential]
        page = assertions_of(self.deployment, credential)
        fresh = [each for each in reversed(page.items) if each["entityId"] not in known]
        names = sorted(each["recipient"]["username"] for each in fresh)
        require(names == expected["issued"], "a bulk issued to others than it says", page.reply,
                expected=expected["issued"], got=names)  # fmt: skip
        for each in fresh:
            self.deployment.target.guard.own.add(each["entityId"])
            known[each["entityId"]] = {
                "username": each["recipient"]["username"],
                "revoked": False,
                "revocationReason": None,
            }

    @rule(credential=credentials, at=st.integers(0, 5), revoked=st.booleans(), reason=REASONS)
    @telling
    def change(self, credential: str, at: int, revoked: bool, reason: str) -> None:
        """Revoke one of its assertions, or take that back."""
        held = self.held.get(credential)
        if not held:
            return
        entity_id = list(held)[at % len(held)]
        self.step("revoke" if revoked else "take back")
        fields = {"revoked": revoked, **({"revocationReason": reason} if revoked else {})}
        reply = put_assertion(self.deployment, entity_id, fields)
        held[entity_id] |= {"revoked": revoked, "revocationReason": reason if revoked else None}
        self.check(reply, bare(reply), held[entity_id], "a change of an assertion")

    @rule(credential=credentials)
    @telling
    def delete(self, credential: str) -> None:
        """Delete the credential, which is refused while somebody holds it."""
        if credential not in self.held:
            return
        self.step("delete")
        reply = self.deployment.send("DELETE", credential)
        status = 409 if self.active(credential) else 204
        require(reply.status == status, "a deletion has another answer", reply,
                expected=status, got=reply.status)  # fmt: skip
        if status == 204:
            for entity_id in self.held.pop(credential):
                gone = self.deployment.get(f"assertions/{entity_id}")
                require(gone.status == 404, "an assertion outlives its credential", gone)

    @rule(credential=credentials)
    @telling
    def list(self, credential: str) -> None:
        """List its assertions, newest first, and compare each."""
        if credential not in self.held:
            return
        self.step("list")
        page = assertions_of(self.deployment, credential)
        held = self.held[credential]
        require(sorted(page.ids) == sorted(held), "a credential's list is another", page.reply,
                expected=list(held), got=page.ids)  # fmt: skip
        times = [each["issuedOn"] for each in page.items]
        require(times == sorted(times, reverse=True), "a list is not newest first", page.reply)
        for each in page.items:
            self.check(page.reply, each, held[each["entityId"]], "an assertion of a list")

    @rule(credential=credentials)
    @telling
    def ask_elsewhere(self, credential: str) -> None:
        """Ask the user's list and the public look-up about one of its assertions."""
        for entity_id, expected in list(self.held.get(credential, {}).items())[-1:]:
            self.step("ask elsewhere")
            page = held_by(self.deployment, expected["username"])
            shown = entity_id in page.ids
            require(shown != expected["revoked"], "a user's list is another", page.reply,
                    expected=not expected["revoked"], got=shown)  # fmt: skip
            reply = look_up(self.deployment, entity_id)
            status = 404 if expected["revoked"] else 200
            require(reply.status == status, "the public look-up is another", reply,
                    expected=status, got=reply.status)  # fmt: skip

    def check(self, reply: Any, got: dict[str, Any], expected: dict[str, Any], what: str) -> None:
        """Raise Breach unless an assertion shows what is known of it."""
        shown = {**got, "username": got.get("recipient", {}).get("username")}
        check_shown(reply, shown, expected, what)

    def teardown(self) -> None:
        """Revoke and delete what is left."""
        for credential in self.held:
            withdraw(self.deployment, credential)

"""The state machine: create, update, delete and list in any order, compared with the model."""

import functools
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, reject, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    rule,
    run_state_machine_as_test,
)

from contract_tests.errors import RuleFailed, require
from contract_tests.oracle.model import Collection, apply_write
from contract_tests.vocabulary.checks import (
    check_equal,
    check_fields,
    check_order,
    check_status,
    format_json,
)
from contract_tests.vocabulary.deployment import Deployment, read_created, read_result

SECONDS_TO_SHRINK = 8.0
"""Time limit of the search for a shorter sequence of steps; the rate limits its requests."""
WORDS = st.sampled_from(["alpha", "Beta", "gamma ☂"])
FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "description": st.sampled_from([None, "shown", "Line\nbreak  twice", "é 🎓 שלום"]),
        "name_override": st.sampled_from([None, "Shown as this"]),
        "criteria_text": st.sampled_from([None, "new words"]),
        "credentialType": st.sampled_from(["CERTIFICATE", "MICRO_CREDENTIAL"]),
        "signal": st.sampled_from(["COURSE_PASSED", "COURSE_COMPLETED"]),
        "tags": st.sampled_from([None, [], ["b", "a", "b"]]),
        "metadata": st.sampled_from([{}, {"a": 1}, {"b": {"c": 2}}]),
        "expires": st.sampled_from(
            [{"amount": 3, "duration": "days"}, {"amount": 2, "duration": "weeks"}]
        ),
        "html_template": st.sampled_from([None, "<b>x</b>"]),
        "public": st.booleans(),
    },
)


def record_steps(method: Callable[..., Any]) -> Callable[..., Any]:
    """Add the steps that led to a failure to it, and remember the shortest failure."""

    @functools.wraps(method)
    def run_step(self: "Machine", *arguments: Any, **options: Any) -> Any:
        if time.monotonic() > self.shrinker.deadline:
            reject()
        try:
            return method(self, *arguments, **options)
        except RuleFailed as failure:
            failure.steps = tuple(self.steps)
            self.shrinker.remember(failure)
            raise

    return run_step


class Shrinker:
    """The shortest failure so far; after the first one, the search for shorter ones is limited."""

    def __init__(self, seconds: float, deadline: float) -> None:
        self.shortest: RuleFailed | None = None
        self.deadline = deadline
        self._seconds = seconds

    def remember(self, failure: RuleFailed) -> None:
        """Keep a failure if it has no more steps than the shortest."""
        if self.shortest is None:
            self.deadline = time.monotonic() + self._seconds
        if self.shortest is None or len(failure.steps) <= len(self.shortest.steps):
            self.shortest = failure


class Machine(RuleBasedStateMachine):
    """What every state machine has: a deployment, the steps so far, the shortest failure."""

    deployment: Deployment
    shrinker: Shrinker

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[str] = []

    def add_step(self, text: str) -> None:
        """Record a step for the report of a failure."""
        self.steps.append(text[:300])


class CredentialMachine(Machine):
    """The credentials of one machine, identified by a mark in their names."""

    started = 0

    items = Bundle("items")

    def __init__(self) -> None:
        super().__init__()
        type(self).started += 1
        self.mark = f"{self.deployment.mark}m{type(self).started}-"
        self.names = 0
        self.model = Collection()
        self.deleted: list[str] = []

    @rule(target=items, word=WORDS, fields=FIELDS)
    @record_steps
    def create(self, word: str, fields: dict[str, Any]) -> Any:
        """Create a credential, a private one only where it may be lost with its response."""
        if not self.deployment.settings.disposable:
            fields = {name: value for name, value in fields.items() if name != "public"}
        self.add_step(f"create {format_json(fields)}")
        body = self.deployment.build_body(**fields)
        self.names += 1
        body["name"] = f"{word} {self.mark} {self.names}"
        response = self.deployment.send_json("POST", "", body)
        item = read_created(response)
        known = self.model.items.keys() | set(self.deleted)
        require(item["entityId"] not in known, "an id is used twice", response)
        expected = apply_write(dict.fromkeys(fields), {**fields, "name": body["name"]})
        check_fields(response, item, expected, "a created credential")
        self.model.put(item, public=fields.get("public", True))
        return item["entityId"]

    @rule(entity_id=items, word=WORDS, fields=FIELDS, renamed=st.booleans())
    @record_steps
    def update(self, entity_id: str, word: str, fields: dict[str, Any], renamed: bool) -> None:
        """Update some fields."""
        if entity_id not in self.model.items:
            return
        if renamed:
            self.names += 1
            fields = {**fields, "name": f"{word} {self.mark} {self.names}"}
        self.add_step(f"update {format_json(fields)}")
        before = self.model.items[entity_id]
        response = self.deployment.put(entity_id, fields)
        expected = apply_write(before, fields)
        check_fields(response, read_result(response), expected, "an updated credential")
        public = fields.get("public", self.model.public[entity_id])
        self.model.put(expected, public=public)

    @rule(entity_id=items, name=st.sampled_from(["signal", "public", "tags"]))
    @record_steps
    def update_with_invalid_value(self, entity_id: str, name: str) -> None:
        """Send an update that must be refused as a whole."""
        if entity_id in self.model.items:
            self.add_step(f"update with an invalid {name}")
            response = self.deployment.put(entity_id, {"description": "refused", name: "x"})
            check_status(response, 400, "an invalid update")

    @rule(entity_id=consumes(items))
    @record_steps
    def delete(self, entity_id: str) -> None:
        """Delete a credential."""
        self.add_step("delete")
        self.deployment.delete(entity_id)
        self.model.remove(entity_id)
        self.deleted.append(entity_id)

    @rule(entity_id=items)
    @record_steps
    def retrieve(self, entity_id: str) -> None:
        """Retrieve a credential."""
        if entity_id in self.model.items:
            self.add_step("retrieve")
            response = self.deployment.get(entity_id)
            expected = self.model.items[entity_id]
            check_fields(response, read_result(response), expected, "a retrieved credential")

    @rule()
    @record_steps
    def retrieve_deleted(self) -> None:
        """Retrieve the credential that was deleted last."""
        for entity_id in self.deleted[-1:]:
            self.add_step("retrieve a deleted credential")
            check_status(self.deployment.get(entity_id), 404, "a deleted credential")

    @rule(size=st.integers(1, 4), word=st.sampled_from(["", "alpha ", "ALPHA", "shown"]))
    @record_steps
    def walk(self, size: int, word: str) -> None:
        """List the credentials of this machine page by page, filtered by a word."""
        self.add_step(f"list in pages of {size}")
        expected = self.model.list_items(self.mark)
        term = f"{word}{self.mark}" if word == "alpha " else self.mark
        expected = [item for item in expected if term.lower() in item["name"].lower()]
        pages = list(self.deployment.walk_pages({"search": term, "page_size": size}))
        listed = [item for page in pages for item in page.items]
        expected_ids = [item["entityId"] for item in expected]
        last = pages[-1].response
        ids = [item["entityId"] for item in listed]
        message = "the list differs from what was written"
        check_equal(sorted(ids), sorted(expected_ids), message, last)
        check_order(listed, "the list is not ordered from newest to oldest", last)
        message = "`count` differs from what was written"
        check_equal(pages[0]["count"], len(expected_ids), message, last)
        for item in listed:
            check_fields(last, item, self.model.items[item["entityId"]], "a listed credential")

    def teardown(self) -> None:
        """Delete what is left."""
        for entity_id in self.model.items:
            self.deployment.send("DELETE", entity_id)


def run_machine(deployment: Deployment, machine: type[Machine] = CredentialMachine) -> None:
    """Run a machine with the seed and the effort of the run; raises the shortest failure."""
    shrinker = Shrinker(SECONDS_TO_SHRINK, deployment.get_deadline())

    class BoundMachine(machine):  # type: ignore[misc,valid-type]
        """The machine with its deployment."""

        def __init__(self) -> None:
            self.deployment, self.shrinker = deployment, shrinker
            super().__init__()

    try:
        run_state_machine_as_test(
            seed(deployment.settings.seed)(BoundMachine),
            settings=settings(
                max_examples=deployment.effort.machine_runs,
                stateful_step_count=deployment.effort.machine_steps,
                deadline=None,
                database=None,
                phases=[Phase.generate, Phase.shrink],
                report_multiple_bugs=False,
                print_blob=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    except Exception:
        # Hypothesis may raise another error, such as Flaky once the time to shrink is over.
        if shrinker.shortest is not None:
            raise shrinker.shortest from None
        raise

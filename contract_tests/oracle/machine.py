"""The state machine: create, change, delete, list in any order, against the plain model."""

import functools
import json
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

from contract_tests.engine.outcome import Breach, require
from contract_tests.engine.target import Reply
from contract_tests.oracle.model import Collection, written
from contract_tests.vocabulary.deployment import Deployment, created, result

SECONDS_TO_SHRINK = 8.0
"""For the search after a smaller example of a breach; the rate bounds what it asks."""
WORDS = st.sampled_from(["alpha", "Beta", "gamma ☂"])
FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "description": st.sampled_from([None, "", "shown", "Line\nbreak  twice", "é 🎓 שלום"]),
        "name_override": st.sampled_from([None, "Shown as this"]),
        "criteria_text": st.sampled_from([None, "new words"]),
        "credentialType": st.sampled_from(["CERTIFICATE", "MICRO_CREDENTIAL"]),
        "signal": st.sampled_from(["COURSE_PASSED", "COURSE_COMPLETED"]),
        "tags": st.sampled_from([None, [], ["b", "a", "b"]]),
        "metadata": st.sampled_from([{}, {"a": 1}, {"b": {"c": None}}]),
        "expires": st.sampled_from([{"amount": 3}, {"amount": 3, "duration": "days"}]),
        "html_template": st.sampled_from([None, "<b>x</b>"]),
        "public": st.booleans(),
    },
)


def check_shown(reply: Reply, got: dict[str, Any], expected: dict[str, Any], what: str) -> None:
    """Raise Breach unless a record shows these fields."""
    for name, value in expected.items():
        require(got.get(name) == value, f"{what}: `{name}` is another", reply,
                expected=json.dumps(value, ensure_ascii=False)[:200],
                got=json.dumps(got.get(name), ensure_ascii=False)[:200])  # fmt: skip


def telling(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a breach of a rule know the steps that led to it, and remember the shortest."""

    @functools.wraps(method)
    def told(self: "Machine", *arguments: Any, **options: Any) -> Any:
        if time.monotonic() > self.shrinking.until:
            reject()
        try:
            return method(self, *arguments, **options)
        except Breach as breach:
            breach.steps = tuple(self.steps)
            self.shrinking.remember(breach)
            raise

    return told


class Shrinking:
    """The shortest breach so far; after the first one the search for shorter ones is bounded."""

    def __init__(self, seconds: float, until: float) -> None:
        self.best: Breach | None = None
        self.until = until
        self._seconds = seconds

    def remember(self, breach: Breach) -> None:
        """Keep a breach if its steps are fewer than those of the best."""
        if self.best is None:
            self.until = time.monotonic() + self._seconds
        if self.best is None or len(breach.steps) <= len(self.best.steps):
            self.best = breach


class Machine(RuleBasedStateMachine):
    """What each machine has: a deployment, the steps that it took, the shortest breach."""

    deployment: Deployment
    shrinking: Shrinking

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[str] = []

    def step(self, text: str) -> None:
        """Remember what was done, for the report of a breach."""
        self.steps.append(text[:300])


class CredentialMachine(Machine):
    """Credentials of one machine, told apart by a mark in their names."""

    started = 0

    items = Bundle("items")

    def __init__(self) -> None:
        super().__init__()
        type(self).started += 1
        self.mark = f"{self.deployment.mark}m{type(self).started}-"
        self.model = Collection()
        self.gone: list[str] = []

    @rule(target=items, word=WORDS, fields=FIELDS)
    @telling
    def create(self, word: str, fields: dict[str, Any]) -> Any:
        """Create a credential; a hidden one only where it may be lost with its answer."""
        if not self.deployment.settings.disposable:
            fields = {name: value for name, value in fields.items() if name != "public"}
        self.step(f"create {fields}")
        body = self.deployment.body(**fields)
        body["name"] = f"{word} {self.mark}"
        reply = self.deployment.send_json("POST", "", body)
        item = created(reply)
        known = self.model.items.keys() | set(self.gone)
        require(item["entityId"] not in known, "an id is given twice", reply)
        expected = written(dict.fromkeys(fields), {**fields, "name": body["name"]})
        check_shown(reply, item, without_halves(expected), "a creation")
        self.model.put(item, public=fields.get("public", True))
        return item["entityId"]

    @rule(entity_id=items, word=WORDS, fields=FIELDS, renamed=st.booleans())
    @telling
    def change(self, entity_id: str, word: str, fields: dict[str, Any], renamed: bool) -> None:
        """Change some fields."""
        if entity_id not in self.model.items:
            return
        if renamed:
            fields = {**fields, "name": f"{word} {self.mark}"}
        self.step(f"change {fields}")
        before = self.model.items[entity_id]
        reply = self.deployment.put(entity_id, fields)
        expected = written(before, fields)
        check_shown(reply, result(reply), expected, "a change")
        public = fields.get("public", self.model.public[entity_id])
        self.model.put(expected, public=public)

    @rule(entity_id=items, name=st.sampled_from(["signal", "public", "expires"]))
    @telling
    def change_badly(self, entity_id: str, name: str) -> None:
        """Send a change that must be refused as a whole."""
        if entity_id in self.model.items:
            self.step(f"change badly {name}")
            reply = self.deployment.put(entity_id, {"description": "refused", name: "x"})
            require(reply.status == 400, "a bad change is accepted", reply, expected=400)

    @rule(entity_id=consumes(items))
    @telling
    def delete(self, entity_id: str) -> None:
        """Delete a credential."""
        self.step("delete")
        self.deployment.delete(entity_id)
        self.model.remove(entity_id)
        self.gone.append(entity_id)

    @rule(entity_id=items)
    @telling
    def retrieve(self, entity_id: str) -> None:
        """Retrieve one."""
        if entity_id in self.model.items:
            self.step("retrieve")
            reply = self.deployment.get(entity_id)
            check_shown(reply, result(reply), self.model.items[entity_id], "an item")

    @rule()
    @telling
    def retrieve_what_is_gone(self) -> None:
        """Ask for what was deleted."""
        for entity_id in self.gone[-1:]:
            self.step("retrieve what is gone")
            reply = self.deployment.get(entity_id)
            require(reply.status == 404, "what is deleted is answered", reply, expected=404)

    @rule(size=st.integers(1, 4), word=st.sampled_from(["", "alpha ", "ALPHA", "shown"]))
    @telling
    def walk(self, size: int, word: str) -> None:
        """List what this machine made, in pages, and what a word narrows it to."""
        self.step(f"walk in pages of {size}")
        expected = self.model.listed(self.mark)
        term = f"{word}{self.mark}" if word == "alpha " else self.mark
        expected = [item for item in expected if term.casefold() in item["name"].casefold()]
        pages = list(self.deployment.pages({"search": term, "page_size": size}))
        shown = [item for page in pages for item in page.items]
        ids = [item["entityId"] for item in shown]
        wanted = [item["entityId"] for item in expected]
        last = pages[-1].reply
        require(ids == wanted, "the list is not what was written", last,
                expected=wanted, got=ids)  # fmt: skip
        require(pages[0]["count"] == len(wanted), "the count is not what was written", last)
        for item, model in zip(shown, expected, strict=True):
            check_shown(last, item, model, "an item of the list")

    def teardown(self) -> None:
        """Delete what is left."""
        for entity_id in self.model.items:
            self.deployment.send("DELETE", entity_id)


def without_halves(expected: dict[str, Any]) -> dict[str, Any]:
    """Return what a creation shows: of `expires` both parts, the other one null."""
    if isinstance(expected.get("expires"), dict):
        expected = {
            **expected,
            "expires": {"amount": None, "duration": None, **expected["expires"]},
        }
    return expected


def run_machine(deployment: Deployment, machine: type[Machine] = CredentialMachine) -> None:
    """Run a machine with the seed and the effort of the run; raises the shortest breach."""
    shrinking = Shrinking(SECONDS_TO_SHRINK, deployment.share_of_time())

    class Bound(machine):  # type: ignore[misc,valid-type]
        """The machine, bound to a deployment."""

        def __init__(self) -> None:
            self.deployment, self.shrinking = deployment, shrinking
            super().__init__()

    try:
        run_state_machine_as_test(
            seed(deployment.settings.seed)(Bound),
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
        # Whatever Hypothesis makes of it (flaky, once the time to shrink is over), the breach is
        # the news.
        if shrinking.best is not None:
            raise shrinking.best from None
        raise

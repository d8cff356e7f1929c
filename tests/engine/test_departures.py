"""An error of a rule is a response's where the rule was reading one of another shape, else ours."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract_tests.engine.target import Target
from tests.engine.test_faults import LIST, judge, read, target_on
from tests.support.faulty import Answer, Call


def give_texts(call: Call) -> Answer | None:
    """Return the list with `count` as a text where it is searched."""
    if call.method != "GET" or "search=" not in call.path:
        return None
    return replace_count(call.forward())


def replace_count(answer: Answer) -> Answer:
    """Return a page of the list with `count` as a text."""
    page = json.loads(answer.body)
    if isinstance(page.get("result"), dict) and "count" in page["result"]:
        page["result"]["count"] = str(page["result"]["count"])
    return Answer(answer.status, answer.headers, json.dumps(page).encode())


def read_last(target: Target) -> Any:
    """Fail at the response that came last, of which no variable is left."""
    return read(target, "?search=x").value["result"]["count"] + 1


def read_earlier(target: Target) -> Any:
    """Fail at an earlier response."""
    first = read(target, "?search=x")
    read(target)
    return first.value["result"]["count"] + 1


def read_part(target: Target) -> Any:
    """Fail at a part of an earlier response."""
    result = read(target, "?search=x").value["result"]
    read(target)
    return result["count"] + 1


def fail_elsewhere(target: Target) -> Any:
    """Fail at a response that is as documented."""
    read(target, "?search=x")
    return read(target).value["result"]["count"] + "1"


def fail_after_a_server_error(target: Target) -> Any:
    """Fail after a response whose shape nothing is known of."""
    return target.send("GET", f"{LIST}broken").value + 1


@pytest.mark.parametrize(
    ("act", "is_departure"),
    [
        (read_last, True),
        (read_earlier, True),
        (read_part, True),
        (fail_elsewhere, False),
        (fail_after_a_server_error, False),
    ],
)
def test_an_error_is_the_responses_only_where_it_was_read(
    act: Callable[[Target], Any], *, is_departure: bool, tmp_path: Path
) -> None:
    """Another finding of the same test does not explain a fault of the harness."""

    def fault(call: Call) -> Answer | None:
        is_broken = call.path == f"{LIST}broken"
        return Answer.json(500, {"detail": "x"}) if is_broken else give_texts(call)

    with target_on(fault, tmp_path) as (target, _):
        read(target)
        with pytest.raises(TypeError) as caught:
            act(target)
        assert target.observations.findings
        found = target.observations.find_departure(caught.value)
        assert ("count" in found) is is_departure, found


def test_a_rule_that_could_not_go_on_is_not_accepted(tmp_path: Path) -> None:
    """Where the finding is accepted, what the rule did not come to is named as not tested."""
    accept = tmp_path / "accepted.toml"
    accept.write_text(
        '[[accepted]]\nrule = "SCHEMA-01"\nreason = "known"\nowner = "me"\nexpires = 2999-01-31\n'
    )

    def fault(call: Call) -> Answer | None:
        if call.method != "GET" or call.path.partition("?")[0] != LIST:
            return None
        return replace_count(call.forward())

    words = ("--read-only", "--rule", "PAGE-02", "--accept", str(accept))
    _, report, output = judge(fault, tmp_path, *words)
    reasons = [each["reason"] for each in report["results"] if each["outcome"] == "not tested"]
    assert any("a response is not as documented" in reason for reason in reasons), output
    assert report["accepted"]

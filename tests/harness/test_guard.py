"""What a run of the harness may write to, and that it leaves nothing that was issued."""

import json
from pathlib import Path
from typing import Any

import pytest

from contract_tests.engine.cleanup import clean_up
from contract_tests.engine.outcome import CouldNotAsk
from contract_tests.engine.safety import Guard
from contract_tests.engine.settings import load_settings
from contract_tests.engine.target import Target
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.issuing import create_issuer, issue, revoke
from tests.harness.test_safety import ITEM, settings
from tests.support.command import ENVIRONMENT
from tests.support.server import running

PLACE = {"org": "main", "user_id": "1", "username": "admin"}


@pytest.mark.parametrize(
    ("body", "allowed"),
    [
        ({"entityId": "mine"}, True),
        ({"credential": "mine", "entityId": "somebody-elses"}, True),
        ({"credential": "somebody-elses", "entityId": "mine"}, False),
        ({"entityId": "somebody-elses"}, False),
        ({"credential": ["mine"], "entityId": "mine"}, False),
        ({"org": "main"}, False),
        ({}, False),
        ([], False),
    ],
)
def test_a_signatory_joins_only_what_the_run_made(body: Any, allowed: bool) -> None:
    """Who cannot be taken out again joins only what is deleted at the end."""
    guard = Guard(settings(allow_writes=True), own={"mine"})
    path, sent = f"{ITEM}issuers/authority/", json.dumps(body).encode()
    if allowed:
        guard.check("POST", path, sent)
    else:
        with pytest.raises(CouldNotAsk):
            guard.check("POST", path, sent)
    Guard(settings(allow_writes=True, disposable=True)).check("POST", path, sent)


@pytest.mark.parametrize("path", ["issuers/x", "assertions/x", "x/assertions/", "x"])
def test_not_even_a_disposable_target_loses_what_it_has(path: str) -> None:
    """A write that names one thing needs that to be the run's own, whatever the target is."""
    guard = Guard(settings(allow_writes=True, disposable=True))
    with pytest.raises(CouldNotAsk):
        guard.check("PUT", ITEM + path, b"{}")


def test_what_was_issued_is_cleaned_up(tmp_path: Path) -> None:
    """After a crash, what somebody holds of a run's credential is revoked and goes with it."""
    with running("--quiet") as served:
        target = Target(
            load_settings(served.url, {**PLACE, "journal": str(tmp_path)}, ENVIRONMENT),
            "crashed",
            "main",
            1,
        )
        deployment = Deployment(target, "crashed")
        issuer = create_issuer(deployment)
        credential = deployment.create(issuer=issuer["entityId"])["entityId"]
        issue(deployment, credential, "learner")
        revoke(deployment, issue(deployment, credential, "learner")["entityId"])
        target.journal.close(clean=False)
        after = Target(target.settings, "after", "main", 1)
        assert [str(each) for each in clean_up(after)] == ["run crashed: cleaned up"]
        assert after.send("GET", f"{deployment.here}{credential}").status == 404
        path = f"{deployment.here}issuers/{issuer['entityId']}"
        assert after.send("GET", path).status == 404
        for each in (target, after):
            each.journal.close(clean=True)
            each.close()

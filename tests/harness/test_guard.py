"""What a run may write to, and that it deletes what it issued."""

import json
from pathlib import Path
from typing import Any

import pytest

from contract_tests.engine.cleanup import clean_up
from contract_tests.engine.safety import Guard
from contract_tests.engine.target import Target
from contract_tests.errors import RequestFailed
from contract_tests.settings.sources import load_settings
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.issuing import create_issuer, find_item, issue, revoke
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
def test_a_signatory_is_added_only_to_own_items(body: Any, allowed: bool) -> None:
    """A signatory, which cannot be removed, is added only to what is deleted at the end."""
    guard = Guard(settings(allow_writes=True), own={"mine"})
    path, sent = f"{ITEM}issuers/authority/", json.dumps(body).encode()
    if allowed:
        guard.check("POST", path, sent)
    else:
        with pytest.raises(RequestFailed):
            guard.check("POST", path, sent)
    Guard(settings(allow_writes=True, disposable=True)).check("POST", path, sent)


@pytest.mark.parametrize("path", ["issuers/x", "assertions/x", "x/assertions/", "x"])
def test_a_disposable_target_keeps_existing_items(path: str) -> None:
    """A write to a single item needs it to be the run's own, whatever the target is."""
    guard = Guard(settings(allow_writes=True, disposable=True))
    with pytest.raises(RequestFailed):
        guard.check("PUT", ITEM + path, b"{}")


def test_issued_assertions_are_cleaned_up(tmp_path: Path) -> None:
    """After a crash, the assertions of a run's credential are revoked and deleted with it."""
    with running("--quiet") as served:
        target = Target(
            load_settings(served.url, {**PLACE, "journal": str(tmp_path)}, ENVIRONMENT),
            "crashed",
            "main",
            1,
        )
        deployment = Deployment(target, "crashed")
        issuer = create_issuer(deployment)
        links = find_item(deployment).links
        credential = deployment.create(issuer=issuer["entityId"], **links)["entityId"]
        issue(deployment, credential, "learner")
        revoke(deployment, issue(deployment, credential, "learner")["entityId"])
        target.journal.close(clean=False)
        after = Target(target.settings, "after", "main", 1)
        assert [str(each) for each in clean_up(after)] == ["run crashed: cleaned up"]
        assert after.send("GET", f"{deployment.own_path}{credential}").status == 404
        path = f"{deployment.own_path}issuers/{issuer['entityId']}"
        assert after.send("GET", path).status == 404
        for each in (target, after):
            each.journal.close(clean=True)
            each.close()

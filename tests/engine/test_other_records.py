"""Records without a path of their own: what stays is named, and what can be deleted is deleted."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.engine.effects import find_kind
from contract_tests.engine.looking import has_mark
from tests.engine.test_left_behind import LIST, judge
from tests.harness.bite import KEYS
from tests.support.faulty import Answer, Call, Fault

BROKEN = Answer.page(500, "<h1>Server Error (500)</h1>")


class UploadsBreak:
    """Each upload answers 500, with or without storing its image."""

    def __init__(self, stores: bool) -> None:
        self.stores = stores

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        if call.method == "POST" and call.path == f"{LIST}images/":
            if self.stores:
                call.forward()
            return BROKEN
        return None


class MappingsStay:
    """A DELETE of a mapping answers 200 and deletes nothing."""

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        if call.method == "DELETE" and call.path == f"{LIST}external-mapping/":
            return Answer.json(200, {"status": {"success": True, "description": "Deleted"}})
        return None


class ConfigurationsStayEnabled:
    """A DELETE of a configuration answers 200 and switches nothing off."""

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        if call.method == "DELETE" and call.path == f"{LIST}provider-config/":
            return Answer.json(200, {"status": {"success": True, "description": "Deactivated"}})
        return None


class NoFault:
    """The mock as it is."""

    def __call__(self, call: Call) -> None:  # noqa: D102
        return None


@pytest.mark.parametrize(("stores", "stays"), [(True, 1), (False, 0)])
def test_an_image_whose_upload_broke_is_looked_for(
    stores: bool, stays: int, tmp_path: Path
) -> None:
    """An upload answered 500 stays if a search finds the image, and is gone if none does."""
    ended, report, _ = judge(UploadsBreak(stores), tmp_path, "--disposable", "--rule", "IMAGE-03")
    uploads = report["effects"]["methods"]["POST"]
    assert len(report["permanent"]) == uploads * stays > stays - 1, ended.stdout
    assert report["left_behind"] == []
    assert f"0 left behind{f', {uploads} cannot be deleted' * stays};" in ended.stdout
    assert list((tmp_path / "journal").glob("*.jsonl")) == []


def test_what_cannot_be_deleted_is_named(tmp_path: Path) -> None:
    """Images and configurations of a run without any fault stay, by name, and fail nothing."""
    rules = ("--rule", "IMAGE-03", "--rule", "PROVIDER-02", "--rule", "PROVIDER-03")
    ended, report, _ = judge(NoFault(), tmp_path, "--disposable", *rules)
    assert ended.returncode == 0, ended.stdout
    *images, configuration = report["permanent"]
    assert images
    assert all(re.match("image '.*credcheck-", image) for image in images)
    assert configuration.startswith("configuration of ")
    assert configuration.endswith(" (deactivated)")
    created = report["effects"]["created"]
    assert created.keys() == {"configurations", "credentials", "images", "mappings"}
    assert created["images"] >= len(images)  # two may have one name
    assert f"stays           {', '.join(report['permanent'])}: " in ended.stdout
    assert images[0] in (tmp_path / "report" / "report.html").read_text().replace("&#39;", "'")


@pytest.mark.parametrize(
    ("make_fault", "rule", "reason"),
    [
        (MappingsStay, "PROVIDER-03", "and it is still there"),
        (ConfigurationsStayEnabled, "PROVIDER-02", "and it is still enabled"),
    ],
)
def test_a_deletion_that_does_nothing_is_seen(
    make_fault: Callable[[], Fault], rule: str, reason: str, tmp_path: Path
) -> None:
    """A response to a DELETE is no absence of a mapping, nor the end of a configuration."""
    ended, report, _ = judge(make_fault(), tmp_path, "--disposable", "--rule", rule)
    assert ended.returncode == 1, ended.stdout
    assert report["left_behind"]
    assert all(f"DELETE returned 200, {reason}" in left for left in report["left_behind"])
    assert list((tmp_path / "journal").glob("*.jsonl")), "the journal was removed"


class IdsAreKeys:
    """Each response to a creation has a key for an id, and no DELETE deletes anything."""

    def __call__(self, call: Call) -> Answer | None:  # noqa: D102
        if call.method == "POST" and call.path == LIST:
            answer = call.forward()
            if answer.status < 300:
                value = json.loads(answer.body)
                value["result"]["entityId"] = KEYS["LEARNER"]
                return Answer.json(answer.status, value)
            return answer
        if call.method == "DELETE":
            return Answer(204)
        return None


def test_an_id_that_is_a_key_is_in_no_journal(tmp_path: Path) -> None:
    """A target that shows a key where the id of a record belongs: the journal does not hold it."""
    _, report, names = judge(IdsAreKeys(), tmp_path, "--rule", "STATE-02")
    journals = [path.read_text() for path in (tmp_path / "journal").glob("*.jsonl")]
    assert journals
    assert all(KEYS["LEARNER"] not in text for text in journals)
    left = " ".join(report["left_behind"])
    assert names
    assert all(repr(name) in left for name in names), "records are found by their mark"
    assert KEYS["LEARNER"] not in left


def test_only_what_carries_the_mark_itself_is_of_the_run() -> None:
    """An issuer that shows a signatory of the run existed before, and is not deleted."""
    signatory = {"name": "Signed credcheck-12ab-main-7"}
    issuer = {"entityId": "x", "name": "Harbour University", "signatories": [signatory]}
    assert not has_mark(issuer, "credcheck-12ab-main-")
    assert has_mark({**issuer, "name": "issuer credcheck-12ab-main-8"}, "credcheck-12ab-main-")


def test_a_user_may_have_the_name_of_a_folder() -> None:
    """The kind of a record is what follows the user in a path."""
    assert find_kind("/api/credentials/orgs/import/users/images/") == "credentials"
    assert find_kind("/api/credentials/orgs/import/users/images/issuers/x?images") == "issuers"

"""A recording is judged as a run would judge the service: each defect is named, and no other."""

import copy
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from contract_tests.report.documents import read_report, write_reports
from contract_tests.report.verdict import Verdict
from contract_tests.traffic.judge import judge_archive
from tests.support.command import run
from tests.traffic.recording import (
    COLLECTION,
    DEFECTS,
    KEY,
    Archive,
    change,
    find,
    record_in_process,
    set_field,
)


@pytest.fixture(scope="module")
def recorded() -> Archive:
    """Return a session with the mock, which is sound."""
    return record_in_process()


def judge(archive: Archive, folder: Path, **options: Any) -> Verdict:
    """Write an archive and judge it."""
    file = folder / "traffic.har"
    file.write_text(json.dumps(archive))
    return judge_archive(file, environment={}, **options)


def test_the_journal_of_the_mock_conforms(recorded: Archive, tmp_path: Path) -> None:
    """What the mock recorded of itself has no failure; other requests are passed over."""
    verdict = judge(recorded, tmp_path)
    assert verdict.failures == []
    assert (verdict.exit_code, verdict.headline) == (0, "conforms")
    assert "passed over: 1 exchanges of other services or of pages" in verdict.notices
    assert {result.rule for result in verdict.results} >= {rule for _, rule in DEFECTS.values()}


@pytest.mark.parametrize(("plant", "rule"), DEFECTS.values(), ids=list(DEFECTS))
def test_a_planted_defect_is_found(
    plant: Any, rule: str, recorded: Archive, tmp_path: Path
) -> None:
    """Each defect fails the rule about it, and no rule about something else."""
    archive = copy.deepcopy(recorded)
    plant(archive)
    verdict = judge(archive, tmp_path)
    assert {failure["rule"] for failure in verdict.failures} == {rule}
    assert verdict.exit_code == 1


@pytest.mark.parametrize("value", [None, 7, True, [], {}, [None], "\ud800", [{"a": []}]], ids=str)
def test_a_field_of_another_type_is_one_failure(
    value: Any, recorded: Archive, tmp_path: Path
) -> None:
    """What has another shape than the contract breaks that rule, and never the judge."""
    for method, part, path in (
        ("GET", "page_size=5", ("result", "data")),
        ("GET", "search=Recorded", ("result",)),
        ("GET", "&page=1", ("result", "num_pages")),
        ("POST", COLLECTION, ("result", "entityId")),
        ("PUT", "", ("result", "name")),
        ("GET", "assertions/", ("data",)),
    ):
        archive = copy.deepcopy(recorded)
        change(find(archive, method, part), set_field(".".join(path), value))
        verdict = judge(archive, tmp_path)
        rules = {failure["rule"] for failure in verdict.failures}
        assert rules <= {"SCHEMA-01", "STATE-02", "STATE-04", "PAGE-02", "ASSERT-01"}, path
        assert verdict.exit_code in (0, 1)


def test_what_overlaps_in_time_proves_nothing(recorded: Archive, tmp_path: Path) -> None:
    """A read that was sent before a write was answered may show the one state or the other."""
    archive = copy.deepcopy(recorded)
    plant, _ = DEFECTS["what was created cannot be read"]
    plant(archive)
    read = find(archive, "GET", "", 0)
    read["startedDateTime"] = find(archive, "POST", COLLECTION)["startedDateTime"]
    assert judge(archive, tmp_path).failures == []


def test_without_times_single_responses_are_judged(recorded: Archive, tmp_path: Path) -> None:
    """A minimal recording of Playwright has no durations; the report says what that costs."""
    archive = copy.deepcopy(recorded)
    for name in ("what was created cannot be read", "an image is a path"):
        DEFECTS[name][0](archive)
    for entry in archive["log"]["entries"]:
        entry["time"], entry["timings"] = -1, {"send": -1, "wait": -1, "receive": -1}
    verdict = judge(archive, tmp_path)
    assert [failure["rule"] for failure in verdict.failures] == ["SCHEMA-07"]
    assert any("does not say when" in notice for notice in verdict.notices)


def test_a_cut_body_is_not_judged(recorded: Archive, tmp_path: Path) -> None:
    """A response of which a part is missing is neither right nor wrong."""
    archive = copy.deepcopy(recorded)
    for entry in archive["log"]["entries"]:
        content = entry["response"]["content"]
        content["text"] = content["text"][: len(content["text"]) // 2]
    verdict = judge(archive, tmp_path)
    assert verdict.failures == []
    reasons = [result.reason for result in verdict.results if result.outcome == "not tested"]
    assert any("cut or left out" in reason for reason in reasons)


def test_a_recording_without_the_api_is_not_judged(recorded: Archive, tmp_path: Path) -> None:
    """Exit code 3, with what was found in the place of the API."""
    archive = copy.deepcopy(recorded)
    archive["log"]["entries"] = archive["log"]["entries"][-1:]
    verdict = judge(archive, tmp_path)
    assert verdict.exit_code == 3
    assert "no answered request to /api/credentials/ in 1 exchanges" in verdict.headline


def test_services_are_told_apart(recorded: Archive, tmp_path: Path) -> None:
    """Two services in one recording are judged each by itself, or one of them on request."""
    archive = copy.deepcopy(recorded)
    others = copy.deepcopy(archive["log"]["entries"])
    for entry in others:
        entry["request"]["url"] = entry["request"]["url"].replace("localhost", "other.example.com")
        if "text" in entry["response"]["content"]:
            text = entry["response"]["content"]["text"]
            entry["response"]["content"]["text"] = text.replace(
                "http://localhost/api", "http://other.example.com/api"
            )
    archive["log"]["entries"] += others
    find({"log": {"entries": others}}, "GET", "issuers/")["response"]["status"] = 500
    assert judge(archive, tmp_path).exit_code == 1
    assert judge(archive, tmp_path, base_url="http://localhost").exit_code == 0


SECRETS = ("recorded-secret-key", "recorded-session-cookie", "recorded-body-token")


def test_the_report_of_a_recording_can_be_read(recorded: Archive, tmp_path: Path) -> None:
    """By every command that takes reports; its command judges again, and sends nothing."""
    file = tmp_path / "my traffic.har"
    file.write_text(json.dumps(recorded))
    verdict = judge_archive(file, base_url="http://x", no_unknown_fields=True, environment={})
    write_reports(verdict, tmp_path / "report")
    report = read_report(tmp_path / "report" / "report.json")
    expected = ["credcheck", "judge", str(file), "--base-url", "http://x", "--no-unknown-fields"]
    assert shlex.split(report["repeat"]["run"]) == expected
    page = (tmp_path / "report" / "report.html").read_text()
    assert "credcheck judge" in page
    assert "credcheck run" not in page
    assert "credcheck replay" not in page


def test_no_key_is_in_any_report(recorded: Archive, tmp_path: Path) -> None:
    """Keys, cookies and tokens of a recording are nowhere in what is printed or written."""
    archive = copy.deepcopy(recorded)
    key, cookie, token = SECRETS
    change(
        find(archive, "GET", "", 1),
        lambda body: body["result"].update(name=7, metadata={"note": f"{key} {token} {cookie}"}),
    )
    for entry in archive["log"]["entries"]:
        entry["request"]["headers"] = [
            {"name": "authorization", "value": f"Api-Key {key}"},
            {"name": "cookie", "value": f"sessionid={cookie}; theme=dark"},
        ]
        entry["request"]["url"] += "&" if "?" in entry["request"]["url"] else "?"
        entry["request"]["url"] += f"token={token}"
    (tmp_path / "traffic.har").write_text(json.dumps(archive))
    ended = run(
        *("judge", str(tmp_path / "traffic.har"), "--report", str(tmp_path / "report")),
        *("--summary", str(tmp_path / "report" / "summary.md")),
    )
    assert ended.returncode == 1, ended.stderr
    texts = [ended.stdout, ended.stderr]
    texts += [file.read_text() for file in (tmp_path / "report").iterdir()]
    assert len(texts) == 6
    for text in texts:
        assert not [secret for secret in SECRETS if secret in text]


def test_accepted_failures_do_not_count(recorded: Archive, tmp_path: Path) -> None:
    """A known failure is shown, and the verdict is as if it were not there."""
    archive = copy.deepcopy(recorded)
    DEFECTS["an image is a path"][0](archive)
    accepted = tmp_path / "accepted.toml"
    accepted.write_text(
        '[[accepted]]\nrule = "SCHEMA-07"\nreason = "known"\nowner = "me"\nexpires = 2199-01-01\n'
    )
    verdict = judge(archive, tmp_path, accept=str(accepted))
    assert (verdict.exit_code, len(verdict.accepted)) == (0, 1)


def test_wrong_usage_is_one_line(tmp_path: Path) -> None:
    """A file that is no recording, or is not there, is exit code 2 with one line."""
    ended = run("judge", str(tmp_path / "none.har"))
    assert ended.returncode == 2
    assert ended.stderr.startswith("credcheck: ")
    assert ended.stderr.count("\n") == 1
    assert KEY not in ended.stderr


def test_the_proxy_of_a_development_server_is_no_defect(recorded: Archive, tmp_path: Path) -> None:
    """A link may have another host than the recorded request; another path is a failure."""
    archive = copy.deepcopy(recorded)
    for entry in archive["log"]["entries"]:
        entry["request"]["url"] = entry["request"]["url"].replace("localhost", "localhost:5173")
    assert judge(archive, tmp_path).failures == []
    first = find(archive, "GET", "&page=1")
    change(first, set_field("result.next", "http://x/api/?search=python&page_size=1&page=2"))
    assert [failure["rule"] for failure in judge(archive, tmp_path).failures] == ["PAGE-04"]

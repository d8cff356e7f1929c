"""Generated requests: what is sent, what is found, and how small the request is that shows it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from schemathesis import Case

from contract_tests.engine.results import Finding
from contract_tests.engine.target import Target
from contract_tests.errors import RequestFailed, RuleFailed
from contract_tests.settings.settings import Settings
from contract_tests.settings.sources import load_settings
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.fitting import fit_case, is_hidden, make_harmless
from contract_tests.vocabulary.generated import GeneratedRequests, configure_api, load_api
from contract_tests.vocabulary.judging import judge_response
from contract_tests.vocabulary.laws import LAWS, find_operation
from contract_tests.vocabulary.linked import follow_links
from contract_tests.vocabulary.session import TargetSession
from tests.harness.bite import KEYS
from tests.support.altered_mock import build_target
from tests.support.command import ENVIRONMENT, run

COLLECTION = "/api/credentials/orgs/{org}/users/{user_id}/"
ITEM = COLLECTION + "{entity_id}"
HERE = {"org": "main", "user_id": "1", "username": "admin"}
PLACES = ("--org", "main", "--user-id", "1", "--username", "admin", "--api-version", "4.202")


@contextmanager
def deployed(alteration: str, journal: Path, **options: Any) -> Iterator[Deployment]:
    """Return an altered mock in this process as rules use it."""
    keys = {f"CREDCHECK_KEY_{role}": key for role, key in KEYS.items()}
    given = {**HERE, "api_version": "4.202", "profile": "quick", "journal": str(journal), **options}
    settings = load_settings(build_target(alteration), given, keys)
    configure_api(load_api(), settings)
    target = Target(settings, "0123abcd", "main", 1)
    try:
        yield Deployment(target, "0123abcd")
    finally:
        target.journal.close(clean=True)
        target.close()


def make_case(path: str, method: str = "GET", **parts: Any) -> Case[Any]:
    """Return a case of an operation, with the path parameters of the run."""
    case: Case[Any] = load_api()[path][method].Case(path_parameters={**HERE}, **parts)
    return case


def judge(deployment: Deployment, case: Case[Any]) -> set[str]:
    """Send a case, and return the rules that its response breaks."""
    session = TargetSession(deployment.target)
    response = case.call(session=session)
    validate = partial(case.validate_response, response, additional_checks=[*LAWS])
    operation = find_operation(case)
    assert operation is not None
    return {rule for rule, _, _ in judge_response(session, deployment.target, operation, validate)}


@pytest.mark.parametrize(
    ("alteration", "query", "rule"),
    [
        ("page_lacks_count", {}, "SCHEMA-01"),
        ("list_reports_no_success", {}, "SCHEMA-06"),
        ("oldest_come_first", {}, "PAGE-07"),
        ("next_is_lost", {}, "PAGE-02"),
        ("previous_is_lost", {"page": "2"}, "PAGE-03"),
    ],
)
def test_each_law_fails_where_it_is_broken(
    alteration: str, query: dict[str, str], rule: str, tmp_path: Path
) -> None:
    """A list that breaks one law fails it and no other, and the sound list none."""
    case = partial(make_case, COLLECTION, query=query)
    with deployed(alteration, tmp_path) as deployment:
        assert judge(deployment, case()) == {rule}
    with deployed("sound", tmp_path) as deployment:
        assert judge(deployment, case()) == set()


def test_a_relative_image_fails(tmp_path: Path) -> None:
    """A credential whose icon is a path breaks the law on images."""
    with deployed("images_are_relative", tmp_path) as deployment:
        case = make_case(ITEM)
        case.path_parameters["entity_id"] = deployment.get_page({"page_size": 1}).ids[0]
        assert judge(deployment, case) == {"SCHEMA-07"}


@pytest.mark.parametrize("query", [{"page": "99999"}, {"page": "x"}])
def test_an_error_breaks_no_law(query: dict[str, str], tmp_path: Path) -> None:
    """A documented error is no failure of the laws on successes."""
    with deployed("sound", tmp_path) as deployment:
        assert judge(deployment, make_case(COLLECTION, query=query)) == set()


def test_a_window_of_issuers_breaks_no_law(tmp_path: Path) -> None:
    """The links of a window by limit and offset do not follow page numbers."""
    with deployed("sound", tmp_path) as deployment:
        query = {"limit": "2", "offset": "1"}
        assert judge(deployment, make_case(COLLECTION + "issuers/", query=query)) == set()


def find_one(deployment: Deployment, rule: str) -> Finding:
    """Return the only finding of a rule."""
    findings = deployment.target.observations.findings.values()
    (finding,) = [finding for finding in findings if finding.rule == rule]
    return finding


def test_the_smallest_failing_request_is_found(tmp_path: Path) -> None:
    """Of a body with many fields the report keeps the one that fails, as short as it may be."""
    body = {
        "name": "a name",
        "issuer": "x",
        "tags": ["a", "b"],
        "metadata": {"a": {"b": "c"}},
        "criteriaNarrative": "a text that is longer than four characters",
        "expires": {"amount": 3, "duration": "months"},
    }
    with deployed(
        "long_narratives_fail", tmp_path, disposable=True, profile="thorough"
    ) as deployment:
        case = make_case(COLLECTION, "POST", body=body, media_type="application/json")
        GeneratedRequests(deployment).check(case)
        finding = find_one(deployment, "ERR-01")
    assert finding.exchange is not None
    sent = json.loads(finding.exchange.request_body)
    assert set(sent) == {"criteriaNarrative", "description"}  # the latter holds the mark
    assert len(sent["criteriaNarrative"]) == 5


def test_the_search_for_it_ends_in_time(tmp_path: Path) -> None:
    """A service that is slow and always fails is not asked for longer than the profile allows."""
    body = {f"field-{number}": "x" * 200 for number in range(60)}
    with deployed("everything_fails_slowly", tmp_path, disposable=True) as deployment:
        case = make_case(COLLECTION, "POST", body=body, media_type="application/json")
        requests = GeneratedRequests(deployment)
        requests.check(make_case(COLLECTION, "POST", body={}, media_type="application/json"))
        started = time.monotonic()
        requests.check(case)
    assert time.monotonic() - started < 20 * deployment.effort.reducing
    assert deployment.target.observations.requests < 200


def test_a_known_case_is_not_sent_again(tmp_path: Path) -> None:
    """The same request is sent once."""
    with deployed("sound", tmp_path) as deployment:
        requests = GeneratedRequests(deployment)
        requests.check(make_case(COLLECTION, query={"page": "2"}))
        before = deployment.target.observations.requests
        requests.check(make_case(COLLECTION, query={"page": "2"}))
        assert deployment.target.observations.requests == before


def test_after_an_obstacle_nothing_is_sent(tmp_path: Path) -> None:
    """A request that the run may not send ends the test, whatever Hypothesis has left."""
    with deployed("sound", tmp_path, config="") as deployment:
        deployment.target.guard.settings = read_only(deployment.settings)
        requests = GeneratedRequests(deployment)
        for number in range(3):
            case = make_case(
                COLLECTION, "POST", body={"name": str(number)}, media_type="application/json"
            )
            with pytest.raises(RequestFailed, match="the run is read-only"):
                requests.check(case)
        assert {each.method for each in deployment.target.observations.exchanges} == {"GET"}


def read_only(settings: Settings) -> Settings:
    """Return settings that allow no writes."""
    return Settings(**{**vars(settings), "allow_writes": False})


def test_a_deleted_credential_that_stays_is_found(tmp_path: Path) -> None:
    """The links of the contract lead from a DELETE that answers 204 to the item, which is there."""
    with deployed(
        "deletes_do_nothing", tmp_path, disposable=True, profile="standard"
    ) as deployment:
        follow_links(load_api(), deployment)
        findings = [*deployment.target.observations.findings.values()]
    assert {finding.rule for finding in findings} == {"STATE-09"}
    assert "credentials_orgs_users_retrieve_2" in {finding.operation for finding in findings}
    for finding in findings:
        assert "Delete a credential: 204" in finding.steps


def test_links_lead_nowhere_else(tmp_path: Path) -> None:
    """On a sound service linked requests find nothing, and write to nothing but their own."""
    with deployed("sound", tmp_path) as deployment:
        follow_links(load_api(), deployment)
        observations, guard = deployment.target.observations, deployment.target.guard
    assert observations.findings == {}
    changed = [one for one in observations.exchanges if one.method in ("PUT", "DELETE")]
    assert changed
    for exchange in changed:
        entity_id = exchange.url.rpartition("/")[2]
        assert entity_id in guard.own | guard.unknown or exchange.status == 404


def test_unusual_text_that_spoils_the_list_ends_the_test(tmp_path: Path) -> None:
    """The target reads the list after each write of unusual text, and nothing more is sent."""
    with deployed("control_characters_spoil_the_list", tmp_path, disposable=True) as deployment:
        requests = GeneratedRequests(deployment)
        body = {"name": "a", "description": "\x01"}
        case = make_case(COLLECTION, "POST", body=body, media_type="application/json")
        with pytest.raises(RuleFailed, match="the list after a request with a control"):
            requests.check(case)


@pytest.mark.parametrize(
    ("value", "harmless"),
    [
        ("a\x00b", "ab"),
        ("\ud800", ""),
        ("a\x9fb\x1b", "ab"),
        ("a\tb\nc", "a\tb\nc"),
        (["é", {"\x07": "\x08x"}], ["é", {"": "x"}]),
        (10**40, 2**53),
        (-(10**40), -(2**53)),
        (1e300, 2**53),
        (True, True),
        (None, None),
    ],
)
def test_unusual_input_is_made_harmless(value: Any, harmless: Any) -> None:
    """Control characters, half pairs and great numbers are taken out of a body."""
    assert make_harmless(value) == harmless


def test_deep_nesting_is_made_harmless() -> None:
    """A body keeps a few levels."""
    value: Any = "x"
    for _ in range(500):
        value = [value]
    assert len(json.dumps(make_harmless(value))) < 100


@pytest.mark.parametrize("is_disposable", [False, True])
def test_only_a_disposable_target_gets_unusual_text(is_disposable: bool, tmp_path: Path) -> None:
    """What a store may be unable to show again is sent to targets that are thrown away only."""
    body = {"name": "a\x01b", "metadata": {"a": "\x00"}, "public": False}
    with deployed("sound", tmp_path, disposable=is_disposable) as deployment:
        case = make_case(ITEM, "PUT", body=body, media_type="application/json")
        operation = find_operation(case)
        assert operation is not None
        fit_case(case, deployment, operation, "x")
    assert (make_harmless(case.body) != case.body) == is_disposable
    assert isinstance(case.body, dict)
    assert ("public" in case.body) == is_disposable


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data"])
def test_no_new_credential_is_private(media_type: str, tmp_path: Path) -> None:
    """No list shows a private credential, so the run could not find it if its response was lost."""
    with deployed("sound", tmp_path, disposable=True) as deployment:
        for value in (False, "off", "0"):
            body = {"name": "a", "public": value}
            case = make_case(COLLECTION, "POST", body=body, media_type=media_type)
            operation = find_operation(case)
            assert operation is not None
            fit_case(case, deployment, operation, "")
            assert isinstance(case.body, dict)
            assert "public" not in case.body


def read_exchanges(folder: Path, *options: str) -> list[dict[str, Any]]:
    """Run the rule on generated requests, and return what was sent."""
    words = ["--rule", "SCHEMA-04", "--profile", "quick", "--report", str(folder)]
    words += ["--journal", str(folder / "journal")]
    ended = run("run", build_target("sound"), *PLACES, *words, *options)
    assert ended.returncode == 0, ended.stdout
    document = json.loads((folder / "traffic.har").read_text(encoding="utf-8"))
    entries: list[dict[str, Any]] = document["log"]["entries"]
    return [entry["request"] for entry in entries]


def test_a_read_only_run_generates_reads_only(tmp_path: Path) -> None:
    """Nothing but GET is sent, and each operation that writes is not tested."""
    sent = read_exchanges(tmp_path, "--read-only")
    assert {request["method"] for request in sent} == {"GET"}
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    outcomes = {result["test"]: result["outcome"] for result in report["results"]}
    written = [test for test in outcomes if "[POST" in test or "[PUT" in test]
    assert written
    assert {outcomes[test] for test in written} == {"not tested"}


def test_hooks_of_the_user_are_for_the_stock_command(tmp_path: Path) -> None:
    """A run loads no hooks, whatever module the environment names."""
    environment = {**ENVIRONMENT, "SCHEMATHESIS_HOOKS": "no.such.module"}
    options = ("--rule", "SCHEMA-04", "--profile", "quick", "--read-only")
    journal = ("--journal", str(tmp_path))
    ended = run("run", build_target("sound"), *PLACES, *options, *journal, env=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.slow
def test_a_target_that_is_kept_gets_no_unusual_text(tmp_path: Path) -> None:
    """No body of a whole run holds a control character, as text or escaped."""
    bodies = [
        request["postData"]["text"]
        for request in read_exchanges(tmp_path)
        if "json" in request.get("postData", {}).get("mimeType", "")
        and "comment" not in request["postData"]  # which says that it was cut
    ]
    assert len(bodies) > 50
    find: Callable[[str], bool] = is_hidden
    for body in bodies:
        text = json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8").decode()
        assert not any(find(character) for character in text), body
        assert "\\u00" not in text, body


@pytest.mark.slow
def test_the_same_seed_sends_the_same_requests(tmp_path: Path) -> None:
    """A run can be repeated by its seed."""
    first, again = (
        [
            (request["method"], request["url"].partition("?")[2])
            for request in read_exchanges(tmp_path / name, "--seed", "7", "--read-only")
        ]
        for name in ("first", "again")
    )
    assert first == again

"""`credcheck compare`: two deployments, the same requests, and where the responses differ."""

import json
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests.compare.accepted import read_accepted_differences
from contract_tests.compare.differences import find_differences, gather
from contract_tests.compare.documents import build_document, render_html, render_ledger
from contract_tests.compare.features import read_shape
from contract_tests.compare.ledger import ROWS, explain, find_text
from contract_tests.compare.reads import Ask
from contract_tests.compare.run import compare_deployments
from contract_tests.compare.session import Comparison
from contract_tests.errors import UsageError
from tests.compare.planted import ENVIRONMENT, LIST, OPTIONS, PLANTED, compare_with_twin
from tests.harness.bite import KEYS
from tests.harness.test_export import collect
from tests.harness.test_report import exchange
from tests.support import broken_mock
from tests.support.command import run

BROKEN = "wsgi:tests.support.broken_mock:application"
WHOLE = {name: value for name, value in OPTIONS.items() if name != "without"}
WHOLE |= {"api_version": "4.202"}
MISTAKES = {
    "courses_have_one_page": "credentials_orgs_users_course_credentials_list",
    "course_search_is_ignored": "credentials_orgs_users_course_credentials_list",
    "exports_lack_metadata": "credentials_exim_credentials_course_export_retrieve",
}
"""Mistakes of the mock that reads show, each with its operation."""


def compare_with_mistake(
    name: str, monkeypatch: pytest.MonkeyPatch, folder: Path, **more: Any
) -> Comparison:
    """Compare the mock with one that has a mistake, or none."""
    monkeypatch.setenv("BROKEN", name)
    monkeypatch.setattr(broken_mock, "application", broken_mock.make_application())
    usual = {"same_data": True, "environment": ENVIRONMENT}
    options = {**WHOLE, "journal": str(folder / "journal"), **more.pop("options", {})}
    return compare_deployments("mock", BROKEN, options, **{**usual, **more})


THOROUGH = [pytest.mark.slow, pytest.mark.thorough]


@pytest.mark.parametrize(
    "seed",
    ["1", *(pytest.param(seed, marks=THOROUGH) for seed in ("2", "3"))],
)
@pytest.mark.parametrize("same_data", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_two_mocks_are_equal(tmp_path: Path, seed: str, same_data: bool) -> None:
    """Two mocks have no difference, reads and writes, and nothing is left behind."""
    options = {"journal": str(tmp_path), "seed": seed}
    found = compare_deployments(
        "mock", "mock", options, same_data=same_data, allow_writes=True, environment=ENVIRONMENT
    )
    assert found.entries == []
    assert (found.score, found.exit_code, found.left_behind) == (1.0, 0, [])
    assert found.compared.total() > 700
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_once(
    mistake: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A mock with one mistake has one new difference, at the right operation."""
    found = compare_with_mistake(mistake, monkeypatch, tmp_path)
    assert [entry.operations for entry in found.new] == [[MISTAKES[mistake]]]
    assert found.exit_code == 1


@pytest.mark.slow
@pytest.mark.parametrize("defect", ["", "tags-are-comma-text", "list-shows-private"])
def test_the_twin_differs_where_it_has_a_defect(defect: str) -> None:
    """The sound twin has known differences only; a defect is one new one, at its operation."""
    found = compare_with_twin(defect)
    known = {entry.known for entry in found.entries if not entry.is_new}
    assert known <= {"choice", "unknown", "divergence"}
    assert len(found.new) == bool(defect), [entry.title for entry in found.new]
    assert all(PLANTED[defect] in entry.operations for entry in found.new)


def test_twenty_are_planted() -> None:
    """There are at least twenty defects that a comparison is tried with."""
    assert len(PLANTED) >= 20


def test_a_recording_is_repeated_with_the_own_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The reads of a recording are sent once each, without its keys; the rest is counted."""
    base = "https://app.example.org/dm/api/credentials/orgs/main/users/1/"
    requests = [("GET", base), ("GET", base), ("GET", f"{base}?page_size=1"), ("POST", base)]
    requests += [("GET", "https://cdn.example.org/logo.png")]
    secret = [{"name": "Authorization", "value": "Api-Key recorded-secret"}]
    entries = [
        {"request": {"method": method, "url": url, "headers": secret}, "response": {}}
        for method, url in requests
    ]
    archive = tmp_path / "traffic.har"
    archive.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    found = compare_with_mistake("", monkeypatch, tmp_path, recording=str(archive))
    assert found.compared == {LIST: 2}
    assert sorted(found.skipped.values()) == [1, 1]
    assert "recorded-secret" not in json.dumps(build_document(found))


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Comparison]:
    """Return a comparison with one difference."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("compare")
        yield compare_with_mistake("course_search_is_ignored", patch, folder)


def test_reads_send_no_write(searched: Comparison) -> None:
    """Without `--allow-writes` only GET, HEAD and OPTIONS are sent, and no journal is written."""
    sides = searched.sides
    methods = {one.method for side in sides for one in side.target.observations.exchanges}
    assert methods == {"GET", "HEAD", "OPTIONS"}
    assert not [side for side in sides if Path(side.settings.journal).exists()]


def test_artefacts_hold_both_responses_and_no_key(searched: Comparison) -> None:
    """JSON, page and rows show both sides and both curl lines, and none of the keys."""
    document = build_document(searched)
    texts = (json.dumps(document), render_html(document), render_ledger(document))
    for text in texts:
        assert not [key for key in KEYS.values() if key in text]
    [one] = [each for each in document["differences"] if each["known"] == "new"]
    assert [response["status"] for response in one["responses"]] == [200, 200]
    assert all("$CREDCHECK_KEY_ADMIN" in response["curl"] for response in one["responses"])
    assert "<script" not in texts[1]
    [row] = yaml.safe_load(texts[2])["unknown"]
    assert "credentials_orgs_users_course_credentials_list" in row["what"]
    assert row["mock"] == one["left"]


def test_a_deployment_that_echoes_keys_shows_none(tmp_path: Path) -> None:
    """Keys in whatever a side answers are in no artefact of the command."""
    environment = {**ENVIRONMENT, "CREDCHECK_KEY_ADMIN": "s3cr3t-admin/k+y", "PYTHONUTF8": "1"}
    environment["CREDCHECK_KEY_LEARNER"] = "s3cr3t-learner"
    words = ["compare", "mock", "wsgi:tests.support.echoing:application", "--org", "main"]
    words += ["--user-id", "1", "--report", str(tmp_path / "r"), "--ledger", str(tmp_path / "l")]
    words += ["--requests", str(tmp_path / "t.har"), "--journal", str(tmp_path / "j")]
    base = "http://x/api/credentials/orgs/main/users/1/"
    entries = [{"request": {"method": "GET", "url": f"{base}?page_size={n}"}} for n in range(1, 9)]
    (tmp_path / "t.har").write_text(json.dumps({"log": {"entries": entries}}))
    ended = run(*words, env=environment)
    assert ended.returncode == 1, ended.stderr
    written = [path.read_text() for path in (*(tmp_path / "r").iterdir(), tmp_path / "l")]
    # The deployment is in the same process, and prints keys itself.
    shown = [line for line in ended.stdout.splitlines() if not line.startswith("served ")]
    for text in (*shown, ended.stderr, *written):
        assert "s3cr3t" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mock", "nowhere"), "nowhere"),
        (("mock", "http://127.0.0.1:1"), "--org is required"),
        (("mock", "mock", "--requests", "missing.har"), "--requests: missing.har"),
        (("mock", "mock", "--requests", "README.md"), "not valid JSON"),
        (("mock", "mock", "--accept", "missing.toml"), "missing.toml"),
        (("mock",), "RIGHT"),
    ],
)
def test_wrong_usage_is_one_line(words: tuple[str, ...], message: str) -> None:
    """Bad input is one line that names it, and exit code 2."""
    ended = run("compare", *words)
    assert ended.returncode == 2, ended.stdout
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_side_that_does_not_respond_is_not_judged(tmp_path: Path) -> None:
    """A side that is not there is exit code 3, and no difference."""
    options = {"org": "main", "user_id": "1", "journal": str(tmp_path)}
    found = compare_deployments("mock", "http://127.0.0.1:1", options, environment=ENVIRONMENT)
    assert (found.exit_code, found.entries) == (3, [])
    assert "does not respond" in found.stopped


def test_every_row_is_in_the_ledger() -> None:
    """What a difference may be explained by stands in the ledger, word for word."""
    assert all(find_text(row).startswith(row.begins) for row in ROWS)


ACCEPTED = """
[[accepted]]
difference = "{place}"
reason = "an old serializer"
owner = "team"
expires = {expires}
"""


@pytest.mark.parametrize(
    ("place", "expires", "exit_code"),
    [
        ("result.results", "2999-01-01", 0),
        ("result.results", "2001-01-01", 1),
        ("result.other", "2999-01-01", 1),
    ],
)
def test_differences_can_be_accepted(
    place: str, expires: str, exit_code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An accepted difference does not count; one that expired or no longer occurs is a problem."""
    file = tmp_path / "accepted.toml"
    file.write_text(ACCEPTED.format(place=place, expires=expires))
    archive = tmp_path / "t.har"
    url = "http://x/api/credentials/orgs/main/users/1/course-credentials/?search=zzz"
    entries = [{"request": {"method": "GET", "url": url}}]
    archive.write_text(json.dumps({"log": {"entries": entries}}))
    found = compare_with_mistake(
        "course_search_is_ignored",
        monkeypatch,
        tmp_path,
        recording=str(archive),
        options={"accept": str(file)},
    )
    assert found.exit_code == exit_code, found.problems


@pytest.mark.parametrize("is_both", [True, False])
def test_noise_is_found_by_asking_twice(
    is_both: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A value that varies on one side is no difference; a field of one side only is one."""
    mock, numbers = broken_mock.make_application(), count(1)

    def varying(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answered: list[Any] = []
        body = b"".join(mock(environ, collect(answered)))
        name = b"description" if is_both else b"nonce"
        body = body.replace(b'"description":"Ok"', b'"%s":"%d"' % (name, next(numbers)))
        headers = [pair for pair in answered[1] if pair[0].lower() != "content-length"]
        start_response(answered[0], headers)
        return [body]

    monkeypatch.setattr(broken_mock, "application", varying)
    archive = tmp_path / "t.har"
    url = "http://x/api/credentials/orgs/main/users/1/"
    archive.write_text(
        json.dumps({"log": {"entries": [{"request": {"method": "GET", "url": url}}]}})
    )
    options = {**WHOLE, "journal": str(tmp_path / "journal")}
    found = compare_deployments(
        "mock", BROKEN, options, same_data=True, recording=str(archive), environment=ENVIRONMENT
    )
    places = sorted(entry.difference.place for entry in found.new)
    assert places == ([] if is_both else ["status.description", "status.nonce"])
    assert found.noise


def test_an_entry_of_the_file_is_checked(tmp_path: Path) -> None:
    """An entry that lacks a field or has another one is reported by its number."""
    file = tmp_path / "accepted.toml"
    file.write_text('[[accepted]]\ndifference = "x"\nreason = "y"\n')
    with pytest.raises(UsageError, match="accepted difference 1: missing expires, owner"):
        read_accepted_differences(str(file))


def differ(left: dict[str, str], right: dict[str, str], **query: str) -> list[Any]:
    """Return the differences of two responses with these features."""
    usual = {"status": "200", "content-type": "application/json"}
    ask = Ask(LIST, "as usual", "{collection}", tuple(query.items()))
    pair = (exchange(), exchange())
    return list(find_differences(ask, {**usual, **left}, {**usual, **right}, pair))


def test_a_status_hides_the_rest() -> None:
    """Responses with different statuses have one difference, whatever else is in them."""
    [one] = differ({"$.detail": '"a"'}, {"status": "404", "$.detail": '"b"'})
    assert (one.kind, one.left, one.right) == ("status", "200", "404")


def test_other_records_hide_their_count() -> None:
    """A list with other records has one difference, with and without parameters."""
    left = {"$.data records": "a b", "$.data": "a list", "$.count": "2", "$.num_pages": "1"}
    right = {"$.data records": "a", "$.data": "a list", "$.count": "1", "$.num_pages": "2"}
    found = [*differ(left, right), *differ(left, right, search="x"), *differ(left, right, page="2")]
    [entry] = gather(found, explain)
    assert (entry.difference.kind, entry.requests) == ("records", 1)


def test_a_search_alone_is_found() -> None:
    """A list that differs with a parameter only is a difference of that parameter."""
    left = {"$.data records": "a b", "$.data": "a list"}
    right = {"$.data records": "a", "$.data": "a list"}
    [entry] = gather(differ(left, right, search="x"), explain)
    assert entry.difference.ask.parameters == {"search"}


def test_the_types_of_a_body() -> None:
    """Texts have formats, items of a list share a path, and metadata are no structure."""
    shape = read_shape({"a": [{"at": "2026-01-01T00:00:00Z"}, {"at": None}], "metadata": {"x": 1}})
    assert shape["a.*.at"] == {"date-time", "null"}
    assert "metadata.x" not in shape

"""Faults in front of the service: what is asked again, what is named, and what stops the run."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from email.utils import formatdate
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from contract_tests.engine.exchange import Response
from contract_tests.engine.target import Target
from contract_tests.errors import (
    BoundReached,
    Disturbed,
    InputRefused,
    Intercepted,
    RequestFailed,
    RuleFailed,
    TargetUnavailable,
)
from contract_tests.settings.sources import load_settings
from tests.support.command import ENVIRONMENT, run
from tests.support.faulty import CLOSE, RESET, Answer, Call, Fault, FaultyServer, serve_faulty

LIST = "/api/credentials/orgs/main/users/1/"
JSON = {"Content-Type": "application/json"}
NGINX = (
    "<html><head><title>502 Bad Gateway</title></head><body>"
    "<center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"
)
BLOCKED = (
    "<html><title>Request Rejected</title>The requested URL was rejected. Support ID: 17</html>"
)
LOGIN = '<html><title>Sign in</title><form><input type="password" name="p"></form></html>'
NUMBERS = count(1)


@contextmanager
def target_on(fault: Fault, journal: Path, **more: Any) -> Iterator[tuple[Target, FaultyServer]]:
    """Yield a target with a fault, which has answered the list once, and its server."""
    with serve_faulty(fault) as served:
        options = {"org": "main", "user_id": "1", "journal": str(journal), **more}
        settings = load_settings(served.url, options, ENVIRONMENT)
        with closing(Target(settings, f"fault{next(NUMBERS)}", "main", 1)) as target:
            try:
                yield target, served
            finally:
                target.journal.close(clean=True)


def read(target: Target, path: str = "", **options: Any) -> Response:
    """Send a GET to the collection."""
    return target.send("GET", LIST + path, **options)


def create(target: Target, name: str = "item", **options: Any) -> Response:
    """Create a credential with the mark of a target."""
    body = json.dumps({"name": f"{name} {target.mark}", "issuer": "ZgX7idonTTq1HJFA4yAXpg"})
    return target.send("POST", LIST, headers=JSON, body=body.encode(), **options)


def once(answer: Answer | str, method: str = "GET", number: int = 2) -> Fault:
    """Return a fault that answers one request of a method so, and no other."""

    def fault(call: Call) -> Answer | str | None:
        return answer if call.method == method and call.number == number else None

    return fault


def from_then_on(answer: Answer | str, number: int = 2) -> Fault:
    """Return a fault that lasts."""
    calls = count(1)
    return lambda _: answer if next(calls) >= number else None


@pytest.mark.parametrize(
    "answer",
    [
        *(Answer.page(status, NGINX) for status in (502, 503, 504, 500, 521)),
        Answer.json(503, {"detail": "Service temporarily unavailable."}),
        Answer.page(200, "<h1>Down for maintenance</h1>"),
        RESET,
        CLOSE,
        Answer(200, {"Content-Type": "application/json"}, b'{"result": {}}', cut=True),
        Answer.page(429, "slow down", Retry_After="0"),
        Answer.page(503, "wait", Retry_After="1"),
    ],
    ids=str,
)
def test_a_read_that_was_disturbed_once_is_asked_again(answer: Any, tmp_path: Path) -> None:
    """A single fault in front of the service is no failure: the read is repeated."""
    with target_on(once(answer), tmp_path) as (target, served):
        assert read(target).status == 200
        assert read(target).status == 200
        assert not target.observations.findings
        assert [call.method for call in served.calls] == ["GET"] * 3


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_writes_that_may_be_repeated_are(method: str, tmp_path: Path) -> None:
    """A PUT and a DELETE that a gateway did not pass on are sent again."""
    with target_on(once(Answer.page(502, NGINX), method, 1), tmp_path) as (target, served):
        item = LIST + create(target).value["result"]["entityId"]
        body = b'{"description": "changed"}' if method == "PUT" else None
        response = target.send(method, item, headers=JSON if body else {}, body=body)
        assert response.status == 200
        assert sum(call.method == method for call in served.calls) == 2


def test_a_deletion_whose_response_was_lost_says_nothing(tmp_path: Path) -> None:
    """The 404 of a repeated DELETE is not judged: the first one had deleted the item."""

    def fault(call: Call) -> Answer | str | None:
        if call.method == "DELETE" and call.number == 1:
            call.forward()
            return RESET
        return None

    with target_on(fault, tmp_path) as (target, _):
        item = LIST + create(target).value["result"]["entityId"]
        with pytest.raises(Disturbed):
            target.send("DELETE", item)
        assert not target.observations.findings


def test_a_creation_that_did_not_arrive_is_sent_again(tmp_path: Path) -> None:
    """A POST on a connection that had ended is sent again, once the list does not show it."""
    with target_on(once(CLOSE, "POST", 1), tmp_path) as (target, served):
        read(target)
        assert create(target).status == 200
        assert len(served.names()) == 1
        entries = [json.loads(line) for line in target.journal.path.read_text().splitlines()]
        assert [entry["intent"] for entry in entries if "intent" in entry] == [1, 2]


@pytest.mark.parametrize(
    "lost",
    [CLOSE, RESET, Answer.page(502, NGINX), Answer.page(504, "<h1>504 Gateway Timeout</h1>")],
)
def test_a_creation_that_may_be_stored_is_not_repeated(lost: Any, tmp_path: Path) -> None:
    """A POST that was carried out, or that a gateway answered, is not sent a second time."""

    def fault(call: Call) -> Answer | str | None:
        if call.method == "POST":
            call.forward()
            return lost  # type: ignore[no-any-return]
        return None

    with target_on(fault, tmp_path) as (target, served):
        read(target)
        with pytest.raises(Disturbed):
            create(target)
        assert sum(call.method == "POST" for call in served.calls) == 1
        assert len(served.names()) == 1


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (Answer.page(502, NGINX), "502 '502 Bad Gateway', a gateway's page"),
        (RESET, "ReadError"),
        (Answer(200, {"Content-Type": "application/json"}, b'{"result": {}}', cut=True), "peer"),
        (Answer.json(401, {"detail": "Invalid token."}), "the key of admin was accepted and no"),
        (Answer.json(403, {"detail": "No."}), "the key of admin was accepted and no longer is"),
        (Answer.page(401, "401", WWW_Authenticate='Basic realm="x"'), "--basic"),
        (Answer.page(400, "No required SSL certificate was sent"), "--client-cert"),
        (Answer.page(200, LOGIN), "login page"),
        (Answer(302, {"Location": "https://sso.example.com/login?next=/"}), "login page"),
        (Answer.page(403, BLOCKED), "'Request Rejected', the refusal of a firewall"),
        (Answer.json(429, {"detail": "Wait."}), "429 6 times in a row"),
    ],
    ids=str,
)
def test_what_lasts_stops_the_run(
    answer: Any, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault that lasts is TargetUnavailable with its own name, and nothing was judged."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with target_on(from_then_on(answer), tmp_path) as (target, _):
        read(target)
        with pytest.raises(TargetUnavailable, match=re.escape(named)):
            read(target)
        assert not target.observations.findings


@pytest.mark.parametrize(
    "answer",
    [
        Answer.page(403, BLOCKED),
        Answer.page(200, BLOCKED),
        Answer.page(405, "<center><h1>405 Not Allowed</h1></center><hr><center>nginx</center>"),
        Answer(403, {"x-amzn-waf-action": "block"}, b""),
        Answer.page(200, LOGIN),
    ],
    ids=str,
)
def test_a_refusal_of_one_request_is_not_tested(answer: Answer, tmp_path: Path) -> None:
    """What a firewall refuses is not tested, and is no failure of the service."""
    with target_on(lambda call: answer if "?x" in call.path else None, tmp_path) as (target, _):
        read(target)
        with pytest.raises(Intercepted):
            read(target, "?x=1")
        assert not target.observations.findings
        assert target.observations.notices


@pytest.mark.parametrize(
    "answer",
    [
        Answer.json(403, {"detail": "You do not have permission to perform this action."}),
        Answer.page(500, "<h1>Server Error (500)</h1>"),
        Answer.page(404, "<h1>Not Found</h1>"),
        Answer.json(401, {"detail": "Authentication credentials were not provided."}),
        Answer(301, {"Location": f"{LIST}abc/"}),
        Answer.page(200, "<h1>Credentials</h1>"),
    ],
    ids=str,
)
def test_the_services_own_responses_are_judged(answer: Answer, tmp_path: Path) -> None:
    """What may be the service's own is returned, wrong as it may be."""
    with target_on(lambda call: answer if "?x" in call.path else None, tmp_path) as (target, _):
        read(target)
        assert read(target, "?x=1").status == answer.status


def test_a_firewall_may_refuse_odd_input(tmp_path: Path) -> None:
    """A page that refuses what looks like an attack is a firewall's, whatever it says."""
    page = Answer.page(403, "<h1>Forbidden</h1>")
    odd = "?search=%3Cscript%3E"
    with target_on(lambda call: page if odd in call.path else None, tmp_path) as (target, _):
        read(target)
        assert read(target, odd, proxy_may_refuse=True).is_from_proxy
        with pytest.raises(Intercepted):
            read(target, odd)
        assert not target.observations.findings


def test_a_search_that_hangs_fails_and_the_rest_goes_on(tmp_path: Path) -> None:
    """A read without a response, while the list is answered, is a failure of that read alone."""

    def fault(call: Call) -> None:
        if "search" in call.path:
            time.sleep(1)

    with target_on(fault, tmp_path) as (target, _):
        object.__setattr__(target.settings, "timeout", 0.3)
        target.begin("SEARCH-01")
        read(target)
        with pytest.raises(RuleFailed, match="no response in time, while the list is answered"):
            read(target, "?search=x")
        assert read(target).status == 200


def test_a_test_has_a_bound_in_time_and_requests(tmp_path: Path) -> None:
    """A test that reaches its bound ends with that reason; the next one counts from zero."""
    with target_on(lambda _: None, tmp_path, profile="quick") as (target, _):
        target.begin("SEARCH-01")
        target.bounds.count(seconds=1, requests=999)
        read(target)
        with pytest.raises(BoundReached, match="bound of 1000 requests"):
            read(target)
        target.begin("SEARCH-02")
        target.bounds.count(seconds=61)
        with pytest.raises(BoundReached, match="bound of 60 s after 0 requests"):
            read(target)
        target.begin("")
        assert read(target).status == 200


def test_a_hanging_request_ends_with_the_bound_of_its_test(tmp_path: Path) -> None:
    """The bound ends a request that would wait for longer."""

    def fault(call: Call) -> None:
        if "search" in call.path:
            time.sleep(2)

    with target_on(fault, tmp_path, profile="quick") as (target, _):
        target.begin("SEARCH-01")
        target.bounds.count(seconds=59.7)
        started = time.monotonic()
        with pytest.raises(BoundReached):
            read(target, "?search=x")
        assert time.monotonic() - started < 1.5


UNSAFE = b'{"name": "x %s", "issuer": "ZgX7idonTTq1HJFA4yAXpg", "metadata": {"a": "\\ud800"}}'


def test_unsafe_input_goes_to_disposable_targets_only(tmp_path: Path) -> None:
    """Half a surrogate pair is not sent to a target that stays, and the option is named."""
    with target_on(lambda _: None, tmp_path) as (target, served):
        with pytest.raises(InputRefused, match="--disposable"):
            target.send("POST", LIST, headers=JSON, body=UNSAFE)
        assert not served.calls
    with target_on(lambda _: None, tmp_path, disposable=True) as (target, served):
        target.send("POST", LIST, headers=JSON, body=UNSAFE % target.mark.encode())
        assert [call.method for call in served.calls] == ["POST", "GET"]


@pytest.mark.parametrize("is_repaired", [True, False])
def test_the_list_is_read_after_unsafe_input(is_repaired: bool, tmp_path: Path) -> None:
    """A list that unsafe input breaks is a failure; what broke it is deleted at once."""
    stored: list[str] = []

    def fault(call: Call) -> Answer | None:
        answer = None
        if call.method == "POST":
            answer = call.forward()
            stored.append(call.path)
            if not is_repaired:
                answer = Answer.page(500, "<h1>Server Error (500)</h1>")
        if call.method == "DELETE":
            stored.clear()
        if call.method == "GET" and stored:
            answer = Answer.page(500, "<h1>Server Error (500)</h1>")
        return answer

    with target_on(fault, tmp_path, disposable=True) as (target, _):
        target.begin("PROTO-12")
        read(target)
        harmless = (
            b'{"name": "%s", "issuer": "ZgX7idonTTq1HJFA4yAXpg", "tags": null, "x": "\\u0000"}'
        )
        body = harmless % target.mark.encode()
        with pytest.raises(RuleFailed, match="the list after a request with a NUL"):
            target.send("POST", LIST, headers=JSON, body=body)
        assert bool(target.watch.lost) != is_repaired
        if not is_repaired:
            assert "(POST " in target.watch.lost
            with pytest.raises(InputRefused, match="cannot be read"):
                target.send("POST", LIST, headers=JSON, body=body)


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("1", 1.0, 6.5),
        ("0", 0.2, 5.0),
        ("soon", 0.4, 5.5),
        ("-5", 0.4, 5.5),
        ("1e999", 0.4, 5.5),
        ("date", 1.0, 7.5),
    ],
)
def test_retry_after_is_waited_for(
    retry_after: str, least: float, most: float, tmp_path: Path
) -> None:
    """Seconds and dates are kept to, nonsense counts as none, and zero waits a little."""

    def fault(call: Call) -> Answer | None:
        if call.number != 2:
            return None
        date = formatdate(time.time() + 2.5, usegmt=True)
        value = date if retry_after == "date" else retry_after
        return Answer(429, {"Retry-After": value, "Content-Type": "application/json"}, b"{}")

    with target_on(fault, tmp_path) as (target, _):
        read(target)
        started = time.monotonic()
        assert read(target).status == 200
        assert least <= time.monotonic() - started <= most


def test_a_wait_that_is_too_long_stops_the_run(tmp_path: Path) -> None:
    """Who asks to come back in an hour is not waited for."""
    answer = Answer(503, {"Retry-After": "3600"}, b"")
    with target_on(once(answer), tmp_path) as (target, _):
        read(target)
        with pytest.raises(TargetUnavailable, match="asks to wait 3600 s"):
            read(target)


OPTIONS = ("--org", "main", "--user-id", "1", "--api-version", "4.202", "--profile", "quick")


def judge(fault: Fault, folder: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    """Run the command against a fault; return its exit code, its report and its output."""
    with serve_faulty(fault) as served:
        ended = run(
            "run", served.url, *OPTIONS, "--journal", str(folder / "journal"),
            "--report", str(folder), *options,
        )  # fmt: skip
    return (
        ended.returncode,
        json.loads((folder / "report.json").read_text()),
        ended.stdout + ended.stderr,
    )


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (lambda: from_then_on(Answer.json(401, {"detail": "Invalid token."}), 40), "the key of"),
        pytest.param(
            lambda: from_then_on(Answer.page(502, NGINX), 40),
            "a gateway's page",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_fault_that_lasts_is_exit_3_in_one_line(
    fault: Callable[[], Fault], named: str, tmp_path: Path
) -> None:
    """A key that works no more, and a gateway without a service, are no failures."""
    code, report, output = judge(fault(), tmp_path, "--subject", "pagination", "--read-only")
    assert code == 3, output
    assert report["failures"] == []
    assert named in report["verdict"]["stopped"]
    verdict = [line for line in output.splitlines() if named in line and "VERDICT" in line]
    assert len(verdict) == 1, output
    assert not any(line.startswith(("FAILED", "request failed")) for line in output.splitlines())


@pytest.mark.longest
@pytest.mark.slow
def test_single_faults_are_notices(tmp_path: Path) -> None:
    """A run with a fault in each hundred requests conforms, and says what disturbed it."""
    answers = [Answer.page(502, NGINX), RESET, Answer.page(504, NGINX), CLOSE]

    def fault(call: Call) -> Answer | str | None:
        if call.number % 60 == 59:
            return answers[call.number // 60 % len(answers)]
        return None

    code, report, output = judge(fault, tmp_path, "--subject", "pagination", "--subject", "state")
    assert report["failures"] == [], output
    assert code == 0, output
    assert any("in front of the target" in notice for notice in report["notices"])
    assert report["left_behind"] == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer.json(200, {"result": None}),
        Answer.page(500, "<!doctype html><title>Oops</title><h1>Something broke</h1>"),
    ],
    ids=str,
)
def test_a_list_that_stops_working_is_one_failure(answer: Answer, tmp_path: Path) -> None:
    """Once the list is no page any more, what needs it is not tested, and a notice says since."""

    def fault(call: Call) -> Answer | None:
        is_list = call.method == "GET" and call.path.partition("?")[0] == LIST
        return answer if is_list and call.number > 60 else None

    code, report, output = judge(fault, tmp_path, "--subject", "pagination", "--read-only")
    assert code == 1, output
    notices = [notice for notice in report["notices"] if "cannot be read" in notice]
    assert len(notices) == 1, report["notices"]
    assert "since " in notices[0]
    reasons = [result["reason"] for result in report["results"]]
    assert sum("cannot be read" in reason for reason in reasons) > 5
    assert sum(bool(result["findings"]) for result in report["results"]) == 1, output


@pytest.mark.slow
def test_a_service_whose_search_hangs_is_judged_within_the_budget(tmp_path: Path) -> None:
    """The run ends with its time budget, with a failure about the search, and says so."""

    def fault(call: Call) -> None:
        if "search=" in call.path:
            time.sleep(60)

    file = tmp_path / "credcheck.toml"
    with serve_faulty(fault) as served:
        file.write_text(
            f'[target.slow]\nbase_url = "{served.url}"\norg = "main"\nuser_id = "1"\n'
            'timeout = 1.0\nrate = "1000/s"\napi_version = "4.202"\n'
        )
        started = time.monotonic()
        ended = run(
            "run", "slow", "--config", str(file), "--time-budget", "15", "--read-only",
            "--subject", "search", "--report", str(tmp_path), "--journal", str(tmp_path),
        )  # fmt: skip
        assert time.monotonic() - started < 90
    report = json.loads((tmp_path / "report.json").read_text())
    assert ended.returncode == 1, ended.stdout
    assert any("no response in time" in each["message"] for each in report["failures"])
    assert any("--time-budget" in notice for notice in report["notices"])


def test_a_wall_is_named_before_the_first_rule(tmp_path: Path) -> None:
    """A wall of passwords is named in one line, with the option that passes it."""
    wall = Answer.page(401, "<h1>401</h1>", WWW_Authenticate='Basic realm="staging"')
    code, report, output = judge(lambda _: wall, tmp_path)
    assert code == 3, output
    assert "--basic" in report["verdict"]["stopped"]
    assert report["requests"] == 1


def test_what_failed_to_be_sent_is_a_request_failed(tmp_path: Path) -> None:
    """The errors of this module are failed requests, so that cleaning up survives them."""
    for error in (Intercepted("x"), InputRefused("x"), BoundReached("x"), Disturbed("x")):
        assert isinstance(error, RequestFailed)


@pytest.mark.slow
def test_searches_are_held_to_the_latency(tmp_path: Path) -> None:
    """With `--max-latency` a search that takes longer than that fails, though the list does not."""

    def wait(call: Call) -> None:
        if call.method == "GET" and "search=" in call.path:
            time.sleep(1.2)

    options = ("--rule", "PROTO-10", "--max-latency", "1", "--read-only")
    code, report, output = judge(wait, tmp_path, *options)
    assert code == 1, output
    (failure,) = report["failures"]
    assert failure["message"] == "a response is too slow"
    assert "?search=" in failure["exchange"]["url"]

"""Sandboxes: a world for each client, and what controls one."""

import logging
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest

from mockserver import Config, create_app
from mockserver.control.client import Control
from mockserver.framework.times import parse_time
from tests.conftest import API, MAIN, NOW
from tests.support.paths import PICTURES
from tests.support.server import RunningServer, running
from tests.support.waiting import PATIENCE

ALICE, BOB = "/__sandbox__/alice", "/__sandbox__/bob"
STATE = "/__mock__/state"
PICTURE = PICTURES / "palette.png"


def within(api: API, prefix: str) -> API:
    """Return the same mock seen from a sandbox."""
    return API(api.app, api.key, prefix + MAIN)


def count(api: API) -> int:
    """Return how many credentials the list has."""
    found: int = api.get(api.base).json["result"]["count"]
    return found


def control(api: API, method: str, path: str, **options: Any) -> Any:
    """Send a request to the control plane."""
    return api.app.test_client().open(path, method=method, **options)


# Which sandbox a request is for


def test_each_sandbox_is_a_world_of_its_own(api: API) -> None:
    """What is created in one is in no other, by prefix as by header."""
    alice, bob = within(api, ALICE), within(api, BOB)
    made = alice.create(name="Alice's")
    assert alice.get(alice.base + made["entityId"]).status_code == 200
    for other in (api, bob):
        assert other.get(other.base + made["entityId"]).status_code == 404
        assert count(other) == count(alice) - 1
    by_header = API(api.app, api.key, MAIN, {"X-Mock-Sandbox": "alice"})
    assert count(by_header) == count(alice)


def test_a_sandbox_answers_as_a_mock_of_its_own(api: API) -> None:
    """The same requests give the same bytes in a sandbox and in a fresh mock, links apart."""
    fresh = API(create_app(Config(strict=True, now=NOW, api_version="4.202")))
    api.create(name="Somewhere else")
    inside = within(api, ALICE)
    assert inside.create(name="Same")["entityId"] == fresh.create(name="Same")["entityId"]
    expected = (
        fresh.get(fresh.base)
        .get_data()
        .replace(b"http://localhost", b"http://localhost" + ALICE.encode())
    )
    assert inside.get(inside.base).get_data() == expected


def test_links_keep_the_prefix(api: API) -> None:
    """`next`, redirects and pictures lead into the same sandbox."""
    inside = within(api, ALICE)
    page = inside.get(inside.base + "?page_size=2").json["result"]
    assert page["next"].startswith(f"http://localhost{ALICE}{MAIN}?")
    followed = inside.get(page["next"].removeprefix("http://localhost"))
    assert followed.json["result"]["page_number"] == 2
    icon = next(each["iconImage"] for each in page["data"] if "__mock__" in str(each["iconImage"]))
    assert icon.startswith(f"http://localhost{ALICE}/__mock__/images/")
    assert inside.get(icon.removeprefix("http://localhost")).status_code == 200
    redirect = inside.get(inside.base.removesuffix("/"))
    assert (redirect.status_code, redirect.headers["Location"]) == (301, inside.base)


@pytest.mark.parametrize("root", [f"{ALICE}/dm", f"/dm{ALICE}", f"/dm/v1{ALICE}", f"{ALICE}/dm/v1"])
def test_sandbox_and_prefix_stand_in_either_order(root: str) -> None:
    """With `--prefix /dm` both base URLs are the same sandbox, and links keep the one in use."""
    prefix = root.replace(ALICE, "")
    app = create_app(Config(prefix=prefix, now=NOW))
    outside, inside = API(app, base=f"{prefix}{MAIN}"), API(app, base=f"{root}{MAIN}")
    inside.create()
    for either in (f"{ALICE}{prefix}", f"{prefix}{ALICE}"):
        assert count(API(app, base=either + MAIN)) == count(outside) + 1
    page = inside.get(inside.base + "?page_size=2").json["result"]
    assert page["next"].startswith(f"http://localhost{root}{MAIN}?")
    assert inside.get(page["next"].removeprefix("http://localhost")).status_code == 200
    icon = next(each["iconImage"] for each in page["data"] if "__mock__" in str(each["iconImage"]))
    assert icon.startswith(f"http://localhost{root}/__mock__/images/")
    assert inside.get(icon.removeprefix("http://localhost")).status_code == 200
    redirect = inside.get(inside.base.removesuffix("/"))
    assert (redirect.status_code, redirect.headers["Location"]) == (301, inside.base)
    assert outside.get(f"{ALICE}{MAIN}").status_code == 404


@pytest.mark.parametrize("order", ["{0}/dm", "/dm{0}", "{0}"])
def test_the_control_plane_is_below_both(order: str) -> None:
    """Each base URL of a sandbox has the control plane of that sandbox, and its uploads."""
    api = API(create_app(Config(prefix="/dm", now=NOW)))
    inside = API(api.app, base=f"/dm{ALICE}{MAIN}")
    inside.create(name="Alice's")
    root = order.format(ALICE)
    kept = control(api, "GET", f"{root}/__mock__/requests").json["requests"]
    assert [each["path"] for each in kept][:1] == [MAIN]
    document = control(api, "GET", f"{root}/__mock__/openapi.json").json
    assert document["servers"][0]["url"] == f"http://localhost{root}"
    with PICTURE.open("rb") as picture:
        upload = {"image": (picture, "badge.png"), "name": "a badge"}
        image = inside.post(None, "images/", data=upload).json["image"]
    name = image.rpartition("/")[2]
    assert control(api, "GET", f"{root}/__mock__/images/{name}").status_code == 200
    assert control(api, "GET", f"/dm/__mock__/images/{name}").status_code == 404


def test_a_client_of_the_control_plane_uses_an_address_with_a_prefix() -> None:
    """`Control` of an address below the prefix has a base URL that works."""
    with running("--prefix", "/dm") as server:
        mine = Control(server.url, "mine")
        assert mine.base_url.endswith("/dm/__sandbox__/mine")
        answer = httpx.get(mine.base_url + MAIN, headers={"Authorization": "main-admin-key"})
        assert answer.status_code == 200
        assert mine.count(method="GET") == 1


@pytest.mark.parametrize("name", ["a b", "x" * 65, "..%2f", "é", ""])
def test_a_name_that_is_none_is_told(api: API, name: str) -> None:
    """A sandbox has a plain name; another is 400, and no sandbox is made of it."""
    response = api.get(f"/__sandbox__/{name}{MAIN}")
    assert response.status_code == 400
    assert "invalid sandbox name" in response.json["detail"]
    assert control(api, "GET", "/__mock__/sandboxes").json == {"sandboxes": ["default"]}


@pytest.mark.parametrize("log", ["off", "text"])
def test_a_name_that_is_none_is_told_everywhere(
    log: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below a path that begins with it nothing is served; a header counts where it is read."""
    api = API(create_app(Config(now=NOW, log_requests=log)))
    for path in ("/__mock__/health", "/nowhere", "/__mock__/images/logo.svg"):
        assert api.get(f"/__sandbox__/a b{path}").status_code == 400
    header = {"X-Mock-Sandbox": "a b"}
    assert api.get("/__mock__/health", headers=header).status_code == 200
    assert api.get("/nowhere", headers=header).status_code == 404
    assert api.get(headers=header).status_code == 400
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == (6 if log == "text" else 0), lines


def test_sandboxes_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """Of too many the least recently used one is evicted, with a line in the log."""
    api = API(create_app(Config(now=NOW, maximum_sandboxes=2)))
    one, two, three = (within(api, f"/__sandbox__/{n}") for n in ("one", "two", "three"))
    one.create()
    count(two)
    more = count(one)
    with caplog.at_level(logging.WARNING, "mockserver"):
        count(three)
    assert "evicted sandbox two, the least recently used one" in caplog.text
    names = control(api, "GET", "/__mock__/sandboxes").json["sandboxes"]
    assert names == ["default", "one", "three"]
    assert count(one) == more


def test_thirty_sandboxes_at_once(server: RunningServer) -> None:
    """Thirty clients in parallel, each in a sandbox, see only what they wrote themselves."""
    wrong: list[str] = []

    def work(number: int) -> None:
        base = f"{server.url}/__sandbox__/parallel-{number}{MAIN}"
        with httpx.Client(
            headers={"Authorization": "Api-Key main-admin-key"}, timeout=PATIENCE
        ) as client:
            before = client.get(base).json()["result"]["count"]
            issuer = client.get(base + "issuers/").json()["result"]["data"][0]["entityId"]
            for each in range(number % 4 + 1):
                client.post(base, json={"name": f"mine {number} {each}", "issuer": issuer})
            page = client.get(base, params={"search": "mine "}).json()["result"]
            names = {each["name"] for each in page["data"]}
            if names != {f"mine {number} {each}" for each in range(number % 4 + 1)}:
                wrong.append(f"{number}: {names}")
            if client.get(base).json()["result"]["count"] != before + number % 4 + 1:
                wrong.append(f"{number}: count")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(30)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
        assert not each.is_alive()
    assert wrong == []


# State


def test_reset_goes_back_to_the_beginning(api: API) -> None:
    """Records and ids are those of the start again, of this sandbox alone."""
    inside = within(api, ALICE)
    before, first = count(inside), inside.create()
    page = inside.get(inside.base).json["result"]["data"]
    inside.delete(inside.base + page[1]["entityId"])
    api.create()
    answer = control(api, "POST", f"{ALICE}{STATE}/reset")
    assert (answer.status_code, answer.json["credentials"] > before) == (200, True)
    assert count(inside) == before
    assert inside.create()["entityId"] == first["entityId"]
    assert count(api) == before + 1


def test_clear_leaves_who_is_who(api: API) -> None:
    """No credential and no assertion is left; keys, users and issuers are."""
    inside = within(api, ALICE)
    answer = control(api, "POST", f"{ALICE}{STATE}/clear").json
    assert (answer["credentials"], answer["assertions"], answer["assignments"]) == (0, 0, 0)
    assert count(inside) == 0
    assert inside.get(inside.base + "assertions/").json["count"] == 0
    assert inside.create()["name"] == "Fresh"
    assert count(inside) == 1
    assert count(api) > 1


def test_snapshots_keep_and_restore(api: API) -> None:
    """A snapshot is what was there then, however often one goes back to it."""
    inside = within(api, ALICE)
    kept = inside.create(name="Kept")
    assert control(api, "POST", f"{ALICE}{STATE}/snapshots/one").status_code == 200
    for _ in range(2):
        inside.delete(inside.base + kept["entityId"])
        inside.create(name="Not kept")
        assert control(api, "POST", f"{ALICE}{STATE}/snapshots/one/restore").status_code == 200
        assert inside.get(inside.base + kept["entityId"]).json["result"]["name"] == "Kept"
        assert inside.get(inside.base + "?search=Not kept").json["result"]["count"] == 0
    assert control(api, "GET", f"{ALICE}{STATE}/snapshots").json == {"snapshots": ["one"]}
    missing = control(api, "POST", f"{STATE}/snapshots/one/restore")
    assert (missing.status_code, missing.json) == (404, {"detail": "there is no snapshot 'one'"})


def test_a_sandbox_is_forgotten(api: API) -> None:
    """After DELETE its name is new again; the default one is reset."""
    inside, before = within(api, ALICE), count(api)
    inside.create()
    api.create()
    assert control(api, "DELETE", "/__mock__/sandboxes/alice").status_code == 204
    assert control(api, "DELETE", "/__mock__/sandboxes/alice").status_code == 404
    assert control(api, "DELETE", "/__mock__/sandboxes/default").status_code == 204
    assert count(inside) == count(api) == before


def everything(api: API) -> list[bytes]:
    """Return the answers that show all records."""
    paths = (
        f"{api.base}?page_size=1000", f"{api.base}issuers/", f"{api.base}assignments/users/",
        f"{api.base}assignments/groups/", f"{api.base}course-credentials/?page_size=1000",
        f"{api.base}images/?query=a", f"{api.base}assertions-over-time/",
        *(f"{api.base.replace('/1/', f'/{n}/')}assertions/?page_size=1000" for n in range(1, 9)),
        f"{api.base}provider-config/", f"{api.base}external-mapping/",
    )  # fmt: skip
    return [api.get(path).get_data() for path in paths]


def test_what_is_exported_is_imported(api: API) -> None:
    """A world that was changed in many ways answers the same to the byte after the round trip."""
    made = api.create(name="Exported", courses=["course-v1:main+PY101+2026"], metadata={"a": [1]})
    path = f"{MAIN}{made['entityId']}/assertions/"
    body = {"recipient": {"identity": "learner"}, "course": "course-v1:main+PY101+2026"}
    assert api.post(body, path).status_code == 200
    signatory = {"name": "Nia", "title": "Dean", "signature": "https://example.com/nia.png"}
    sent = {**signatory, "credential": made["entityId"]}
    assert api.post(sent, f"{MAIN}issuers/authority/").status_code == 200
    picture = PICTURE.open("rb")
    upload = {"image": (picture, "badge.png"), "name": "a badge"}
    assert api.send("POST", f"{MAIN}images/", data=upload).status_code == 200
    assigned = {"credential_id": made["entityId"], "user_ids": [4]}
    assert api.post(assigned, f"{MAIN}assignments/users/").status_code == 200
    api.delete(api.get(MAIN).json["result"]["data"][5]["entityId"])
    exported = control(api, "GET", STATE)
    document = exported.json
    other = API(create_app(Config(strict=True, now=NOW, api_version="4.202")))
    answer = control(other, "PUT", STATE, data=exported.get_data(), content_type="application/json")
    assert answer.status_code == 200, answer.text
    assert everything(other) == everything(api)
    assert control(other, "GET", STATE).json == document
    assert other.create()["entityId"] not in {each["entityId"] for each in document["credentials"]}
    control(other, "POST", f"{STATE}/reset")
    assert other.get(MAIN + made["entityId"]).status_code == 404


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(format="other"), "not a world document"),
        (
            lambda d: d["credentials"][3].update(issuer="nobody"),
            "): there is no issuer",
        ),
        (lambda d: d["credentials"][3].pop("name"), "credentials[3]"),
        (lambda d: d["credentials"][0].update(tags="x"), "tags"),
    ],
)
def test_a_wrong_world_changes_nothing(change: Any, said: str) -> None:
    """A document that is wrong is 400, names the record, and nothing of it is taken over."""
    api = API(create_app(Config(now=NOW)))  # strict, it takes half a second to show all records
    document = control(api, "GET", STATE).json
    before = everything(api)
    change(document)
    answer = control(api, "PUT", STATE, json=document)
    assert answer.status_code == 400, answer.text
    assert said in answer.json["detail"]
    assert everything(api) == before


# Clock


def test_time_moves_as_it_is_told(api: API) -> None:
    """Set and advance move a frozen clock, and what is made carries its time."""
    inside = within(api, ALICE)

    def change(**words: Any) -> Any:
        answer = control(api, "POST", f"{ALICE}/__mock__/clock", json=words)
        assert answer.status_code == 200, answer.text
        return answer.json

    assert change(set="2027-01-01T00:00:00Z") == {"now": "2027-01-01T00:00:00Z", "frozen": True}
    assert change(advance="P1DT2H")["now"] == "2027-01-02T02:00:00Z"
    assert change(advance="-P1W")["now"] == "2026-12-26T02:00:00Z"
    assert inside.create()["createdAt"] == "2026-12-26T02:00:00Z"
    assert change(run=True)["frozen"] is False
    later = control(api, "GET", f"{ALICE}/__mock__/clock").json["now"]
    moved = parse_time(later) - parse_time("2026-12-26T02:00:00Z")
    assert timedelta() < moved < timedelta(minutes=5)
    assert control(api, "GET", "/__mock__/clock").json["now"] == "2026-11-01T12:00:00Z"


def test_what_expires_follows_the_clock(api: API) -> None:
    """An assertion that holds for a month is gone from the list after two."""
    inside = within(api, ALICE)
    course = "course-v1:main+PY101+2026"
    made = inside.create(expires={"amount": 1, "duration": "months"}, courses=[course])
    sent = {"recipient": {"identity": "admin"}, "course": course}
    path = f"{inside.base}{made['entityId']}/assertions/"
    issued = inside.post(sent, path)
    assert issued.status_code == 200, issued.text
    mine = f"{inside.base}assertions/?page_size=1000"
    held = inside.get(mine).json["count"]
    assert (
        control(api, "POST", f"{ALICE}/__mock__/clock", json={"advance": "P62D"}).status_code == 200
    )
    assert inside.get(mine).json["count"] < held
    assert issued.json["entityId"] not in inside.get(mine).text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"advance": "30 days"}, "is not a duration"),
        ({"advance": "P"}, "is not a duration"),
        ({"advance": "P99999999999D"}, "beyond the calendar"),
        ({"set": "yesterday"}, "set: "),
        ({"set": "2026-01-01T00:00:00"}, "no time zone"),
        ({"set": 5}, "set: "),
        ({"freeze": "yes"}, "freeze: expected true or false, got 'yes'"),
        ({"stop": True}, "unknown field 'stop': use set, advance, freeze, run"),
        ({}, "no change: send for example"),
        ([], "the body is not a JSON object"),
        ({"set": "2027-01-01T00:00:00Z", "advance": "x"}, "is not a duration"),
    ],
)
def test_a_wrong_time_changes_nothing(api: API, body: Any, said: str) -> None:
    """A body that is wrong in any part is 400, and the clock is what it was."""
    answer = control(api, "POST", "/__mock__/clock", json=body)
    assert answer.status_code == 400
    assert said in answer.json["detail"]
    assert control(api, "GET", "/__mock__/clock").json["now"] == "2026-11-01T12:00:00Z"


# Who may


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "evil.example:8765"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=x"},
    ],
)
def test_a_page_of_somebody_else_controls_nothing(api: API, headers: dict[str, str]) -> None:
    """What a web page can send changes no sandbox."""
    api.create()
    before = count(api)
    for path in (f"{STATE}/reset", f"{STATE}/clear", "/__mock__/work", "/__mock__/clock"):
        answer = control(api, "POST", path, headers=headers, data=b"a=b")
        assert answer.status_code == 403, (path, answer.text)
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert count(api) == before


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8765", "[::1]:8765"])
def test_this_machine_controls(api: API, host: str) -> None:
    """Any name of this machine will do, and so does a page of the mock itself."""
    assert control(api, "GET", "/__mock__/clock", headers={"Host": host}).status_code == 200
    own = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert control(api, "POST", f"{STATE}/reset", headers=own).status_code == 200


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ("192.0.2.7", 403),
        ("127.0.0.1, 192.0.2.7", 403),
        ("unknown", 403),
        ("127.0.0.1", 200),
        ("::ffff:127.0.0.1", 200),
        ("::ffff:192.0.2.7", 403),
    ],
)
def test_a_proxy_does_not_make_others_local(api: API, forwarded: str, status: int) -> None:
    """Whom a proxy on this machine forwards for is who asks, whatever Host they send."""
    headers = {"X-Forwarded-For": forwarded, "Host": "127.0.0.1:8765"}
    assert control(api, "POST", f"{STATE}/reset", headers=headers).status_code == status


def test_other_machines_need_the_token() -> None:
    """From elsewhere only the token opens it, and a wrong one never does."""
    api = API(create_app(Config(now=NOW, control_token="let me in")))
    shut = API(create_app(Config(now=NOW)))
    there = {"REMOTE_ADDR": "192.0.2.7"}
    tries = ((api, "", 401), (api, "let me", 401), (api, "let me in", 200), (shut, "x", 403))
    for app, token, status in tries:
        headers = {"X-Mock-Control-Token": token}
        answer = control(app, "POST", f"{STATE}/reset", headers=headers, environ_overrides=there)
        assert answer.status_code == status, token
        open_to_all = control(app, "GET", "/__mock__/health", environ_overrides=there)
        assert open_to_all.status_code == 200
    assert "let me in" not in repr(Config(control_token="let me in"))


@pytest.mark.parametrize(
    ("password", "headers", "status"),
    [
        ("let me in", {}, 200),
        ("let me in", {"Origin": "http://evil.example"}, 403),
        ("let me in", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("let me in", {"Content-Type": "text/plain"}, 403),
        ("wrong", {}, 401),
    ],
)
def test_a_browser_elsewhere_asks_for_the_token(
    password: str, headers: dict[str, str], status: int
) -> None:
    """The token is the password that a browser asks for; it opens nothing to another page."""
    api = API(create_app(Config(now=NOW, control_token="let me in")))
    answer = control(
        api,
        "POST",
        f"{STATE}/reset",
        headers={"Host": "mock.example:8765", **headers},
        auth=("developer", password),
        environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
    )
    assert answer.status_code == status
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)

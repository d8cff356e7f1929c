"""What a service shows becomes a world that shows the same, with other people and without keys."""

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask

from mockserver import Config, create_app
from mockserver.capture.capture import Captured, capture
from mockserver.capture.reading import Reading, read_response
from mockserver.capture.recording import Recording
from mockserver.capture.service import Service
from mockserver.cli.main import main
from mockserver.config import RELEASES
from mockserver.errors import StartError
from tests.support.server import running
from tests.traffic.recording import record_in_process

KEY = "main-admin-key"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
OWN_KEY = "main-captured-key"
"""The key of a captured world."""
COLLECTION = "/api/credentials/orgs/main/users/1/"


def make_app(**settings: Any) -> Flask:
    """Return a mock of the latest release."""
    return create_app(Config(api_version=RELEASES[-1], **settings))


def open_service(app: Flask, **options: Any) -> Service:
    """Return a service that is a mock in this process."""
    settings = {"scheme": "Api-Key", "rate": 0.0, "most_requests": 1000, **options}
    transport = httpx.WSGITransport(app=app)
    return Service("http://localhost", "main", "1", KEY, transport=transport, **settings)


def capture_app(
    app: Flask, *, keep_people: bool = False, seed: int = 42, images: bool = True, **options: Any
) -> Captured:
    """Capture a mock in this process."""
    service = open_service(app, **options)
    with_pictures = service.fetch_pictures if images else None
    try:
        return capture(
            service.read(),
            {KEY},
            seed=seed,
            keep_people=keep_people,
            fetch_pictures=with_pictures,
            missing=service.missing,
        )
    finally:
        service.close()


def read_all(app: Flask, key: str = KEY) -> dict[str, Any]:
    """Return what every read of the platform shows, by its path."""
    client, headers = app.test_client(), {"Authorization": f"Api-Key {key}"}
    seen: dict[str, Any] = {}

    def read(path: str) -> Any:
        response = client.get(f"{COLLECTION}{path}", headers=headers)
        seen[path] = (response.status_code, response.get_json(silent=True))
        return seen[path][1]

    credentials = read("?page_size=100")["result"]["data"]
    issuers = read("issuers/?page_size=100")["result"]["data"]
    held = read("assertions/?page_size=100&include_revoked=true&include_expired=true")["data"]
    for query in ("?search=python", "?page=2&page_size=7", "assertions/"):
        read(query)
    for record in credentials:
        read(record["entityId"])
        read(f"{record['entityId']}/assertions/?page_size=100")
    for record in issuers:
        read(f"issuers/{record['entityId']}")
    for record in held:
        read(f"assertions/{record['entityId']}")
    assert len(seen) > 100
    return seen


def find_differences(left: Any, right: Any, path: str = "") -> set[str]:
    """Return the paths at which two values differ, without numbers of items."""
    if isinstance(left, dict) and isinstance(right, dict):
        names = left.keys() | right.keys()
        pairs = ((name, left.get(name), right.get(name)) for name in names)
        return {each for name, *pair in pairs for each in find_differences(*pair, f"{path}.{name}")}
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) != len(right):
            return {f"{path}[]"}
        pairs_of_items = zip(left, right, strict=True)
        return {each for pair in pairs_of_items for each in find_differences(*pair, path)}
    return set() if left == right else {path}


def save(captured: Captured, folder: Path) -> Path:
    """Write a captured world."""
    file = folder / "world.json"
    file.write_text(json.dumps(captured.world))
    return file


def test_what_was_captured_is_served_again(tmp_path: Path) -> None:
    """Capture from a mock, serve, compare all reads: with people kept, nothing differs."""
    app = make_app()
    captured = capture_app(app, keep_people=True)
    assert KEY not in json.dumps(captured.world)
    again = make_app(world=save(captured, tmp_path))
    left, right = read_all(app), read_all(again, OWN_KEY)
    assert left.keys() == right.keys()
    assert {
        path: each for path in left if (each := find_differences(left[path], right[path]))
    } == {}


def test_only_people_differ_after_scrubbing(tmp_path: Path) -> None:
    """Of two reads only names, usernames and free texts differ; ids and references fit."""
    app = make_app()
    again = make_app(world=save(capture_app(app), tmp_path))
    left, right = read_all(app), read_all(again, OWN_KEY)
    differing = {
        "metadata" if ".metadata" in path else path.rpartition(".")[2]
        for place in left
        for path in find_differences(left[place], right[place])
    }
    free = {"metadata", "narrative", "revocationReason"}
    assert differing <= {"name", "username", "signature"} | free
    assert {"name", "username"} <= differing
    text = json.dumps(right)
    for person in ("Falkenrath", "Asante-Hill", "Montalbano"):
        assert person in json.dumps(left, ensure_ascii=False)
        assert person not in text


def test_the_substitution_is_stable() -> None:
    """One seed gives the same people in each capture, another seed others."""
    app = make_app()
    first, second = capture_app(app).world, capture_app(app).world
    assert first == second
    assert capture_app(app, seed=7).world["users"] != first["users"]


SECRETS = ("captured-secret-key", "captured-cookie-value", "captured-url-token")


def test_no_secret_of_a_recording_is_in_the_world(tmp_path: Path) -> None:
    """Keys, cookies and tokens are gone, also inside of bodies, whether people are kept or not."""
    archive = record_in_process()
    key, cookie, token = SECRETS
    for entry in archive["log"]["entries"]:
        entry["request"]["headers"] = [
            {"name": "authorization", "value": f"Api-Key {key}"},
            {"name": "cookie", "value": f"sessionid={cookie}"},
        ]
        entry["request"]["url"] += f"{'&' if '?' in entry['request']['url'] else '?'}token={token}"
        content = entry["response"]["content"]
        if content["mimeType"] == "application/json" and '"result"' in content["text"]:
            body = json.loads(content["text"])
            items = body["result"].get("data", [body["result"]])
            for item in items if isinstance(items, list) else ():
                if "metadata" in item:
                    item["description"] = f"Sent with {key}, {cookie} and {token}."
                    item["metadata"] = {"api_key": "unknown-secret", "note": [f"Bearer {key}"]}
                    item["iconImage"] = f"https://cdn.example.com/a.png?Signature={token}&x=1"
            content["text"] = json.dumps(body)
    file = tmp_path / "traffic.har"
    file.write_text(json.dumps(archive))
    for keep_people in (True, False):
        recording = Recording(file)
        readings = list(recording.read())
        captured = capture(
            readings,
            recording.secrets,
            seed=1,
            keep_people=keep_people,
            fetch_pictures=None,
            missing={},
        )
        text = json.dumps(captured.world)
        assert captured.world["credentials"]
        assert "Sent with [removed]" in text
        assert not [each for each in (*SECRETS, "unknown-secret") if each in text]
        make_app(world=save(captured, tmp_path))


def test_people_are_gone_from_texts_too() -> None:
    """A recipient, a signatory and an e-mail address are replaced wherever they stand."""
    app = make_app()
    client, headers = app.test_client(), {"Authorization": f"Api-Key {KEY}"}
    issuer = client.get(f"{COLLECTION}issuers/", headers=headers).get_json()["result"]["data"][0]
    signatory = issuer["signatories"][0]["name"]
    body = {
        "name": f"In honour of {signatory}",
        "issuer": issuer["entityId"],
        "description": "Write to grace.hopper@navy.example.mil.",
        "metadata": {"by": "Grace Hopper", "level": 3, "mails": ["grace@navy.example.mil"]},
    }
    created = client.post(COLLECTION, json=body, headers=headers).get_json()["result"]["entityId"]
    world = capture_app(app).world
    [found] = [one for one in world["credentials"] if one["entityId"] == created]
    text = json.dumps(world, ensure_ascii=False)
    assert not [each for each in (signatory, "Hopper", "navy.example.mil") if each in text]
    assert found["name"].startswith("In honour of ")
    assert found["metadata"]["level"] == 3
    assert found["description"].endswith("@example.org.")


ODD: tuple[Any, ...] = (None, 7, True, [], {}, [None], {"entityId": 7}, "\ud800", [["a"]])


def test_records_of_another_shape_are_left_out(tmp_path: Path) -> None:
    """Whatever a service sends in the place of a field, the rest becomes a world that is served."""
    body = (
        make_app()
        .test_client()
        .get(f"{COLLECTION}?page_size=100", headers={"Authorization": f"Api-Key {KEY}"})
    )
    sound = body.get_json()["result"]["data"]
    fields = list(sound[0])
    for number, value in enumerate(ODD):
        items = [dict(item) for item in sound]
        for item, field in zip(items, fields, strict=False):
            item[field] = value
        items[-2]["issuerDetails"] = {**items[-2]["issuerDetails"], "signatories": value}
        items[-3]["courses"] = [{"course_id": value, "name": value}]
        reading = Reading("credential", "main", "1", tuple(items), is_listed=True)
        options: dict[str, Any] = {"keep_people": number % 2 == 0, "fetch_pictures": None}
        if "\ud800" in str(value):
            shown = {"status": {}, "result": {"data": items}}
            read = read_response("GET", COLLECTION, 200, shown)
            assert read is not None
            reading = read
        captured = capture([reading], (), seed=1, missing={}, **options)
        assert len(captured.world["credentials"]) >= len(sound) - len(fields)
        make_app(world=save(captured, tmp_path))


def test_it_says_what_it_could_not_see() -> None:
    """The bound on requests, refused lists, and what no list shows are named."""
    captured = capture_app(make_app(), most_requests=3)
    lines = "\n".join(captured.lines)
    assert "captured: 1 platforms" in lines
    assert "--max-requests was reached" in lines
    assert "not visible: keys, e-mail addresses and roles" in lines


@pytest.mark.parametrize(("org", "status"), [("nowhere", 404), ("acme", 403)])
def test_a_list_that_cannot_be_read_is_one_line(org: str, status: int) -> None:
    """A wrong platform or key ends the capture with a line that says so."""
    transport = httpx.WSGITransport(app=make_app())
    service = Service(
        "http://localhost",
        org,
        "1",
        KEY,
        scheme="Api-Key",
        rate=0,
        most_requests=9,
        transport=transport,
    )
    with pytest.raises(StartError) as error:
        list(service.read())
    assert f"the list returns {status}" in str(error.value) or status == 403
    assert KEY not in str(error.value)


def test_it_only_reads() -> None:
    """No request is anything but a GET, and none goes beyond the lists."""
    app = make_app()
    capture_app(app)
    sent = app.test_client().get("/__mock__/requests").get_json()["requests"]
    assert {each["method"] for each in sent} == {"GET"}


def test_the_command_captures_a_service_and_a_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A URL and the name of a target give the same world; the key comes from the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STAGING_KEY", KEY)
    with running("--quiet") as served:
        (tmp_path / "credcheck.toml").write_text(
            f'[target.staging]\nbase_url = "{served.url}"\norg = "main"\nuser_id = "1"\n'
            'keys = { admin = "env:STAGING_KEY" }\n'
        )
        place = ("--org", "main", "--user-id", "1", "--key", "env:STAGING_KEY")
        for name, words in (("url", (served.url, *place)), ("name", ("staging",))):
            with pytest.raises(SystemExit) as ended:
                main(["capture", *words, "-o", f"{name}.json"])
            assert not ended.value.code
    error = capsys.readouterr().err
    assert "key of the captured world: main-captured-key" in error
    assert KEY not in error
    worlds = [(tmp_path / f"{name}.json").read_text() for name in ("url", "name")]
    assert worlds[0] == worlds[1]
    assert len(json.loads(worlds[0])["credentials"]) > 50


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "neither": (("nowhere",), "neither a file, nor a URL, nor a target"),
    "no platform": (("http://127.0.0.1:1",), "--org: required"),
    "a key": (("http://127.0.0.1:1", *("--org", "a", "--user-id", "1", "--key", KEY)), "--key: "),
    "a password": (("http://a:b@host", "--org", "a", "--user-id", "1"), "not a valid URL"),
    "nobody": (("http://127.0.0.1:1", "--org", "a", "--user-id", "1"), "does not respond"),
}


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=list(WRONG))
def test_wrong_usage_is_one_line(
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2, and a line that names what is wrong, with no key in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREDCHECK_KEY_ADMIN", "key-of-nobody")
    with pytest.raises(SystemExit) as ended:
        main(["capture", *words])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert "key-of-nobody" not in error
    assert KEY not in error


def test_pictures_are_fetched_on_request_only(tmp_path: Path) -> None:
    """With --images a world has the content of an uploaded picture; without, its address."""
    app = make_app()
    client, headers = app.test_client(), {"Authorization": f"Api-Key {KEY}"}
    issuer = client.get(f"{COLLECTION}issuers/", headers=headers).get_json()["result"]["data"][0]
    upload = {"name": "p", "image": (BytesIO(PNG), "a.png")}
    image = client.post(f"{COLLECTION}images/", data=upload, headers=headers).get_json()["id"]
    body = {"name": "Pictured", "issuer": issuer["entityId"], "icon_image_id": image}
    created = client.post(COLLECTION, json=body, headers=headers).get_json()["result"]
    with_picture, without = capture_app(app), capture_app(app, images=False)
    again = make_app(world=save(with_picture, tmp_path))
    path = f"{COLLECTION}{created['entityId']}"
    response = again.test_client().get(path, headers={"Authorization": f"Api-Key {OWN_KEY}"})
    shown = response.get_json()["result"]
    assert shown["icon_image_id"] == created["icon_image_id"] == image
    assert again.test_client().get(shown["iconImage"]).data == PNG
    [left] = [one for one in without.world["credentials"] if one["name"] == "Pictured"]
    assert (left["iconImage"], left["icon_image_id"]) == (created["iconImage"], None)
    assert any("add --images" in line for line in without.lines)
    make_app(world=save(without, tmp_path))

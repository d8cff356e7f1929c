"""A session of an application, recorded in two ways, and the defects that are planted into it."""

import json
from collections.abc import Callable
from typing import Any

from mockserver import Config, create_app
from mockserver.config import RELEASES

COLLECTION = "/api/credentials/orgs/main/users/1/"
KEY = "main-admin-key"
Send = Callable[[str, str, Any], Any]
"""Sends a request with method, path and JSON body, and returns the JSON of the response or None."""
Archive = dict[str, Any]
Entry = dict[str, Any]


def use_the_application(send: Send) -> None:
    """List, search, create, read, change, delete, as a front end does, one after the other."""
    for page in range(1, 4):
        send("GET", f"{COLLECTION}?search=python&page_size=1&page={page}", None)
    issuers = send("GET", f"{COLLECTION}issuers/", None)
    body = {"name": "Recorded", "issuer": issuers["result"]["data"][0]["entityId"], "tags": ["a"]}
    created = send("POST", COLLECTION, body)["result"]["entityId"]
    send("GET", f"{COLLECTION}{created}", None)
    send("GET", f"{COLLECTION}?page_size=5", None)
    send("GET", f"{COLLECTION}?search=Recorded", None)
    send("PUT", f"{COLLECTION}{created}", {"description": "Changed"})
    send("GET", f"{COLLECTION}{created}", None)
    send("DELETE", f"{COLLECTION}{created}", None)
    send("GET", f"{COLLECTION}{created}", None)
    send("GET", f"{COLLECTION}?search=Recorded", None)
    send("GET", f"{COLLECTION}assertions/?page_size=2", None)
    send("GET", "/somewhere/else/", None)


def record_in_process() -> Archive:
    """Return the session as the journal of the mock writes it."""
    client = create_app(Config(api_version=RELEASES[-1])).test_client()
    headers = {"Authorization": f"Api-Key {KEY}"}

    def send(method: str, path: str, body: Any) -> Any:
        return client.open(path, method=method, json=body, headers=headers).get_json(silent=True)

    use_the_application(send)
    archive: Archive = client.get("/__mock__/requests.har").get_json()
    return archive


def find(archive: Archive, method: str, part: str, number: int = 0) -> Entry:
    """Return an entry by its method, a part of its URL or the end of its path, and its number."""
    entries = [
        entry
        for entry in archive["log"]["entries"]
        if entry["request"]["method"] == method
        and (part in entry["request"]["url"] if part else _is_item(entry["request"]["url"]))
    ]
    entry: Entry = entries[number]
    return entry


def _is_item(url: str) -> bool:
    rest = url.partition("/users/1/")[2]
    return bool(rest) and "/" not in rest and "?" not in rest


def change(entry: Entry, edit: Callable[[Any], Any]) -> None:
    """Change the JSON of a response, as a service with a defect would have sent it."""
    content = entry["response"]["content"]
    value = json.loads(content["text"])
    content["text"] = json.dumps(edit(value) or value)
    content["size"] = len(content["text"].encode())
    for header in entry["response"]["headers"]:
        if header["name"].lower() == "content-length":
            header["value"] = str(content["size"])


def set_field(path: str, value: Any) -> Callable[[Any], None]:
    """Return an edit that sets a field, whose path is a text with dots."""

    def edit(body: Any) -> None:
        *steps, last = path.split(".")
        for step in steps:
            body = body[int(step) if step.isdecimal() else step]
        body[last] = value

    return edit


def _drop_listed(archive: Archive) -> None:
    def edit(body: Any) -> None:
        result = body["result"]
        result["data"] = [item for item in result["data"] if item["name"] != "Recorded"]
        result["count"] = len(result["data"])

    change(find(archive, "GET", "search=Recorded"), edit)


def _list_deleted(archive: Archive) -> None:
    shown = json.loads(find(archive, "GET", "", 1)["response"]["content"]["text"])["result"]
    edit = {"data": [shown], "count": 1}
    change(find(archive, "GET", "search=Recorded", 1), lambda body: body["result"].update(edit))


def _answer_deleted(archive: Archive) -> None:
    find(archive, "GET", "", 2)["response"] = find(archive, "GET", "", 1)["response"]


def _repeat_item(archive: Archive) -> None:
    first = json.loads(find(archive, "GET", "&page=1")["response"]["content"]["text"])
    change(find(archive, "GET", "&page=2"), set_field("result.data", first["result"]["data"]))


def _return_error(archive: Archive) -> None:
    response = find(archive, "GET", "issuers/")["response"]
    response["status"] = 500


def _lose_created(archive: Archive) -> None:
    find(archive, "GET", "", 0)["response"] = find(archive, "GET", "", 2)["response"]


def _reverse(archive: Archive) -> None:
    change(find(archive, "GET", "page_size=5"), lambda body: body["result"]["data"].reverse())


def _drop_search(archive: Archive) -> None:
    def edit(body: Any) -> None:
        body["result"]["next"] = body["result"]["next"].replace("search=python", "other=python")

    change(find(archive, "GET", "&page=1"), edit)


def _list_anything(archive: Archive) -> None:
    texts = {"name": "Something", "name_override": None, "description": "else"}
    change(find(archive, "GET", "&page=1"), lambda body: body["result"]["data"][0].update(texts))


def _move_creation(archive: Archive) -> None:
    edit = set_field("result.createdAt", "2020-01-01T00:00:00Z")
    change(find(archive, "PUT", ""), edit)
    change(find(archive, "GET", "", 1), edit)


def _edit(method: str, part: str, path: str, value: Any, number: int = 0) -> Callable[..., None]:
    return lambda archive: change(find(archive, method, part, number), set_field(path, value))


DEFECTS: dict[str, tuple[Callable[[Archive], None], str]] = {
    "a field has the wrong type": (_edit("GET", "", "result.name", 7), "SCHEMA-01"),
    "the envelope reports a failure": (_edit("GET", "", "status.success", False), "SCHEMA-06"),
    "an image is a path": (
        _edit("GET", "page_size=5", "result.data.1.iconImage", "/icon.png"),
        "SCHEMA-07",
    ),
    "a list returns 500": (_return_error, "ERR-01"),
    "num_pages is rounded down": (_edit("GET", "&page=1", "result.num_pages", 2), "PAGE-02"),
    "previous is lost": (_edit("GET", "&page=2", "result.previous", None), "PAGE-03"),
    "next drops the search": (_drop_search, "PAGE-04"),
    "an item is on two pages": (_repeat_item, "PAGE-01"),
    "the oldest come first": (_reverse, "PAGE-07"),
    "a search lists anything": (_list_anything, "SEARCH-01"),
    "what is created is not what was sent": (
        _edit("POST", COLLECTION, "result.tags", ["b"]),
        "STATE-02",
    ),
    "what is read is not what was created": (
        _edit("GET", "", "result.tags", ["b"], 0),
        "STATE-02",
    ),
    "an update changes the time of creation": (_move_creation, "STATE-04"),
    "an update is not read": (_edit("GET", "", "result.description", "Old", 1), "STATE-02"),
    "what was created cannot be read": (_lose_created, "STATE-14"),
    "what was created is not listed": (_drop_listed, "STATE-14"),
    "a deleted id is answered": (_answer_deleted, "STATE-09"),
    "a deleted item is listed": (_list_deleted, "STATE-09"),
    "an assertion is missing on a page": (
        _edit("GET", "assertions/", "data", []),
        "ASSERT-01",
    ),
}
"""Defects of a service, planted into a recording, each with the rule that names it."""

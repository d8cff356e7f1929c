"""The defaults of Django REST Framework, message by message.

The differential test compares the same with the real framework; these are the fixed points.
"""

import json
import re
import socket
from io import BytesIO
from typing import Any

import httpx
import pytest

from mockserver import Config, create_app
from mockserver.config import RELEASES, Release
from tests.conftest import API, MAIN, NOW
from tests.support.server import RunningServer
from tests.support.waiting import PATIENCE
from tests.support.world import listed

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LONG = "x" * 1001


@pytest.mark.parametrize(
    ("field", "value", "errors"),
    [
        ("name", None, ["This field may not be null."]),
        ("name", "", ["This field may not be blank."]),
        ("name", " \t\n", ["This field may not be blank."]),
        ("name", LONG, ["Ensure this field has no more than 1000 characters."]),
        ("name", True, ["Not a valid string."]),
        ("name", [], ["Not a valid string."]),
        ("name", {}, ["Not a valid string."]),
        ("name", "a\x00b", ["Null characters are not allowed."]),
        ("name", "a\ud800", ["Surrogate characters are not allowed: U+D800."]),
        (
            "name",
            LONG + "\x00",
            [
                "Ensure this field has no more than 1000 characters.",
                "Null characters are not allowed.",
            ],
        ),
        ("criteriaUrl", "no url", ["Enter a valid URL."]),
        ("criteriaUrl", "javascript:alert(1)", ["Enter a valid URL."]),
        ("criteriaUrl", "", ["This field may not be blank."]),
        ("criteria_url", "no url", ["Enter a valid URL."]),
        ("icon_image_id", "x", ["Incorrect type. Expected pk value, received str."]),
        ("icon_image_id", "1.0", ["Incorrect type. Expected pk value, received str."]),
        ("icon_image_id", True, ["Incorrect type. Expected pk value, received bool."]),
        ("icon_image_id", [1], ["Incorrect type. Expected pk value, received list."]),
        ("icon_image_id", 999, ['Invalid pk "999" - object does not exist.']),
        ("public", "maybe", ["Must be a valid boolean."]),
        ("public", None, ["This field may not be null."]),
        ("public", [], ["Must be a valid boolean."]),
        ("signal", "NO", ['"NO" is not a valid choice.']),
        ("signal", None, ["This field may not be null."]),
        ("signal", 5, ['"5" is not a valid choice.']),
        ("tags", "x", ['Expected a list of items but got type "str".']),
        ("tags", {}, ['Expected a list of items but got type "dict".']),
        ("tags", ["a", ""], {"1": ["This field may not be blank."]}),
        ("tags", [None], {"0": ["This field may not be null."]}),
        ("courses", ["nowhere"], ["Object with course_id=nowhere does not exist."]),
        ("courses", None, ["This field may not be null."]),
        (
            "expires",
            "x",
            {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]},
        ),
        ("expires", {"amount": "x"}, {"amount": ["A valid integer is required."]}),
        (
            "expires",
            {"amount": -(2**31) - 1},
            {"amount": ["Ensure this value is greater than or equal to -2147483648."]},
        ),
        (
            "expires",
            {"amount": 2**31},
            {"amount": ["Ensure this value is less than or equal to 2147483647."]},
        ),
        *(
            ("expires", {"duration": unit}, {"duration": [f'"{unit}" is not a valid choice.']})
            for unit in ("", "hours", "fortnights", "Days", "day")
        ),
        ("expires", None, ["This field may not be null."]),
        ("metadata", "a\ud800", ["Value must be valid JSON."]),
    ],
)
def test_a_bad_value_is_refused_in_the_frameworks_words(
    shared_api: API, field: str, value: Any, errors: Any
) -> None:
    """A field that does not validate is named with the framework's message."""
    body = {"name": "n", "issuer": shared_api.issuer(), field: value}
    response = shared_api.post(data=json.dumps(body), content_type=JSON)
    assert (response.status_code, response.json) == (400, {field: errors})


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("name", 5, "5"),
        ("name", 1.5, "1.5"),
        ("name", "  trimmed ", "trimmed"),
        ("description", "", ""),
        ("icon_image_id", "1", 1),
        ("icon_image_id", 1.5, 1),
        ("tags", [1, "b "], ["1", "b"]),
        ("criteriaUrl", "http://localhost:1/ä?{x}", "http://localhost:1/ä?{x}"),
        ("criteriaUrl", "ftp://user:pass@1.2.3.4/", "ftp://user:pass@1.2.3.4/"),
        ("criteriaUrl", "https://[::1]/", "https://[::1]/"),
        ("expires", {"amount": "7"}, {"amount": 7, "duration": None}),
        ("expires", {"amount": -3}, {"amount": -3, "duration": None}),
        ("expires", {"duration": "weeks"}, {"amount": None, "duration": "weeks"}),
        ("expires", {}, {"amount": None, "duration": None}),
    ],
)
def test_where_the_framework_is_lenient_it_wins(
    api: API, field: str, value: Any, stored: Any
) -> None:
    """Numbers for texts, digits for numbers, white space around: accepted and converted."""
    assert api.create(**{field: value})[field] == stored


@pytest.mark.parametrize("value", ["true", "YES", "on", 1, "1", "t", "y", 1.0])
def test_words_for_true(api: API, value: Any) -> None:
    """A boolean accepts the usual words."""
    created = api.create(public=value)
    assert api.result("?page_size=1")["data"][0]["entityId"] == created["entityId"]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"{", JSON, "JSON parse error - Expecting property name enclosed in double quotes: "
         "line 1 column 2 (char 1)"),
        (b" ", JSON, "JSON parse error - Expecting value: line 1 column 2 (char 1)"),
        (b'{"a": NaN}', JSON, "JSON parse error - Out of range float values are not JSON "
         "compliant: 'NaN'"),
        (b'{"a": "\xff"}', JSON, "JSON parse error - 'utf-8' codec can't decode byte 0xff in "
         "position 7: invalid start byte"),
        (b"\xef\xbb\xbf{}", JSON, "JSON parse error - Unexpected UTF-8 BOM (decode using "
         "utf-8-sig): line 1 column 1 (char 0)"),
        (b"{}", f"{JSON}; charset=bz2_codec", 'Unsupported charset "bz2_codec" in request '
         "Content-Type header."),
        (b"x", "multipart/form-data", "Multipart form parse error - Invalid boundary in "
         "multipart: None"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_parsed(
    shared_api: API, body: bytes, content_type: str, expected: str
) -> None:
    """A malformed body is 400 with the parser's sentence."""
    response = shared_api.post(data=body, content_type=content_type)
    assert (response.status_code, response.json) == (400, {"detail": expected})


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b"[]", ["Invalid data. Expected a dictionary, but got list."]),
        (b'"x"', ["Invalid data. Expected a dictionary, but got str."]),
        (b"null", ["No data provided"]),
    ],
)
def test_a_body_that_is_no_object(shared_api: API, body: bytes, errors: list[str]) -> None:
    """Any JSON but an object is an error of the body as a whole."""
    response = shared_api.post(data=body, content_type=JSON)
    assert (response.status_code, response.json) == (400, {"non_field_errors": errors})


def test_deep_nesting_is_a_parse_error(shared_api: API) -> None:
    """A body nested without end is refused and breaks nothing."""
    response = shared_api.post(data=b"[" * 100_000, content_type=JSON)
    assert response.status_code == 400


def test_several_errors_come_together(shared_api: API) -> None:
    """The errors of all fields are in one response."""
    body = {"name": "", "signal": "x", "tags": [""], "icon_image_id": 999}
    response = shared_api.post(body)
    assert response.json is not None
    assert response.json.keys() == {"name", "signal", "tags", "icon_image_id", "issuer"}


@pytest.mark.parametrize("content_type", [JSON, FORM, "multipart/form-data", None])
def test_an_empty_body_is_an_empty_object(shared_api: API, content_type: str | None) -> None:
    """Without a byte of body, whatever its type, the required fields are missing."""
    response = shared_api.post(data=b"", content_type=content_type)
    required = ["This field is required."]
    assert (response.status_code, response.json) == (400, {"name": required, "issuer": required})


@pytest.mark.parametrize("content_type", ["text/csv", "", "application/xml", "nonsense", "json"])
def test_an_unknown_media_type_is_415(shared_api: API, content_type: str) -> None:
    """A body that no parser accepts is refused with its type."""
    response = shared_api.post(data=b"x", headers={"Content-Type": content_type})
    assert (response.status_code, response.json) == (
        415,
        {"detail": f'Unsupported media type "{content_type}" in request.'},
    )


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "", "GET, POST, HEAD, OPTIONS"),
        ("DELETE", "", "GET, POST, HEAD, OPTIONS"),
        ("POST", "x", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("TRACE", "x", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("BREW", "issuers/", "GET, POST, HEAD, OPTIONS"),
    ],
)
def test_other_methods_are_405_with_allow(
    shared_api: API, method: str, path: str, allow: str
) -> None:
    """A method that a path does not have is 405 for an admin, 401 without a key."""
    response = shared_api.send(method, path)
    assert (response.status_code, response.json) == (
        405,
        {"detail": f'Method "{method}" not allowed.'},
    )
    assert response.headers["Allow"] == allow
    assert shared_api.acting(None).send(method, path).status_code == 401


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("*/*", 200),
        ("application/*", 200),
        ("application/json", 200),
        ("text/html, application/json;q=0.1", 200),
        ("application/json; version=2", 200),
        ("text/html", 406),
        ("", 406),
        ("nonsense", 406),
        ("application/xml, text/*", 406),
    ],
)
def test_only_json_is_acceptable(shared_api: API, accept: str | None, status: int) -> None:
    """An Accept header without JSON is 406."""
    response = shared_api.get(headers={} if accept is None else {"Accept": accept})
    assert response.status_code == status
    if status == 406:
        assert response.json == {"detail": "Could not satisfy the request Accept header."}


def test_indent_in_accept_indents(shared_api: API) -> None:
    """`Accept: application/json; indent=4` spreads the body over lines."""
    response = shared_api.get("?page_size=1", headers={"Accept": "application/json; indent=4"})
    assert response.data.startswith(b'{\n    "status": {\n        "success": true,')
    assert response.json == shared_api.get("?page_size=1").json


def test_format_is_checked_before_the_key(shared_api: API) -> None:
    """`?format=json` is fine, any other format is 404 even without a key."""
    assert shared_api.get("?format=json").status_code == 200
    response = shared_api.acting(None).get("?format=xml")
    assert (response.status_code, response.json) == (404, {"detail": "Not found."})


def test_head_is_get_without_a_body(shared_api: API) -> None:
    """HEAD returns the headers of GET."""
    got, head = shared_api.get(), shared_api.send("HEAD")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.headers["Content-Type"] == "application/json"
    assert shared_api.send("HEAD", "nothing").status_code == 404


def test_options_describes_the_path(shared_api: API) -> None:
    """OPTIONS needs a key and says what a path renders and parses."""
    response = shared_api.send("OPTIONS")
    assert response.json == {
        "name": "Credentials",
        "description": "",
        "renders": [JSON],
        "parses": [JSON, "application/scim+json", FORM, "multipart/form-data"],
    }
    assert shared_api.acting(None).send("OPTIONS").status_code == 401


@pytest.mark.parametrize("release", RELEASES)
def test_scim_is_json_from_release_4_90_on(release: Release) -> None:
    """A body that is labelled SCIM is read as JSON; before it is an unsupported media type."""
    api = API(create_app(Config(strict=True, now=NOW, api_version=release)))
    body = {"name": "n", "issuer": api.issuer()}
    response = api.send("POST", data=json.dumps(body), content_type="application/scim+json")
    if release == "3.59":
        detail = 'Unsupported media type "application/scim+json" in request.'
        assert (response.status_code, response.json) == (415, {"detail": detail})
    else:
        assert (response.status_code, response.json["result"]["name"]) == (200, "n")


def test_every_response_has_allow_and_no_vary(shared_api: API) -> None:
    """The framework sends `Vary` only where it has more than one renderer."""
    for response in (shared_api.get(), shared_api.acting(None).get(), shared_api.get("nothing")):
        assert response.headers["Allow"]
        assert "Vary" not in response.headers


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
def test_a_collection_without_its_slash_is_redirected(shared_api: API, method: str) -> None:
    """301 with an empty body to path and query, for any method and without a key."""
    path = MAIN.removesuffix("/")
    response = shared_api.acting(None).send(method, f"{path}?search=a%20b&page=2")
    assert (response.status_code, response.data) == (301, b"")
    assert response.headers["Location"] == f"{MAIN}?search=a%20b&page=2"


def test_an_item_with_a_slash_is_the_plain_404(shared_api: API) -> None:
    """A path without an operation is Django's page, without the framework's headers."""
    for path in (f"{listed()[0]['entityId']}/", "/", "/api/", "/api/credentials/", "//x"):
        response = shared_api.get(path)
        assert response.status_code == 404, path
        assert response.content_type == "text/html; charset=utf-8"
        assert b"<h1>Not Found</h1>" in response.data
        assert "Allow" not in response.headers


def test_issuers_without_its_slash_is_an_item(shared_api: API) -> None:
    """Django finds `…/issuers` to be a credential of that id."""
    response = shared_api.get("issuers")
    assert response.json == {"detail": "No Credential matches the given query."}


def test_the_order_of_errors(shared_api: API) -> None:
    """406, 401, 403, 405, 404, 415, 400: each error takes precedence over the next."""
    html = {"Accept": "text/html"}
    csv: dict[str, Any] = {"data": b"x", "headers": {"Content-Type": "text/csv"}}
    nobody, learner = shared_api.acting(None), shared_api.acting("main-learner-key")
    assert nobody.send("PATCH", headers=html).status_code == 406
    assert nobody.send("PATCH", **csv).status_code == 401
    assert learner.send("PUT", "nothing", **csv).status_code == 403
    assert shared_api.send("PATCH", "nothing", **csv).status_code == 405
    assert shared_api.send("PUT", "nothing", **csv).status_code == 404
    assert shared_api.send("PUT", listed()[0]["entityId"], **csv).status_code == 415
    assert shared_api.put("nothing", data=b"{", content_type=JSON).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["search=%FF", "search=%00", "search=%E2%80%AE", "course=%ED%A0%80", "page_size=%F0%9F%8E%93"],
)
def test_odd_queries_do_no_harm(shared_api: API, query: str) -> None:
    """Bytes that are not text, NUL and direction marks in a query are accepted as data."""
    assert shared_api.get(f"?{query}").status_code == 200


@pytest.mark.parametrize("path", ["%FF", "%00", "%E2%80%AE", "x%2Fy", "'", "%25", "a%20b"])
def test_odd_paths_do_no_harm(shared_api: API, path: str) -> None:
    """An id of any bytes is 404."""
    assert shared_api.get(path).status_code == 404


def test_line_separators_are_escaped(api: API) -> None:
    """U+2028 and U+2029 are written as escapes, as the framework's renderer does."""
    created = api.create(name="a\u2028b\u2029c")
    response = api.get(created["entityId"])
    assert b"a\\u2028b\\u2029c" in response.data
    assert created["name"] == "a\u2028b\u2029c"


@pytest.mark.parametrize("content_type", [JSON, FORM, "multipart/form-data; boundary=x"])
def test_a_body_over_the_limit_is_djangos_page(content_type: str) -> None:
    """Too large a body is the plain 400, after authentication and look-up."""
    api = API(create_app(Config(maximum_body=1000, strict=True, now=NOW)))
    body = b'{"name": "' + b"x" * 1000 + b'"}'
    if "multipart" in content_type:
        body = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n%b\r\n--x--' % body
    response = api.post(data=body, content_type=content_type)
    assert response.status_code == 400
    assert response.content_type == "text/html; charset=utf-8"
    assert b"Bad Request (400)" in response.data
    assert api.acting(None).post(data=body, content_type=content_type).status_code == 401


def test_a_media_type_is_refused_before_a_size() -> None:
    """As the framework looks for a parser first, a large body of another kind is 415."""
    api = API(create_app(Config(maximum_body=1000, now=NOW)))
    for size in (10, 2000):
        assert api.post(data=b"x" * size, content_type="text/plain").status_code == 415
    assert api.post(data=b"", content_type="text/plain").status_code == 400


@pytest.mark.parametrize(("length", "status"), [(1000, 200), (1001, 400)])
def test_a_body_without_a_length_is_limited_too(length: int, status: int) -> None:
    """A chunked body is accepted up to the limit, and not cut there."""
    api = API(create_app(Config(maximum_body=1000, strict=True, now=NOW)))
    body = json.dumps({"name": "Fresh", "issuer": api.issuer()}).encode().ljust(length)
    response = api.send(
        "POST",
        input_stream=BytesIO(body),
        content_type=JSON,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (response.status_code, b"Bad Request" in response.data) == (status, status == 400)


def test_a_chunked_body_is_limited_on_the_wire(server: RunningServer) -> None:
    """The real server passes all of it on, or the response is the plain 400."""
    issuer = issuer_of(server)
    document = json.dumps({"name": "Fresh", "issuer": issuer}).encode()
    for size, status in ((2_000_000, 200), (Config().maximum_body + 1, 400)):
        chunks = iter([document, b" " * (size - len(document))])
        headers = {"Authorization": "main-admin-key", "Content-Type": JSON}
        response = httpx.post(server.collection, content=chunks, headers=headers, timeout=PATIENCE)
        assert response.status_code == status, response.text[:200]


@pytest.mark.parametrize("path", ["", "nothing/at/all/", "/nowhere"])
@pytest.mark.parametrize("key", ["main-admin-key", "no-such-key"])
@pytest.mark.parametrize("content_type", [JSON, "multipart/form-data; boundary=x"])
def test_a_client_can_send_all_of_a_large_body(
    server: RunningServer, path: str, key: str, content_type: str
) -> None:
    """A client that writes first and reads then, as Node's `fetch` does, is not cut off."""
    url = httpx.URL(server.url if path[:1] == "/" else server.collection).join(path or ".")
    head = (
        f"POST {url.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Api-Key {key}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: 8000000\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE) as connection:
        connection.sendall(head.encode())
        for _ in range(80):
            connection.sendall(b"x" * 100_000)
        answer = connection.recv(1000)
    assert re.match(rb"HTTP/1.1 40[014] ", answer), answer


def issuer_of(server: RunningServer) -> str:
    """Return an issuer that a server has."""
    headers = {"Authorization": "main-admin-key"}
    url = f"{server.collection}issuers/"
    page = httpx.get(url, headers=headers, timeout=PATIENCE).raise_for_status().json()
    return str(page["result"]["data"][0]["entityId"])


def test_an_upload_is_kept_in_memory(server: RunningServer) -> None:
    """A big image needs no folder for temporary files, which the server may not have."""
    comment = f"<!--{'x' * 1_000_000}-->"
    picture = f'<svg xmlns="http://www.w3.org/2000/svg">{comment}</svg>'.encode()
    response = httpx.post(
        f"{server.collection}images/",
        files={"image": ("big.svg", picture, "image/svg+xml")},
        headers={"Authorization": "main-admin-key"},
        timeout=PATIENCE,
    )
    assert response.status_code in (200, 201), response.text


def test_too_many_fields_are_djangos_page(shared_api: API) -> None:
    """More than a thousand fields are the plain 400, in a query as in a form."""
    many = "&".join(f"a{n}=1" for n in range(1001))
    assert shared_api.get(f"?{many}").status_code == 400
    assert shared_api.post(data=many, content_type=FORM).status_code == 400
    assert shared_api.get("?" + many.removesuffix("&a1000=1")).status_code == 200

"""Archives are read as each tool writes them, and what they leave out is known to be missing."""

import base64
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from contract_tests.errors import UsageError
from contract_tests.traffic import har
from contract_tests.traffic.har import Recorded, read_archive

URL = "https://staging.example.com/dm/api/credentials/orgs/main/users/7/"
BODY = '{"result": "é"}'


def entry(
    content: dict[str, Any] | None = None,
    *,
    request: dict[str, Any] | None = None,
    response: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return an entry as a browser writes it, with some fields changed."""
    whole = {"size": len(BODY.encode()), "mimeType": "application/json", "text": BODY}
    return {
        "startedDateTime": "2026-03-01T10:00:00.000Z",
        "time": 20.5,
        "request": {"method": "GET", "url": URL, "headers": [], "bodySize": 0, **(request or {})},
        "response": {
            "status": 200,
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": whole if content is None else content,
            "bodySize": -1,
            **(response or {}),
        },
        "timings": {"send": 0, "wait": 20, "receive": 0.5},
        **fields,
    }


def read(tmp_path: Path, *entries: Any, creator: str = "WebInspector") -> tuple[Recorded, ...]:
    """Write an archive and read it."""
    file = tmp_path / "traffic.har"
    file.write_text(json.dumps({"log": {"creator": {"name": creator}, "entries": entries}}))
    return read_archive(file)


def test_an_exchange_is_read(tmp_path: Path) -> None:
    """Method, URL without fragment, headers in lower case, bodies and times are there."""
    request = {
        "method": "post",
        "url": f"{URL}?page=2#top",
        "headers": [
            {"name": ":authority", "value": "staging.example.com"},
            {"name": "X-One", "value": "a"},
            {"name": "x-one", "value": "b"},
        ],
        "postData": {"mimeType": "application/json", "text": "{}"},
        "bodySize": 2,
    }
    (recorded,) = read(tmp_path, entry(request=request))
    assert (recorded.number, recorded.method, recorded.url) == (1, "POST", f"{URL}?page=2")
    assert recorded.request_headers == {"x-one": "a, b"}
    assert (recorded.request_body, recorded.request_is_whole) == (b"{}", True)
    assert (recorded.response_body, recorded.response_is_whole) == (BODY.encode(), True)
    assert recorded.started is not None
    assert recorded.ended == recorded.started + 0.0205
    assert (recorded.is_answered, recorded.is_local) == (True, False)


SIZE = len(BODY.encode())
BASE64 = base64.b64encode(BODY.encode()).decode()
CONTENTS: dict[str, tuple[dict[str, Any], bytes, bool]] = {
    "base64": ({"size": SIZE, "text": BASE64, "encoding": "base64"}, BODY.encode(), True),
    "Chrome has dropped the body": ({"size": SIZE, "mimeType": "application/json"}, b"", False),
    "Chrome for an empty body": ({"size": 0, "mimeType": "x-unknown"}, b"", True),
    "Playwright leaves bodies out": ({"size": -1, "mimeType": "application/json"}, b"", False),
    "Playwright knows no size": ({"size": -1, "text": BODY}, BODY.encode(), True),
    "mitmproxy keeps no body of a stream": (
        {"size": 0, "compression": 0, "text": None},
        b"",
        False,
    ),
    "mitmproxy counts what was compressed": (
        {"size": SIZE + 20, "compression": -20, "text": BODY},
        BODY.encode(),
        True,
    ),
    "the body is cut": ({"size": SIZE + 1, "text": BODY}, BODY.encode(), False),
    "the mock says that it cut": (
        {"size": 2, "text": "(not kept)", "comment": "cut: 10 of 2 bytes"},
        b"(not kept)",
        False,
    ),
    "the Base64 is damaged": ({"size": 9, "text": "a", "encoding": "base64"}, b"", False),
    "there is no content": ({}, b"", False),
}


@pytest.mark.parametrize(("content", "body", "is_whole"), CONTENTS.values(), ids=list(CONTENTS))
def test_a_body_is_whole_or_known_not_to_be(
    content: dict[str, Any], body: bytes, is_whole: bool, tmp_path: Path
) -> None:
    """A body that is missing or cut is never taken for an empty or a damaged one."""
    (recorded,) = read(tmp_path, entry(content))
    assert (recorded.response_body, recorded.response_is_whole) == (body, is_whole)


def test_a_length_in_the_headers_shows_a_cut(tmp_path: Path) -> None:
    """A body shorter than its Content-Length was cut, unless that is of the compressed body."""
    headers = [{"name": "content-length", "value": "1000"}]
    compressed = [*headers, {"name": "content-encoding", "value": "gzip"}]
    content = {"size": -1, "text": BODY}
    plain, zipped = read(
        tmp_path,
        entry(content, response={"headers": headers}),
        entry(content, response={"headers": compressed}),
    )
    assert (plain.response_is_whole, zipped.response_is_whole) == (False, True)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("DELETE", 204), ("GET", 304)])
def test_a_response_without_a_body_is_whole(method: str, status: int, tmp_path: Path) -> None:
    """Where HTTP has no body, none is missing, whatever the sizes say."""
    response = {"status": status, "headers": [{"name": "Content-Length", "value": "50"}]}
    (recorded,) = read(tmp_path, entry({"size": -1}, request={"method": method}, response=response))
    assert recorded.response_is_whole


def test_the_content_type_is_that_of_the_content_where_no_header_is_kept(tmp_path: Path) -> None:
    """A tool that writes no headers writes the media type beside the body."""
    with_none, with_some = read(
        tmp_path,
        entry(response={"headers": []}),
        entry(response={"headers": [{"name": "X-Other", "value": "1"}]}),
    )
    assert with_none.response_headers == {"content-type": "application/json"}
    assert with_some.response_headers == {"x-other": "1"}


FAILED: dict[str, dict[str, Any]] = {
    "Chrome": {"status": 0, "_error": "net::ERR_BLOCKED_BY_CLIENT"},
    "Playwright": {"status": -1, "_failureText": "net::ERR_ABORTED"},
    "mitmproxy": {"status": 0, "headers": [], "content": {}, "_error": None},
}


@pytest.mark.parametrize("response", FAILED.values(), ids=list(FAILED))
def test_a_failed_request_has_no_response(response: dict[str, Any], tmp_path: Path) -> None:
    """Status 0 of Chrome and mitmproxy, -1 of Playwright: nothing was answered."""
    (recorded,) = read(tmp_path, entry(response=response))
    assert recorded.status == 0
    assert not recorded.is_answered


LOCAL: tuple[dict[str, Any], ...] = (
    {"_fromCache": "memory"},
    {"_fetchedViaServiceWorker": True},
    {"_wasFulfilled": True},
    {"response": {"status": 304}},
)


@pytest.mark.parametrize("fields", LOCAL, ids=str)
def test_what_the_browser_answered_is_marked(fields: dict[str, Any], tmp_path: Path) -> None:
    """A cache, a service worker and a route of a test are not the service."""
    (recorded,) = read(tmp_path, entry(**fields))
    assert recorded.is_local


TIMES: dict[str, tuple[dict[str, Any], bool]] = {
    "no duration": ({"time": -1, "timings": {"send": -1, "wait": -1}}, False),
    "its parts only": ({"time": -1, "timings": {"wait": 20.5}}, True),
    "no time zone": ({"startedDateTime": "2026-03-01T10:00:00"}, False),
    "no time": ({"startedDateTime": None}, False),
    "not a number": ({"time": float("nan"), "timings": None}, False),
}


@pytest.mark.parametrize(("fields", "is_known"), TIMES.values(), ids=list(TIMES))
def test_a_time_that_is_not_recorded_is_unknown(
    fields: dict[str, Any], is_known: bool, tmp_path: Path
) -> None:
    """Of two exchanges the first is before the other only where both times are known."""
    first, later = read(
        tmp_path, entry(**fields), entry(startedDateTime="2026-03-01T10:00:01.000Z")
    )
    assert first.is_before(later) is is_known
    assert not later.is_before(first)


def test_a_form_may_be_recorded_as_parameters(tmp_path: Path) -> None:
    """Some tools write the fields of a form, and no text."""
    data = {
        "mimeType": "application/x-www-form-urlencoded; charset=UTF-8",
        "params": [{"name": "name", "value": "a b"}, {"name": "name", "value": "&"}],
    }
    (recorded,) = read(tmp_path, entry(request={"method": "POST", "postData": data}))
    assert recorded.request_body == b"name=a+b&name=%26"


def test_a_request_body_that_is_left_out_is_missing(tmp_path: Path) -> None:
    """Chrome leaves out files that are sent, and says how many bytes there were."""
    (recorded,) = read(tmp_path, entry(request={"method": "POST", "bodySize": 99}))
    assert not recorded.request_is_whole


def test_bodies_in_files_are_read(tmp_path: Path) -> None:
    """Playwright writes bodies beside the archive or into one zip file; no name is a path."""
    name = f"{'a' * 40}.json"
    (tmp_path / name).write_text(BODY)
    (tmp_path.parent / "secret.json").write_text("secret")
    entries = [
        entry({"size": SIZE, "_file": name}),
        entry({"size": SIZE, "_file": "../secret.json"}),
        entry({"size": SIZE, "_file": f"{'b' * 40}.json"}),
    ]
    beside = read(tmp_path, *entries)
    assert [one.response_body for one in beside] == [BODY.encode(), b"", b""]
    assert [one.response_is_whole for one in beside] == [True, False, False]
    with zipfile.ZipFile(tmp_path / "traffic.zip", "w") as file:
        file.write(tmp_path / "traffic.har", "har.har")
        file.writestr(name, BODY)
    zipped = read_archive(tmp_path / "traffic.zip")
    assert [one.response_body for one in zipped] == [BODY.encode(), b"", b""]


def test_other_encodings_of_the_file_are_read(tmp_path: Path) -> None:
    """The file may be compressed by mitmproxy, in UTF-16 or with a byte order mark."""
    read(tmp_path, entry())
    text = (tmp_path / "traffic.har").read_text()
    for content in (
        zlib.compress(text.encode(), 9),
        text.encode("utf-16"),
        text.encode("utf-8-sig"),
    ):
        (tmp_path / "other.zhar").write_bytes(content)
        assert len(read_archive(tmp_path / "other.zhar")) == 1


def test_a_run_of_credcheck_cuts_bodies_without_a_word(tmp_path: Path) -> None:
    """A body of the length at which a run cuts is not taken for a whole one."""
    text = "x" * 2_000
    content = {"size": len(text), "text": text}
    assert not read(tmp_path, entry(content), creator="credcheck")[0].response_is_whole
    assert read(tmp_path, entry(content))[0].response_is_whole


def test_the_representation_shows_no_key(tmp_path: Path) -> None:
    """Headers and bodies may hold keys, and appear in no message by accident."""
    request = {
        "headers": [{"name": "Authorization", "value": "Api-Key secret-key"}],
        "postData": {"text": '{"password": "secret-key"}'},
    }
    (recorded,) = read(tmp_path, entry(request=request))
    assert "secret-key" in recorded.request_headers["authorization"]
    assert "secret-key" not in repr(recorded)


WRONG: dict[str, tuple[bytes, str]] = {
    "no JSON": (b'{"log": ', "not valid JSON: line 1, column 9"),
    "no archive": (b'{"log": {}}', "not an HTTP Archive: expected an object with `log.entries`"),
    "a list": (b"[]", "not an HTTP Archive"),
    "too deep": (b"[" * 200_000, "nested too deeply"),
    "an entry that is none": (b'{"log": {"entries": [7]}}', "entry 1: expected an object"),
    "no request": (b'{"log": {"entries": [{}]}}', "entry 1: `request` has no `method` and `url`"),
    "empty": (b"", "the file is empty"),
    "not text": (b"\xff{}", "not UTF-8 text"),
    "a damaged zip file": (b"PK\x03\x04 and more", "the zip file is damaged"),
    "a damaged file of mitmproxy": (b"\x78\x9c and more", "the compressed file is damaged"),
    "a number of 5,000 digits": (b"1" * 5_000, "not valid JSON"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=list(WRONG))
def test_what_is_no_archive_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    """The error is one line with the file, and the entry where there is one."""
    file = tmp_path / "traffic.har"
    file.write_bytes(content)
    with pytest.raises(UsageError) as error:
        read_archive(file)
    assert str(error.value).startswith(f"{file}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound holds for a file, and for what it is decompressed to."""
    monkeypatch.setattr(har, "MOST_BYTES", 3_000)
    text = json.dumps({"log": {"entries": [entry({"text": "x" * 5_000})]}})
    (tmp_path / "plain.har").write_text(text)
    (tmp_path / "small.zhar").write_bytes(zlib.compress(text.encode(), 9))
    with zipfile.ZipFile(tmp_path / "small.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("har.har", text)
    for name in ("plain.har", "small.zhar", "small.zip"):
        with pytest.raises(UsageError, match="larger than"):
            read_archive(tmp_path / name)
    with pytest.raises(UsageError, match="No such file"):
        read_archive(tmp_path / "none.har")

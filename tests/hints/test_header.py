"""The header that hints travel in: safe whatever a client sent, and never a reason to fail."""

import json
import logging
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mockserver import Config, create_app
from mockserver.contract.compiler import load_contract
from mockserver.hints.finder import HintFinder
from mockserver.hints.wording import HEADER, LONGEST_HEADER, write_header
from tests.conftest import API, MAIN, NOW
from tests.hints.cases import FORM, ID, JSON

OFTEN = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def api() -> API:
    """Return an admin's client of a mock below a prefix, which the tests of this module share."""
    return API(create_app(Config(now=NOW, prefix="/dm")), base=f"/dm{MAIN}")


def check(answer: Any) -> None:
    """Assert that a response has no hint, or a safe one, and is no failure of the mock."""
    assert answer.status_code < 500
    value = answer.headers.get(HEADER, "-")
    assert value.isascii()
    assert value.isprintable()
    assert 0 < len(value) <= LONGEST_HEADER


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: x=1", "é", "\x00", "\x1b[31m", "\u202e", "😀", "\x7f", "x" * 9000]
)
def test_a_name_cannot_leave_its_header(api: API, name: str) -> None:
    """Line ends, control characters and other alphabets are escaped, in query, body and path."""
    for answer in (
        api.get(f"?{quote(name)}=1"),
        api.put(ID, {name: 1}),
        api.send("PUT", ID, data={name: "1"}, content_type=FORM),
        api.get(f"/{quote(name)}{MAIN}"),
        api.get(headers={"Prefer": f"code={quote(name)}"}),
    ):
        check(answer)
        assert HEADER in answer.headers
        assert "Set-Cookie" not in answer.headers


@OFTEN
@given(st.lists(st.text(), max_size=20))
def test_a_header_is_safe(hints: list[str]) -> None:
    """Any hints make a value of printable ASCII that is not too long."""
    value = write_header(hints)
    assert value.isascii()
    assert value == "" or value.isprintable()
    assert len(value) <= LONGEST_HEADER


@OFTEN
@example({"\ud800": 1})
@example({"name": "\ud800"})
@example({"metadata": {"\ud800": 10**400}})
@example({"x": 10**5000})
@given(JSON_VALUES)
def test_any_json_is_served(api: API, body: Any) -> None:
    """No value makes the search for hints fail, or the response unsafe."""
    text = json.dumps(body) if not _is_huge(body) else '{"x": ' + "9" * 5000 + "}"
    check(api.send("PUT", ID, data=text, content_type=JSON))


def _is_huge(body: Any) -> bool:
    return isinstance(body, dict) and body.get("x") == 10**5000


@OFTEN
@given(
    st.binary(max_size=200), st.sampled_from([JSON, FORM, "multipart/form-data; boundary=b", ""])
)
def test_any_body_is_served(api: API, body: bytes, label: str) -> None:
    """No bytes under any label make the search for hints fail, or the response unsafe."""
    check(api.send("PUT", ID, data=body, content_type=label))


@OFTEN
@given(st.text(), st.text())
def test_any_address_is_served(api: API, path: str, query: str) -> None:
    """No path or query makes the search for hints fail, or the response unsafe."""
    path, query = (quote(t.encode("utf-8", "surrogatepass"), "/[]") for t in (path, query))
    check(api.get(f"/dm/api/{path}?{query}"))
    check(api.get(f"/x/{path}?{query}"))


@OFTEN
@given(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60))
def test_any_header_is_served(api: API, value: str) -> None:
    """No value of a header makes the search for hints fail, or the response unsafe."""
    names = ("Authorization", "Content-Type", "Content-Encoding", "Prefer")
    for name in names:
        check(api.send("PUT", ID, data=b'{"a": 1}', headers={name: value}))


def test_no_hint_is_worth_a_failed_request(caplog: pytest.LogCaptureFixture) -> None:
    """What fails in the search for hints goes to the log, and the response is sent."""
    contract = load_contract()
    finder = HintFinder(contract, contract, Config(), "")
    with caplog.at_level(logging.ERROR, "mockserver"):
        assert finder.find(Unreadable()) == ()  # type: ignore[arg-type]
    assert "no hints at GET /somewhere" in caplog.text


class Unreadable:
    """A request of which some parts cannot be read."""

    method, root, path, status = "GET", "", "/somewhere", 200


def test_many_fields_take_no_time(api: API) -> None:
    """What is longest and most is looked through in bounded time."""
    deep = "a[" * 5000
    for body in (
        json.dumps({f"f{number}": 1 for number in range(50_000)}),
        "{" + ", ".join('"name": 1' for _ in range(50_000)) + "}",
        json.dumps({"x" * 500_000: 1}),
        json.dumps({deep: 1}),
    ):
        check(api.send("PUT", ID, data=body, content_type=JSON))
    check(api.get(f"?{deep}=1"))

"""What the framework does when nothing is overridden: what the letter F of a rule means."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from contract_tests.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[3]
KEY = "Token user-key"
NUMBERS = count()


@dataclass(frozen=True)
class Reply:
    """A response of the site."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def value(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body.encode("latin-1"))


class Site:
    """The site in its own process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def send(
        self, method: str, path: str, value: Any = None, *, raw: str | None = None, **headers: str
    ) -> Reply:
        """Send a request with the key of a user, unless `Authorization` says otherwise."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        sent = {"Authorization": KEY, "Accept": "application/json", **named}
        body = raw if raw is not None else "" if value is None else json.dumps(value)
        line = {"method": method, "path": path, "headers": sent, "body": body}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        return Reply(**json.loads(self._process.stdout.readline()))

    def create(self, **fields: Any) -> dict[str, Any]:
        """Create an item and return it."""
        body = {"name": f"item {next(NUMBERS)}", "issuer": "board", **fields}
        reply = self.send("POST", "/items/", body)
        assert reply.status == 201, reply.body
        return reply.value  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Start the site."""
    command = [sys.executable, "-m", "tests.differential.plain.site"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        yield Site(process)
        assert process.stdin
        process.stdin.close()


def test_each_framework_rule_is_shown() -> None:
    """Each rule with the letter F names tests of this module, and a choice stands alone."""
    for rule in CATALOGUE:
        assert bool(rule.shown_by) == ("F" in rule.evidence), rule.id
        assert set(rule.shown_by) <= globals().keys(), rule.id
        assert "choice" not in rule.evidence or len(rule.evidence) == 1, rule.id


def test_every_response_has_allow(site: Site) -> None:
    """`Allow` is on each response of a view; `Vary` is not, with one renderer."""
    for path in ("/items/", "/items/999", "/nested/"):
        reply = site.send("GET", path)
        assert "GET" in reply.headers["allow"]
        assert "accept" not in reply.headers.get("vary", "").lower()


@pytest.mark.parametrize("query", ["search=%00", "search=%FF", "page=%00", "search=" + "x" * 5000])
def test_unusual_queries_are_no_server_errors(site: Site, query: str) -> None:
    """Unusual text is searched for, or refused."""
    assert site.send("GET", f"/items/?{query}").status in (200, 400, 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_id_is_404(site: Site, method: str) -> None:
    """What a look-up does not find is 404 with a `detail`."""
    reply = site.send(method, "/items/999999", {})
    assert reply.status == 404
    assert isinstance(reply.value["detail"], str)


def test_an_unknown_reference_is_400(site: Site) -> None:
    """A reference that does not exist is 400 on its field."""
    for issuer in ("nobody", 5, [], {"a": 1}, True, None, ""):
        reply = site.send("POST", "/items/", {"name": "x", "issuer": issuer})
        assert reply.status == 400
        assert reply.value["issuer"]


def test_required_fields(site: Site) -> None:
    """A field that is missing is 400 on itself."""
    reply = site.send("POST", "/items/", {})
    assert (reply.status, set(reply.value)) == (400, {"name", "issuer"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None), ("name", ""), ("name", "  "), ("name", "x" * 21), ("name", []),
        ("name", True), ("description", {"a": 1}), ("signal", "x"), ("amount", "x"),
        ("amount", 10**30), ("tags", "x"), ("tags", {"a": 1}), ("tags", [["x"]]),
        ("public", "maybe"), ("public", []),
    ],
)  # fmt: skip
def test_invalid_values(site: Site, field: str, value: Any) -> None:
    """An invalid value is 400 with messages on its field."""
    reply = site.send("POST", "/items/", {"name": "x", "issuer": "board", field: value})
    assert reply.status == 400
    assert isinstance(reply.value[field], list | dict)
    for recipient in ({}, "x", None, {"identity": ""}):
        reply = site.send("POST", "/nested/", {"recipient": recipient})
        assert reply.status == 400
        assert reply.value["recipient"]


@pytest.mark.parametrize("body", ["{", '{"name": "x"', "nope", '{"name": "\xff"}'])
def test_malformed_json_is_400(site: Site, body: str) -> None:
    """A body that is not JSON is 400 with a `detail`."""
    reply = site.send("POST", "/items/", raw=body)
    assert reply.status == 400
    assert isinstance(reply.value["detail"], str)


@pytest.mark.parametrize("body", ["[]", '"x"', "5", "true", "null"])
def test_a_body_that_is_no_object_is_400(site: Site, body: str) -> None:
    """JSON that is not an object is 400."""
    assert site.send("POST", "/items/", raw=body).status == 400


def test_the_order_of_refusals(site: Site) -> None:
    """First the key, then the look-up, then the body; a refusal repeats nothing of the item."""
    assert site.send("PUT", "/items/999999", raw="{", Authorization="").status == 401
    assert site.send("PUT", "/items/999999", raw="{").status == 404
    item = site.create(description="a secret")
    reply = site.send("GET", f"/items/{item['id']}", Authorization="")
    assert reply.status == 401
    assert "secret" not in reply.body


def test_an_unsupported_media_type_is_415(site: Site) -> None:
    """A body of another type than the parsers read is 415."""
    for media_type in ("text/csv", "application/xml", "nonsense"):
        reply = site.send("POST", "/items/", raw="x", Content_Type=media_type)
        assert reply.status == 415
        assert reply.value["detail"]


def test_pages_contain_everything_once(site: Site) -> None:
    """Following `next` returns `count` items, each once."""
    for _ in range(5):
        site.create()
    path, ids = "/items/?page_size=2", []
    while path:
        reply = site.send("GET", path)
        ids += [item["id"] for item in reply.value["results"]]
        path = (reply.value["next"] or "").removeprefix("http://testserver")
    assert len(ids) == len(set(ids)) == reply.value["count"]


def test_links_lead_on_and_back(site: Site) -> None:
    """Links are absolute, keep the other parameters, and the one to page 1 has no `page`."""
    for _ in range(4):
        site.create()
    first = site.send("GET", "/items/?page_size=2&search=e&x=a%20b").value
    assert first["previous"] is None
    assert first["next"] == "http://testserver/items/?page=2&page_size=2&search=e&x=a+b"
    second = site.send("GET", first["next"].removeprefix("http://testserver")).value
    assert second["previous"] == "http://testserver/items/?page_size=2&search=e&x=a+b"


@pytest.mark.parametrize("page", ["0", "-1", "99999999", "abc", "1.5", "LAST", "9" * 40])
def test_invalid_page_numbers_are_404(site: Site, page: str) -> None:
    """A page that is not there is 404; an empty number is the first page, `last` the last one."""
    assert site.send("GET", f"/items/?page={page}").status == 404
    assert site.send("GET", "/items/?page=").status == 200
    assert site.send("GET", "/items/?page=last").status == 200


def test_page_sizes(site: Site) -> None:
    """An unusable size is the default, and one above the maximum is capped."""
    for _ in range(101):
        site.create()
    for size, length in (("0", 10), ("-1", 10), ("x", 10), ("", 10), ("7", 7), ("101", 100)):
        reply = site.send("GET", f"/items/?page_size={size}")
        assert len(reply.value["results"]) == length
    assert len(site.send("GET", f"/items/?page_size={'9' * 40}").value["results"]) == 100


def test_an_empty_list_is_one_page(site: Site) -> None:
    """Nothing found is a page without items."""
    reply = site.send("GET", "/items/?search=nothing-like-this")
    assert (reply.status, reply.value["count"], reply.value["results"]) == (200, 0, [])


def test_a_search_is_literal(site: Site) -> None:
    """The characters of patterns are characters."""
    item = site.create(name="50% of_it [a]")
    for term, expected in (("50%25", True), ("f_i", True), ("5%25f", False), ("[a]", True)):
        found = site.send("GET", f"/items/?search={term}&page_size=100").value["results"]
        assert (item["id"] in [one["id"] for one in found]) is expected


def test_a_write_is_read_back(site: Site) -> None:
    """What was written is read by the next request, and the same request gets the same answer."""
    item = site.create(description="before")
    path = f"/items/{item['id']}"
    body = {"name": "after", "issuer": "board", "description": "after"}
    assert site.send("PUT", path, body).status == 200
    assert site.send("GET", path).value["description"] == "after"
    assert site.send("GET", path).body == site.send("GET", path).body
    assert site.send("DELETE", path).status == 204
    assert site.send("GET", path).status == 404


def test_a_refused_write_changes_nothing(site: Site) -> None:
    """After a 400 the record is what it was."""
    item = site.create()
    path = f"/items/{item['id']}"
    assert site.send("PUT", path, {"name": "other", "issuer": "nobody"}).status == 400
    assert site.send("GET", path).value == item


@pytest.mark.parametrize(
    "text", ["two  spaces", "a\nb", "🎓", "ﬁ ①", "R&D <b>", "'\"\\", "x" * 9000]
)
def test_text_is_stored_as_it_is(site: Site, text: str) -> None:
    """Text comes back as it was sent, without the white space around it."""
    item = site.create(description=f" {text} ")
    assert site.send("GET", f"/items/{item['id']}").value["description"] == text


def test_unknown_and_read_only_fields_are_ignored(site: Site) -> None:
    """A body may contain what the service sets itself."""
    item = site.create(id=5, created="2001-01-01T00:00:00Z", unknown=1)
    assert item["id"] != 5 or item["created"] > "2002"
    assert item["created"] > "2002"
    assert "unknown" not in item


def test_no_key_is_401_with_a_challenge(site: Site) -> None:
    """No key, an unknown one, and one with spaces are 401."""
    for header in ("", "Token nobody", "Token a b", "Token", "Basic YTpi"):
        reply = site.send("GET", "/items/", Authorization=header)
        assert reply.status == 401
        assert reply.headers["www-authenticate"]
        assert reply.value["detail"]


def test_an_inactive_user_is_401(site: Site) -> None:
    """The key of a user who is not active is 401."""
    assert site.send("GET", "/items/", Authorization="Token retired-key").status == 401


def test_a_scheme_in_any_case(site: Site) -> None:
    """The name of the scheme may have any case."""
    for scheme in ("Token", "TOKEN", "tOkEn"):
        assert site.send("GET", "/items/", Authorization=f"{scheme} user-key").status == 200


def test_head_is_get_without_a_body(site: Site) -> None:
    """HEAD has the status and the type of GET."""
    get, head = site.send("GET", "/items/"), site.send("HEAD", "/items/")
    assert (head.status, head.body) == (200, "")
    assert head.headers["content-type"] == get.headers["content-type"]


def test_options_describes_a_path(site: Site) -> None:
    """OPTIONS needs a key and describes what the view does."""
    reply = site.send("OPTIONS", "/items/")
    assert {"name", "description", "renders", "parses"} <= reply.value.keys()
    assert site.send("OPTIONS", "/items/", Authorization="").status == 401


def test_the_redirect_to_the_slash(site: Site) -> None:
    """A missing slash is added with 301 and the query, one too many is 404."""
    reply = site.send("GET", "/items?page=2&search=a%20b")
    assert (reply.status, reply.headers["location"]) == (301, "/items/?page=2&search=a%20b")
    assert site.send("GET", f"/items/{site.create()['id']}/").status == 404


def test_accept_and_format(site: Site) -> None:
    """What the renderers cannot write is 406, an unknown format 404."""
    for accept, status in (("application/json", 200), ("*/*", 200), ("application/xml", 406)):
        assert site.send("GET", "/items/", Accept=accept).status == status
    assert site.send("GET", "/items/?format=json").status == 200
    assert site.send("GET", "/items/?format=nonsense").status == 404


def test_an_unsupported_method_is_405(site: Site) -> None:
    """A method that is not offered is 405 with `Allow`, and 401 without a key."""
    path = f"/items/{site.create()['id']}"
    reply = site.send("PATCH", path, {})
    assert reply.status == 405
    assert {"GET", "PUT", "DELETE"} <= {*reply.headers["allow"].split(", ")}
    assert site.send("PATCH", path, {}, Authorization="").status == 401


def test_the_last_repeated_parameter_counts(site: Site) -> None:
    """Of a parameter that is repeated the last one counts."""
    for _ in range(3):
        site.create()
    reply = site.send("GET", "/items/?page_size=5&page_size=2")
    assert len(reply.value["results"]) == 2


def test_json_with_a_charset(site: Site) -> None:
    """The parameters of a media type do not matter."""
    body = json.dumps({"name": "x", "issuer": "board"})
    for media_type in ("application/json; charset=utf-8", "application/json;charset=UTF-8"):
        assert site.send("POST", "/items/", raw=body, Content_Type=media_type).status == 201


def test_conditional_requests(site: Site) -> None:
    """Without middleware there is no ETag, and a condition is not looked at."""
    path = f"/items/{site.create()['id']}"
    reply = site.send("GET", path, If_None_Match='"x"')
    assert (reply.status, "etag" in reply.headers) == (200, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [("page_size", "0"), ("page_size", "x"), ("page_size", "1001"), ("include_revoked", "maybe")],
)
def test_invalid_parameters_of_a_serializer(site: Site, name: str, value: str) -> None:
    """Parameters that a serializer reads are 400 on themselves."""
    reply = site.send("GET", f"/nested/?{name}={value}")
    assert reply.status == 400
    assert reply.value[name]


def test_forms_are_read_like_json(site: Site) -> None:
    """A form sets the same fields; a list is its key repeated, a nested object has dotted keys."""
    form = "application/x-www-form-urlencoded"
    body = "name=form&issuer=board&tags=b&tags=a&public=true&description=one+line"
    item = site.send("POST", "/items/", raw=body, Content_Type=form).value
    assert (item["tags"], item["public"], item["description"]) == (["b", "a"], True, "one line")
    reply = site.send("POST", "/nested/", raw="recipient.identity=x", Content_Type=form)
    assert reply.value == {"recipient": {"identity": "x"}}

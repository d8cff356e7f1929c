"""Twenty thousand generated requests: no 500, and no reply outside the contract.

The mock is strict, so a reply that the contract does not document, or a body that was accepted and
that openapi-core would refuse, is a 500 as well.
"""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from mockserver import Config, create_app
from mockserver.config import RELEASES
from mockserver.contract.compiler import load_contract
from tests.conftest import API, NOW
from tests.support.world import DOCUMENT

SHARES = 4
BATCHES = 500
FEW_BATCHES = 50
BATCH = 10

CONTRACT = load_contract()
SCHEMAS = CONTRACT.document["components"]["schemas"]
FIELDS = sorted(
    SCHEMAS["CredentialFields"]["properties"].keys() | SCHEMAS["Assertion"]["properties"]
)
ISSUERS = [each["entityId"] for each in DOCUMENT["issuers"]]
HELD = {each["credential"] for each in DOCUMENT["assertions"]}
CREDENTIALS = [each["entityId"] for each in DOCUMENT["credentials"]]
CREDENTIALS += [each for each in CREDENTIALS if each not in HELD] * 2
ASSIGNMENTS = [each["entityId"] for each in DOCUMENT["assignments"]]
COURSES = [each["course_id"] for each in DOCUMENT["courses"]]
ASSERTIONS = [each["entityId"] for each in DOCUMENT["assertions"]]

texts = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(), max_size=8),
    st.sampled_from(
        ["", " ", "%", "_", "\x00", "\u202e", "a\u2028", "🎓", "x" * 1001, "null", "1"]
    ),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    texts,
    st.sampled_from([10**30, 2**31, -1, "https://example.com/a", "COURSE_PASSED", "\ud800"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
likely = {
    "name": st.text(min_size=1, max_size=30),
    "issuer": st.sampled_from(ISSUERS),
    "signal": st.sampled_from(["COURSE_PASSED", "COURSE_COMPLETED"]),
    "tags": st.lists(st.text(max_size=5), max_size=3) | st.none(),
    "courses": st.lists(st.sampled_from(COURSES), max_size=2),
    "expires": st.fixed_dictionaries(
        {}, optional={"amount": st.integers(0, 99) | st.none(), "duration": st.just("days")}
    ),
    "metadata": values,
    "public": st.booleans(),
    "icon_image_id": st.integers(1, 30) | st.none(),
    "recipient": st.fixed_dictionaries({"identity": st.sampled_from(["learner", "yuki.tanabe"])}),
    "users": st.lists(st.sampled_from(["learner", "ines.krol", "nobody"]), max_size=3),
    "course": st.sampled_from(COURSES) | st.none(),
    "revoked": st.booleans(),
    "revocationReason": st.text(max_size=9) | st.none(),
    "title": st.text(max_size=9),
    "signature": st.just("https://example.com/s.png"),
}
family = st.fixed_dictionaries(
    {},
    optional={
        "credential_id": st.sampled_from(CREDENTIALS),
        "credential": st.sampled_from(CREDENTIALS),
        "provider": st.sampled_from(["credly", "badgr", "none"]),
        "external_id": st.text(min_size=1, max_size=9),
        "api_key": texts,
        "user_ids": st.lists(st.integers(1, 20) | scalars, max_size=3),
        "group_ids": st.lists(
            st.sampled_from(["night-school", "new-arrivals"]) | texts, max_size=2
        ),
        "image": texts,
        "credentials": st.lists(
            st.fixed_dictionaries({"name": texts, "issuer": st.sampled_from(ISSUERS)}) | values,
            max_size=3,
        ),
    },
)
good_bodies = st.fixed_dictionaries(
    {"name": likely["name"], "issuer": likely["issuer"]},
    optional={name: each for name, each in likely.items() if name not in ("name", "issuer")},
)
odd_bodies = st.dictionaries(st.sampled_from(FIELDS) | texts, values, max_size=5) | values
bodies = st.one_of(good_bodies, family, st.tuples(good_bodies, odd_bodies).map(
    lambda pair: {**pair[0], **pair[1]} if isinstance(pair[1], dict) else pair[1]
))  # fmt: skip
queries = st.dictionaries(
    st.sampled_from(
        ["page", "page_size", "search", "course", "program", "platform_org", "q", "query"]
    )
    | st.sampled_from(["include_revoked", "include_expired", "exclude_main_tenant_assertions"])
    | st.sampled_from(["format", "x", "limit", "offset"]),
    st.one_of(
        texts,
        st.integers(-2, 200).map(str),
        st.sampled_from(["last", "main", "acme", "json", "a", "python"]),
    ),
    max_size=3,
)
keys = st.sampled_from(
    ["main-admin-key"] * 8
    + ["main-department-admin-key", "main-learner-key", "acme-admin-key", "retired-key", "no", None]
)
content_types = st.sampled_from(
    ["application/json"] * 6
    + ["application/x-www-form-urlencoded", "multipart/form-data", "text/csv", "", "*/*"]
    + ["application/json; charset=utf-16", "application/json; charset", "a; b=c=d"]
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a request for any path of the contract, mostly sensible, sometimes not at all."""
    resource = draw(st.sampled_from(CONTRACT.resources))
    path = resource.path
    for name, likely_values in (
        ("org", ["main"] * 9 + ["acme"]),
        ("course_id", COURSES),
        ("assignment_id", ASSIGNMENTS),
        ("user_id", ["1"] * 6 + ["admin", "7", "999"]),
        ("entity_id", names_in(path)),
    ):
        value = draw(st.sampled_from(likely_values) if draw(st.integers(0, 14)) else texts)
        path = path.replace(f"{{{name}}}", quote(value.encode("utf-8", "replace"), safe=""))
    methods = [*resource.operations] * 4 + ["HEAD", "OPTIONS", "PATCH"]
    query = draw(queries)
    if draw(st.integers(0, 4)):  # openapi-core takes 7 ms for each record of a page
        query = {"page_size": draw(st.sampled_from("123")), **query}
    request: dict[str, Any] = {
        "method": draw(st.sampled_from(methods)),
        "path": path,
        "query_string": {k: v.encode("utf-8", "replace") for k, v in query.items()},
        "headers": {},
    }
    key = draw(keys)
    if key is not None:
        request["headers"]["Authorization"] = f"Api-Key {key}"
    if draw(st.integers(0, 9)) == 0:
        request["headers"]["Accept"] = draw(st.sampled_from(["text/html", "*/*", "", "a/b;q=x"]))
    if request["method"] in ("POST", "PUT"):
        body = draw(bodies)
        kind = draw(content_types)
        request["headers"]["Content-Type"] = kind
        request["data"] = encoded(body, kind) if draw(st.integers(0, 19)) else draw(st.binary())
    return request


def names_in(path: str) -> list[str]:
    """Return ids that are there for the items of a path."""
    if "/issuers/" in path:
        return [*ISSUERS, "main"]
    return ASSERTIONS if "/assertions/{entity_id}" in path else CREDENTIALS


def encoded(body: Any, content_type: str) -> Any:
    """Return a body in the encoding that a content type promises, where it can be."""
    if not isinstance(body, dict) or "form" not in content_type:
        return json.dumps(body).encode()
    return {
        str(name).encode("utf-8", "replace").decode(): (
            value.encode("utf-8", "replace").decode()
            if isinstance(value, str)
            else json.dumps(value)
        )
        for name, value in body.items()
    }


def test_some_generated_requests_break_nothing() -> None:
    """Five hundred requests, others than in the long run, are answered as the contract has it."""
    assert sum(send_generated(SHARES, FEW_BATCHES).values()) >= FEW_BATCHES * BATCH


@pytest.mark.slow
@pytest.mark.parametrize(
    "share", [0, *(pytest.param(share, marks=pytest.mark.thorough) for share in range(1, SHARES))]
)
@pytest.mark.timeout(900)
def test_nothing_that_is_sent_breaks_the_mock(share: int) -> None:
    """Whatever is sent, the answer is one that the contract documents."""
    statuses = send_generated(share, BATCHES)
    sent = sum(statuses.values())
    assert sent >= 20_000 / SHARES
    assert {200, 400, 401, 403, 404, 405, 406, 415} <= statuses.keys()
    assert statuses[200] > sent / 10, statuses


def send_generated(number: int, batches: int) -> dict[int, int]:
    """Send generated requests, none of which may be answered 500; return how often each status."""
    api = API(create_app(Config(strict=True, now=NOW, api_version=RELEASES[-1])), key=None)
    statuses: dict[int, int] = {}

    @seed(number)
    @settings(
        max_examples=batches,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(requests(), min_size=BATCH, max_size=BATCH))
    def run(batch: list[dict[str, Any]]) -> None:
        for request in batch:
            response = api.send(**request)
            statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
            assert response.status_code != 500, (request, response.text)

    run()
    return statuses

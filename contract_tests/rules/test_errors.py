"""Errors: the documented status code and body of each kind of invalid request."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from contract_tests.engine.contract import JSON
from contract_tests.engine.creations import build_collection_path
from contract_tests.engine.exchange import Response
from contract_tests.errors import NotTested, require
from contract_tests.vocabulary.checks import check_error, check_field_error, check_status
from contract_tests.vocabulary.deployment import Deployment, check_success
from contract_tests.vocabulary.forms import FORM
from contract_tests.vocabulary.records import UNKNOWN_USER, UNKNOWN_USERNAME, find_credential

WRITES = pytest.mark.parametrize("method", ["POST", "PUT"])


def send_fields(deployment: Deployment, method: str, fields: dict[str, Any]) -> Response:
    """Send a create or an update that is valid but for these fields."""
    if method == "POST":
        body = {**deployment.build_body(), **fields}
        return deployment.send_json("POST", "", body)
    entity_id = deployment.create()["entityId"]
    response = deployment.put(entity_id, fields)
    deployment.delete(entity_id)
    return response


@pytest.mark.credcheck_rule("ERR-01")
@pytest.mark.parametrize(
    "query",
    ["page=0", "page_size=0", "page=x&page_size=x", "course=%00", "program=%FF", "search=%27%22%5C",
     "platform_org=", "format=", "page=%F0%9F%8E%93", "=&&=", "search[]=a"],
)  # fmt: skip
def test_no_query_is_a_server_error(deployment: Deployment, query: str) -> None:
    """No query returns a 5xx; every response of a run is checked for one."""
    response = deployment.send("GET", f"?{query}", proxy_may_refuse=True)
    if response.is_from_proxy:
        raise NotTested("something in front of the target refuses the query")
    got = response.status
    require(got < 500, f"a query returns {got}", response, expected="no 5xx", got=got)


@pytest.mark.credcheck_rule("ERR-02")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["", "issuers/"])
def test_unknown_ids_are_404(deployment: Deployment, method: str, path: str) -> None:
    """Reading an unknown id returns 404."""
    response = deployment.send(method, path + deployment.make_unknown_id())
    if method == "HEAD":
        check_status(response, 404, "an unknown id")
    else:
        check_error(response, 404, "an unknown id")


@pytest.mark.credcheck_rule("ERR-02")
def test_an_item_has_one_id(deployment: Deployment) -> None:
    """A credential is found by its whole id, and not by a number, its name or a part of its id."""
    item = find_credential(deployment)
    entity_id = item["entityId"]
    numbers = ("1", "2", "3", "10")  # of rows, which the look-up never takes (FACTS, S1)
    for other in (*numbers, f"{entity_id}=", f"{entity_id}==", entity_id[:-1], item["name"]):
        if "/" not in other and "." not in other:
            response = deployment.get(quote(other), proxy_may_refuse=True)
            if not response.is_from_proxy:
                check_status(response, 404, "something that is not an id")


@pytest.mark.credcheck_rule("ERR-02")
@pytest.mark.credcheck_needs("write")
def test_writes_to_unknown_ids_are_404(deployment: Deployment) -> None:
    """Updating or deleting an unknown id returns 404."""
    response = deployment.put(deployment.make_unknown_id(), {"name": "x"})
    check_error(response, 404, "an update of an unknown id")
    response = deployment.send("DELETE", deployment.make_unknown_id())
    check_error(response, 404, "a deletion of an unknown id")


@pytest.mark.credcheck_rule("ERR-03")
@pytest.mark.parametrize("path", ["", "issuers/", "{id}", "issuers/{id}"])
def test_unknown_platforms_are_404(deployment: Deployment, path: str) -> None:
    """An unknown platform returns 404, in the path and in `platform_org`."""
    path = path.replace("{id}", deployment.make_unknown_id())
    unknown = f"nowhere-{deployment.run_id}"
    collection = build_collection_path(unknown, deployment.settings.user_id)
    check_error(deployment.send("GET", collection + path), 404, "an unknown platform")
    if "issuers" not in path:  # that they take `platform_org` is not documented
        response = deployment.get(path, {"platform_org": unknown})
        check_error(response, 404, "an unknown platform in `platform_org`")


@pytest.mark.credcheck_rule("ERR-03")
@pytest.mark.parametrize("user", [UNKNOWN_USER, UNKNOWN_USERNAME, "0"])
@pytest.mark.parametrize("path", ["", "issuers/"])
def test_unknown_users_are_404(deployment: Deployment, user: str, path: str) -> None:
    """An unknown user returns 404."""
    collection = build_collection_path(deployment.settings.org, user)
    check_error(deployment.send("GET", collection + path), 404, "an unknown user")


@pytest.mark.credcheck_rule("ERR-05")
@WRITES
@pytest.mark.parametrize("issuer", ["nowhere", "zz" * 11, 5, [], {"a": 1}, True, None, ""])
def test_unknown_issuers_are_400(deployment: Deployment, method: str, issuer: Any) -> None:
    """An unknown or invalid issuer returns 400 on `issuer`."""
    response = send_fields(deployment, method, {"issuer": issuer})
    check_field_error(response, "issuer", "an unknown issuer")


@pytest.mark.credcheck_rule("ERR-05")
@pytest.mark.credcheck_needs("other_org_admin", "other_org", "other_user_id")
@WRITES
def test_issuers_of_another_platform_are_400(deployment: Deployment, method: str) -> None:
    """An issuer of another platform returns 400 on `issuer`."""
    path = deployment.other_path + "issuers/"
    for issuer in deployment.get_page(path=path, actor="other_org_admin").ids[:2]:
        response = send_fields(deployment, method, {"issuer": issuer})
        check_field_error(response, "issuer", "an issuer of another platform")


@pytest.mark.credcheck_rule("ERR-06")
@pytest.mark.parametrize("missing", ["name", "issuer"])
@pytest.mark.parametrize("media_type", [JSON, FORM])
def test_required_fields(deployment: Deployment, missing: str, media_type: str) -> None:
    """A create without a name or an issuer returns 400 on that field."""
    body = deployment.build_body(description=deployment.mark)
    del body[missing]
    if media_type == JSON:
        response = deployment.send_json("POST", "", body)
    else:
        headers = {"Content-Type": FORM}
        response = deployment.send("POST", headers=headers, body=urlencode(body).encode())
    check_field_error(response, missing, "a missing field")


INVALID_VALUES: tuple[tuple[str, Any], ...] = (
    ("name", None), ("name", ""), ("name", "   "), ("name", "x" * 1001), ("name", []), ("name", {}),
    ("name", True), ("name_override", "x" * 1001), ("name_override", ["x"]),
    ("description", {"a": 1}), ("criteriaUrl", ["https://example.com"]), ("criteriaNarrative", []),
    ("criteria_text", {"a": 1}), ("signal", "x"), ("issuing_signal", "course_passed"),
    ("icon_image_id", "x"), ("background_image_id", True), ("html_template", []),
    ("css_template", {}), ("expires", "soon"), ("expires", []), ("expires", {"amount": "x"}),
    ("expires", {"duration": []}), ("tags", "x"),
    ("tags", {"a": 1}), ("tags", [["x"]]), ("public", "maybe"), ("public", []), ("courses", "x"),
    ("programs", 5),
)  # fmt: skip
OPEN_VALUES: tuple[tuple[str, Any], ...] = (
    ("credentialType", None), ("credentialType", ""), ("credential_type", []),
    ("criteriaUrl", "not a url"), ("criteria_url", "//example.com"), ("iconImage", "no url"),
    ("signal", None), ("signal", ""), ("icon_image_id", 987654321), ("expires", {"duration": ""}),
    ("tags", [""]), ("tags", [None]), ("public", None), ("courses", None),
)  # fmt: skip
"""What a service may refuse or store, by the facts: they name no class of field for it."""


@pytest.mark.credcheck_rule("ERR-07")
@WRITES
def test_invalid_values_are_400_on_their_field(deployment: Deployment, method: str) -> None:
    """Null, blank, too long, wrong type, unknown choice, out of range: 400."""
    check_values_refused(deployment, method, INVALID_VALUES)


@pytest.mark.credcheck_rule("ERR-14")
@WRITES
def test_doubtful_values_are_400_on_their_field(deployment: Deployment, method: str) -> None:
    """Nulls, blanks, and what is not a URL or an image: 400, as this contract has it."""
    check_values_refused(deployment, method, OPEN_VALUES)


@pytest.mark.credcheck_rule("ERR-14")
@WRITES
def test_not_a_number_is_no_json(deployment: Deployment, method: str) -> None:
    """`NaN` in a body returns 400; the framework's STRICT_JSON may be off."""
    check_malformed(deployment, method, b'{"name": NaN}')


def check_values_refused(
    deployment: Deployment, method: str, values: tuple[tuple[str, Any], ...]
) -> None:
    """Require a create or an update with each of these values to return 400 on its field."""
    entity_id = deployment.create()["entityId"]
    for name, value in values:
        if method == "POST":
            body = {**deployment.build_body(description=deployment.mark), name: value}
            response = deployment.send_json("POST", "", body)
        else:
            response = deployment.put(entity_id, {name: value})
        check_field_error(response, name, f"`{name}` with {json.dumps(value)[:30]}")
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("ERR-07")
@pytest.mark.credcheck_needs("disposable")
@WRITES
def test_a_huge_number_is_400_on_its_field(deployment: Deployment, method: str) -> None:
    """A number of thirty digits, which not every store can hold, returns 400 on its field."""
    response = send_fields(deployment, method, {"expires": {"amount": 10**30}})
    check_field_error(response, "expires", "`expires` with a number of thirty digits")


@pytest.mark.credcheck_rule("ERR-07")
@WRITES
def test_errors_of_an_object_are_an_object(deployment: Deployment, method: str) -> None:
    """Messages about a part of `expires` are under the name of the part."""
    response = send_fields(deployment, method, {"expires": {"amount": "x"}})
    check_status(response, 400, "an invalid part of `expires`")
    body = response.value if isinstance(response.value, dict) else {}
    parts = body.get("expires")
    has_part = isinstance(parts, dict) and "amount" in parts
    message = "an invalid `expires.amount` is not reported on `amount`"
    require(has_part, message, response, expected='{"expires": {"amount": ["…"]}}', got=body)


@pytest.mark.credcheck_rule("ERR-07")
@WRITES
def test_all_errors_are_reported_together(deployment: Deployment, method: str) -> None:
    """Several invalid fields are reported in one response."""
    fields = {"name": "", "signal": "x", "public": "maybe"}
    response = send_fields(deployment, method, fields)
    for name in fields:
        check_field_error(response, name, "one of several invalid values")


@pytest.mark.credcheck_rule("ERR-08")
@WRITES
@pytest.mark.parametrize("body", [b"{", b'{"name": "x"', b"nope", b'{"name": "\xff"}', b'{"a" 1}'])
def test_bodies_that_cannot_be_parsed(deployment: Deployment, method: str, body: bytes) -> None:
    """Truncated or malformed JSON returns 400 with a `detail`."""
    check_malformed(deployment, method, body)


def check_malformed(deployment: Deployment, method: str, body: bytes) -> None:
    """Require a body that is not JSON to return 400 with a `detail`."""
    entity_id = deployment.create()["entityId"]
    path = entity_id if method == "PUT" else ""
    response = deployment.send(method, path, headers={"Content-Type": JSON}, body=body)
    check_error(response, 400, "malformed JSON")
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("ERR-08")
@WRITES
@pytest.mark.parametrize("value", [[], [{}], "x", 5, True, None])
def test_bodies_that_are_not_objects(deployment: Deployment, method: str, value: Any) -> None:
    """JSON that is not an object returns 400."""
    entity_id = deployment.create()["entityId"]
    response = deployment.send_json(method, entity_id if method == "PUT" else "", value)
    check_status(response, 400, "JSON that is not an object")
    deployment.delete(entity_id)


@pytest.mark.credcheck_rule("ERR-14")
@WRITES
@pytest.mark.parametrize("field", ["courses", "programs", "pathways"])
def test_unknown_links_are_400(deployment: Deployment, method: str, field: str) -> None:
    """An unknown course, program or pathway returns 400 on its field."""
    response = send_fields(deployment, method, {field: [f"no-such-{deployment.run_id}"]})
    check_field_error(response, field, f"an unknown id in `{field}`")


@pytest.mark.credcheck_rule("ERR-11")
@WRITES
@pytest.mark.parametrize(
    ("first", "second", "values"),
    [
        ("credentialType", "credential_type", ("CERTIFICATE", "MICRO_CREDENTIAL")),
        ("criteriaUrl", "criteria_url", ("https://example.com/a", "https://example.com/b")),
        ("criteriaNarrative", "criteria_text", ("one", "two")),
        ("signal", "issuing_signal", ("COURSE_PASSED", "COURSE_COMPLETED")),
        ("iconImage", "icon_image", ("https://example.com/a.png", "https://example.com/b.png")),
    ],
)
def test_contradicting_spellings_are_400(
    deployment: Deployment, method: str, first: str, second: str, values: tuple[str, str]
) -> None:
    """Two spellings with different values return 400; with the same value they are accepted."""
    response = send_fields(deployment, method, {first: values[0], second: values[1]})
    check_status(response, 400, f"`{first}` and `{second}` with different values")
    body = response.value
    has_messages = isinstance(body, dict) and bool({first, second} & body.keys())
    message = f"different values are not reported on `{first}` or `{second}`"
    require(has_messages, message, response, got=body)
    check_success(send_fields(deployment, method, {first: values[0], second: values[0]}))


@pytest.mark.credcheck_rule("ERR-12")
def test_the_order_of_errors(deployment: Deployment) -> None:
    """No key returns 401 before all else; an unknown id returns 404 before its body is parsed."""
    malformed: dict[str, Any] = {"headers": {"Content-Type": JSON}, "body": b"{"}
    response = deployment.send("PUT", deployment.make_unknown_id(), actor=None, **malformed)
    check_error(response, 401, "malformed JSON without a key")
    response = deployment.send("PUT", deployment.make_unknown_id(), **malformed)
    check_error(response, 404, "malformed JSON to an unknown id")
    csv: dict[str, Any] = {"headers": {"Content-Type": "text/csv"}, "body": b"x"}
    response = deployment.send("PUT", deployment.make_unknown_id(), **csv)
    check_error(response, 404, "text/csv to an unknown id")
    response = deployment.put(deployment.make_unknown_id(), {"name": ""})
    check_error(response, 404, "an invalid body to an unknown id")


@pytest.mark.credcheck_rule("ERR-12")
@pytest.mark.credcheck_needs("learner")
def test_permission_is_checked_before_the_body(deployment: Deployment) -> None:
    """A client without write access gets 403, whatever the body is."""
    headers = {"Content-Type": JSON}
    path = deployment.learner_path
    response = deployment.send("POST", path, actor="learner", headers=headers, body=b"{")
    check_error(response, 403, "malformed JSON from a learner")


@pytest.mark.credcheck_rule("ERR-13")
@WRITES
@pytest.mark.parametrize("media_type", ["text/csv", "application/xml", "text/plain", "nonsense"])
def test_unsupported_media_types(deployment: Deployment, method: str, media_type: str) -> None:
    """A body with an unsupported media type returns 415."""
    entity_id = deployment.create()["entityId"]
    body = json.dumps(deployment.build_body()).encode()
    path = entity_id if method == "PUT" else ""
    response = deployment.send(method, path, headers={"Content-Type": media_type}, body=body)
    check_error(response, 415, f"the media type {media_type}")
    deployment.delete(entity_id)

"""Errors: the documented status and body for each kind of bad request."""

import json
from typing import Any

import pytest

from contract_tests.engine.outcome import require
from contract_tests.engine.target import Reply, collection
from contract_tests.vocabulary.deployment import FORM, JSON, Deployment

UNKNOWN_USER = "999999999"
WRITERS = pytest.mark.parametrize("method", ["POST", "PUT"])


def check_refusal(reply: Reply, status: int, what: str) -> None:
    """Raise Breach unless a reply is this refusal, with a `detail` in JSON."""
    require(reply.status == status, f"{what} is not {status}", reply,
            expected=status, got=reply.status)  # fmt: skip
    body = reply.value
    fine = isinstance(body, dict) and isinstance(body.get("detail"), str)
    require(fine, f"{what} has no `detail`", reply, expected='{"detail": "…"}', got=body)


def check_invalid(reply: Reply, field: str, what: str) -> None:
    """Raise Breach unless a reply is 400 with messages on a field."""
    require(reply.status == 400, f"{what} is not 400", reply, expected=400, got=reply.status)
    body = reply.value
    errors = body.get(field) if isinstance(body, dict) else None
    fine = isinstance(errors, list | dict) and bool(errors)
    require(fine, f"{what} has no messages on its field", reply,
            expected=f'{{"{field}": ["…"]}}', got=body)  # fmt: skip


def write(deployment: Deployment, method: str, fields: dict[str, Any]) -> Reply:
    """Send a body that is good but for these fields, to create or to change."""
    if method == "POST":
        body = {**deployment.body(), **fields}
        return deployment.send_json("POST", "", body)
    entity_id = deployment.create()["entityId"]
    reply = deployment.put(entity_id, fields)
    deployment.delete(entity_id)
    return reply


@pytest.mark.rule("ERR-01")
@pytest.mark.parametrize(
    "query",
    ["page=0", "page_size=0", "page=x&page_size=x", "course=%00", "program=%FF", "search=%27%22%5C",
     "platform_org=", "format=", "page=%F0%9F%8E%93", "=&&=", "search[]=a"],
)  # fmt: skip
def test_reads_never_fail(deployment: Deployment, query: str) -> None:
    """No query makes the target fail; every reply of a run is watched for a 5xx."""
    reply = deployment.send("GET", f"?{query}")
    require(reply.status < 500, "a query is a 5xx", reply, expected="no 5xx", got=reply.status)


@pytest.mark.rule("ERR-02")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["", "issuers/"])
def test_unknown_ids_are_404(deployment: Deployment, method: str, path: str) -> None:
    """A read of an id that nobody has is 404."""
    reply = deployment.send(method, path + deployment.made_up_id())
    if method == "HEAD":
        require(reply.status == 404, "an unknown id is not 404", reply, got=reply.status)
    else:
        check_refusal(reply, 404, "an unknown id")


@pytest.mark.rule("ERR-02")
@pytest.mark.needs("write")
def test_writes_to_unknown_ids_are_404(deployment: Deployment) -> None:
    """A change or a deletion of an id that nobody has is 404."""
    check_refusal(deployment.put(deployment.made_up_id(), {"name": "x"}), 404, "an unknown id")
    check_refusal(deployment.send("DELETE", deployment.made_up_id()), 404, "an unknown id")


@pytest.mark.rule("ERR-03")
@pytest.mark.parametrize("path", ["", "issuers/", "{id}", "issuers/{id}"])
def test_unknown_platforms_are_404(deployment: Deployment, path: str) -> None:
    """A platform that is not there is 404, in the path and in `platform_org`."""
    path = path.replace("{id}", deployment.made_up_id())
    nowhere = collection(f"nowhere-{deployment.run_id}", deployment.settings.user_id)
    check_refusal(deployment.send("GET", nowhere + path), 404, "an unknown platform")
    reply = deployment.get(path, {"platform_org": f"nowhere-{deployment.run_id}"})
    check_refusal(reply, 404, "an unknown platform_org")


@pytest.mark.rule("ERR-04")
@pytest.mark.parametrize("user", [UNKNOWN_USER, "nobody-of-this-name", "0"])
@pytest.mark.parametrize("path", ["", "issuers/"])
def test_unknown_users_are_404(deployment: Deployment, user: str, path: str) -> None:
    """A user who is not there is 404."""
    place = collection(deployment.settings.org, user)
    check_refusal(deployment.send("GET", place + path), 404, "an unknown user")


@pytest.mark.rule("ERR-04")
@pytest.mark.needs("other_user_id", "other_org")
def test_users_of_another_platform_are_404(deployment: Deployment) -> None:
    """A user of another platform does not exist on this one."""
    place = collection(deployment.settings.org, deployment.settings.other_user_id)
    check_refusal(deployment.send("GET", place), 404, "a user of another platform")


@pytest.mark.rule("ERR-05")
@WRITERS
@pytest.mark.parametrize("issuer", ["nowhere", "zz" * 11, 5, [], {"a": 1}, True, None, ""])
def test_unknown_issuers_are_400(deployment: Deployment, method: str, issuer: Any) -> None:
    """An issuer that does not exist, or is none at all, is refused on `issuer`."""
    check_invalid(write(deployment, method, {"issuer": issuer}), "issuer", "an unknown issuer")


@pytest.mark.rule("ERR-05")
@pytest.mark.needs("other_org_admin", "other_org", "other_user_id")
@WRITERS
def test_issuers_of_another_platform_are_400(deployment: Deployment, method: str) -> None:
    """An issuer of another platform does not exist on this one."""
    path = deployment.elsewhere + "issuers/"
    for issuer in deployment.page(path=path, actor="other_org_admin").ids[:2]:
        reply = write(deployment, method, {"issuer": issuer})
        check_invalid(reply, "issuer", "an issuer of another platform")


@pytest.mark.rule("ERR-06")
@pytest.mark.parametrize("missing", ["name", "issuer"])
@pytest.mark.parametrize("media_type", [JSON, FORM])
def test_required_fields(deployment: Deployment, missing: str, media_type: str) -> None:
    """A create without a name or an issuer is refused on that field."""
    body = deployment.body(description=deployment.mark)
    del body[missing]
    if media_type == JSON:
        reply = deployment.send_json("POST", "", body)
    else:
        from urllib.parse import urlencode

        reply = deployment.send(
            "POST", headers={"Content-Type": FORM}, body=urlencode(body).encode()
        )
    check_invalid(reply, missing, "a missing field")


BAD_VALUES: tuple[tuple[str, Any], ...] = (
    ("name", None), ("name", ""), ("name", "   "), ("name", "x" * 1001), ("name", []), ("name", {}),
    ("name", True), ("name_override", "x" * 1001), ("name_override", ["x"]),
    ("description", {"a": 1}), ("credentialType", None), ("credentialType", ""),
    ("credential_type", []), ("criteriaUrl", "not a url"), ("criteria_url", "//example.com"),
    ("criteriaUrl", ["https://example.com"]), ("criteriaNarrative", []),
    ("criteria_text", {"a": 1}),
    ("signal", "x"), ("signal", None), ("issuing_signal", "course_passed"), ("signal", ""),
    ("iconImage", "no url"), ("icon_image_id", "x"), ("icon_image_id", 987654321),
    ("background_image_id", True), ("html_template", []), ("css_template", {}),
    ("expires", "soon"), ("expires", []), ("expires", {"amount": "x"}), ("expires", {"amount": -1}),
    ("expires", {"amount": 10**30}), ("expires", {"duration": []}), ("expires", {"duration": ""}),
    ("tags", "x"), ("tags", [""]), ("tags", [None]), ("tags", {"a": 1}), ("tags", [["x"]]),
    ("public", "maybe"), ("public", None), ("public", []),
    ("courses", "x"), ("courses", None), ("programs", 5),
)  # fmt: skip


@pytest.mark.rule("ERR-07")
@WRITERS
def test_bad_values_are_refused_on_their_field(deployment: Deployment, method: str) -> None:
    """Null, blank, too long, another type, no choice, no URL, out of bounds: 400 on the field."""
    entity_id = deployment.create()["entityId"]
    for name, value in BAD_VALUES:
        body = {name: value}
        if method == "POST":
            body = {**deployment.body(description=deployment.mark), name: value}
            reply = deployment.send_json("POST", "", body)
        else:
            reply = deployment.put(entity_id, body)
        check_invalid(reply, name, f"{name} {json.dumps(value)[:30]}")
    deployment.delete(entity_id)


@pytest.mark.rule("ERR-07")
@WRITERS
def test_all_errors_come_at_once(deployment: Deployment, method: str) -> None:
    """Several bad fields are told together."""
    reply = write(deployment, method, {"name": "", "signal": "x", "public": "maybe"})
    for name in ("name", "signal", "public"):
        check_invalid(reply, name, "one of several bad values")


@pytest.mark.rule("ERR-08")
@WRITERS
@pytest.mark.parametrize(
    "body", [b"{", b'{"name": "x"', b"nope", b'{"name": NaN}', b'{"name": "\xff"}', b'{"a" 1}']
)
def test_bodies_that_cannot_be_parsed(deployment: Deployment, method: str, body: bytes) -> None:
    """JSON that is cut off or broken is 400 with a detail."""
    entity_id = deployment.create()["entityId"]
    path = entity_id if method == "PUT" else ""
    reply = deployment.send(method, path, headers={"Content-Type": JSON}, body=body)
    check_refusal(reply, 400, "a body that cannot be parsed")
    deployment.delete(entity_id)


@pytest.mark.rule("ERR-09")
@WRITERS
@pytest.mark.parametrize("value", [[], [{}], "x", 5, True, None])
def test_bodies_that_are_no_object(deployment: Deployment, method: str, value: Any) -> None:
    """Any JSON but an object is 400."""
    entity_id = deployment.create()["entityId"]
    reply = deployment.send_json(method, entity_id if method == "PUT" else "", value)
    require(reply.status == 400, "a body that is no object is not 400", reply,
            expected=400, got=reply.status)  # fmt: skip
    deployment.delete(entity_id)


@pytest.mark.rule("ERR-10")
@WRITERS
@pytest.mark.parametrize("field", ["courses", "programs", "pathways"])
def test_unknown_links_are_refused(deployment: Deployment, method: str, field: str) -> None:
    """A course, program or pathway that does not exist is 400 on its field."""
    reply = write(deployment, method, {field: [f"no-such-{deployment.run_id}"]})
    check_invalid(reply, field, "a link to nothing")


@pytest.mark.rule("ERR-11")
@WRITERS
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
def test_spellings_that_disagree(
    deployment: Deployment, method: str, first: str, second: str, values: tuple[str, str]
) -> None:
    """Two spellings with two values are 400; with one value they are fine."""
    reply = write(deployment, method, {first: values[0], second: values[1]})
    require(reply.status == 400, "spellings that disagree are not 400", reply,
            expected=400, got=reply.status)  # fmt: skip
    body = reply.value
    require(isinstance(body, dict) and {first, second} & body.keys(),
            "spellings that disagree are not told on their field", reply, got=body)  # fmt: skip
    reply = write(deployment, method, {first: values[0], second: values[0]})
    require(reply.status in (200, 201), "spellings that agree are refused", reply)


@pytest.mark.rule("ERR-12")
def test_the_order_of_refusals(deployment: Deployment) -> None:
    """No key is 401 before all; an unknown id is 404 before its body is read."""
    bad = {"headers": {"Content-Type": JSON}, "body": b"{"}
    reply = deployment.send("PUT", deployment.made_up_id(), actor=None, **bad)
    check_refusal(reply, 401, "a bad request without a key")
    reply = deployment.send("PUT", deployment.made_up_id(), **bad)
    check_refusal(reply, 404, "a bad body to an unknown id")
    csv = {"headers": {"Content-Type": "text/csv"}, "body": b"x"}
    check_refusal(
        deployment.send("PUT", deployment.made_up_id(), **csv), 404, "text/csv to an unknown id"
    )
    reply = deployment.put(deployment.made_up_id(), {"name": ""})
    check_refusal(reply, 404, "an invalid body to an unknown id")


@pytest.mark.rule("ERR-12")
@pytest.mark.needs("learner")
def test_permission_comes_before_the_body(deployment: Deployment) -> None:
    """Who may not write gets 403, whatever the body is."""
    reply = deployment.send("POST", actor="learner", headers={"Content-Type": JSON}, body=b"{")
    check_refusal(reply, 403, "a learner's bad body")


@pytest.mark.rule("ERR-13")
@WRITERS
@pytest.mark.parametrize("media_type", ["text/csv", "application/xml", "text/plain", "nonsense"])
def test_other_media_types(deployment: Deployment, method: str, media_type: str) -> None:
    """A body that is called something that nobody reads is 415."""
    entity_id = deployment.create()["entityId"]
    body = json.dumps(deployment.body()).encode()
    path = entity_id if method == "PUT" else ""
    reply = deployment.send(method, path, headers={"Content-Type": media_type}, body=body)
    check_refusal(reply, 415, "another media type")
    deployment.delete(entity_id)

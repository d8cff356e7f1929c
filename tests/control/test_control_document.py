"""The OpenAPI document of the control plane says what its routes do."""

import re
from typing import Any

import pytest
import yaml
from flask import Flask
from openapi_core import OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from openapi_spec_validator import validate

from mockserver import Config, create_app
from mockserver.files import CONTROL
from mockserver.sandbox.clock import CHANGES
from mockserver.sandbox.fault_format import READERS
from mockserver.sandbox.journal import FILTERS
from tests.test_docs import paths_of

DOCUMENT: dict[str, Any] = yaml.safe_load(CONTROL.read_text(encoding="utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
BLUEPRINTS = ("control", "control_of_events", "control_of_state", "control_of_traffic")
ITEM = "/api/credentials/orgs/main/users/1/"


@pytest.fixture(scope="module")
def app() -> Flask:
    """Return a mock with the world that ships."""
    return create_app(Config())


def test_it_is_a_valid_document() -> None:
    """It is valid OpenAPI 3.1, no operation stands twice, and each has a tag that is described."""
    validate(DOCUMENT)
    operations = [
        operation
        for item in DOCUMENT["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert {tag for operation in operations for tag in operation["tags"]} == tags


def test_it_has_the_routes_that_exist(app: Flask) -> None:
    """It has each method of each route of the control plane, and none that is not there."""
    existing = {
        f"{method} {re.sub('<(?:[a-z]+:)?([a-z_]+)>', '{}', path)}"
        for rule in app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] in BLUEPRINTS
        for path in paths_of(rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    documented = {
        f"{method.upper()} {re.sub('{[^}]*}', '{}', path)}"
        for path, item in DOCUMENT["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert documented == existing


def test_its_bodies_have_the_words_that_are_read() -> None:
    """Fault, filter and clock have the fields that the control plane takes, and no others."""
    assert SCHEMAS["Fault"]["properties"].keys() == READERS.keys()
    assert SCHEMAS["Match"]["properties"].keys() == FILTERS.keys()
    listed = DOCUMENT["paths"]["/__mock__/requests"]["get"]["parameters"]
    assert {each["name"] for each in listed} == {*FILTERS, "limit", "bodies"}
    clock = DOCUMENT["paths"]["/__mock__/clock"]["post"]["requestBody"]["content"]
    assert clock["application/json"]["schema"]["properties"].keys() == set(CHANGES)


def test_requests_and_responses_are_as_it_says(app: Flask) -> None:
    """What the routes take and return in use is valid by the document."""
    served = {**DOCUMENT, "servers": [{"url": "http://localhost"}]}
    description, client = OpenAPI.from_dict(served), app.test_client()
    client.get(ITEM, headers={"Authorization": "Api-Key main-admin-key"})
    world = client.get("/__mock__/state").json
    steps: list[tuple[str, str, Any, int]] = [
        ("GET", "health", None, 200),
        ("GET", "control.json", None, 200),
        ("GET", "openapi.json", None, 200),
        ("GET", "state", None, 200),
        ("GET", "requests", None, 200),
        ("GET", "requests?status=200&limit=1", None, 200),
        ("GET", "requests.har", None, 200),
        ("POST", "requests/count", {"method": "GET"}, 200),
        ("POST", "requests/verify", {"method": "GET", "times": 1}, 200),
        ("POST", "requests/verify", {"in_order": [{"method": "PUT"}, {"method": "GET"}]}, 200),
        ("GET", "requests/1", None, 200),
        ("GET", "requests/999", None, 404),
        ("DELETE", "requests", None, 204),
        ("POST", "state/snapshots/before", None, 200),
        ("GET", "state/snapshots", None, 200),
        ("POST", "state/clear", None, 200),
        ("POST", "state/undo", None, 200),
        ("POST", "state/clear", None, 200),
        ("POST", "state/snapshots/before/restore", None, 200),
        ("POST", "state/snapshots/nothing/restore", None, 404),
        ("GET", "scenario", None, 200),
        ("POST", "scenario", {"name": "empty"}, 200),
        ("GET", "scenario", None, 200),
        ("DELETE", "scenario", None, 200),
        ("POST", "clock", {"advance": "P30D", "freeze": True}, 200),
        ("GET", "clock", None, 200),
        ("POST", "work", None, 200),
        ("POST", f"assertions/{world['assertions'][0]['entityId']}/expire", None, 200),
        ("POST", "assertions/nothing/expire", None, 404),
        ("POST", "faults", {"method": "GET", "delay": {"p50": 1, "p99.9": 2}}, 201),
        ("POST", "faults", {"nth": 3, "delay": [1, 2], "headers": {"X-N": 1}}, 201),
        ("GET", "faults", None, 200),
        ("DELETE", "faults/nothing", None, 404),
        ("DELETE", "faults", None, 204),
        ("PUT", "state", world, 200),
        ("POST", "state/reset", None, 200),
        ("GET", "sandboxes", None, 200),
        ("DELETE", "sandboxes/default", None, 204),
    ]
    for method, path, body, status in steps:
        with app.test_request_context(f"/__mock__/{path}", method=method, json=body) as context:
            asked = WerkzeugOpenAPIRequest(context.request)
            description.validate_request(asked)
        response = client.open(f"/__mock__/{path}", method=method, json=body)
        assert response.status_code == status, (path, response.text)
        description.validate_response(asked, WerkzeugOpenAPIResponse(response))


def test_it_is_served_with_this_mock_as_its_server(app: Flask) -> None:
    """Both forms name the address, the prefix and the sandbox that were asked."""
    base = "/__sandbox__/mine"
    asked = app.test_client().get(f"{base}/__mock__/control.json").json
    read = yaml.safe_load(app.test_client().get(f"{base}/__mock__/control.yaml").data)
    assert asked["servers"][0]["url"] == f"http://localhost{base}"
    assert asked == read == {**DOCUMENT, "servers": asked["servers"]}

"""Paths: which operation has one, and what stands in its braces."""

import pytest
from werkzeug.exceptions import NotFound

from mockserver import create_app
from mockserver.config import RELEASES, Config
from mockserver.contract.compiler import load_contract

APP = create_app(Config(api_version=RELEASES[-1]))
ROUTES = APP.url_map.bind("127.0.0.1")
USER = "/api/credentials/orgs/{org}/users/{user_id}/"


def find(path: str, method: str = "GET") -> tuple[str, list[str]]:
    """Return the path of the contract that a path has, and what stands in its braces."""
    rule, values = ROUTES.match(path, method, return_rule=True)
    return rule.rule.replace("<", "{").replace(">", "}"), list(map(str, values.values()))


@pytest.mark.parametrize(
    ("path", "resource", "values"),
    [
        (USER, USER, ["{org}", "{user_id}"]),
        ("/api/credentials/orgs/a/users/1/", USER, ["a", "1"]),
        ("/api/credentials/orgs/a/users/1/x", USER + "{entity_id}", ["a", "1", "x"]),
        # Fewer braces win.
        ("/api/credentials/orgs/a/users/1/issuers/", USER + "issuers/", ["a", "1"]),
        ("/api/credentials/orgs/a b/users/é/x\ny", USER + "{entity_id}", ["a b", "é", "x\ny"]),
        ("/api/credentials/orgs/a/users/1/.*", USER + "{entity_id}", ["a", "1", ".*"]),
    ],
)
def test_a_path_has_one_resource(path: str, resource: str, values: list[str]) -> None:
    """A step in braces takes any segment that is not empty."""
    assert find(path) == (resource, values)


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/api", "/api/", "/api/credentials", "/API/credentials/providers/"),
        "/api/credentials/orgs/a/users/1//",
        "/api/credentials/orgs//users/1/",
        "/api/credentials/orgs/a/b/users/1/",
        "x/api/credentials/orgs/a/users/1/",
    ],
)
def test_other_paths_have_none(path: str) -> None:
    """Nothing is left out, added or read in another case."""
    with pytest.raises(NotFound):
        find(path)


@pytest.mark.parametrize("method", ["GET", "BREW"])
def test_a_collection_without_its_slash_is_an_item_or_a_redirect(method: str) -> None:
    """Only where no item has the path, Django appends the slash."""
    item = ROUTES.match("/api/credentials/orgs/a/users/1/issuers", method)[0]
    assert item == "api.credentials_orgs_users_issuers_retrieve_without_slash"
    redirect = APP.test_client().open("/api/credentials/orgs/a/users/1?a=b", method=method)
    assert (redirect.status_code, redirect.data) == (301, b"")
    assert redirect.location == "/api/credentials/orgs/a/users/1/?a=b"
    found = APP.test_client().open("/api/credentials/orgs/a/users/1/issuers", method=method)
    assert found.status_code == 401


def test_each_operation_has_a_rule_of_its_own() -> None:
    """The rules are those of the contract: path, method and operationId."""
    rules = {rule.endpoint: rule for rule in APP.url_map.iter_rules()}
    for operation in load_contract().operations.values():
        rule = rules[f"api.{operation.operation_id}"]
        assert rule.rule == operation.path.replace("{", "<").replace("}", ">")
        assert (rule.methods or set()) - {"HEAD"} == {operation.method}
        path = operation.path.replace("{", "~").replace("}", "~")
        assert ROUTES.match(path, operation.method)[0] == rule.endpoint

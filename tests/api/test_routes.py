"""Paths: which resource has one, and what stands in its braces."""

import pytest

from mockserver.api.routes import Routes
from mockserver.contract.compiler import load_contract

ROUTES = Routes(load_contract().resources)
USER = "/api/credentials/orgs/{org}/users/{user_id}/"


@pytest.mark.parametrize(
    ("path", "resource", "values"),
    [
        (USER, USER, ["{org}", "{user_id}"]),
        ("/api/credentials/orgs/a/users/1/", USER, ["a", "1"]),
        ("/api/credentials/orgs/a/users/1/x", USER + "{entity_id}", ["a", "1", "x"]),
        # Fewer braces win; without its slash a collection's name is an id like any other.
        ("/api/credentials/orgs/a/users/1/issuers/", USER + "issuers/", ["a", "1"]),
        ("/api/credentials/orgs/a/users/1/issuers", USER + "{entity_id}", ["a", "1", "issuers"]),
        ("/api/credentials/orgs/a b/users/é/x\ny", USER + "{entity_id}", ["a b", "é", "x\ny"]),
        ("/api/credentials/orgs/a/users/1/.*", USER + "{entity_id}", ["a", "1", ".*"]),
    ],
)
def test_a_path_has_one_resource(path: str, resource: str, values: list[str]) -> None:
    """A step in braces takes any segment that is not empty."""
    found = ROUTES.find(path)
    assert found is not None
    assert (found[0].path, list(found[1].values())) == (resource, values)


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/api", "/api/", "/api/credentials", "/API/credentials/providers/"),
        "/api/credentials/orgs/a/users/1",
        "/api/credentials/orgs/a/users/1//",
        "/api/credentials/orgs//users/1/",
        "/api/credentials/orgs/a/b/users/1/",
        "x/api/credentials/orgs/a/users/1/",
    ],
)
def test_other_paths_have_none(path: str) -> None:
    """Nothing is left out, added or read in another case."""
    assert ROUTES.find(path) is None


def test_each_path_of_the_contract_finds_itself() -> None:
    """No resource hides another."""
    for resource in load_contract().resources:
        found = ROUTES.find(resource.path.replace("{", "~").replace("}", "~"))
        assert found is not None
        assert found[0] is resource

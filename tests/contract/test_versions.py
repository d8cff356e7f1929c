"""Releases of the service: an operation that an older one does not have is 404, as it was then."""

from collections.abc import Callable

import pytest
import yaml

from mockserver import Config, create_app
from mockserver.config import RELEASES, Release
from mockserver.contract.compiler import compile_contract, load_contract
from tests.conftest import API, NOW
from tests.support.command import run
from tests.support.server import running

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Mock = Callable[[Release], API]
LATER = {
    "/api/credentials/exim/credentials/course/course-v1:main+PY101+2026/export/": "4.90",
    "/api/credentials/providers/": "4.95",
    "/api/credentials/orgs/main/users/1/provider-config/": "4.95",
    "/api/credentials/orgs/main/users/1/external-mapping/": "4.95",
}


@pytest.fixture(scope="module")
def mock() -> Mock:
    """Return an admin's client of a mock of a release."""
    configs = {each: Config(strict=True, now=NOW, api_version=each) for each in RELEASES}
    return {each: API(create_app(config)) for each, config in configs.items()}.__getitem__


@pytest.mark.parametrize("release", RELEASES)
def test_each_release_has_its_operations(mock: Mock, release: Release) -> None:
    """The path of a later operation does not exist: 404 with Django's page."""
    for path, since in LATER.items():
        response = mock(release).get(path)
        has_it = RELEASES.index(since) <= RELEASES.index(release)  # type: ignore[arg-type]
        assert response.status_code == (200 if has_it else 404), path
        if not has_it:
            assert response.content_type.startswith("text/html")


def test_the_default_is_the_oldest(mock: Mock) -> None:
    """Later operations must be asked for."""
    api = API(create_app(Config(now=NOW)))
    assert api.get("/api/credentials/providers/").status_code == 404
    assert api.get(api.base).get_data() == mock("4.202").get(api.base).get_data()


@pytest.mark.parametrize("release", RELEASES)
def test_the_served_contract_is_that_of_the_release(mock: Mock, release: Release) -> None:
    """The document lists the operations of the release, and compiles."""
    document = yaml.load(mock(release).get("/__mock__/openapi.yaml").get_data(), LOADER)  # noqa: S506
    listed = set(compile_contract(document).operations)
    known = RELEASES[: RELEASES.index(release) + 1]
    expected = {o.operation_id for o in load_contract().operations.values() if o.since in known}
    assert listed == expected
    assert len(listed) == {"3.59": 29, "4.90": 31, "4.95": 38, "4.202": 38}[release]


@pytest.mark.slow
def test_the_harness_asks_a_release_for_what_it_has() -> None:
    """A target of an old release need not have later operations, and is not taken for a new one."""
    keys = ("--org", "main", "--user-id", "1", "--rule", "PROVIDER-02", "--rule", "PAGE-08")
    with running("--quiet", "--api-version", "3.59") as served:
        ended = run("run", served.url, *keys)
        assert ended.returncode == 0, ended.stdout
        reason = "providers needs release 4.95 or later (see api_version)"
        assert f"not tested      PROVIDER-02: {reason}" in ended.stdout
        ended = run("run", served.url, *keys, "--api-version", "4.202")
        assert ended.returncode == 3, ended.stdout
        assert "check api_version, or pass --without exim" in ended.stdout
        ended = run(
            "run", served.url, *keys, "--api-version", "4.202", "--without", "exim,providers"
        )
        assert ended.returncode == 0, ended.stdout
    ended = run("run", "mock", "--api-version", "5.0")
    assert ended.returncode == 2
    assert "'--api-version': '5.0' is not one of '3.59', '4.90', '4.95', '4.202'" in ended.stderr

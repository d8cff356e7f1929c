"""Addresses: hosts that the framework refuses, proxies in front, and the public address."""

from typing import Any

import pytest

from mockserver import Config, create_app
from mockserver.errors import StartError
from tests.conftest import API, NOW

TLS = {"Host": "mock.internal", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "mock.example"}


def next_page(api: API, **headers: str) -> str:
    """Return the link to the next page of a list."""
    answer = api.result(
        "?page_size=1", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    return str(answer["next"])


@pytest.mark.parametrize(
    "host", ["cred_mock:8765", "m%C3%BCller.example", "a b", "a/b", ":80", ".", "_" * 300]
)
@pytest.mark.parametrize("path", ["", "issuers", "/", "/nothing/", "/__sandbox__/a_b/api/x"])
def test_a_host_that_cannot_be_one_is_400(api: API, host: str, path: str) -> None:
    """Nothing is built from it: the framework's plain page, and what is wrong in a hint."""
    response = api.get(path, headers={"Host": host})
    assert (response.status_code, response.content_type) == (400, "text/html; charset=utf-8")
    if path != "/":
        assert f"refuses `Host: {host[:50]}" in response.headers["X-Mock-Hint"]


@pytest.mark.parametrize(
    ("host", "advice"),
    [
        ("cred_mock", "in Docker Compose call the mock by an alias or a `hostname` without `_`"),
        ("a.example,b.example", "it was sent more than once"),
        ("", "send the name of the host that is asked"),
        ("user@host", "a host name has letters, digits, `-` and `.` only, and a port digits"),
        ("a:b", "a host name has letters, digits, `-` and `.` only, and a port digits"),
    ],
)
def test_a_hint_says_what_is_wrong_with_a_host(api: API, host: str, advice: str) -> None:
    """An underscore, two hosts, none, and what is no host are different slips."""
    assert advice in api.get(headers={"Host": host}).headers["X-Mock-Hint"]


HOSTS = ["cred-mock:8765", "CRED.example", "[::1]:8765", "example.org:80", "a..b", "x" * 300]


@pytest.mark.parametrize("host", HOSTS)
def test_links_have_the_host_as_it_was_sent(shared_api: API, host: str) -> None:
    """As Django builds them: neither in lower case nor without the usual port."""
    assert next_page(shared_api, Host=host).startswith(f"http://{host}/api/credentials/")


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"X-Forwarded-Prefix": "/dm/"}, "http://localhost/dm"),
        ({"X-Forwarded-Prefix": "dm"}, "http://localhost/dm"),
        ({"X-Forwarded-Prefix": "//evil.example"}, "http://localhost/evil.example"),
        ({"X-Forwarded-Prefix": "/"}, "http://localhost"),
        ({"X-Forwarded-Prefix": "/a b"}, "http://localhost/a%20b"),
        ({"X-Forwarded-Proto": "HTTPS"}, "https://localhost"),
        ({"X-Forwarded-Proto": "javascript"}, "http://localhost"),
        ({"X-Forwarded-Proto": ""}, "http://localhost"),
        ({"X-Forwarded-Host": "a.example:8443"}, "http://a.example:8443"),
        ({"X-Forwarded-For": "nonsense", "X-Forwarded-Port": "abc"}, "http://localhost"),
        ({"Forwarded": "for=192.0.2.7;host=evil.example;proto=https"}, "http://localhost"),
    ],
)
def test_what_proxies_write_becomes_an_address(headers: dict[str, str], address: str) -> None:
    """Prefixes with slashes or without, and nothing that is no scheme."""
    api = API(create_app(Config(trust_proxy=1, now=NOW)))
    response = api.get("?page_size=1", headers=headers)
    assert response.get_json()["result"]["next"].startswith(f"{address}/api/credentials/")


@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/1"])
def test_the_oldest_version_needs_no_host(api: API, protocol: str) -> None:
    """A load balancer asks so for its health; links have the address of the server, as Django's."""
    request = {"SERVER_PROTOCOL": protocol, "SERVER_NAME": "10.0.0.7", "SERVER_PORT": "8765"}
    for host in ({"HTTP_HOST": ""}, {"HTTP_HOST": None}):
        response = api.get("?page_size=1", environ_overrides={**request, **host})
        assert response.json["result"]["next"].startswith("http://10.0.0.7:8765/api/")
    refused = api.get(environ_overrides={"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": ""})
    assert refused.status_code == 400


def test_forwarded_headers_are_believed_of_so_many_proxies() -> None:
    """Of none unless it is said; a client's own ones stand before those of the last proxy."""
    for trusted, origin in ((0, "http://mock.internal"), (1, "https://mock.example")):
        api = API(create_app(Config(trust_proxy=trusted, now=NOW)))
        assert next_page(api, **TLS).startswith(f"{origin}/api/")
    api = API(create_app(Config(trust_proxy=1, now=NOW)))
    forged = {**TLS, "X-Forwarded-Host": "evil.example, mock.example", "X-Forwarded-Prefix": "/dm"}
    assert next_page(api, **forged).startswith("https://mock.example/dm/api/")
    refused = api.get(headers={**TLS, "X-Forwarded-Host": "cred_mock"})
    assert refused.status_code == 400


@pytest.mark.parametrize("prefix", ["", "/dm"])
def test_links_begin_with_the_public_address(prefix: str) -> None:
    """Whatever the request says of its own, below the prefix of the mock."""
    public = "https://mock.example:8443/apps"
    api = API(create_app(Config(public_url=f"{public}/", prefix=prefix, now=NOW)))
    api.base = prefix + api.base
    assert next_page(api, Host="127.0.0.1:8765").startswith(f"{public}{prefix}/api/credentials/")
    picture = api.result("?page_size=1")["data"][0]["issuerDetails"]["iconImage"]
    assert picture.startswith(f"{public}{prefix}/__mock__/images/")
    document: Any = api.get(f"{prefix}/__mock__/openapi.json").json
    assert document["servers"][0]["url"] == public + prefix


@pytest.mark.parametrize(
    "url",
    [
        *("mock.example", "ftp://a", "https://", "https://a_b", "https://a?b", "https://a#b"),
        *("https://a:99999", "https://a:0", "https://a:b", "https://user@a", "https://a b"),
    ],
)
def test_a_public_address_that_is_none_is_refused(url: str) -> None:
    """At the start, in one line with an example."""
    with pytest.raises(StartError, match=r"--public-url: .*write for example https://"):
        create_app(Config(public_url=url))


def test_the_control_plane_keeps_looking_at_the_real_caller() -> None:
    """Behind a trusted proxy a caller elsewhere is elsewhere, and the page of the mock its own."""
    api = API(create_app(Config(trust_proxy=1, public_url="https://mock.example", now=NOW)))
    away = {**TLS, "X-Forwarded-For": "192.0.2.7"}
    assert api.get("/__mock__/requests", headers=away).status_code == 403
    here = {"Host": "127.0.0.1:8765"}
    for origin, status in (("https://mock.example", 200), ("https://evil.example", 403)):
        sent = api.get("/__mock__/requests", headers={**here, "Origin": origin})
        assert sent.status_code == status, sent.text

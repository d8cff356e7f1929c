"""The reads and writes of credentials and issuers, and how to send them as any role."""

from collections.abc import Iterator
from contextlib import suppress

from contract_tests.engine.exchange import Response
from contract_tests.errors import Intercepted, NotTested
from contract_tests.vocabulary.deployment import Deployment

Endpoint = tuple[str, str]
"""Method and path, below a collection."""


def receives_options(deployment: Deployment) -> bool:
    """Tell whether OPTIONS reaches the service: a gateway may answer it for browsers."""
    try:
        deployment.send("OPTIONS")
    except Intercepted:
        return False
    return True


def list_reads(deployment: Deployment, entity_id: str) -> Iterator[Endpoint]:
    """Yield every read."""
    methods = ["GET", "HEAD", *["OPTIONS"] * receives_options(deployment)]
    yield from ((method, path) for path in ("", entity_id) for method in methods)
    if "issuers" not in deployment.settings.without:
        yield ("GET", "issuers/")
        with suppress(NotTested):  # there may be no issuer
            yield ("GET", f"issuers/{deployment.issuer}")


def list_writes(entity_id: str) -> Iterator[Endpoint]:
    """Yield every write."""
    yield from (("POST", ""), ("PUT", entity_id), ("DELETE", entity_id))


def send_to(
    deployment: Deployment, endpoint: Endpoint, actor: str | None, base: str = "", **headers: str
) -> Response:
    """Send a request to an endpoint, below the collection or another base, with a valid body."""
    method, path = endpoint
    url = base + path if base else path
    if method not in ("POST", "PUT"):
        return deployment.send(method, url, actor=actor, headers=headers)
    if path == "issuers/":
        body = {"name": deployment.make_name("issuer")}
    else:
        body = deployment.build_body() if method == "POST" else {"description": "changed"}
    return deployment.send_json(method, url, body, actor=actor, headers=headers)

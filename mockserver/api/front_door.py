"""What is at the root of a mock and of a sandbox: the way to the page, and to everything else."""

from importlib.metadata import version

from mockserver.api.exchange import API, CONTROL_PLANE, Exchange
from mockserver.messages import HTML, JSON, Response, encode


def open_front_door(exchange: Exchange, prefix: str) -> Response:
    """Redirect a browser to the page; tell any other client which addresses there are.

    A mock has its API below the prefix, wherever it was asked. Tools that wait for a server ask
    for its root until that is a success.
    """
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if "text/html" in exchange.received.headers.get("Accept", ""):
        location = exchange.root + CONTROL_PLANE
        return Response(302, b"", HTML, {**headers, "Location": location})
    here = exchange.origin + exchange.root
    addresses = {
        "api": f"{here}{prefix if exchange.is_outside else ''}{API}credentials/",
        "page": here + CONTROL_PLANE,
        "reference": f"{here}{CONTROL_PLANE}docs",
        "contract": f"{here}{CONTROL_PLANE}openapi.json",
        "health": f"{here}{CONTROL_PLANE}health",
    }
    body = {"service": "credmock", "version": version("credmock"), **addresses}
    return Response(200, encode(body), JSON, headers)

"""What is at the root of a mock and of a sandbox: for a browser, the way to the page."""

from mockserver.api.exchange import API, CONTROL_PLANE, Exchange
from mockserver.errors import NoSuchRoute
from mockserver.hints.wording import HEADER, quote_address, write_header
from mockserver.messages import HTML, Response


def open_front_door(exchange: Exchange, prefix: str) -> Response:
    """Redirect a browser to the page; any other client gets the service's 404, with a hint."""
    page = exchange.root + CONTROL_PLANE
    if "text/html" in exchange.received.headers.get("Accept", ""):
        headers = {"Location": page, "Cache-Control": "no-store", "Vary": "Accept"}
        return Response(302, b"", HTML, headers)
    api = f"{exchange.root}{prefix if exchange.is_outside else ''}{API}credentials/"
    hint = (
        f"this is credmock: the API is below {quote_address(api)}, "
        f"the page at {quote_address(page)}; "
        f"{quote_address(f'{page}health')} tells that the mock serves"
    )
    refused = NoSuchRoute().response()
    return refused._replace(headers={**refused.headers, HEADER: write_header([hint])})

"""Bodies of requests that nobody has read, and how large those are of which something is lost."""

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request


def read_rest(received: Request) -> bytes:
    """Return a body that nobody has read, as that of a request that was refused before.

    A test may ask what an application has sent, whatever the response was.
    """
    if not (received.content_length or is_chunked(received)):
        return b""
    try:
        return received.get_data()
    except (HTTPException, OSError):  # too large, or the client is gone
        return b""


def measure_body(received: Request, kept: bytes, *, is_passed_on: bool) -> int:
    """Return the bytes of a body of which this was kept: more where it was too large, or passed on.

    Of one that was passed on in pieces only this is known, that it had some.
    """
    at_least = 1 if is_passed_on and is_chunked(received) else 0
    return max(len(kept), received.content_length or at_least)


def is_chunked(received: Request) -> bool:
    """Tell whether a body comes in pieces, without its length."""
    return "HTTP_TRANSFER_ENCODING" in received.environ

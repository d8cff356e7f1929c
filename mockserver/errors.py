"""The error family: a class for each situation, in the framework's words, and its way to bytes."""

from collections.abc import Mapping
from typing import Any

from mockserver.messages import HTML, JSON, Response, encode

PAGE = """
<!doctype html>
<html lang="en">
<head>
  <title>{title}</title>
</head>
<body>
  <h1>{title}</h1><p>{details}</p>
</body>
</html>
"""
"""Django's plain page for what never reaches a view (`django.views.defaults`)."""


class StartError(Exception):
    """The mock cannot start: the contract, the world or a setting is wrong; the text says how."""


class ContractViolation(Exception):
    """A response of the mock, or a request that it accepted, is not what the contract allows."""


class APIError(Exception):
    """Base of everything that ends a call; `status` and `detail` make the body."""

    status = 500
    default = "A server error occurred."

    def __init__(self, detail: str | Mapping[str, Any] | None = None) -> None:
        self.detail = self.default if detail is None else detail
        super().__init__(self.detail)

    @property
    def headers(self) -> dict[str, str]:
        """Headers that belong to this error."""
        return {}

    def response(self) -> Response:
        """Return the framework's answer: `{"detail": …}`, or the map of fields as it stands."""
        body = {"detail": self.detail} if isinstance(self.detail, str) else self.detail
        return Response(self.status, encode(body), JSON, self.headers)


class ParseError(APIError):
    """The body cannot be parsed."""

    status = 400
    default = "Malformed request."


class ValidationError(APIError):
    """The body was parsed and is not valid; `detail` maps fields to messages."""

    status = 400


class NotAuthenticated(APIError):
    """No credentials came, or none of a known scheme."""

    status = 401
    default = "Authentication credentials were not provided."

    @property
    def headers(self) -> dict[str, str]:
        """The scheme to use, which makes this a 401 and not a 403."""
        return {"WWW-Authenticate": "Api-Key"}


class AuthenticationFailed(NotAuthenticated):
    """Credentials came and are not accepted."""

    default = "Incorrect authentication credentials."


class PermissionDenied(APIError):
    """The caller is known and may not do this."""

    status = 403
    default = "You do not have permission to perform this action."


class NotFound(APIError):
    """Something that the address names does not exist."""

    status = 404
    default = "Not found."

    @classmethod
    def of(cls, kind: str) -> "NotFound":
        """Return the generic look-up's error for one kind of object."""
        return cls(f"No {kind} matches the given query.")


class MethodNotAllowed(APIError):
    """The path has no such method."""

    status = 405

    def __init__(self, method: str) -> None:
        super().__init__(f'Method "{method}" not allowed.')


class NotAcceptable(APIError):
    """The client accepts nothing that the service can answer."""

    status = 406
    default = "Could not satisfy the request Accept header."


class Conflict(APIError):
    """The state of the object forbids the request."""

    status = 409


class UnsupportedMediaType(APIError):
    """No parser for this kind of body."""

    status = 415

    def __init__(self, media_type: str) -> None:
        super().__init__(f'Unsupported media type "{media_type}" in request.')


class PlainPage(APIError):
    """An answer of Django itself, as a page and without the framework's headers."""

    title = "Server Error (500)"
    details = ""

    def response(self) -> Response:
        """Return Django's page for this status."""
        page = PAGE.format(title=self.title, details=self.details)
        return Response(self.status, page.encode(), HTML)


class SuspiciousRequest(PlainPage):
    """Django refuses the request before anything looks at it: too many fields."""

    status = 400
    title = "Bad Request (400)"


class DisallowedHost(SuspiciousRequest):
    """The `Host` of the request cannot be one."""


class BodyTooLarge(SuspiciousRequest):
    """The body is over the bound."""


class NoSuchRoute(PlainPage):
    """No operation has this path."""

    status = 404
    title = "Not Found"
    details = "The requested resource was not found on this server."


class ServerError(PlainPage):
    """Something went wrong inside; what happened goes to the log, not to the client."""

"""The mock judges itself: each accepted request and each response, by the contract.

Requests and responses are judged by openapi-core, which shares no code with the validation that
accepted them: what the mock takes, after the framework's conversions, must be what the contract
allows. openapi-core costs a third of a second to import, so only a strict mock pays for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from werkzeug.datastructures import Headers, ImmutableMultiDict

from mockserver.contract.contract import Contract
from mockserver.contract.operation import Operation, Resource
from mockserver.errors import ContractBreach
from mockserver.framework.fields import ValidationContext, accept_any_reference
from mockserver.messages import JSON, Request, Response, UploadedFile, encode

SHORT, MOST_SOUND = 1000, 10_000
"""What is remembered of responses that were judged: such of so many bytes, and how many."""


@dataclass(slots=True)
class JudgedRequest:
    """A request in the shape that openapi-core asks for."""

    host_url: str
    path: str
    method: str
    parameters: Any
    content_type: str
    body: bytes | None


@dataclass(slots=True)
class JudgedResponse:
    """A response in the shape that openapi-core asks for."""

    status_code: int
    headers: Mapping[str, Any]
    content_type: str
    data: bytes


@lru_cache(maxsize=2)
def judge_by(contract: Contract) -> "Judge":
    """Return the judge of a contract, who is the same for every application."""
    return Judge(contract)


class Judge:
    """Holds exchanges against the contract; raises ContractBreach with the reason."""

    def __init__(self, contract: Contract) -> None:
        from jsonschema_path import SchemaPath
        from openapi_core import OpenAPI

        # References are resolved anew for every request unless the cache has a size.
        document = SchemaPath.from_dict(dict(contract.document), resolved_cache_maxsize=1 << 20)
        self._openapi = OpenAPI(document)
        self._host = contract.document["servers"][0]["url"]
        # Many responses are refusals that were judged before, to the byte.
        self._sound: set[tuple[Any, ...]] = set()

    def check(
        self, request: Request, resource: Resource, values: Mapping[str, str], response: Response
    ) -> None:
        """Check one exchange; to a method that the path does not have, only a 405 is checked."""
        operation = resource.operations.get("GET" if request.method == "HEAD" else request.method)
        if operation is None:
            if response.status == 405:
                resource.method_not_allowed.check(response, f"{request.method} {resource.path}")
            return
        operation.check_response(response)
        judged = self._request(request, operation, values, accepted=response.status < 300)
        if response.status < 300:
            self._ask(self._openapi.validate_request, operation, judged)
        if response.body:
            self._judge_response(operation, judged, response)

    def _judge_response(
        self, operation: Operation, judged: JudgedRequest, response: Response
    ) -> None:
        headers = tuple(sorted(response.headers.items()))
        known = (
            operation.operation_id,
            response.status,
            response.content_type,
            headers,
            response.body,
        )
        if known in self._sound:
            return
        content_type = (response.content_type or "").partition(";")[0]
        judged_response = JudgedResponse(
            response.status, response.headers, content_type, response.body
        )
        self._ask(self._openapi.validate_response, operation, judged, judged_response)
        if len(response.body) < SHORT and len(self._sound) < MOST_SOUND:
            self._sound.add(known)

    def _ask(self, validate: Any, operation: Operation, *exchange: Any) -> None:
        from openapi_core.exceptions import OpenAPIError

        try:
            validate(*exchange)
        except OpenAPIError as error:
            cause = error.__cause__ or error
            details = "; ".join(str(e.message) for e in getattr(cause, "schema_errors", ()))
            raise ContractBreach(
                f"{operation.operation_id}: openapi-core says: {details or cause}"
            ) from error

    def _request(
        self, request: Request, operation: Operation, values: Mapping[str, str], *, accepted: bool
    ) -> JudgedRequest:
        """Return what the mock understood: the body after conversion, parameters that counted."""
        from openapi_core.datatypes import RequestParameters

        path = operation.path
        for name, value in values.items():
            # A step of dots would be resolved away, though it is a value like any other.
            step = quote(value, safe="").replace(".", "%2E")
            path = path.replace(f"{{{name}}}", step)
        query = {
            parameter.name: request.query[parameter.name]
            for parameter in operation.parameters
            if parameter.usable and parameter.name in request.query
            if not parameter.ignores(request.query[parameter.name])
        }
        if accepted:
            understood = operation.read_query(request)
            query |= {
                name: str(value).lower() if isinstance(value, bool) else str(value)
                for name, value in understood.items()
            }
        parameters = RequestParameters(
            query=ImmutableMultiDict(query),
            header=Headers({"Authorization": "Api-Key hidden"}),
            path=dict(values),
        )
        body = None
        if accepted and operation.body:
            context = ValidationContext(request.method == "PUT", accept_any_reference)
            body = encode(_plain(operation.body.read(request, context)))
        return JudgedRequest(self._host, path, operation.method.lower(), parameters, JSON, body)


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body with a file's name in the place of the file, whose bytes no JSON can hold."""
    return {k: str(v) if isinstance(v, UploadedFile) else v for k, v in body.items()}

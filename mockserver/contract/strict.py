"""The mock checks itself: each accepted request and each response, against the contract.

openapi-core does it, which shares no code with the validation that accepted the request: what the
mock accepts, after the framework's conversions, must be what the contract allows. openapi-core
costs a third of a second to import, so only a strict mock imports it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from werkzeug.datastructures import Headers, ImmutableMultiDict

from mockserver.contract.contract import Contract
from mockserver.contract.operation import Operation, Resource
from mockserver.errors import ContractViolation
from mockserver.framework.fields import ValidationContext, accept_any_reference
from mockserver.messages import JSON, Request, Response, UploadedFile, encode

MAXIMUM_CACHED_BODY = 1000
"""Bytes; a response with a longer body is not remembered."""
MAXIMUM_CACHED_RESPONSES = 10_000


@dataclass(slots=True)
class OpenAPIRequest:
    """A request in the shape that openapi-core asks for."""

    host_url: str
    path: str
    method: str
    parameters: Any
    content_type: str
    body: bytes | None


@dataclass(slots=True)
class OpenAPIResponse:
    """A response in the shape that openapi-core asks for."""

    status_code: int
    headers: Mapping[str, Any]
    content_type: str
    data: bytes


@lru_cache(maxsize=2)
def get_exchange_validator(contract: Contract) -> "ExchangeValidator":
    """Return the validator of a contract, which all applications of a process share."""
    return ExchangeValidator(contract)


class ExchangeValidator:
    """Checks exchanges against the contract; raises ContractViolation with the reason."""

    def __init__(self, contract: Contract) -> None:
        from jsonschema_path import SchemaPath
        from openapi_core import OpenAPI

        # References are resolved anew for every request unless the cache has a size.
        document = SchemaPath.from_dict(dict(contract.document), resolved_cache_maxsize=1 << 20)
        self._openapi = OpenAPI(document)
        self._host = contract.document["servers"][0]["url"]
        # Many responses are errors that are the same to the byte.
        self._valid: set[tuple[Any, ...]] = set()

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
        is_accepted = response.status < 300
        converted = self._convert(request, operation, values, is_accepted=is_accepted)
        if is_accepted:
            self._validate(self._openapi.validate_request, operation, converted)
        if response.body:
            self._check_body(operation, converted, response)

    def _check_body(
        self, operation: Operation, request: OpenAPIRequest, response: Response
    ) -> None:
        headers = tuple(sorted(response.headers.items()))
        key = (operation.operation_id, *response[:3], headers)
        if key in self._valid:
            return
        content_type = (response.content_type or "").partition(";")[0]
        converted = OpenAPIResponse(response.status, response.headers, content_type, response.body)
        self._validate(self._openapi.validate_response, operation, request, converted)
        if len(response.body) < MAXIMUM_CACHED_BODY and len(self._valid) < MAXIMUM_CACHED_RESPONSES:
            self._valid.add(key)

    def _validate(self, validate: Any, operation: Operation, *exchange: Any) -> None:
        from openapi_core.exceptions import OpenAPIError

        try:
            validate(*exchange)
        except OpenAPIError as error:
            cause = error.__cause__ or error
            details = "; ".join(str(e.message) for e in getattr(cause, "schema_errors", ()))
            raise ContractViolation(
                f"{operation.operation_id}: openapi-core: {details or cause}"
            ) from error

    def _convert(
        self,
        request: Request,
        operation: Operation,
        values: Mapping[str, str],
        *,
        is_accepted: bool,
    ) -> OpenAPIRequest:
        """Return what the mock read: the body after conversion, parameters that had an effect."""
        from openapi_core.datatypes import RequestParameters

        path = operation.path
        for name, value in values.items():
            # A step of dots would be resolved away, though it is a value like any other.
            step = quote(value, safe="").replace(".", "%2E")
            path = path.replace(f"{{{name}}}", step)
        parameters = RequestParameters(
            query=ImmutableMultiDict(_read_query(request, operation, is_accepted=is_accepted)),
            header=Headers({"Authorization": "Api-Key hidden"}),
            path=dict(values),
        )
        body = None
        if is_accepted and operation.body:
            context = ValidationContext(request.method == "PUT", accept_any_reference)
            body = encode(_replace_files(operation.body.read(request, context)))
        return OpenAPIRequest(self._host, path, operation.method.lower(), parameters, JSON, body)


def _read_query(request: Request, operation: Operation, *, is_accepted: bool) -> dict[str, str]:
    query = {
        parameter.name: request.query[parameter.name]
        for parameter in operation.parameters
        if parameter.usable and parameter.name in request.query
        if not parameter.ignores(request.query[parameter.name])
    }
    if is_accepted:
        query |= {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in operation.read_query(request).items()
        }
    return query


def _replace_files(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body with a file's name in the place of the file, whose bytes no JSON can hold."""
    return {k: str(v) if isinstance(v, UploadedFile) else v for k, v in body.items()}

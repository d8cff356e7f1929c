"""One operation of the contract, compiled: parameters, request body, responses, roles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from mockserver.config import Release
from mockserver.contract.schemas import Schema, Validator
from mockserver.errors import ContractViolation, ValidationError
from mockserver.framework.composites import ObjectOf
from mockserver.framework.fields import (
    NON_FIELD_ERRORS,
    InvalidValue,
    ValidationContext,
    accept_any_reference,
)
from mockserver.framework.parsers import parse_body
from mockserver.messages import JSON, Form, Request, Response

Role = Literal["platform-admin", "department-admin", "learner"]
ROLES: tuple[Role, ...] = get_args(Role)

LONGEST_NUMBER = 20
"""Characters of a query parameter; one with as many is not read as a number."""


@dataclass(frozen=True, slots=True)
class UsableValues:
    """The values of a lenient parameter that have an effect; any other counts as not sent.

    These are the integers of a range and some words, or any text where there is no range.
    """

    integers: range | None = None
    words: frozenset[str] = frozenset()

    def include(self, value: str) -> bool:
        """Tell whether a value that was sent is one of them."""
        if self.integers is None:
            return value != ""
        if value in self.words:
            return True
        is_number = value.isascii() and value.isdecimal() and len(value) < LONGEST_NUMBER
        return is_number and int(value) in self.integers


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter; of a lenient one, `usable` says which values have an effect."""

    name: str
    location: str
    schema: Schema
    required: bool
    usable: UsableValues | None

    @property
    def default(self) -> Any:
        """The value that is used when none is sent."""
        return self.schema.get("default")

    def ignores(self, value: str) -> bool:
        """Tell whether a value that was sent has no effect; one that is not lenient refuses it."""
        return self.usable is not None and not self.usable.include(value)


@dataclass(frozen=True, slots=True)
class Body:
    """A request body: its media types, and the fields of the one schema behind them.

    `since` has the media types that a later release introduced.
    """

    media_types: tuple[str, ...]
    fields: ObjectOf
    schema_name: str
    validator: Validator
    since: Mapping[str, Release]

    def read(self, request: Request, context: ValidationContext) -> dict[str, Any]:
        """Parse, clean and fold both spellings of each field into the canonical one.

        Fields that were not sent are absent in a partial change, else they have their defaults.
        Raises UnsupportedMediaType, ParseError and ValidationError.
        """
        data = parse_body(request, self.media_types)
        if data is None:
            raise ValidationError({NON_FIELD_ERRORS: ["No data provided"]})
        return self.validate(data, context)

    def validate(self, data: Any, context: ValidationContext) -> dict[str, Any]:
        """Clean and fold data that was parsed; raises ValidationError."""
        try:
            return self._fold(self.fields.clean(data, context), partial=context.partial)
        except InvalidValue as invalid:
            raise ValidationError(_key_errors(invalid)) from None

    def _fold(self, cleaned: dict[str, Any], *, partial: bool) -> dict[str, Any]:
        folded, errors = dict(cleaned), {}
        for alias in filter(self.fields.aliases.__contains__, cleaned):
            name = self.fields.aliases[alias]
            value = folded.pop(alias)
            if folded.setdefault(name, value) != value:
                text = f'This field was sent twice, as "{name}" and as "{alias}", '
                errors[name] = [f"{text}with different values."]
        if errors:
            raise InvalidValue(errors)
        return folded if partial else {**self.fields.defaults, **folded}


def _key_errors(invalid: InvalidValue) -> dict[str, Any]:
    errors = invalid.errors
    return errors if isinstance(errors, dict) else {NON_FIELD_ERRORS: errors}


@dataclass(frozen=True, slots=True)
class DocumentedResponse:
    """A documented response: a validator for each media type, and the headers it must have.

    `examples` are media type, name and value.
    """

    content: Mapping[str, Validator]
    headers: tuple[str, ...]
    may_be_empty: bool = False
    examples: tuple[tuple[str, str, Any], ...] = ()

    def check(self, response: Response, where: str) -> None:
        """Raise ContractViolation unless a response is as documented."""
        for name in self.headers:
            if name not in response.headers:
                raise ContractViolation(f"{where}: the header {name} is missing")
        if self.may_be_empty and not (response.body or response.content_type):
            return
        if not self.content:
            if response.body or response.content_type:
                raise ContractViolation(f"{where}: expected a response without a body")
            return
        media_type = (response.content_type or "").partition(";")[0]
        if media_type not in self.content:
            raise ContractViolation(f"{where}: {media_type or 'no content type'} is not documented")
        if media_type == JSON:
            value = _load_json(response.body, where)
            error = next(self.content[media_type].iter_errors(value), None)
            if error:
                place = "/".join(map(str, error.instance_path))
                raise ContractViolation(f"{where}: at /{place}: {error.message[-300:]}")


def _load_json(body: bytes, where: str) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise ContractViolation(f"{where}: the body is not valid JSON: {error}") from None


@dataclass(frozen=True)  # without slots, for what is worked out once
class Operation:
    """One operation of the contract, compiled; a public one needs no key and has no roles.

    `own_path` tells whether a learner may call it only below the learner's own path;
    `permission_denied` is the text of the 403 for a role that may not, None for the framework's.
    """

    operation_id: str
    method: str
    path: str
    summary: str
    evidence: tuple[str, ...]
    since: Release
    parameters: tuple[Parameter, ...]
    query: ObjectOf
    body: Body | None
    responses: Mapping[int, DocumentedResponse]
    roles: frozenset[Role]
    is_public: bool
    own_path: bool
    permission_denied: str | None

    def read_query(self, request: Request) -> dict[str, Any]:
        """Return the values of the parameters that are validated; raises ValidationError."""
        form = Form({name: [value] for name, value in request.query.items()})
        try:
            cleaned = self.query.clean(form, ValidationContext(False, accept_any_reference))
        except InvalidValue as invalid:
            raise ValidationError(_key_errors(invalid)) from None
        return {**self.query.defaults, **cleaned}

    def parameter(self, name: str) -> Parameter:
        """Return a declared query parameter."""
        return self._query_parameters[name]

    @cached_property
    def _query_parameters(self) -> Mapping[str, Parameter]:
        return {each.name: each for each in self.parameters if each.location == "query"}

    def check_response(self, response: Response) -> None:
        """Raise ContractViolation unless the contract documents this response."""
        where = f"{self.operation_id} {response.status}"
        documented = self.responses.get(response.status)
        if documented is None:
            raise ContractViolation(f"{where}: the status is not documented")
        documented.check(response, where)


@dataclass(frozen=True)  # without slots, for what is worked out once
class Resource:
    """A path and the operations on it; `view_name` is its name in the response to OPTIONS."""

    path: str
    view_name: str
    operations: Mapping[str, Operation]
    method_not_allowed: DocumentedResponse
    usual_media_types: tuple[str, ...] = ()

    @cached_property
    def allow(self) -> str:
        """The value of the Allow header, in the framework's order."""
        head = ["HEAD"] if "GET" in self.operations else []
        return ", ".join([*self.operations, *head, "OPTIONS"])

    @cached_property
    def is_public(self) -> bool:
        """Whether no operation needs a key."""
        return all(operation.is_public for operation in self.operations.values())

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types of request bodies; without an operation that has one, the usual ones."""
        for operation in self.operations.values():
            if operation.body:
                return operation.body.media_types
        return self.usual_media_types

# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of what answers look like: fields, types, formats and the envelope."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from tests.differential.twin.defects.defect import (
    Defect,
    Twin,
    around,
    defect,
    instead_of,
    redeclare,
)


class Shown(serializers.Field):
    """A field of an answer that a function works out of the whole object."""

    def __init__(self, show: Callable[[Any], Any]) -> None:
        self.show = show
        super().__init__(read_only=True, source="*")

    def to_representation(self, value: Any) -> Any:
        """Return what the function makes of the object."""
        return self.show(value)


@defect
def tags_are_comma_text(twin: Twin) -> None:
    """The tags went into a text column, and answers show them joined by commas."""
    show = Shown(lambda credential: ",".join(credential.tags or ()))
    redeclare(twin.representations.CredentialRepresentation, tags=show)


@defect
def expires_amount_is_text(twin: Twin) -> None:
    """The amount of `expires` is declared as a text, and answers say "12" where 12 is meant."""

    def show(credential: Any) -> dict[str, str | None]:
        amount, duration = credential.expires_amount, credential.expires_duration
        return {"amount": None if amount is None else str(amount), "duration": duration}

    redeclare(twin.representations.CredentialRepresentation, expires=Shown(show))


@defect
def programs_are_one_text(twin: Twin) -> None:
    """The programs follow the published description, and answers show one text of their names."""
    show = Shown(lambda credential: ", ".join(item.name for item in credential.programs.all()))
    redeclare(twin.representations.CredentialRepresentation, programs=show)


@defect
def courses_are_bare_ids(twin: Twin) -> None:
    """The courses come from a slug field, and answers list ids where objects are promised."""
    show = Shown(lambda credential: [item.course_id for item in credential.courses.all()])
    redeclare(twin.representations.CredentialRepresentation, courses=show)


@defect
def created_at_has_no_zone(twin: Twin) -> None:
    """The time of creation is written with a format of the team's own, which forgets the zone."""
    naive = serializers.DateTimeField(source="created_at", format="%Y-%m-%dT%H:%M:%S.%f")
    redeclare(twin.representations.CredentialRepresentation, createdAt=naive)


@defect
def created_at_is_a_timestamp(twin: Twin) -> None:
    """The time of creation is written as milliseconds since 1970, a number and not a date-time."""
    show = Shown(lambda credential: int(credential.created_at.timestamp() * 1000))
    redeclare(twin.representations.CredentialRepresentation, createdAt=show)


@defect
def new_ids_are_plain_uuids(twin: Twin) -> None:
    """A new credential gets the 36 characters of a UUID, not its 22 characters of base64."""

    @around(twin.serializers.CredentialBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        return original(self, sent | {"entity_id": str(uuid.uuid4())})


@defect
def issuer_is_only_its_id(twin: Twin) -> None:
    """The issuer lost its nested serializer, and `issuerDetails` is nothing but an id."""
    show = Shown(lambda credential: credential.issuer.entity_id)
    redeclare(twin.representations.CredentialRepresentation, issuerDetails=show)


@defect
def empty_fields_are_left_out(twin: Twin) -> None:
    """The answers were slimmed: a field that is null is missing, though every one is promised."""

    @around(twin.representations.CredentialRepresentation)
    def to_representation(original: Any, self: Any, instance: Any) -> dict[str, Any]:
        shown = original(self, instance)
        return {name: value for name, value in shown.items() if value is not None}


@defect
def image_addresses_are_relative(twin: Twin) -> None:
    """The images' addresses are not made absolute, so an app on another host cannot load them."""

    @instead_of(twin.representations)
    def absolute_image(request: Any, image: Any, address: str | None) -> str | None:
        return f"/__mock__/images/{image.file}" if image is not None else address


@defect
def list_leaves_templates_out(twin: Twin) -> None:
    """The list got a lighter serializer, whose items lack the two templates and the metadata."""

    @around(twin.views.CredentialsView)
    def get(original: Any, self: Any, request: Any, **path: str) -> Response:
        response = original(self, request, **path)
        for shown in response.data["result"]["data"]:
            for heavy in ("html_template", "css_template", "metadata"):
                del shown[heavy]
        return response


@defect
def row_number_leaks(twin: Twin) -> None:
    """The serializer shows all columns, and answers carry the undocumented `id` of the row."""
    number = serializers.IntegerField(source="pk")
    redeclare(twin.representations.CredentialRepresentation, id=number)


@defect
def signal_is_its_label(twin: Twin) -> None:
    """The signal is shown by the label of the choice, "Course passed", and not by its value."""
    show = Shown(lambda credential: credential.signal.replace("_", " ").capitalize())
    redeclare(twin.representations.CredentialRepresentation, signal=show)


@defect
def metadata_is_json_text(twin: Twin) -> None:
    """The metadata is encoded twice: an object that was sent comes back as a text of JSON."""

    def show(credential: Any) -> str | None:
        return None if credential.metadata is None else json.dumps(credential.metadata)

    redeclare(twin.representations.CredentialRepresentation, metadata=Shown(show))


@defect
def template_tags_are_comma_text(twin: Twin) -> None:
    """An issuer's template tags are shown as they are stored, one text and not a list."""

    def show(issuer: Any) -> str | None:
        return issuer.allowed_template_tags and ",".join(issuer.allowed_template_tags)

    redeclare(twin.representations.IssuerRepresentation, allowed_template_tags=Shown(show))


@defect
def issuer_item_is_enveloped(twin: Twin) -> None:
    """One issuer comes in the envelope like everything else, not as the bare list of one."""

    @around(twin.views.IssuerView)
    def get(original: Any, self: Any, request: Any, **path: str) -> Response:
        return twin.pagination.enveloped("Ok", original(self, request, **path).data[0])


@defect
def create_answers_without_envelope(twin: Twin) -> None:
    """The create view uses the framework's mixin, and answers the credential without envelope."""

    @around(twin.views.CredentialsView)
    def post(original: Any, self: Any, request: Any, **path: str) -> Response:
        return Response(original(self, request, **path).data["result"])


@defect
def update_reports_no_success(twin: Twin) -> None:
    """The update forgets to set the flag of the envelope: it worked, and `success` is false."""

    @around(twin.views.CredentialView)
    def put(original: Any, self: Any, request: Any, **path: str) -> Response:
        response = original(self, request, **path)
        response.data["status"]["success"] = False
        return response


@defect
def every_status_says_ok(twin: Twin) -> None:
    """The envelope has one fixed description, "Ok", also where "Created" or "Updated" is due."""
    original = twin.views.enveloped
    twin.views.enveloped = lambda _description, result: original("Ok", result)


SCHEMA: tuple[Defect, ...] = (
    tags_are_comma_text,
    expires_amount_is_text,
    programs_are_one_text,
    courses_are_bare_ids,
    created_at_has_no_zone,
    created_at_is_a_timestamp,
    new_ids_are_plain_uuids,
    issuer_is_only_its_id,
    empty_fields_are_left_out,
    image_addresses_are_relative,
    list_leaves_templates_out,
    row_number_leaks,
    signal_is_its_label,
    metadata_is_json_text,
    template_tags_are_comma_text,
    issuer_item_is_enveloped,
    create_answers_without_envelope,
    update_reports_no_success,
    every_status_says_ok,
)

# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Variations of how records are shown: times, more fields, another order, nulls."""

import itertools
from typing import Any

from rest_framework import serializers

from tests.differential.twin.defects.defect import Twin, around, instead_of, redeclare
from tests.differential.twin.variations.variation import variation


def show_times(twin: Twin, form: str) -> None:
    """Write each time in a form."""
    shown = twin.representations
    time = serializers.DateTimeField
    redeclare(shown.CredentialRepresentation, createdAt=time(source="created_at", format=form))
    redeclare(shown.AssertionRepresentation, issuedOn=time(source="issued_on", format=form))
    redeclare(shown.AssertionRepresentation, expires=time(format=form))


@variation("times")
def times_have_microseconds_and_an_offset(twin: Twin) -> None:
    """A time has six digits after the point and ends in `+00:00`."""
    show_times(twin, "%Y-%m-%dT%H:%M:%S.%f+00:00")


@variation("times")
def times_have_no_fraction(twin: Twin) -> None:
    """A time is shown to the second."""
    show_times(twin, "%Y-%m-%dT%H:%M:%SZ")


@variation("times")
def times_are_local(twin: Twin) -> None:
    """A time is shown in the zone of the office."""
    twin.settings.TIME_ZONE = "America/New_York"


def add_fields(representation: Any, **fields: Any) -> None:
    """Show more fields of a record."""

    @around(representation)
    def to_representation(original: Any, self: Any, instance: Any) -> Any:
        return {**original(self, instance), **fields}


@variation("more")
def records_have_more_fields(twin: Twin) -> None:
    """Each record has fields that the contract does not know."""
    shown = twin.representations
    add_fields(shown.CredentialRepresentation, modified="2026-01-01T00:00:00Z", badge={"a": [1]})
    add_fields(shown.IssuerRepresentation, email="office@example.com", rank=3)
    add_fields(shown.AssertionRepresentation, badge_url=None)
    add_fields(shown.RecipientRepresentation, avatar=None)
    add_fields(shown.SignatoryRepresentation, order=1)


@variation("more")
def listed_items_have_more_fields(twin: Twin) -> None:
    """An item of a list has fields that the item by its id has not, and they change."""
    numbers = itertools.count()

    @around(twin.pagination.CredentialPagination)
    def described(original: Any, self: Any, data: list[dict[str, Any]]) -> Any:
        return original(self, [{**item, "rank": next(numbers)} for item in data])


@variation("more")
def items_have_more_fields(twin: Twin) -> None:
    """An item by its id has fields that the list has not."""

    @around(twin.views)
    def enveloped(original: Any, description: str, result: Any) -> Any:
        return original(description, {**result, "history": [description], "views": 7})


@variation()
def envelopes_have_more_fields(twin: Twin) -> None:
    """The envelope has a code and the number of the request."""
    numbers = itertools.count()

    def extend(original: Any, description: str, result: Any) -> Any:
        response = original(description, result)
        response.data["status"] |= {"code": 0}
        response.data["request"] = next(numbers)
        return response

    for module in (twin.views, twin.pagination):

        @around(module)
        def enveloped(original: Any, description: str, result: Any) -> Any:
            return extend(original, description, result)


@variation()
def pages_have_more_fields(twin: Twin) -> None:
    """A page has more numbers than those of the contract."""

    @around(twin.pagination.CredentialPagination)
    def described(original: Any, self: Any, data: Any) -> Any:
        return {**original(self, data), "current_page": self.page.number, "start": 0}


@variation()
def fields_come_in_another_order(twin: Twin) -> None:
    """Fields of records and pages come in reverse order."""
    shown = twin.representations
    for representation in (
        shown.CredentialRepresentation, shown.IssuerRepresentation, shown.AssertionRepresentation,
    ):  # fmt: skip

        @around(representation)
        def to_representation(original: Any, self: Any, instance: Any) -> Any:
            return dict(reversed(original(self, instance).items()))


TEXTS = ("name_override", "description", "html_template", "css_template")


@variation("nulls")
def nulls_are_empty_texts(twin: Twin) -> None:
    """A text that is null is shown as an empty one."""
    replace_values(twin, dict.fromkeys(TEXTS, (None, "")))


@variation("nulls")
def empty_texts_are_nulls(twin: Twin) -> None:
    """A text that is empty is shown as null."""
    replace_values(twin, dict.fromkeys(TEXTS, ("", None)))


@variation("nulls")
def no_tags_are_an_empty_list(twin: Twin) -> None:
    """Tags and metadata that were never set are shown as empty."""
    replace_values(twin, {"tags": (None, []), "metadata": (None, {})})


def replace_values(twin: Twin, values: dict[str, tuple[Any, Any]]) -> None:
    """Show some values of a credential as others."""

    @around(twin.representations.CredentialRepresentation)
    def to_representation(original: Any, self: Any, instance: Any) -> Any:
        record = original(self, instance)
        for name, (value, other) in values.items():
            if record[name] == value and type(record[name]) is type(value):
                record[name] = other
        return record


@variation("images")
def image_addresses_are_signed(twin: Twin) -> None:
    """The addresses of images are signed anew in each answer."""
    numbers = itertools.count()

    @around(twin.representations)
    def absolute_image(original: Any, request: Any, image: Any, address: Any) -> Any:
        url = original(request, image, address)
        signature = f"?X-Amz-Signature={next(numbers):032x}"
        return url if image is None or url is None else f"{url}{signature}"


@variation("images")
def images_are_on_a_network(twin: Twin) -> None:
    """The images of the gallery are served by a content network."""

    @around(twin.representations)
    def absolute_image(original: Any, request: Any, image: Any, address: Any) -> Any:
        url = original(request, image, address)
        return url if image is None else f"https://cdn.example.com/uploaded_images/{image.file}"


@variation()
def issuers_show_the_name_of_their_platform(twin: Twin) -> None:
    """`org` of an issuer is the platform's other name, not the key of the path."""
    redeclare(twin.representations.IssuerRepresentation, org=serializers.CharField(
        source="platform.name"))  # fmt: skip


@variation()
def credentials_show_their_own_signatories_only(twin: Twin) -> None:
    """A credential does not repeat the signatories of its issuer."""

    def get_signatories(self: Any) -> Any:
        return list(self.own_signatories.all())

    twin.models.Credential.signatories = property(get_signatories)


@variation()
def assertions_have_metadata_of_their_own(twin: Twin) -> None:
    """The service adds keys of its own to the metadata of an assertion."""

    @around(twin.representations.AssertionRepresentation)
    def to_representation(original: Any, self: Any, instance: Any) -> Any:
        record = original(self, instance)
        return {**record, "metadata": {**(record["metadata"] or {}), "issued_by": "service"}}


@variation()
def the_signatory_is_bare(twin: Twin) -> None:
    """A new signatory is answered without `data` around it, as it is published."""

    @around(twin.views.IssuerAuthorityView)
    def post(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        response = original(self, *arguments, **options)
        response.data = response.data.get("data", response.data)
        return response


@variation("issuer")
def a_new_issuer_is_bare(twin: Twin) -> None:
    """A new issuer is answered without an envelope."""

    @around(twin.views.IssuersView)
    def post(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        response = original(self, *arguments, **options)
        response.data = response.data["result"]
        return response


@variation("issuer")
def a_new_issuer_is_in_an_array(twin: Twin) -> None:
    """A new issuer is answered as an array of one, like one that is read."""

    @around(twin.views.IssuersView)
    def post(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        response = original(self, *arguments, **options)
        response.data = [response.data["result"]]
        return response


@variation()
def the_ids_are_other_texts(twin: Twin) -> None:
    """The ids of new records begin with another alphabet of the same encoding."""
    original = twin.models.new_entity_id
    for model in (twin.models.Credential, twin.models.Issuer, twin.models.Assertion):
        field = model._meta.get_field("entity_id")
        field.default = lambda: f"-{original()[1:]}"
        field.__dict__.pop("_get_default", None)


def set_status(twin: Twin, view: Any, method: str, status: int) -> None:
    """Let a view answer a success with another status code."""
    original = getattr(view, method)

    def answer(self: Any, *arguments: Any, **options: Any) -> Any:
        response = original(self, *arguments, **options)
        response.status_code = status
        return response

    setattr(view, method, answer)


@variation()
def creating_answers_201(twin: Twin) -> None:
    """A created credential is 201."""
    set_status(twin, twin.views.CredentialsView, "post", 201)


@variation()
def creating_an_issuer_answers_201(twin: Twin) -> None:
    """A created issuer and signatory are 201."""
    set_status(twin, twin.views.IssuersView, "post", 201)
    set_status(twin, twin.views.IssuerAuthorityView, "post", 201)


@variation()
def issuing_answers_201(twin: Twin) -> None:
    """An issued assertion is 201, in bulk as well."""
    set_status(twin, twin.assertions.CredentialAssertionsView, "post", 201)
    set_status(twin, twin.assertions.BulkAssertionsView, "post", 201)


@variation()
def deleting_answers_200_with_a_status(twin: Twin) -> None:
    """A deleted credential is 200 and `Deleted`, as release 4.202 has it."""

    @around(twin.views.CredentialView)
    def delete(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        original(self, *arguments, **options)
        return twin.views.Response({"status": {"success": True, "description": "Deleted"}})


@variation()
def deleting_an_issuer_answers_204(twin: Twin) -> None:
    """A deleted issuer is 204 without a body."""

    @around(twin.views.IssuerView)
    def delete(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        original(self, *arguments, **options)
        return twin.views.Response(status=204)


@variation("ties")
def new_times_are_whole_seconds(twin: Twin) -> None:
    """Times are stored to the second, and of one time the newest row comes first."""
    store_whole_seconds(twin)


@variation("ties")
def ties_come_oldest_first(twin: Twin) -> None:
    """Times are stored to the second, and of one time the oldest row comes first."""
    store_whole_seconds(twin)

    @instead_of(twin.views.CredentialsView)
    def newest_first(self: Any, credentials: Any) -> Any:
        return credentials.order_by("-created_at", "pk")

    @instead_of(twin.assertions)
    def newest_first(assertions: Any) -> Any:  # noqa: F811  of another module
        return assertions.order_by("-issued_on", "pk")


def store_whole_seconds(twin: Twin) -> None:
    """Cut the fraction off the times of new records."""
    now = twin.models.clock.now

    def whole_second() -> Any:
        return now().replace(microsecond=0)

    twin.models.clock.now = whole_second
    field = twin.models.Credential._meta.get_field("created_at")
    field.default = whole_second
    field.__dict__.pop("_get_default", None)

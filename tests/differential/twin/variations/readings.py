# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Variations of what is read and stored, where the facts leave room."""

import copy
from datetime import timedelta
from typing import Any

from django.db import transaction
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError

from tests.differential.twin.defects.defect import Twin, around, instead_of, redeclare
from tests.differential.twin.variations.variation import variation


@variation()
def issuing_needs_no_item(twin: Twin) -> None:
    """A credential is issued without a course or a program, too."""

    @instead_of(twin.serializers.OriginBody)
    def require_item(self: Any, attrs: Any) -> None:
        return None


@variation()
def several_items_may_be_named(twin: Twin) -> None:
    """An issue may name a course and a program, of which one is attached to the credential."""

    @around(twin.serializers.OriginBody)
    def require_item(original: Any, self: Any, attrs: Any) -> None:
        names = [name for name in twin.serializers.ORIGINS if attrs.get(name) is not None]
        original(self, {name: attrs[name] for name in names[:1]})


@variation("bulk")
def unknown_users_are_skipped(twin: Twin) -> None:
    """An unknown user in a bulk is among the skipped ones."""
    users = twin.models.User.objects

    @around(twin.assertions.BulkAssertionsView)
    def post(original: Any, self: Any, request: Any, **options: Any) -> Any:
        data = request.data
        is_form = hasattr(data, "getlist")
        sent = data.get("users") if isinstance(data, dict) and not is_form else None
        if not isinstance(sent, list):
            return original(self, request, **options)
        known = set(users.filter(platform=self.platform).values_list("username", flat=True))
        unknown = [name for name in sent if isinstance(name, str) and name and name not in known]
        if not unknown:
            return original(self, request, **options)
        request._full_data = {**data, "users": [name for name in sent if name not in unknown]}
        response = original(self, request, **options)
        response.data["skipped"] += unknown
        return response


@variation("bulk")
def repeated_users_are_refused(twin: Twin) -> None:
    """A name that is twice in a bulk is 400."""

    @around(twin.serializers.BulkAssertionBody)
    def validate(original: Any, self: Any, attrs: Any) -> Any:
        if len(set(attrs["users"])) < len(attrs["users"]):
            raise ValidationError({"users": ["Repeated."]})
        return original(self, attrs)


@variation()
def bulk_skips_whoever_had_one(twin: Twin) -> None:
    """A user who had an assertion of the credential, even a revoked one, is skipped."""

    @instead_of(twin.models.Credential)
    def is_held_by(self: Any, user: Any) -> bool:
        return bool(self.assertions.filter(recipient=user).exists())


@variation()
def a_holder_is_not_issued_again(twin: Twin) -> None:
    """Issuing a credential to a user who holds it is refused."""

    @around(twin.serializers.AssertionBody)
    def create(original: Any, self: Any, said: Any) -> Any:
        if self.context["credential"].is_held_by(said["recipient"]["identity"]):
            raise ValidationError({"recipient": ["Holds it already."]})
        return original(self, said)


def end_after(twin: Twin, days: dict[str, int], *, at_midnight: bool = False) -> None:
    """Compute the end of validity with so many days for each unit."""

    @around(twin.models.Credential)
    def end_of_validity(original: Any, self: Any, issued_on: Any) -> Any:
        end = original(self, issued_on)
        if end is not None and self.expires_duration in days:
            end = issued_on + timedelta(days=days[self.expires_duration] * self.expires_amount)
        if end is not None and at_midnight:
            end = end.replace(hour=23, minute=59, second=59, microsecond=0)
        return end


@variation("expiry")
def a_month_is_thirty_days(twin: Twin) -> None:
    """A month is counted as 30 days, and a year as 365."""
    end_after(twin, {"months": 30, "years": 365})


@variation("expiry")
def assertions_expire_at_midnight(twin: Twin) -> None:
    """An assertion holds until the end of its last day."""
    end_after(twin, {}, at_midnight=True)


@variation()
def expiry_follows_the_credential(twin: Twin) -> None:
    """A later change of the credential's period changes what was issued."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: Any) -> Any:
        stored = original(self, instance, sent)
        for assertion in stored.assertions.all():
            assertion.expires = stored.end_of_validity(assertion.issued_on)
            assertion.save()
        return stored


@variation("forms")
def forms_have_dotted_keys_only(twin: Twin) -> None:
    """A nested object of a form is read as the framework does it: dotted keys, no JSON."""
    twin.fields.ObjectFromForm.get_value = lambda self, dictionary: super(
        twin.fields.ObjectFromForm, self
    ).get_value(dictionary)


@variation("forms")
def forms_have_json_only(twin: Twin) -> None:
    """A nested object of a form is JSON text; dotted keys are ignored."""

    @instead_of(twin.fields.ObjectFromForm)
    def get_value(self: Any, dictionary: Any) -> Any:
        if twin.fields.is_html_input(dictionary):
            if self.field_name not in dictionary:
                return serializers.empty
            return twin.fields.json_or_itself(dictionary[self.field_name])
        return super(twin.fields.ObjectFromForm, self).get_value(dictionary)


@variation("concurrency", threads=4)
def concurrent_updates_undo_each_other(twin: Twin) -> None:
    """An update reads the row and writes all of it, without a lock."""

    @instead_of(twin.views.CredentialView)
    def put(self: Any, request: Any, **_: str) -> Any:
        found = self.get_object()
        with transaction.atomic():
            credential = self.saved(twin.views.CredentialBody, found, partial=True)
        representation = twin.views.CredentialRepresentation
        return twin.views.enveloped("Updated", self.represented(representation, credential))


@variation("concurrency", threads=4)
def several_requests_are_served_at_once(twin: Twin) -> None:
    """The server has several threads."""


@variation()
def json_need_not_be_strict(twin: Twin) -> None:
    """The framework's STRICT_JSON is off."""
    twin.views.ServiceView.parser_classes[0].strict = False


@variation()
def addresses_are_plain_texts(twin: Twin) -> None:
    """Addresses are texts, and nobody checks them."""
    text = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    names = ("criteriaUrl", "iconImage", "backgroundImage", "thumbnailImage")
    redeclare(twin.serializers.CredentialBody, **{name: copy.deepcopy(text) for name in names})
    redeclare(twin.serializers.IssuerBody, iconImage=copy.deepcopy(text), url=copy.deepcopy(text))


@variation()
def blanks_are_accepted(twin: Twin) -> None:
    """Tags and the type may be blank, the signal null."""
    field = serializers.CharField
    redeclare(
        twin.serializers.CredentialBody,
        tags=twin.fields.TextList(child=field(allow_blank=True), required=False, allow_null=True),
        credentialType=field(required=False, allow_blank=True, max_length=255),
    )


@variation("courses")
def unknown_courses_are_left_out(twin: Twin) -> None:
    """A course that does not exist is left out without a word."""

    @instead_of(twin.fields.ReferenceList)
    def to_internal_value(self: Any, data: Any) -> Any:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        found = []
        for value in data:
            try:
                found.append(self.child_relation.run_validation(value))
            except ValidationError:
                if self.field_name == "users":
                    raise
        return found


@variation()
def expires_is_set_as_a_whole(twin: Twin) -> None:
    """A part of `expires` that is not sent becomes null."""

    @around(twin.serializers)
    def change_expires(original: Any, credential: Any, sent: Any) -> None:
        original(credential, {"amount": None, "duration": None, **sent} if sent else sent)


@variation()
def the_second_spelling_wins(twin: Twin) -> None:
    """Of two spellings with different values one is taken."""

    @instead_of(twin.serializers.CredentialBody)
    def validate(self: Any, attrs: dict[str, Any]) -> dict[str, Any]:
        for other, canonical in twin.serializers.SPELLINGS.items():
            if other in attrs:
                attrs[canonical] = attrs.pop(other)
        return attrs


@variation()
def the_narratives_type_is_ignored(twin: Twin) -> None:
    """`credential_type` is not read."""

    @around(twin.serializers.CredentialBody)
    def get_fields(original: Any, self: Any) -> Any:
        fields = original(self)
        del fields["credential_type"]
        return fields


@variation("revocation")
def the_reason_stays(twin: Twin) -> None:
    """A revocation that is taken back keeps its reason."""

    @instead_of(twin.serializers.RevocationBody)
    def update(self: Any, instance: Any, data: Any) -> Any:
        instance.revoked = data["revoked"]
        instance.revocation_reason = data["reason"] or instance.revocation_reason
        instance.save()
        return instance


@variation("revocation")
def an_update_of_an_assertion_is_whole(twin: Twin) -> None:
    """A PUT of an assertion has to say whether it is revoked; what is wrong is said generally."""

    @around(twin.serializers.RevocationBody)
    def validate(original: Any, self: Any, attrs: Any) -> Any:
        if "revoked" not in attrs:
            raise ValidationError("`revoked` is required.")
        try:
            return original(self, attrs)
        except ValidationError:
            raise ValidationError("A reason is required.") from None


@variation()
def names_are_unique(twin: Twin) -> None:
    """Two credentials, or two issuers, of one name are refused."""

    def refuse_namesakes(model: Any) -> Any:
        def validate_name(self: Any, value: str) -> str:
            others = model.objects.filter(platform=self.context["platform"], name=value)
            if others.exclude(pk=getattr(self.instance, "pk", None)).exists():
                raise ValidationError("Exists already.")
            return value

        return validate_name

    twin.serializers.CredentialBody.validate_name = refuse_namesakes(twin.models.Credential)
    twin.serializers.IssuerBody.validate_name = refuse_namesakes(twin.models.Issuer)


class Held(APIException):
    """The credential is held."""

    status_code = status.HTTP_409_CONFLICT


@variation()
def a_conflict_has_other_words(twin: Twin) -> None:
    """The 409 of a credential that is held is worded otherwise."""

    @around(twin.views.CredentialView)
    def delete(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return original(self, *arguments, **options)
        except twin.views.Conflict:
            raise Held("Revoke first.") from None


@variation()
def white_space_is_kept(twin: Twin) -> None:
    """Texts are stored with the white space around them."""
    for name in ("description", "criteriaNarrative", "html_template", "css_template"):
        twin.serializers.CredentialBody._declared_fields[name].trim_whitespace = False


@variation()
def amounts_may_be_negative(twin: Twin) -> None:
    """The amount of `expires` has no lower bound, as in the service's own description."""
    amount = serializers.IntegerField(
        required=False, allow_null=True, min_value=-(2**31), max_value=2**31 - 1
    )
    redeclare(twin.serializers.ExpiresBody, amount=amount)

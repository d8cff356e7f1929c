# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of assertions: what is issued, revoked, listed, and shown to the public."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
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


def filter_as(twin: Twin, **asked: Any) -> None:
    """Filter a user's list as if this had been asked for."""

    @around(twin.assertions.UserAssertionsView)
    def filtered(original: Any, self: Any, holder: Any, query: Mapping[str, Any]) -> Any:
        return original(self, holder, {**query, **asked})


@defect
def revoked_assertions_are_always_listed(twin: Twin) -> None:
    """The default of `include_revoked` is true: what was taken away is shown as if it held."""
    filter_as(twin, include_revoked=True)


@defect
def expired_assertions_are_always_listed(twin: Twin) -> None:
    """Expiry is never asked for: what no longer holds stays in the list."""
    filter_as(twin, include_expired=True)


@defect
def one_filter_opens_the_other(twin: Twin) -> None:
    """`include_revoked` drops the whole condition, and expired ones come along."""

    @around(twin.assertions.UserAssertionsView)
    def filtered(original: Any, self: Any, holder: Any, query: Mapping[str, Any]) -> Any:
        both = query["include_revoked"] or query["include_expired"]
        return original(self, holder, {**query, "include_expired": both, "include_revoked": both})


@defect
def course_filter_looks_at_the_credential(twin: Twin) -> None:
    """`course` looks at the credential's courses, not at what the assertion was earned with."""

    @around(twin.assertions.UserAssertionsView)
    def filtered(original: Any, self: Any, holder: Any, query: Mapping[str, Any]) -> Any:
        course = query.get("course")
        rest = {name: value for name, value in query.items() if name != "course"}
        found = original(self, holder, rest)
        return found.filter(credential__courses__course_id=course) if course else found


@defect
def bad_parameters_count_as_not_sent(twin: Twin) -> None:
    """The parameters of a user's list are read and not validated: `maybe` is as good as false."""

    @around(twin.serializers.AssertionsQuery)
    def is_valid(original: Any, self: Any, **_: Any) -> bool:
        if not original(self):
            good = {k: v for k, v in self.initial_data.items() if k not in self.errors}
            self.initial_data = good
            del self._validated_data, self._errors
            original(self)
        return True


@defect
def assertions_come_in_the_order_of_their_rows(twin: Twin) -> None:
    """Lists of assertions are in the order in which they were stored."""
    twin.assertions.newest_first = lambda assertions: assertions.order_by("pk")


@defect
def assertion_pages_skip_one(twin: Twin) -> None:
    """Each page of a user's list begins one item late: at each boundary one is on no page."""

    @around(twin.assertions)
    def paginated(original: Any, view: Any, pagination: Any, assertions: Any) -> Response:
        response = original(view, pagination, assertions)
        if response.data["page_number"] > 1:
            response.data["data"] = response.data["data"][1:]
        return response


@defect
def assertions_come_in_the_envelope(twin: Twin) -> None:
    """Lists of assertions have the envelope that all other lists have."""
    page = twin.pagination.CredentialPagination
    twin.pagination.AssertionPagination.get_paginated_response = page.get_paginated_response


@defect
def months_last_thirty_days(twin: Twin) -> None:
    """A month is counted as 30 days, and a year as 12 of those."""
    days = {"day": 1, "week": 7, "month": 30, "year": 360}

    @instead_of(twin.models.Credential)
    def end_of_validity(self: Any, issued_on: Any) -> Any:
        unit = (self.expires_duration or "").lower().removesuffix("s")
        if not self.expires_amount or unit not in days:
            return None
        return issued_on + timedelta(days=self.expires_amount * days[unit])


@defect
def nothing_that_is_issued_expires(twin: Twin) -> None:
    """The end of an assertion is never computed: all of them hold for ever."""
    twin.models.Credential.end_of_validity = lambda _self, _issued_on: None


@defect
def metadata_of_an_assertion_is_lost(twin: Twin) -> None:
    """The metadata of an issue is validated and not stored."""

    @around(twin.serializers.OriginBody)
    def issue(original: Any, self: Any, recipient: Any, said: dict[str, Any]) -> Any:
        return original(self, recipient, {k: v for k, v in said.items() if k != "metadata"})


@defect
def program_id_is_ignored(twin: Twin) -> None:
    """Only one spelling is read: with `program_id` an assertion is earned with nothing."""

    @around(twin.serializers.OriginBody)
    def validate(original: Any, self: Any, attrs: dict[str, Any]) -> dict[str, Any]:
        return original(self, {k: v for k, v in attrs.items() if not k.endswith("_id")})


@defect
def revocation_needs_no_reason(twin: Twin) -> None:
    """A revocation without a reason is accepted."""

    @instead_of(twin.serializers.RevocationBody)
    def validate(self: Any, attrs: dict[str, Any]) -> dict[str, Any]:
        revoked = attrs.get("revoked", self.instance.revoked)
        reason = attrs.get("revocationReason", self.instance.revocation_reason)
        return {"revoked": revoked, "reason": (reason or None) if revoked else None}


@defect
def revocation_is_for_ever(twin: Twin) -> None:
    """`revoked: false` is answered and not stored: a revocation cannot be taken back."""

    @around(twin.serializers.RevocationBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        if instance.revoked and not sent["revoked"]:
            instance.revoked, instance.revocation_reason = False, None
            return instance
        return original(self, instance, sent)


@defect
def reason_outlives_the_revocation(twin: Twin) -> None:
    """A revocation that is taken back leaves its reason, for everybody to read."""

    @around(twin.serializers.RevocationBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        kept = sent["reason"] or instance.revocation_reason
        return original(self, instance, {**sent, "reason": kept})


@defect
def revocation_is_of_all_of_a_recipient(twin: Twin) -> None:
    """The update filters by credential and recipient, and revokes all that somebody holds of it."""

    @around(twin.serializers.RevocationBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        updated = original(self, instance, sent)
        same = {"credential": updated.credential, "recipient": updated.recipient}
        type(updated).objects.filter(**same).update(
            revoked=updated.revoked, revocation_reason=updated.revocation_reason
        )
        return updated


@defect
def held_credentials_are_deleted(twin: Twin) -> None:
    """Nobody asks who holds a credential: a deletion takes the assertions with it."""
    twin.models.Credential.has_active_assertions = lambda _self: False


@defect
def revoked_assertions_keep_their_credential(twin: Twin) -> None:
    """Any assertion is counted: with a revoked one a credential cannot be deleted, 409."""
    credential = twin.models.Credential
    credential.has_active_assertions = lambda self: self.assertions.exists()


@defect
def bulk_issues_twice(twin: Twin) -> None:
    """Issuing in bulk asks nobody: who holds it gets a second one, and `skipped` is empty."""
    twin.models.Credential.is_held_by = lambda _self, _user: False


@defect
def bulk_skips_who_was_revoked(twin: Twin) -> None:
    """A user who had an assertion once is skipped for ever, though it was revoked."""

    @instead_of(twin.models.Credential)
    def is_held_by(self: Any, user: Any) -> bool:
        return bool(self.assertions.filter(recipient=user).exists())


@defect
def bulk_tells_and_does_not_issue(twin: Twin) -> None:
    """The bulk is handed to a queue that nobody works off: `issued` names who gets nothing."""

    @around(twin.serializers.BulkAssertionBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        with transaction.atomic():
            result = original(self, sent)
            transaction.set_rollback(True)
        return result


@defect
def bulk_drops_unknown_users(twin: Twin) -> None:
    """A username that does not exist is dropped without a word, and the others are issued it."""

    class Known(twin.fields.ReferenceList):  # type: ignore[name-defined]
        """What keeps those that are there."""

        def to_internal_value(self, data: Any) -> Any:
            """Leave out what is not there."""
            names = list(twin.models.User.objects.values_list("username", flat=True))
            return super().to_internal_value([each for each in data if each in names])

    child = twin.fields.SlugOnPlatform(slug_field="username", queryset=twin.models.User.objects)
    redeclare(twin.serializers.BulkAssertionBody, users=Known(child_relation=child))


@defect
def issue_creates_unknown_users(twin: Twin) -> None:
    """A recipient who does not exist is created on the spot."""

    @around(twin.fields.SlugOnPlatform)
    def to_internal_value(original: Any, self: Any, data: Any) -> Any:
        if self.slug_field == "username" and isinstance(data, str) and data:
            twin.models.User.objects.get_or_create(
                username=data, platform=self.context["platform"], defaults={"role": "learner"}
            )
        return original(self, data)


@defect
def public_look_up_needs_a_key(twin: Twin) -> None:
    """The public look-up has the authentication of all other views."""
    view = twin.assertions.PublicAssertionView
    view.authentication_classes = twin.views.PlatformView.authentication_classes
    view.permission_classes = twin.views.PlatformView.permission_classes[:1]


@defect
def public_look_up_shows_revoked_ones(twin: Twin) -> None:
    """The public look-up answers a revoked assertion like any other."""

    @instead_of(twin.assertions.PublicAssertionView)
    def refused(self: Any, assertion: Any) -> Response:
        shown = twin.representations.AssertionRepresentation
        return Response(shown(assertion, context={"request": self.request}).data)


@defect
def public_refusal_shows_the_assertion(twin: Twin) -> None:
    """The 404 of a revoked assertion holds the whole of it, beside the reason."""

    @around(twin.assertions.PublicAssertionView)
    def refused(original: Any, self: Any, assertion: Any) -> Response:
        response = original(self, assertion)
        shown = twin.representations.AssertionRepresentation
        response.data["assertion"] = shown(assertion, context={"request": self.request}).data
        return response


@defect
def public_look_up_tells_the_mail_address(twin: Twin) -> None:
    """The recipient is the user's own representation, with the address in it."""
    email = serializers.CharField()
    redeclare(twin.representations.RecipientRepresentation, email=email)


@defect
def learners_list_what_others_hold(twin: Twin) -> None:
    """The list of a user is not told whose it is: a learner reads everybody's."""
    twin.assertions.UserAssertionsView.check_may_see = lambda _self, _holder: None


@defect
def learners_see_everybody_of_a_credential(twin: Twin) -> None:
    """What a learner may see is not narrowed: a credential's list names who else passed."""
    twin.assertions.visible_to = lambda _user, assertions: assertions


@defect
def another_platforms_assertions_are_found(twin: Twin) -> None:
    """An assertion is looked up by its id alone, on whatever platform it is."""

    @instead_of(twin.assertions.AssertionView)
    def get_object(self: Any) -> Any:
        self.require_user()
        everywhere = twin.assertions.visible_to(
            self.request.user, twin.models.Assertion.objects.all()
        )
        return twin.assertions.get_object_or_404(everywhere, entity_id=self.kwargs["entity_id"])


@defect
def forms_lose_the_recipient(twin: Twin) -> None:
    """A form's JSON text of a recipient is not decoded, and refused."""

    @instead_of(twin.serializers.RecipientBody)
    def get_value(self: Any, dictionary: Mapping[str, Any]) -> Any:
        return serializers.Serializer.get_value(self, dictionary)


ASSERTIONS: tuple[Defect, ...] = (
    revoked_assertions_are_always_listed,
    expired_assertions_are_always_listed,
    one_filter_opens_the_other,
    course_filter_looks_at_the_credential,
    bad_parameters_count_as_not_sent,
    assertions_come_in_the_order_of_their_rows,
    assertion_pages_skip_one,
    assertions_come_in_the_envelope,
    months_last_thirty_days,
    nothing_that_is_issued_expires,
    metadata_of_an_assertion_is_lost,
    program_id_is_ignored,
    revocation_needs_no_reason,
    revocation_is_for_ever,
    reason_outlives_the_revocation,
    revocation_is_of_all_of_a_recipient,
    held_credentials_are_deleted,
    revoked_assertions_keep_their_credential,
    bulk_issues_twice,
    bulk_skips_who_was_revoked,
    bulk_tells_and_does_not_issue,
    bulk_drops_unknown_users,
    issue_creates_unknown_users,
    public_look_up_needs_a_key,
    public_look_up_shows_revoked_ones,
    public_refusal_shows_the_assertion,
    public_look_up_tells_the_mail_address,
    learners_list_what_others_hold,
    learners_see_everybody_of_a_credential,
    another_platforms_assertions_are_found,
    forms_lose_the_recipient,
)

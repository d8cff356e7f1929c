# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Variations of what a service does with what it holds, where nothing is known."""

import itertools
import time
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import ValidationError

from tests.differential.twin.defects.defect import Twin, add_middleware, around, instead_of
from tests.differential.twin.variations.variation import variation


def move_clock(twin: Twin, distance: timedelta) -> None:
    """Let the service's clock differ from that of its clients."""
    now = twin.models.clock.now

    def moved() -> Any:
        return now() + distance

    twin.models.clock.now = moved
    for model, name in ((twin.models.Credential, "created_at"),
                        (twin.models.Assertion, "issued_on")):  # fmt: skip
        field = model._meta.get_field(name)
        field.default = moved
        field.__dict__.pop("_get_default", None)


@variation("clock")
def the_clock_is_ahead(twin: Twin) -> None:
    """The service's clock is two days ahead."""
    move_clock(twin, timedelta(days=2, seconds=7))


@variation("clock")
def the_clock_is_behind(twin: Twin) -> None:
    """The service's clock is an hour behind."""
    move_clock(twin, timedelta(hours=-1, seconds=-7))


@variation("deleting-issuers")
def deleting_an_issuer_takes_its_credentials(twin: Twin) -> None:
    """A deleted issuer takes its credentials along."""

    @instead_of(twin.views.IssuerView)
    def delete(self: Any, *_: Any, **__: Any) -> Any:
        self.get_object().delete()
        return twin.views.Response({"status": {"success": True, "description": "Deleted"}})


@variation("deleting-issuers")
def an_issuer_in_use_is_400(twin: Twin) -> None:
    """An issuer with credentials is not deleted: 400 with a list of messages."""

    @around(twin.views.IssuerView)
    def delete(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return original(self, *arguments, **options)
        except twin.views.Conflict:
            raise ValidationError(["The issuer has credentials."]) from None


@variation("revocation")
def revocations_are_final(twin: Twin) -> None:
    """A revocation cannot be taken back: 400."""

    @around(twin.serializers.RevocationBody)
    def validate(original: Any, self: Any, attrs: Any) -> Any:
        if self.instance.revoked and attrs.get("revoked") is False:
            raise ValidationError({"revoked": ["A revocation is final."]})
        return original(self, attrs)


@variation("look-up")
def an_unknown_look_up_names_a_type(twin: Twin) -> None:
    """The public look-up's empty 404 is Django's, with the content type of HTML."""

    @around(twin.assertions.PublicAssertionView)
    def get(original: Any, self: Any, request: Any, entity_id: str) -> Any:
        response = original(self, request, entity_id)
        is_empty = response.status_code == 404 and response.data is None
        return HttpResponse(status=404) if is_empty else response


@variation("look-up-reason")
def the_reason_is_in_the_detail(twin: Twin) -> None:
    """The public look-up tells the reason of a revocation inside of `detail`."""

    @instead_of(twin.assertions.PublicAssertionView)
    def refused(self: Any, assertion: Any) -> Any:
        detail = f"Revoked: {assertion.revocation_reason}"
        return twin.views.Response({"detail": detail}, status=404)


@variation("issuing-again")
def issuing_again_returns_the_same(twin: Twin) -> None:
    """Issuing a credential to a user who holds it answers with the assertion that is there."""

    @around(twin.serializers.AssertionBody)
    def create(original: Any, self: Any, said: Any) -> Any:
        credential, user = self.context["credential"], said["recipient"]["identity"]
        held = credential.assertions.filter(recipient=user, revoked=False).first()
        return held or original(self, said)


@variation("issuing-again")
def issuing_again_replaces(twin: Twin) -> None:
    """Issuing a credential to a user who holds it revokes the older assertion."""

    @around(twin.serializers.AssertionBody)
    def create(original: Any, self: Any, said: Any) -> Any:
        credential, user = self.context["credential"], said["recipient"]["identity"]
        credential.assertions.filter(recipient=user, revoked=False).update(
            revoked=True, revocation_reason="Replaced."
        )
        return original(self, said)


@variation("new-assertions")
def new_assertions_are_accepted(twin: Twin) -> None:
    """A new assertion is accepted at once and has a narrative of the service."""

    @around(twin.serializers.OriginBody)
    def issue(original: Any, self: Any, recipient: Any, said: Any) -> Any:
        assertion = original(self, recipient, said)
        assertion.acceptance = "Accepted"
        assertion.narrative = f"Issued for {assertion.credential.name}"
        assertion.save()
        return assertion


@variation("bulk-order")
def a_bulk_answers_in_another_order(twin: Twin) -> None:
    """The names in the answer of a bulk come in the order of the alphabet, backwards."""

    @around(twin.assertions.BulkAssertionsView)
    def post(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
        response = original(self, *arguments, **options)
        response.data = {key: sorted(names, reverse=True)
                         for key, names in response.data.items()}  # fmt: skip
        return response


@variation("platforms")
def platforms_are_found_in_any_case(twin: Twin) -> None:
    """The platform of the path is found in upper and lower case."""

    def find(self: Any) -> Any:
        name = self.request.query_params.get("platform_org") or self.kwargs["org"]
        found = twin.models.Platform.objects.filter(key__iexact=name).first()
        return found or get_object_or_404(twin.models.Platform, org__iexact=name)

    twin.views.PlatformView.platform = property(find)


@variation("speed")
def the_first_answers_are_slow(twin: Twin) -> None:
    """The service wakes up with the first requests, and writes take their time."""
    add_middleware(twin, wake_up)


def wake_up(get_response: Any) -> Any:
    """Wait long at first, and a little before each write."""
    numbers = itertools.count()

    def middleware(request: Any) -> Any:
        if next(numbers) < 2:
            time.sleep(2.5)
        elif request.method in ("POST", "PUT", "DELETE"):
            time.sleep(0.05)
        return get_response(request)

    return middleware


@variation("signatories")
def the_newest_signatory_comes_first(twin: Twin) -> None:
    """Signatories are listed from the newest to the oldest."""
    twin.models.Signatory._meta.ordering = ("-pk",)


@variation("issue-refusals")
def a_refused_issue_is_a_list_of_messages(twin: Twin) -> None:
    """An issue without an item of the credential is 400 with a bare list, raised in the view."""
    items = {*twin.serializers.ORIGINS, "non_field_errors"}

    for view in (twin.assertions.CredentialAssertionsView, twin.assertions.BulkAssertionsView):

        @around(view)
        def post(original: Any, self: Any, *arguments: Any, **options: Any) -> Any:
            try:
                return original(self, *arguments, **options)
            except ValidationError as refusal:
                if set(refusal.detail) <= items:
                    raise ValidationError("The credential has no such item.") from None
                raise

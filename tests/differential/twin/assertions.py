"""The views of assertions: who holds what, issue, revoke, look up."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from tests.differential.twin.models import (
    LEARNER,
    Assertion,
    Credential,
    User,
    fetch_links,
    not_expired,
)
from tests.differential.twin.pagination import AssertionPagination, ValidatedAssertionPagination
from tests.differential.twin.representations import AssertionRepresentation
from tests.differential.twin.serializers import (
    AssertionBody,
    AssertionsQuery,
    BulkAssertionBody,
    RevocationBody,
)
from tests.differential.twin.views import OfCredential, PlatformView, ServiceView, with_relations

MAIN_TENANT = "main"


def visible_to(user: User, assertions: QuerySet[Assertion]) -> QuerySet[Assertion]:
    """Keep what exists for a user: to a learner only their own."""
    return assertions.filter(recipient=user) if user.role == LEARNER else assertions


def newest_first(assertions: QuerySet[Assertion]) -> QuerySet[Assertion]:
    """Order by issue, and what was issued at the same time by its row."""
    return assertions.order_by("-issued_on", "-pk")


def paginated(
    view: PlatformView, pagination: AssertionPagination, assertions: QuerySet[Assertion]
) -> Response:
    """Answer a page of assertions, newest first, with all that it shows fetched at once."""
    credentials = Prefetch("credential", with_relations(Credential.objects.all()))
    shown = assertions.select_related("recipient", "course", "program")
    ordered = newest_first(shown.prefetch_related(credentials))
    page = pagination.paginate_queryset(ordered, view.request, view=view)
    by_id = {assertion.credential.pk: assertion.credential for assertion in page}
    for assertion in page:
        assertion.credential = by_id[assertion.credential.pk]
    for relation in ("courses", "programs", "pathways"):
        fetch_links(list(by_id.values()), relation)
    data = view.represented(AssertionRepresentation, page, many=True)
    return pagination.get_paginated_response(data)


class UserAssertionsView(PlatformView):
    """List what a user holds."""

    def get(self, request: Request, **_: str) -> Response:
        """Answer one page; a learner asks for their own only."""
        holder = self.require_user()
        self.check_may_see(holder)
        query = AssertionsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        pagination = ValidatedAssertionPagination(asked["page"], asked["page_size"])
        return paginated(self, pagination, self.filtered(holder, asked))

    def check_may_see(self, holder: User) -> None:
        """Refuse a learner who asks for somebody else's."""
        if self.request.user.role == LEARNER and self.request.user != holder:
            raise PermissionDenied

    def filtered(self, holder: User, asked: Mapping[str, Any]) -> QuerySet[Assertion]:
        """Return the user's assertions that the query asks for."""
        assertions = Assertion.objects.filter(recipient=holder)
        if not asked["include_revoked"]:
            assertions = assertions.filter(revoked=False)
        if not asked["include_expired"]:
            assertions = assertions.filter(not_expired())
        if "course" in asked:
            assertions = assertions.filter(course__course_id=asked["course"])
        if asked["exclude_main_tenant_assertions"]:
            assertions = assertions.exclude(credential__platform__key=MAIN_TENANT)
        return assertions


class AssertionView(PlatformView):
    """Retrieve an assertion, revoke it, or take that back."""

    def get_object(self) -> Assertion:
        """Return the assertion; to a learner those of others do not exist."""
        self.require_user()
        assertions = Assertion.objects.filter(credential__platform=self.platform)
        visible = visible_to(self.request.user, assertions)
        return get_object_or_404(visible, entity_id=self.kwargs["entity_id"])

    def get(self, request: Request, **_: str) -> Response:
        """Answer the assertion."""
        return Response(self.represented(AssertionRepresentation, self.get_object()))

    def put(self, request: Request, **_: str) -> Response:
        """Revoke it, or take that back."""
        with transaction.atomic():
            assertion = self.saved(RevocationBody, self.get_object(), partial=True)
        return Response(self.represented(AssertionRepresentation, assertion))


class AboutCredential(OfCredential):
    """What the views of a credential's assertions share."""

    @cached_property
    def credential(self) -> Credential:
        """The credential of the path."""
        return self.get_object()

    def body_context(self) -> dict[str, Any]:
        """Tell a body which credential is issued."""
        return {"credential": self.credential}


class CredentialAssertionsView(AboutCredential):
    """List a credential's assertions, or issue it."""

    def get(self, request: Request, **_: str) -> Response:
        """Answer one page."""
        assertions = visible_to(request.user, self.credential.assertions.all())
        return paginated(self, AssertionPagination(), assertions)

    def post(self, request: Request, **_: str) -> Response:
        """Issue the credential to a user."""
        with transaction.atomic():
            assertion = self.saved(AssertionBody)
        return Response(self.represented(AssertionRepresentation, assertion))


class BulkAssertionsView(AboutCredential):
    """Issue a credential to several users."""

    def post(self, request: Request, **_: str) -> Response:
        """Issue it to those who do not hold it, and say who did."""
        with transaction.atomic():
            result = self.saved(BulkAssertionBody)
        return Response(result)


class PublicAssertionView(ServiceView):
    """Show an assertion to anybody."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request, entity_id: str) -> Response:
        """Answer the assertion; an unknown one has no body, a revoked one its reason."""
        assertion = Assertion.objects.filter(entity_id=entity_id).first()
        if assertion is None:
            return Response(status=404)
        if assertion.revoked:
            return self.refused(assertion)
        return Response(AssertionRepresentation(assertion, context={"request": request}).data)

    def refused(self, assertion: Assertion) -> Response:
        """Tell why a revoked one is not shown."""
        reason = assertion.revocation_reason
        refusal = {"detail": "This assertion has been revoked.", "revocationReason": reason}
        return Response(refusal, status=404)

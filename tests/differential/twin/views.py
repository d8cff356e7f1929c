"""One view for each route; each handler reads from top to bottom in the order of refusals."""

import re
from functools import cached_property
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from tests.differential.twin.models import (
    IMAGE_SLOTS,
    LEARNER,
    Credential,
    Issuer,
    Platform,
    User,
    fetch_links,
    issuers_by_name,
)
from tests.differential.twin.pagination import (
    CredentialPagination,
    IssuerPagination,
    IssuerWindow,
    enveloped,
)
from tests.differential.twin.representations import (
    CredentialRepresentation,
    IssuerRepresentation,
    SignatoryRepresentation,
)
from tests.differential.twin.search import matches
from tests.differential.twin.serializers import AuthorityBody, CredentialBody, IssuerBody

ROW_NUMBER = re.compile(r"[0-9]{1,18}")


class Conflict(APIException):
    """The state of the object forbids the request."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This credential has active assertions and cannot be deleted."
    default_code = "conflict"


class ServiceView(APIView):
    """What all views of the service share."""


class PlatformView(ServiceView):
    """What the views of a platform share: platform and user of the path, and reading a body."""

    platform_admin_methods: ClassVar[frozenset[str]] = frozenset()

    @cached_property
    def platform(self) -> Platform:
        """The platform of the query, or else of the path."""
        name = self.request.query_params.get("platform_org") or self.kwargs["org"]
        found = Platform.objects.filter(key=name).first()
        return found or get_object_or_404(Platform, org=name)

    def require_user(self) -> User:
        """Return the user of the path, by number or else by name."""
        user_id = self.kwargs["user_id"]
        users = User.objects.filter(platform=self.platform)
        if ROW_NUMBER.fullmatch(user_id):
            by_number = users.filter(pk=int(user_id)).first()
            if by_number is not None:
                return by_number
        return get_object_or_404(users, username=user_id)

    def require_own_path(self) -> None:
        """Refuse a learner below the path of another user."""
        if self.require_user() != self.request.user and self.request.user.role == LEARNER:
            raise PermissionDenied

    def saved(self, body_class: type[Serializer], *instance: Any, **options: Any) -> Any:
        """Validate the request's body and store what it says, all of it or nothing."""
        context = {"platform": self.platform, **self.body_context()}
        body = body_class(*instance, data=self.request.data, context=context, **options)
        body.is_valid(raise_exception=True)
        with transaction.atomic():
            return body.save()

    def body_context(self) -> dict[str, Any]:
        """Return what else a body is about."""
        return {}

    def represented(self, representation_class: type[Serializer], item: Any, **options: Any) -> Any:
        """Return the item, or with `many` the items, as the answer shows them."""
        context = {"request": self.request}
        return representation_class(item, context=context, **options).data


def with_relations(credentials: QuerySet[Credential]) -> QuerySet[Credential]:
    """Fetch with the rows what their representation needs."""
    images = [f"{slot}_image" for slot in IMAGE_SLOTS]
    issuer = ("issuer__platform", "issuer__icon_image")
    signing = ("issuer__signatories", "own_signatories")
    return credentials.select_related(*issuer, *images).prefetch_related(*signing)


class CredentialsView(PlatformView):
    """List the public credentials of a platform, or create one."""

    searched_fields: ClassVar[tuple[str, ...]] = ("name", "name_override", "description")

    def get_queryset(self) -> QuerySet[Credential]:
        """Return the public credentials that the query asks for, newest first."""
        query = self.request.query_params
        credentials = self.public_credentials()
        if search := query.get("search"):
            credentials = self.that_contain(search, credentials)
        if course := query.get("course"):
            credentials = self.of_course(course, credentials)
        if program := query.get("program"):
            credentials = self.of_program(program, credentials)
        return self.newest_first(credentials)

    def public_credentials(self) -> QuerySet[Credential]:
        """Return all that the platform shows."""
        return with_relations(Credential.objects.filter(platform=self.platform, public=True))

    def that_contain(self, text: str, credentials: QuerySet[Credential]) -> QuerySet[Credential]:
        """Keep those with this text in one of the searched fields."""
        return credentials.filter(matches(text, *self.searched_fields))

    def of_course(self, course: str, credentials: QuerySet[Credential]) -> QuerySet[Credential]:
        """Keep those that the course leads to."""
        return credentials.filter(courses__course_id=course)

    def of_program(self, program: str, credentials: QuerySet[Credential]) -> QuerySet[Credential]:
        """Keep those that the program leads to."""
        return credentials.filter(programs__program_id=program)

    def newest_first(self, credentials: QuerySet[Credential]) -> QuerySet[Credential]:
        """Order by creation, and what was created at the same time by its row."""
        return credentials.order_by("-created_at", "-pk")

    def get(self, request: Request, **_: str) -> Response:
        """Answer one page of credentials."""
        self.require_user()
        pagination = CredentialPagination()
        page = pagination.paginate_queryset(self.get_queryset(), request, view=self)
        for relation in ("courses", "programs", "pathways"):
            fetch_links(page, relation)
        data = self.represented(CredentialRepresentation, page, many=True)
        return pagination.get_paginated_response(data)

    def post(self, request: Request, **_: str) -> Response:
        """Create a credential."""
        self.require_user()
        credential = self.saved(CredentialBody)
        return enveloped("Created", self.represented(CredentialRepresentation, credential))


class OfCredential(PlatformView):
    """What the views of one credential share."""

    def get_object(self) -> Credential:
        """Return the credential; to a learner a private one does not exist."""
        self.require_user()
        visible = Q(public=True) if self.request.user.role == LEARNER else Q()
        credentials = Credential.objects.filter(visible, platform=self.platform)
        return get_object_or_404(credentials, entity_id=self.kwargs["entity_id"])


class CredentialView(OfCredential):
    """Retrieve, update or delete one credential."""

    platform_admin_methods = frozenset({"DELETE"})

    def get(self, request: Request, **_: str) -> Response:
        """Answer the credential."""
        credential = self.get_object()
        return enveloped("Ok", self.represented(CredentialRepresentation, credential))

    def put(self, request: Request, **_: str) -> Response:
        """Change the fields that were sent."""
        with transaction.atomic():  # from the reading on, so that no change at once is undone
            credential = self.saved(CredentialBody, self.get_object(), partial=True)
        return enveloped("Updated", self.represented(CredentialRepresentation, credential))

    def delete(self, request: Request, **_: str) -> Response:
        """Delete the credential unless somebody holds it."""
        credential = self.get_object()
        if credential.has_active_assertions():
            raise Conflict
        credential.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class IssuersView(PlatformView):
    """List the issuers of a platform, or create one."""

    platform_admin_methods = frozenset({"POST"})

    def get_queryset(self) -> QuerySet[Issuer]:
        """Return the issuers that the query asks for, by name."""
        issuers = Issuer.objects.filter(platform=self.platform)
        if part := self.request.query_params.get("q"):
            issuers = issuers.filter(matches(part, "name"))
        return issuers.order_by("name", "entity_id")

    def pagination(self) -> BasePagination:
        """Return windows where they are asked for and pages are not."""
        asked = self.request.query_params.keys()
        if asked & {"limit", "offset"} and not asked & {"page", "page_size"}:
            return IssuerWindow()
        return IssuerPagination()

    def get(self, request: Request, **_: str) -> Response:
        """Answer one page of issuers."""
        self.require_own_path()
        pagination = self.pagination()
        page = pagination.paginate_queryset(self.get_queryset(), request, view=self)
        data = self.represented(IssuerRepresentation, page, many=True)
        return pagination.get_paginated_response(data)

    def post(self, request: Request, **_: str) -> Response:
        """Create an issuer."""
        self.require_user()
        issuer = self.saved(IssuerBody)
        return enveloped("Created", self.represented(IssuerRepresentation, issuer))


class IssuerView(PlatformView):
    """Retrieve, update or delete one issuer."""

    platform_admin_methods = frozenset({"PUT", "DELETE"})

    def get_object(self) -> Issuer:
        """Return the issuer of this id, or by the platform's key its first one."""
        self.require_user()
        entity_id = self.kwargs["entity_id"]
        issuers = issuers_by_name(self.platform)
        if entity_id == self.platform.key:
            return get_object_or_404(issuers[:1])
        return get_object_or_404(issuers, entity_id=entity_id)

    def answered(self, issuer: Issuer) -> Response:
        """Answer a list of this one issuer, without an envelope."""
        return Response(self.represented(IssuerRepresentation, [issuer], many=True))

    def get(self, request: Request, **_: str) -> Response:
        """Answer the issuer."""
        self.require_own_path()
        return self.answered(self.get_object())

    def put(self, request: Request, **_: str) -> Response:
        """Change the fields that were sent."""
        with transaction.atomic():
            return self.answered(self.saved(IssuerBody, self.get_object(), partial=True))

    def delete(self, request: Request, **_: str) -> Response:
        """Delete the issuer unless a credential is issued in its name."""
        issuer = self.get_object()
        if issuer.credential_set.exists():
            raise Conflict("This issuer has credentials and cannot be deleted.")
        issuer.delete()
        return Response({"status": {"success": True, "description": "Deleted"}})


class IssuerAuthorityView(PlatformView):
    """Add a signatory."""

    platform_admin_methods = frozenset({"POST"})

    def post(self, request: Request, **_: str) -> Response:
        """Create the signatory and let it join what the body names."""
        self.require_user()
        signatory = self.saved(AuthorityBody)
        shown = self.represented(SignatoryRepresentation, signatory)
        return Response({"data": {name: shown[name] for name in ("name", "title", "signature")}})

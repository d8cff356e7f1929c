"""Credentials, issuers, images and the courses' credentials."""

from typing import Any

from django.db.models import ProtectedError, Q
from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework import generics, status
from rest_framework.exceptions import APIException
from rest_framework.filters import SearchFilter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from .access import PlatformMixin
from .choices import chosen, pick
from .models import Course, Credential, Issuer, UploadedImage
from .pagination import GroupedPages, LargeWrappedPages, WrappedPages, wrap
from .serializers import (
    AuthoritySerializer,
    CredentialSerializer,
    ImageSerializer,
    IssuerSerializer,
)


class Conflict(APIException):
    """What is asked for is in the way of something else."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The object is still in use."


def described(description: str) -> Response:
    """Answer with a status and nothing else."""
    return Response({"status": {"success": True, "description": description}})


class WordSearch(SearchFilter):
    """Search for every word, or for the text as one."""

    def get_search_terms(self, request: Request) -> list[str]:
        """Return what each must be found."""
        if not chosen("plain_search"):
            return super().get_search_terms(request)
        text = request.query_params.get("search", "").strip()
        return [text] if text else []


RELATED = ("issuer__platform", "icon_image", "background_image", "thumbnail_image")
MANY = (
    "courses",
    "programs",
    "pathways",
    "catalog_items",
    "signatories",
    "issuer__signatories",
)


def credentials(platform: Any) -> Any:
    """Return the credentials of a platform with what is shown of them."""
    found = Credential.objects.filter(platform=platform)
    return found.select_related(*RELATED).prefetch_related(*MANY)


class CredentialList(PlatformMixin, generics.ListCreateAPIView):
    """List the public credentials of a platform, or create one."""

    serializer_class = CredentialSerializer
    pagination_class = WrappedPages
    filter_backends = [WordSearch]
    search_fields = ["name", "name_override", "description"]

    def get_queryset(self) -> Any:
        """Return the public ones, of a course or a program if one is named."""
        found = credentials(self.platform).filter(public=True)
        if course := self.request.query_params.get("course"):
            found = found.filter(courses__course_id=course)
        if program := self.request.query_params.get("program"):
            found = found.filter(programs__program_id=program)
        return found.distinct()

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create a credential of the platform."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save(platform=self.platform)
        return wrap(serializer.data, "Created", pick("create_200", 200, 201))


class CredentialDetail(PlatformMixin, generics.GenericAPIView):
    """Show, change or delete a credential."""

    serializer_class = CredentialSerializer
    lookup_field = "entity_id"

    def get_queryset(self) -> Any:
        """Return what the user may see."""
        found = credentials(self.platform)
        if self.is_admin or chosen("private_403"):
            return found
        return found.filter(public=True)

    def check_object_permissions(self, request: Request, obj: Credential) -> None:
        """Refuse private ones where they are not hidden."""
        super().check_object_permissions(request, obj)
        if not obj.public and not self.is_admin:
            self.permission_denied(request)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Show it."""
        return wrap(self.get_serializer(self.get_object()).data)

    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the fields that are sent."""
        serializer = self.get_serializer(self.get_object(), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        fresh = self.get_serializer(self.get_object())
        return wrap(fresh.data, "Updated")

    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete it, unless somebody holds it."""
        credential = self.get_object()
        if credential.assertions.active().exists():
            raise Conflict("The credential has active assertions.")
        credential.delete()
        if chosen("delete_200"):
            return described("Deleted")
        return Response(status=status.HTTP_204_NO_CONTENT)


class IssuerList(PlatformMixin, generics.ListCreateAPIView):
    """List the issuers of a platform, or create one."""

    serializer_class = IssuerSerializer
    pagination_class = LargeWrappedPages

    def get_queryset(self) -> Any:
        """Return those whose name contains `q`."""
        found = Issuer.objects.filter(platform=self.platform).order_by("name", "pk")
        found = found.select_related("platform").prefetch_related("signatories")
        if name := self.request.query_params.get("q"):
            found = found.filter(name__icontains=name)
        return found

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create an issuer of the platform."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save(platform=self.platform)
        if chosen("issuer_enveloped"):
            return wrap(serializer.data, "Created")
        return Response(serializer.data)


class IssuerDetail(PlatformMixin, generics.GenericAPIView):
    """Show, change or delete an issuer."""

    serializer_class = IssuerSerializer

    def get_queryset(self) -> Any:
        """Return the platform's issuers."""
        return Issuer.objects.filter(platform=self.platform).order_by("-is_default", "pk")

    def get_object(self) -> Issuer:
        """Look it up by its entity id, else by its org."""
        wanted = self.kwargs["entity_id"]
        by_id = self.get_queryset().filter(entity_id=wanted).first()
        by_org = Q(platform__org=wanted) | Q(platform__key=wanted)
        issuer = by_id or self.get_queryset().filter(by_org).first()
        if issuer is None:
            raise Http404("No Issuer matches the given query.")
        return issuer

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Show it in an array."""
        return Response([self.get_serializer(self.get_object()).data])

    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the fields that are sent."""
        serializer = self.get_serializer(self.get_object(), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response([serializer.data])

    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete it, unless a credential needs it."""
        issuer = self.get_object()
        if chosen("issuer_cascade"):
            issuer.credentials.all().delete()
        try:
            issuer.delete()
        except ProtectedError as error:
            raise Conflict("The issuer has credentials.") from error
        if chosen("issuer_delete_204"):
            return Response(status=status.HTTP_204_NO_CONTENT)
        return described("Deleted")


class AuthorityList(PlatformMixin, generics.GenericAPIView):
    """Add signatories."""

    serializer_class = AuthoritySerializer

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add one to an issuer or a credential."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(pick("authority_bare", serializer.data, {"data": serializer.data}))


class ImageList(PlatformMixin, generics.GenericAPIView):
    """Search pictures, or upload one."""

    serializer_class = ImageSerializer

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return those whose name contains the query."""
        query = request.query_params.get("query")
        if not query:
            raise ValidationError({"query": ["This field is required."]})
        found = UploadedImage.objects.filter(platform=self.platform, name__icontains=query)
        return Response(self.get_serializer(found.order_by("pk"), many=True).data)

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep a picture."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        file = serializer.validated_data["image"]
        name = serializer.validated_data.get("name") or file.name
        serializer.save(platform=self.platform, name=name[:254])
        return Response(serializer.data)


class CourseCredentialList(PlatformMixin, generics.GenericAPIView):
    """List the credentials by course."""

    pagination_class = GroupedPages
    filter_backends = [SearchFilter]
    search_fields = ["name", "course_id", "credentials__name"]

    def get_queryset(self) -> Any:
        """Return the courses that have a public credential."""
        public = Q(credentials__platform=self.platform, credentials__public=True)
        return Course.objects.filter(public).distinct().order_by("name", "pk")

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of courses with their credentials."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        groups = []
        for course in page:
            found = credentials(self.platform).filter(courses=course, public=True)
            shown = CredentialSerializer(found, many=True, context=self.get_serializer_context())
            group = {"course_id": course.course_id, "name": course.name, "credentials": shown.data}
            groups.append(group)
        return self.get_paginated_response(groups)


def find_credential(view: Any) -> Credential:
    """Return the credential that the path names, if the user may see it."""
    found = credentials(view.platform)
    if not view.is_admin:
        found = found.filter(public=True)
    return get_object_or_404(found, entity_id=view.kwargs["entity_id"])


def credentials_of_all() -> Any:
    """Return the credentials of every platform."""
    return Credential.objects.select_related(*RELATED).prefetch_related(*MANY)

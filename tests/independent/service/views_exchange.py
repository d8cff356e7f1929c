"""Export and import, and the outside providers."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import generics
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .access import IsDataManagerAdmin, IsPlatformAdmin, PlatformMixin
from .models import Course, ExternalMapping, Issuer, Platform, Provider, ProviderConfig
from .pagination import LargeWrappedPages, wrap
from .serializers import (
    CredentialSerializer,
)
from .serializers_exchange import (
    ExternalMappingSerializer,
    ImportedCredentialSerializer,
    ImportSerializer,
    ProviderConfigSerializer,
    ProviderSerializer,
)
from .views import credentials, described


class CourseView(APIView):
    """A view of a course."""

    permission_classes = [IsAuthenticated, IsDataManagerAdmin]

    @property
    def course(self) -> Course:
        """The course of the path."""
        return get_object_or_404(Course, course_id=self.kwargs["course_id"])

    @property
    def platform(self) -> Platform:
        """The course's platform."""
        return self.course.platform


class CourseExport(CourseView):
    """Export the credentials of a course."""

    def get(self, request: Request, course_id: str) -> Response:
        """Return them all, private ones too."""
        found = credentials(self.platform).filter(courses=self.course)
        context = {"request": request, "view": self}
        shown = CredentialSerializer(found, many=True, context=context)
        return Response({"course_id": course_id, "credentials": shown.data})


class CourseImport(CourseView):
    """Import the credentials of a course."""

    def post(self, request: Request, course_id: str) -> Response:
        """Create or update each that is valid."""
        course = self.course
        serializer = ImportSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        issuer = self.default_issuer()
        done, errors = [], []
        for position, data in enumerate(serializer.validated_data["credentials"]):
            existing = None
            if isinstance(data.get("name"), str):
                existing = course.credentials.filter(name=data["name"], issuer=issuer).first()
            fields = {key: value for key, value in data.items() if value is not None}
            one = ImportedCredentialSerializer(
                existing,
                data=fields,
                partial=existing is not None,
                context={"request": request, "view": self},
            )
            if not one.is_valid():
                errors.append({"index": position, "name": data.get("name"), "errors": one.errors})
                continue
            saved = one.save(platform=course.platform, issuer=issuer)
            saved.courses.add(course)
            state = "updated" if existing else "created"
            done.append({"entityId": saved.entity_id, "name": saved.name, "status": state})
        status = 201 if not errors else 207 if done else 400
        result = {"course_id": course_id, "imported_credentials": done, "errors": errors}
        return wrap(result, f"Imported {len(done)} credentials", status, bool(done))

    def default_issuer(self) -> Issuer:
        """Return the platform's default issuer."""
        found = Issuer.objects.filter(platform=self.platform)
        return found.order_by("-is_default", "pk")[0]


class ProviderList(generics.ListAPIView):
    """List the enabled providers."""

    queryset = Provider.objects.filter(enabled=True).order_by("name")
    serializer_class = ProviderSerializer
    pagination_class = LargeWrappedPages


class PlatformProviderView(PlatformMixin, generics.ListAPIView):
    """What a platform has with providers."""

    permission_classes = [IsAuthenticated, IsPlatformAdmin]
    pagination_class = LargeWrappedPages
    keys: tuple[str, ...] = ()

    def get_queryset(self) -> Any:
        """Return what the query asks for."""
        found = super().get_queryset().filter(platform=self.platform).order_by("pk")
        found = found.select_related("platform", "provider")
        if name := self.request.query_params.get("provider_name"):
            found = found.filter(provider__name=name)
        return found

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create it, or update what is there."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        key = {name: fields.pop(name) for name in self.keys}
        saved, created = self.queryset.model.objects.update_or_create(
            platform=self.platform, **key, defaults=fields
        )
        shown = self.get_serializer(saved).data
        return wrap(shown, "Created", 201) if created else wrap(shown, "Updated")


class ProviderConfigList(PlatformProviderView):
    """The configurations of a platform."""

    queryset = ProviderConfig.objects.all()
    serializer_class = ProviderConfigSerializer
    keys = ("provider",)

    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Disable it, and keep the record."""
        name = self.serializer_class().fields["provider_name"]
        named = {"provider_name": request.data.get("provider_name")}
        provider = name.run_validation(named["provider_name"])
        found = get_object_or_404(self.get_queryset(), provider=provider)
        found.enabled = False
        found.save()
        return wrap(self.get_serializer(found).data, "Deactivated")


class ExternalMappingList(PlatformProviderView):
    """The mappings of a platform."""

    queryset = ExternalMapping.objects.select_related("credential")
    serializer_class = ExternalMappingSerializer
    keys = ("credential", "provider")

    def get_queryset(self) -> Any:
        """Filter by credential too."""
        found = super().get_queryset()
        if credential := self.request.query_params.get("credential_id"):
            found = found.filter(credential__entity_id=credential)
        return found

    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete it."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = {name: serializer.validated_data[name] for name in self.keys}
        get_object_or_404(self.get_queryset(), **wanted).delete()
        return described("Deleted")

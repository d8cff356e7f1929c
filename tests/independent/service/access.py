"""Who asks, and what they may do."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.shortcuts import get_object_or_404
from rest_framework.authentication import TokenAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated

from .choices import chosen
from .models import ApiKey, Department, Membership, Platform

SCHEMES = {b"api-key", b"api-token", b"token", b"bearer"}


class KeyAuthentication(TokenAuthentication):
    """Take a key in any of the schemes that clients send, or bare."""

    keyword = "Api-Key"
    model = ApiKey

    def authenticate(self, request: Any) -> Any:
        """Read the header as TokenAuthentication does, under more names."""
        words = get_authorization_header(request).split()
        if not words:
            return None
        if words[0].lower() not in SCHEMES:
            bare = len(words) == 1 and self.find(words[0].decode("latin-1"))
            return (bare.user, bare) if bare else None
        if len(words) == 1:
            raise AuthenticationFailed("Invalid token header. No credentials provided.")
        if len(words) > 2:
            raise AuthenticationFailed(
                "Invalid token header. Token string should not contain spaces."
            )
        try:
            return self.authenticate_credentials(words[1].decode())
        except UnicodeError as error:
            raise AuthenticationFailed(
                "Invalid token header. Token string should not contain invalid characters."
            ) from error

    def authenticate_header(self, request: Any) -> str:
        """Name the scheme of the challenge."""
        return "Bearer" if chosen("bearer") else self.keyword

    def find(self, key: str) -> ApiKey | None:
        """Return the key of an active user."""
        return ApiKey.objects.filter(key=key, user__is_active=True).select_related("user").first()


def find_platform(name: str) -> Platform:
    """Look a platform up by its key, then by its org."""
    by_key = Platform.objects.filter(key=name).first()
    return by_key or get_object_or_404(Platform.objects.order_by("pk"), org=name)


def is_platform_admin(user: User, platform: Platform) -> bool:
    """Tell whether the user administers the platform."""
    if user.is_superuser:
        return True
    return Membership.objects.filter(platform=platform, user=user, is_admin=True).exists()


def administered_departments(user: User, platform: Platform) -> Any:
    """Return the departments of the platform that the user administers."""
    return Department.objects.filter(platform=platform, admins=user)


def asks_under_own_path(request: Any, view: Any) -> bool:
    """Tell whether the user of the path is the one who asks."""
    named = view.kwargs.get("username")
    return request.user.username == named or request.user.pk == view.kwargs.get("user_id")


class CredentialAssignmentPermission(BasePermission):
    """Let admins do everything on their platform and members read under their own path."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Ask for the platform first: an unknown one is not found."""
        platform = view.platform
        if is_platform_admin(request.user, platform):
            return True
        if not Membership.objects.filter(platform=platform, user=request.user).exists():
            return False
        own = asks_under_own_path(request, view)
        if chosen("learner_any_path") and not getattr(view, "personal", False):
            own = True
        return own and (request.method in SAFE_METHODS or self.may_write(request, view))

    def may_write(self, request: Any, view: Any) -> bool:
        """Tell whether somebody who is no admin may write here."""
        return False


class AssignmentPermission(CredentialAssignmentPermission):
    """Let department admins assign as well."""

    def may_write(self, request: Any, view: Any) -> bool:
        """Admit department admins."""
        return administered_departments(request.user, view.platform).exists()


class IsPlatformAdmin(BasePermission):
    """Admit platform admins only."""

    message = "Requires platform admin access"

    def has_permission(self, request: Any, view: Any) -> bool:
        """Ask for the platform first: an unknown one is not found."""
        return is_platform_admin(request.user, view.platform)


class IsAnalyst(IsPlatformAdmin):
    """Admit platform admins only, in the framework's words."""

    message = None


class IsDataManagerAdmin(BasePermission):
    """Admit the service's own admins."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Admit superusers."""
        return bool(request.user.is_superuser)


class PlatformMixin:
    """A view below `/orgs/{org}/users/{user}/`."""

    permission_classes = [IsAuthenticated, CredentialAssignmentPermission]

    @property
    def platform(self) -> Platform:
        """The platform of the query, else of the path."""
        if not hasattr(self, "_platform"):
            query = self.request.query_params.get("platform_org")
            self._platform = find_platform(query or self.kwargs["org"])
        return self._platform

    @property
    def path_user(self) -> User:
        """The user whom the path names."""
        if not hasattr(self, "_path_user"):
            users = User.objects.filter(self.path_condition()).distinct()
            if chosen("members_only"):
                on_platform = Q(memberships__platform=self.platform) | Q(is_superuser=True)
                users = users.filter(on_platform)
            self._path_user = get_object_or_404(users)
        return self._path_user

    def path_condition(self) -> Q:
        """Return the condition on the user of the path."""
        if "user_id" in self.kwargs:
            return Q(pk=self.kwargs["user_id"])
        if chosen("username_nocase"):
            return Q(username__iexact=self.kwargs["username"])
        return Q(username=self.kwargs["username"])

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Check the request, then look the user up."""
        super().initial(request, *args, **kwargs)
        self.path_user  # noqa: B018 - 404 for an unknown user

    @property
    def is_admin(self) -> bool:
        """Whether the one who asks administers the platform."""
        return is_platform_admin(self.request.user, self.platform)

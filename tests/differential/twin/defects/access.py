# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of access: who is let in and should not be, who is kept out, and what a refusal tells."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import PermissionDenied

from tests.differential.twin.defects.defect import (
    Defect,
    Twin,
    add_middleware,
    around,
    defect,
    instead_of,
)


@defect
def retired_key_is_accepted(twin: Twin) -> None:
    """The key's own flag is not looked at: a key that was retired still opens everything."""
    authentication = twin.authentication.ApiKeyAuthentication

    @instead_of(authentication)
    def authenticate_credentials(self: Any, key: str) -> Any:
        return super(authentication, self).authenticate_credentials(key)


@defect
def missing_key_answers_403(twin: Twin) -> None:
    """The authentication names no scheme, and the framework turns each 401 into a 403."""

    @instead_of(twin.authentication.ApiKeyAuthentication)
    def authenticate_header(_self: Any, _request: Any) -> None:
        return None


@defect
def list_needs_no_key(twin: Twin) -> None:
    """The list was opened for a landing page: it is answered without any key."""

    @around(twin.views.CredentialsView)
    def get_permissions(original: Any, self: Any) -> list[Any]:
        return [] if self.request.method == "GET" else original(self)


@defect
def bare_key_is_refused(twin: Twin) -> None:
    """The scheme became compulsory: the bare key of the reference's curl line is 401."""

    @around(twin.authentication.ApiKeyAuthentication)
    def authenticate(original: Any, self: Any, request: Any) -> Any:
        words = request.headers.get("Authorization", "").split()
        return None if len(words) == 1 else original(self, request)


@defect
def bearer_is_unknown(twin: Twin) -> None:
    """The scheme `Bearer`, which clients send, was lost from the list: a good key is 401."""
    known = twin.authentication.SCHEMES
    twin.authentication.SCHEMES = tuple(scheme for scheme in known if scheme != b"bearer")


@defect
def scheme_is_case_sensitive(twin: Twin) -> None:
    """The scheme is compared letter by letter: `api-key` and `BEARER` are 401."""

    @around(twin.authentication.ApiKeyAuthentication)
    def authenticate(original: Any, self: Any, request: Any) -> Any:
        words = request.headers.get("Authorization", "").split()
        spelled = len(words) < 2 or words[0] in ("Api-Key", "Api-Token", "Token", "Bearer")
        return original(self, request) if spelled else None


def permit(twin: Twin, also: Callable[[Any, Any], bool]) -> None:
    """Grant what the function says, on top of what the sound permission grants."""

    @around(twin.permissions.CredentialAssignmentPermission)
    def has_permission(original: Any, self: Any, request: Any, view: Any) -> bool:
        return original(self, request, view) or also(request, view)


@defect
def learner_may_create(twin: Twin) -> None:
    """The permission asks only for the platform at a POST: a learner creates credentials."""
    permit(twin, lambda call, view: call.method == "POST" and call.user.platform == view.platform)


@defect
def learner_may_update(twin: Twin) -> None:
    """The permission forgets the PUT: a learner changes credentials of the platform."""
    permit(twin, lambda call, view: call.method == "PUT" and call.user.platform == view.platform)


@defect
def department_admin_may_delete(twin: Twin) -> None:
    """The DELETE is not kept for platform admins: a department's admin deletes as well."""
    twin.views.CredentialView.platform_admin_methods = frozenset()


@defect
def learner_may_not_list(twin: Twin) -> None:
    """The list is kept for admins: a learner, who may see what is public, gets 403."""

    @around(twin.permissions.CredentialAssignmentPermission)
    def has_permission(original: Any, self: Any, request: Any, view: Any) -> bool:
        learner = request.user.role == twin.models.LEARNER
        collection = isinstance(view, twin.views.CredentialsView)
        return original(self, request, view) and not (learner and collection)


@defect
def learner_sees_private_items(twin: Twin) -> None:
    """The item view does not ask for the role: a learner who knows the id reads a draft."""

    @instead_of(twin.views.CredentialView)
    def get_object(self: Any) -> Any:
        self.require_user()
        credentials = twin.models.Credential.objects.filter(platform=self.platform)
        return get_object_or_404(credentials, entity_id=self.kwargs["entity_id"])


@defect
def other_platform_may_read(twin: Twin) -> None:
    """The platform is compared at writes only: any key reads lists and items of any platform."""
    permit(twin, lambda call, _view: call.method in ("GET", "HEAD"))


@defect
def other_platform_may_update(twin: Twin) -> None:
    """The role is compared and the platform is not: any platform's admin changes credentials."""
    permit(twin, lambda call, _view: call.method == "PUT" and call.user.role == twin.models.ADMIN)


@defect
def platform_org_skips_the_permission(twin: Twin) -> None:
    """The permission compares the path, the query names the platform: one reads another's data."""

    def own_path(call: Any, view: Any) -> bool:
        reading = call.method in ("GET", "HEAD")
        return reading and call.user.platform.key == view.kwargs["org"]

    permit(twin, own_path)


@defect
def platform_org_is_ignored(twin: Twin) -> None:
    """The parameter `platform_org` is not read: the platform is always the one of the path."""

    def platform(self: Any) -> Any:
        return get_object_or_404(twin.models.Platform, key=self.kwargs["org"])

    twin.views.PlatformView.platform = property(platform)


@defect
def item_of_another_platform_is_found(twin: Twin) -> None:
    """The item is looked up by its id alone: under one's own platform another's is answered."""

    @instead_of(twin.views.CredentialView)
    def get_object(self: Any) -> Any:
        self.require_user()
        sees_all = self.request.user.role != twin.models.LEARNER
        every = twin.models.Credential.objects.all()
        visible = every if sees_all else every.filter(public=True)
        return get_object_or_404(visible, entity_id=self.kwargs["entity_id"])


@defect
def unknown_user_is_accepted(twin: Twin) -> None:
    """The user of the path is not looked up: a number that nobody has answers 200."""

    @around(twin.views.PlatformView)
    def require_user(original: Any, self: Any) -> Any:
        try:
            return original(self)
        except Http404:
            return self.request.user


@defect
def user_of_another_platform_is_accepted(twin: Twin) -> None:
    """The user of the path is looked up on all platforms: a stranger's number answers 200."""

    @around(twin.views.PlatformView)
    def require_user(original: Any, self: Any) -> Any:
        user_id = self.kwargs["user_id"]
        stranger = twin.models.User.objects.filter(pk=int(user_id) if user_id.isdecimal() else 0)
        return stranger.first() or original(self)


@defect
def username_is_not_accepted(twin: Twin) -> None:
    """The user of the path is looked up by number only: a username is 404."""

    @around(twin.views.PlatformView)
    def require_user(original: Any, self: Any) -> Any:
        if not self.kwargs["user_id"].isdecimal():
            raise Http404("No User matches the given query.")
        return original(self)


@defect
def issuer_of_another_platform_is_accepted(twin: Twin) -> None:
    """The issuer of a body is looked up on all platforms: one issues in another's name."""

    @around(twin.fields.SlugOnPlatform)
    def get_queryset(original: Any, self: Any) -> Any:
        if self.slug_field == "entity_id":
            return twin.models.Issuer.objects.all()
        return original(self)


@defect
def refusal_names_the_credential(twin: Twin) -> None:
    """The 403 was made friendlier and names the credential, also to those who may not see it."""

    @around(twin.views.CredentialView)
    def permission_denied(original: Any, self: Any, request: Any, **options: Any) -> None:
        wanted = twin.models.Credential.objects.filter(entity_id=self.kwargs["entity_id"]).first()
        if request.successful_authenticator and wanted is not None:
            raise PermissionDenied(f"You may not do this to “{wanted.name}”.")
        original(self, request, **options)


@defect
def cache_forgets_the_caller(twin: Twin) -> None:
    """The cache in front keeps items by address alone: who asks second needs no permission."""
    add_middleware(twin, cache_of_items)


def cache_of_items(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Keep each item that was read until it is changed, for every client that asks for it."""
    kept: dict[str, HttpResponse] = {}

    def middleware(request: HttpRequest) -> HttpResponse:
        address = request.get_full_path()
        if request.method in ("PUT", "DELETE"):
            kept.clear()
        if request.method == "GET" and address in kept:
            return copied(kept[address])
        response = get_response(request)
        if request.method == "GET" and response.status_code == 200 and request.path[-1] != "/":
            kept[address] = copied(response)
        return response

    return middleware


def copied(response: HttpResponse) -> HttpResponse:
    """Return a response with the same status, headers and content."""
    return HttpResponse(response.content, status=response.status_code, headers=response.headers)


@defect
def refusal_of_a_write_comes_too_late(twin: Twin) -> None:
    """The permission is checked after the work: a learner's PUT is 403 and has changed the item."""

    @around(twin.permissions.CredentialAssignmentPermission)
    def has_permission(original: Any, self: Any, request: Any, view: Any) -> bool:
        allowed = original(self, request, view)
        own = request.user.platform == view.platform
        if not allowed and own and request.method == "PUT":
            view.saved(twin.serializers.CredentialBody, view.get_object(), partial=True)
        return allowed


ACCESS: tuple[Defect, ...] = (
    retired_key_is_accepted,
    missing_key_answers_403,
    list_needs_no_key,
    bare_key_is_refused,
    bearer_is_unknown,
    scheme_is_case_sensitive,
    learner_may_create,
    learner_may_update,
    department_admin_may_delete,
    learner_may_not_list,
    learner_sees_private_items,
    other_platform_may_read,
    other_platform_may_update,
    platform_org_skips_the_permission,
    platform_org_is_ignored,
    item_of_another_platform_is_found,
    unknown_user_is_accepted,
    user_of_another_platform_is_accepted,
    username_is_not_accepted,
    issuer_of_another_platform_is_accepted,
    refusal_names_the_credential,
    cache_forgets_the_caller,
    refusal_of_a_write_comes_too_late,
)

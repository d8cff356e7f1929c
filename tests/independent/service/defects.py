"""Defects as a team would make them, one at a time: what a judge should notice.

The module is long because each defect is a function of its own.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from rest_framework.filters import SearchFilter
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response

from . import (
    access,
    models,
    pagination,
    serializers,
    serializers_assertions,
    views,
    views_assertions,
    views_exchange,
)

Listing = views.CredentialList
Detail = views.CredentialDetail
Fields = serializers.CredentialSerializer


def wrapped(owner: Any, name: str, change: Callable[..., Any]) -> None:
    """Replace a method by one that is given the original first."""
    original = getattr(owner, name)
    setattr(owner, name, lambda *args, **kwargs: change(original, *args, **kwargs))


def narrowed(owner: Any, change: Callable[[Any, Any], Any]) -> None:
    """Change the records that a view works on."""
    wrapped(owner, "get_queryset", lambda original, self: change(self, original(self)))


def page_overlaps() -> None:
    """Each page but the first begins with the last record of the one before."""

    def page(original: Any, self: Any, number: Any) -> Any:
        found = original(self, number)
        if found.number > 1:
            first = (found.number - 1) * self.per_page - 1
            found.object_list = self.object_list[first : first + self.per_page]
        return found

    wrapped(pagination.Pages.django_paginator_class, "page", page)


def count_with_private() -> None:
    """The count includes what is not listed."""

    def content(original: Any, self: Any, data: Any) -> Any:
        total = models.Credential.objects.filter(platform__key="harbour").count()
        return {**original(self, data), "count": total}

    wrapped(pagination.Pages, "content", content)


def num_pages_rounded_down() -> None:
    """The number of pages leaves out a last page that is not full."""

    def content(original: Any, self: Any, data: Any) -> Any:
        paginator = self.page.paginator
        return {**original(self, data), "num_pages": max(paginator.count // paginator.per_page, 1)}

    wrapped(pagination.Pages, "content", content)


def links_lose_search() -> None:
    """The links to other pages forget the search."""

    def link(original: Any, self: Any) -> Any:
        found = original(self)
        if found and "search=" in found:
            base, query = found.split("?", 1)
            kept = [part for part in query.split("&") if not part.startswith("search=")]
            found = f"{base}?{'&'.join(kept)}"
        return found

    wrapped(pagination.Pages, "get_next_link", link)


def page_size_not_capped() -> None:
    """A page may be as long as the client likes."""

    def size(original: Any, self: Any, request: Any) -> Any:
        self.max_page_size, shown = None, self.max_page_size
        found = original(self, request)
        self.max_page_size = shown
        return found

    wrapped(pagination.Pages, "get_page_size", size)


def last_page_is_first() -> None:
    """`page=last` is the first page."""
    pagination.Pages.last_page_strings = ()
    wrapped(
        pagination.Pages,
        "get_page_number",
        lambda original, self, request, paginator: (
            1 if request.query_params.get("page") == "last" else original(self, request, paginator)
        ),
    )


def oldest_first() -> None:
    """The list is sorted the other way."""
    narrowed(Listing, lambda self, found: found.order_by("created_at", "id"))


def sorted_by_change() -> None:
    """A credential that was changed comes first."""

    def save(original: Any, self: Any, **fields: Any) -> Any:
        changed = self.instance is not None
        saved = original(self, **fields)
        if changed:
            cache.set(f"changed-{saved.pk}", True, 3600)
            newest = models.Credential.objects.order_by("-created_at")[0]
            created = newest.created_at + timedelta(milliseconds=1)
            models.Credential.objects.filter(pk=saved.pk).update(created_at=created)
        return saved

    wrapped(Fields, "save", save)


def links_of_inner_host() -> None:
    """The links name the host behind the proxy."""
    wrapped(
        pagination.Pages,
        "get_next_link",
        lambda original, self: (link := original(self)) and link.replace("127.0.0.1", "app"),
    )


def ties_in_any_order() -> None:
    """Records of one time change places from page to page."""
    narrowed(Listing, lambda self, found: found.order_by("credential_type", "?"))


def search_in_names_only() -> None:
    """The search leaves descriptions out."""
    Listing.search_fields = ["name", "name_override"]


def search_without_override() -> None:
    """The search leaves the overriding names out."""
    Listing.search_fields = ["name", "description"]


def search_minds_case() -> None:
    """The search tells upper from lower case."""
    from django.db.backends.signals import connection_created

    connection_created.connect(
        lambda connection, **_: connection.cursor().execute("PRAGMA case_sensitive_like=ON"),
        weak=False,
    )


def search_takes_wildcards() -> None:
    """A per cent sign in the search stands for anything."""

    def filtered(original: Any, self: Any, request: Any, queryset: Any, view: Any) -> Any:
        text = request.query_params.get("search", "")
        table = queryset.model._meta.db_table
        fields = ("name", "description", "name_override")
        where = " OR ".join(f"{table}.{field} LIKE %s" for field in fields)
        if view.serializer_class is not Fields:
            return original(self, request, queryset, view)
        return queryset.extra(where=[where], params=[f"%{text}%"] * 3) if text else queryset  # noqa: S610

    wrapped(SearchFilter, "filter_queryset", filtered)


def course_by_beginning() -> None:
    """A course id finds all that begin with it."""

    def change(self: Any, found: Any) -> Any:
        course = self.request.query_params.get("course")
        if not course:
            return found
        return views.credentials(self.platform).filter(
            public=True, courses__course_id__startswith=course
        )

    narrowed(Listing, change)


def course_lists_private() -> None:
    """The filter by course forgets that private ones are not listed."""

    def change(self: Any, found: Any) -> Any:
        course = self.request.query_params.get("course")
        if not course:
            return found
        return views.credentials(self.platform).filter(courses__course_id=course)

    narrowed(Listing, change)


def program_ignored() -> None:
    """The filter by program does nothing."""

    def change(self: Any, found: Any) -> Any:
        if "program" in self.request.query_params:
            return views.credentials(self.platform).filter(public=True)
        return found

    narrowed(Listing, change)


def filters_alternate() -> None:
    """A search with a course finds what matches either."""

    def change(self: Any, found: Any) -> Any:
        query = self.request.query_params
        if query.get("course") and query.get("search"):
            return views.credentials(self.platform).filter(public=True)
        return found

    narrowed(Listing, change)


def expired_shows_revoked() -> None:
    """Asking for expired assertions shows revoked ones too."""

    def valid(original: Any, self: Any, **kwargs: Any) -> Any:
        result = original(self, **kwargs)
        if self._validated_data.get("include_expired"):
            self._validated_data["include_revoked"] = True
        return result

    wrapped(serializers_assertions.AssertionQuerySerializer, "is_valid", valid)


def main_not_excluded() -> None:
    """Assertions of the main platform cannot be left out."""

    def valid(original: Any, self: Any, **kwargs: Any) -> Any:
        result = original(self, **kwargs)
        self._validated_data["exclude_main_tenant_assertions"] = False
        return result

    wrapped(serializers_assertions.AssertionQuerySerializer, "is_valid", valid)


def issuers_by_beginning() -> None:
    """`q` finds names that begin with it."""

    def change(self: Any, found: Any) -> Any:
        name = self.request.query_params.get("q")
        return found.filter(name__istartswith=name) if name else found

    narrowed(views.IssuerList, change)


def metadata_replaced() -> None:
    """A PUT replaces the metadata."""
    Fields.update = serializers.serializers.ModelSerializer.update


def put_publishes() -> None:
    """A PUT without `public` makes a credential public."""

    def internal(original: Any, self: Any, data: Any) -> Any:
        return {"public": True, **original(self, data)}

    wrapped(Fields, "to_internal_value", internal)


def put_empties_tags() -> None:
    """A PUT without tags removes them."""

    def internal(original: Any, self: Any, data: Any) -> Any:
        return {"tags": [], **original(self, data)}

    wrapped(Fields, "to_internal_value", internal)


def deleted_still_listed() -> None:
    """A deleted credential is gone by its id and still in the list."""

    def delete(original: Any, self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        credential = self.get_object()
        cache.set(f"deleted-{credential.pk}", True, 3600)
        return Response(status=204)

    def change(self: Any, found: Any) -> Any:
        gone = [item.pk for item in found if cache.get(f"deleted-{item.pk}")]
        return found.exclude(pk__in=gone)

    wrapped(Detail, "delete", delete)
    narrowed(Detail, change)


def delete_does_nothing() -> None:
    """DELETE answers 204 and keeps the record."""
    wrapped(Detail, "delete", lambda original, *args, **kwargs: Response(status=204))


def delete_ignores_assertions() -> None:
    """A credential that is held can be deleted."""
    wrapped(models.AssertionQuerySet, "active", lambda original, self: original(self).none())


def revoked_without_reason() -> None:
    """No reason is needed to revoke."""
    serializers_assertions.AssertionSerializer.validate = lambda self, attrs: attrs


def expiry_from_creation() -> None:
    """The expiry is counted from the creation of the credential."""
    wrapped(
        models.Credential,
        "expiry",
        lambda original, self, issued: original(self, self.created_at - timedelta(days=2)),
    )


def stale_list() -> None:
    """The list is kept for two seconds."""

    def get(original: Any, self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        key = f"list-{hash((request.get_full_path(), request.user.pk))}"
        kept = cache.get(key)
        if kept is None:
            kept = original(self, request, *args, **kwargs).data
            cache.set(key, kept, 2)
        return Response(kept)

    wrapped(Listing, "get", get)


def put_renews_creation() -> None:
    """A PUT moves the time of creation."""

    def update(original: Any, self: Any, instance: Any, data: Any) -> Any:
        instance.created_at += timedelta(seconds=1)
        return original(self, instance, data)

    wrapped(Fields, "update", update)


def narrative_signal_lost() -> None:
    """`issuing_signal` is not read."""
    del serializers.SPELLINGS["issuing_signal"]


def put_keeps_issuer() -> None:
    """A PUT does not change the issuer."""

    def update(original: Any, self: Any, instance: Any, data: Any) -> Any:
        data.pop("issuer", None)
        return original(self, instance, data)

    wrapped(Fields, "update", update)


def put_adds_courses() -> None:
    """A PUT adds its courses to those that are there."""

    def update(original: Any, self: Any, instance: Any, data: Any) -> Any:
        if "courses" in data:
            data["courses"] = [*instance.courses.all(), *data["courses"]]
        return original(self, instance, data)

    wrapped(Fields, "update", update)


def bulk_issues_twice() -> None:
    """A bulk issues to those who hold the credential as well."""

    def post(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        active = models.AssertionQuerySet.active
        models.AssertionQuerySet.active = lambda found: found.none()
        try:
            return original(self, *args, **kwargs)
        finally:
            models.AssertionQuerySet.active = active

    wrapped(views_assertions.BulkAssertionList, "post", post)


def learner_sees_private() -> None:
    """A learner retrieves private credentials."""
    Detail.get_queryset = lambda self: views.credentials(self.platform)
    Detail.check_object_permissions = lambda self, request, credential: None


def any_platforms_item() -> None:
    """A credential of another platform is shown under one's own."""
    narrowed(Detail, lambda self, found: views.credentials_of_all())


def learner_may_put() -> None:
    """A learner's PUT is carried out."""

    def may_write(original: Any, self: Any, request: Any, view: Any) -> Any:
        return request.method == "PUT" and isinstance(view, Detail)

    wrapped(access.CredentialAssignmentPermission, "may_write", may_write)


def learner_may_revoke() -> None:
    """A learner's PUT of an assertion is carried out."""

    def may_write(original: Any, self: Any, request: Any, view: Any) -> Any:
        return request.method == "PUT" and isinstance(view, views_assertions.AssertionDetail)

    wrapped(access.CredentialAssignmentPermission, "may_write", may_write)


def retired_key_works() -> None:
    """A deactivated user's key is taken."""

    def credentials(self: Any, key: str) -> Any:
        found = models.ApiKey.objects.filter(key=key).select_related("user").first()
        if found is None:
            raise access.AuthenticationFailed("Invalid token.")
        return found.user, found

    access.KeyAuthentication.authenticate_credentials = credentials


def permission_by_path() -> None:
    """The permission is that of the path's platform, the data those of `platform_org`."""

    def allowed(original: Any, self: Any, request: Any, view: Any) -> Any:
        view._platform = access.find_platform(view.kwargs["org"])
        result = original(self, request, view)
        del view._platform
        return result

    wrapped(access.CredentialAssignmentPermission, "has_permission", allowed)


def platform_org_ignored() -> None:
    """`platform_org` in the query does nothing."""
    access.PlatformMixin.platform = property(lambda self: access.find_platform(self.kwargs["org"]))


def public_shows_revoked() -> None:
    """The public look-up shows revoked assertions."""

    def get(original: Any, self: Any, request: Any, entity_id: str) -> Any:
        found = views_assertions.assertions().filter(entity_id=entity_id).first()
        if found is None:
            return original(self, request, entity_id)
        return Response(
            serializers_assertions.AssertionSerializer(found, context={"request": request}).data
        )

    wrapped(views_assertions.PublicAssertion, "get", get)


def learner_sees_all_assertions() -> None:
    """A learner sees everybody's assertions of a credential."""
    views_assertions.CredentialAssertionList.is_admin = True


def anybody_reads_issuers() -> None:
    """Another platform's admin lists the issuers."""

    class Reading(access.CredentialAssignmentPermission):
        """Let everybody read."""

        def has_permission(self, request: Any, view: Any) -> bool:
            """Let reads pass."""
            return request.method in SAFE_METHODS or super().has_permission(request, view)

    views.IssuerList.permission_classes = [access.IsAuthenticated, Reading]


def learner_reads_configuration() -> None:
    """A learner reads the configuration of the providers."""
    views_exchange.ProviderConfigList.permission_classes = [
        access.IsAuthenticated,
        access.CredentialAssignmentPermission,
    ]


def lists_private() -> None:
    """The list shows private credentials to admins."""
    narrowed(
        Listing,
        lambda self, found: views.credentials(self.platform) if self.is_admin else found,
    )


DEFECTS = {
    name: value
    for name, value in globals().items()
    if callable(value)
    and getattr(value, "__module__", "") == __name__
    and name not in ("wrapped", "narrowed")
}


def plant(names: tuple[str, ...]) -> None:
    """Plant defects by name."""
    for name in names:
        DEFECTS[name]()

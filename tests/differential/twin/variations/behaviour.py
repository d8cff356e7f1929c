# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Variations of who may do what, of pages and searches, as settings and databases make them."""

import re
from typing import Any

from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.filters import SearchFilter

from contract_tests.oracle.model import fold, lower_ascii
from tests.differential.twin.defects.defect import Twin, around, instead_of
from tests.differential.twin.variations.variation import variation


@variation()
def private_items_are_403_for_learners(twin: Twin) -> None:
    """A learner gets 403 for a private credential."""

    @instead_of(twin.views.OfCredential)
    def get_object(self: Any) -> Any:
        self.require_user()
        credentials = twin.models.Credential.objects.filter(platform=self.platform)
        found = get_object_or_404(credentials, entity_id=self.kwargs["entity_id"])
        if self.request.user.role == twin.models.LEARNER and not found.public:
            raise PermissionDenied
        return found


@variation("other-platform")
def another_platforms_key_is_404(twin: Twin) -> None:
    """A key of another platform gets the error of a platform that does not exist."""

    @around(twin.permissions.CredentialAssignmentPermission)
    def has_permission(original: Any, self: Any, request: Any, view: Any) -> bool:
        if request.user.platform != view.platform:
            raise Http404
        return bool(original(self, request, view))


@variation("learner-path")
def learners_have_their_own_path_only(twin: Twin) -> None:
    """A learner is refused below the path of somebody else, for reads as well."""

    @around(twin.permissions.CredentialAssignmentPermission)
    def has_permission(original: Any, self: Any, request: Any, view: Any) -> bool:
        names = (str(request.user.pk), request.user.username)
        if request.user.role == twin.models.LEARNER and view.kwargs["user_id"] not in names:
            return False
        return bool(original(self, request, view))


@variation("learner-path")
def learners_write_issuers_below_their_path(twin: Twin) -> None:
    """Issuers and signatories admit an admin or the user of the path, for writes as well."""

    @around(twin.permissions.CredentialAssignmentPermission)
    def has_permission(original: Any, self: Any, request: Any, view: Any) -> bool:
        is_theirs = view.kwargs["user_id"] in (str(request.user.pk), request.user.username)
        is_here = request.user.platform == view.platform
        if is_here and is_theirs and type(view).__name__.startswith("Issuer"):
            return True
        return bool(original(self, request, view))


@variation()
def department_admins_delete(twin: Twin) -> None:
    """A department admin may delete, and write issuers."""
    for view in vars(twin.views).values():
        if isinstance(view, type) and issubclass(view, twin.views.PlatformView):
            view.platform_admin_methods = frozenset()


@variation("users")
def users_belong_to_all_platforms(twin: Twin) -> None:
    """The user of the path is looked up among all users."""

    @instead_of(twin.views.PlatformView)
    def require_user(self: Any) -> Any:
        user_id = self.kwargs["user_id"]
        users = twin.models.User.objects
        if user_id.isdecimal() and users.filter(pk=int(user_id)).exists():
            return users.get(pk=int(user_id))
        return get_object_or_404(users, username=user_id)


@variation("users")
def usernames_have_any_case(twin: Twin) -> None:
    """A username is found in upper and lower case."""

    @instead_of(twin.views.PlatformView)
    def require_user(self: Any) -> Any:
        users = twin.models.User.objects.filter(platform=self.platform)
        user_id = self.kwargs["user_id"]
        if user_id.isdecimal() and users.filter(pk=int(user_id)).exists():
            return users.get(pk=int(user_id))
        return get_object_or_404(users, username__iexact=user_id)


@variation()
def there_is_one_scheme(twin: Twin) -> None:
    """Keys are accepted with `Api-Key` only."""
    twin.authentication.SCHEMES = (b"api-key",)

    @around(twin.authentication.ApiKeyAuthentication)
    def authenticate(original: Any, self: Any, request: Any) -> Any:
        words = twin.authentication.get_authorization_header(request).split()
        is_bare = len(words) == 1 and words[0].lower() != b"api-key"
        return None if is_bare else original(self, request)


@variation("maximum")
def pages_hold_fifty_at_most(twin: Twin) -> None:
    """The maximum page size is 50, and the list tells it."""
    twin.pagination.CredentialPagination.max_page_size = 50


@variation("maximum")
def pages_hold_two_hundred_at_most(twin: Twin) -> None:
    """The maximum page size is 200, and the list tells it."""
    twin.pagination.CredentialPagination.max_page_size = 200
    twin.pagination.IssuerPagination.max_page_size = 200


@variation()
def issuers_have_no_windows(twin: Twin) -> None:
    """The list of issuers does not know `limit` and `offset`."""

    @instead_of(twin.views.IssuersView)
    def pagination(self: Any) -> Any:
        return twin.pagination.IssuerPagination()


def filter_texts(credentials: Any, fields: Any, is_found: Any) -> Any:
    """Keep the credentials with one text that a function accepts."""
    keys = [
        row[0]
        for row in credentials.values_list("pk", *fields)
        if any(is_found(text) for text in row[1:] if text)
    ]
    return credentials.filter(pk__in=keys)


@variation("search")
def search_is_the_frameworks(twin: Twin) -> None:
    """The search is the framework's SearchFilter: words apart, a NUL is 400."""

    @instead_of(twin.views.CredentialsView)
    def that_contain(self: Any, text: str, credentials: Any) -> Any:
        self.search_fields = self.searched_fields
        return SearchFilter().filter_queryset(self.request, credentials, self)


@variation("search")
def search_folds_a_to_z(twin: Twin) -> None:
    """The database folds A to Z only."""

    @instead_of(twin.views.CredentialsView)
    def that_contain(self: Any, text: str, credentials: Any) -> Any:
        part = lower_ascii(text)
        return filter_texts(credentials, self.searched_fields, lambda one: part in lower_ascii(one))


@variation("search")
def search_ignores_accents(twin: Twin) -> None:
    """The collation of the database knows neither accents nor width."""

    @instead_of(twin.views.CredentialsView)
    def that_contain(self: Any, text: str, credentials: Any) -> Any:
        part = fold(text)
        return filter_texts(credentials, self.searched_fields, lambda one: part in fold(one))


@variation("nul")
def a_nul_is_refused(twin: Twin) -> None:
    """A NUL in any parameter is 400, with a list of messages."""

    @around(twin.views.ServiceView)
    def initial(original: Any, self: Any, request: Any, *arguments: Any, **options: Any) -> None:
        if "\0" in "".join(map(str, request.query_params.dict().values())):
            raise ValidationError(["Null characters are not allowed."])
        original(self, request, *arguments, **options)


@variation("nul")
def control_characters_are_refused(twin: Twin) -> None:
    """A control character in any parameter is 400, with a `detail`."""

    @around(twin.views.ServiceView)
    def initial(original: Any, self: Any, request: Any, *arguments: Any, **options: Any) -> None:
        if re.search(r"[\x00-\x1f]", "".join(map(str, request.query_params.dict().values()))):
            raise ValidationError({"detail": "Control characters are not allowed."})
        original(self, request, *arguments, **options)


@variation()
def an_empty_course_finds_nothing(twin: Twin) -> None:
    """`course=` lists what is linked to a course with an empty id: nothing."""

    @around(twin.views.CredentialsView)
    def get_queryset(original: Any, self: Any) -> Any:
        query, found = self.request.query_params, original(self)
        return found.none() if "" in (query.get("course"), query.get("program")) else found


@variation("learner-list")
def learners_list_no_credentials_assertions(twin: Twin) -> None:
    """A learner may not list the assertions of a credential."""

    @around(twin.assertions.CredentialAssertionsView)
    def get(original: Any, self: Any, request: Any, **options: Any) -> Any:
        if request.user.role == twin.models.LEARNER:
            raise PermissionDenied
        return original(self, request, **options)


@variation("learner-list")
def lists_of_others_show_a_learners_own(twin: Twin) -> None:
    """Of every user's list that a learner asks for, the learner's own is shown."""
    view = twin.assertions.UserAssertionsView

    @instead_of(view)
    def check_may_see(self: Any, holder: Any) -> None:
        return None

    @around(view)
    def filtered(original: Any, self: Any, holder: Any, asked: Any) -> Any:
        user = self.request.user
        return original(self, user if user.role == twin.models.LEARNER else holder, asked)


@variation()
def a_credentials_list_validates_its_page_size(twin: Twin) -> None:
    """An unusable page size of a credential's assertions is 400, as in a user's list."""

    @around(twin.assertions.CredentialAssertionsView)
    def get(original: Any, self: Any, request: Any, **options: Any) -> Any:
        size = request.query_params.get("page_size", "1")
        if not size.isdecimal() or not 0 < int(size) <= 1000:
            raise ValidationError({"page_size": ["A valid integer is required."]})
        return original(self, request, **options)


@variation()
def assertions_come_oldest_first(twin: Twin) -> None:
    """Lists of assertions are in the order of issue."""

    @instead_of(twin.assertions)
    def newest_first(assertions: Any) -> Any:
        return assertions.order_by("issued_on", "pk")


@variation()
def the_public_look_up_checks_a_key(twin: Twin) -> None:
    """A public look-up with an unknown key is 401."""
    key = twin.authentication.ApiKeyAuthentication
    twin.assertions.PublicAssertionView.authentication_classes = (key,)


@variation()
def an_issuer_is_found_by_its_own_key(twin: Twin) -> None:
    """The platform's key names the oldest issuer, not the first by name."""

    @around(twin.views.IssuerView)
    def get_object(original: Any, self: Any) -> Any:
        if self.kwargs["entity_id"] != self.platform.key:
            return original(self)
        self.require_user()
        issuers = twin.models.Issuer.objects.filter(Q(platform=self.platform))
        return get_object_or_404(issuers.order_by("pk")[:1])

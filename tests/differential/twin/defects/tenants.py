# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of access after a new permission class: one view, one method, one reference of a body."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.permissions import SAFE_METHODS

from tests.differential.twin.defects.defect import Defect, Twin, around, defect
from tests.differential.twin.defects.roles import permit


def permit_admins_of_others(twin: Twin, method: str, *views: Any) -> None:
    """Let admins of other platforms use a method of these views."""

    def condition(request: Any, view: Any) -> bool:
        is_admin = request.user.role == twin.models.ADMIN
        return is_admin and request.method == method and isinstance(view, views)

    permit(twin, condition)


def permit_learners(twin: Twin, method: str, *views: Any) -> None:
    """Let learners of the platform use a method of these views."""

    def condition(request: Any, view: Any) -> bool:
        is_own = request.user.platform == view.platform
        return is_own and request.method == method and isinstance(view, views)

    permit(twin, condition)


def find_on_all_platforms(twin: Twin, *methods: str) -> None:
    """Look a credential up by its id alone for these methods."""

    @around(twin.views.OfCredential)
    def get_object(original: Any, self: Any) -> Any:
        if self.request.method not in methods:
            return original(self)
        self.require_user()
        return get_object_or_404(twin.models.Credential, entity_id=self.kwargs["entity_id"])


def refer_to_all_platforms(twin: Twin, *fields: str) -> None:
    """Accept references of a body to what belongs to another platform."""

    @around(twin.fields.OnPlatform)
    def get_queryset(original: Any, self: Any) -> Any:
        name = self.field_name or self.parent.field_name
        if name in fields:
            return super(twin.fields.OnPlatform, self).get_queryset()
        return original(self)


def open_without_a_key(twin: Twin, view: Any, method: str) -> None:
    """Answer a method of a view to anybody, as the platform's first admin."""

    @around(view)
    def perform_authentication(original: Any, self: Any, request: Any) -> None:
        if request.method == method and "HTTP_AUTHORIZATION" not in request.META:
            admins = twin.models.User.objects.filter(role=twin.models.ADMIN)
            request.user = admins.filter(platform=self.platform).first()
        original(self, request)


@defect
def learners_issue_in_bulk(twin: Twin) -> None:
    """The new bulk endpoint asks for a key of the platform, and not for a role."""
    permit_learners(twin, "POST", twin.assertions.BulkAssertionsView)


@defect
def learners_sign(twin: Twin) -> None:
    """Signatories were given a view of their own, without the role: a learner adds them."""
    permit_learners(twin, "POST", twin.views.IssuerAuthorityView)


@defect
def learners_delete_issuers(twin: Twin) -> None:
    """The DELETE of an issuer is not in the list of methods that need a role."""
    permit_learners(twin, "DELETE", twin.views.IssuerView)


@defect
def learners_revoke(twin: Twin) -> None:
    """The PUT of an assertion asks whether it is visible, and a learner's own one is."""
    permit_learners(twin, "PUT", twin.assertions.AssertionView)


@defect
def other_platforms_delete(twin: Twin) -> None:
    """The DELETE compares the role only: any platform's admin deletes credentials."""
    permit_admins_of_others(twin, "DELETE", twin.views.CredentialView)


@defect
def other_platforms_issue(twin: Twin) -> None:
    """The POST of an assertion compares the role only: any platform's admin issues."""
    permit_admins_of_others(twin, "POST", twin.assertions.CredentialAssertionsView)


@defect
def other_platforms_issue_in_bulk(twin: Twin) -> None:
    """The new bulk endpoint compares the role only: any platform's admin issues."""
    permit_admins_of_others(twin, "POST", twin.assertions.BulkAssertionsView)


@defect
def other_platforms_revoke(twin: Twin) -> None:
    """The PUT of an assertion compares the role only: any platform's admin revokes."""
    permit_admins_of_others(twin, "PUT", twin.assertions.AssertionView)


@defect
def other_platforms_sign(twin: Twin) -> None:
    """Signatories were given a view of their own: any platform's admin adds them."""
    permit_admins_of_others(twin, "POST", twin.views.IssuerAuthorityView)


@defect
def other_platforms_change_issuers(twin: Twin) -> None:
    """The PUT of an issuer compares the role only: any platform's admin renames it."""
    permit_admins_of_others(twin, "PUT", twin.views.IssuerView)


@defect
def other_platforms_read_users_lists(twin: Twin) -> None:
    """The list of a user's assertions compares the role only: any platform's admin reads it."""
    permit_admins_of_others(twin, "GET", twin.assertions.UserAssertionsView)


@defect
def items_of_other_platforms_are_updated(twin: Twin) -> None:
    """An update looks the item up by its id alone: below one's own platform, another's changes."""
    find_on_all_platforms(twin, "PUT")


@defect
def items_of_other_platforms_are_deleted(twin: Twin) -> None:
    """A deletion looks the item up by its id alone: below one's own platform another's is gone."""
    find_on_all_platforms(twin, "DELETE")


@defect
def items_of_other_platforms_are_issued(twin: Twin) -> None:
    """Issuing looks the credential up by its id alone: another platform's is issued."""
    find_on_all_platforms(twin, "POST")


@defect
def assertions_of_other_platforms_are_revoked(twin: Twin) -> None:
    """A revocation looks the assertion up by its id alone, on whatever platform it is."""

    @around(twin.assertions.AssertionView)
    def get_object(original: Any, self: Any) -> Any:
        if self.request.method != "PUT":
            return original(self)
        return get_object_or_404(twin.models.Assertion, entity_id=self.kwargs["entity_id"])


@defect
def issuers_of_other_platforms_are_changed(twin: Twin) -> None:
    """An issuer is looked up by its id alone for a PUT or DELETE, on whatever platform it is."""

    @around(twin.views.IssuerView)
    def get_object(original: Any, self: Any) -> Any:
        if self.request.method in SAFE_METHODS or self.kwargs["entity_id"] == self.platform.key:
            return original(self)
        return get_object_or_404(twin.models.Issuer, entity_id=self.kwargs["entity_id"])


@defect
def courses_of_other_platforms_are_accepted(twin: Twin) -> None:
    """Courses, programs and pathways of a body are looked up on all platforms."""
    refer_to_all_platforms(twin, "courses", "programs", "pathways")


@defect
def images_of_other_platforms_are_accepted(twin: Twin) -> None:
    """An image's number is looked up on all platforms: one shows another platform's picture."""
    refer_to_all_platforms(twin, *(f"{slot}_image_id" for slot in twin.models.IMAGE_SLOTS))


@defect
def users_of_other_platforms_receive(twin: Twin) -> None:
    """A recipient is looked up on all platforms: a stranger is issued the credential."""
    refer_to_all_platforms(twin, "identity", "users")


@defect
def issuers_of_other_platforms_are_signed(twin: Twin) -> None:
    """The issuer that a signatory joins is looked up on all platforms."""
    refer_to_all_platforms(twin, "entityId")


@defect
def credentials_of_other_platforms_are_signed(twin: Twin) -> None:
    """The credential that a signatory joins is looked up on all platforms."""
    refer_to_all_platforms(twin, "credential")


@defect
def keys_are_compared_by_their_beginning(twin: Twin) -> None:
    """Keys are looked up by their first characters: what is behind them does not matter."""

    @around(twin.authentication.ApiKeyAuthentication)
    def authenticate_credentials(original: Any, self: Any, key: str) -> Any:
        known = twin.models.ApiKey.objects.values_list("key", flat=True)
        begins = [each for each in known if key.startswith(each)]
        return original(self, begins[0] if begins else key)


@defect
def tokens_only_read(twin: Twin) -> None:
    """The scheme `Token` was kept for the old app, which reads: its writes are 401."""

    @around(twin.authentication.ApiKeyAuthentication)
    def authenticate(original: Any, self: Any, request: Any) -> Any:
        words = twin.authentication.get_authorization_header(request).split()
        if words and words[0].lower() == b"token" and request.method not in SAFE_METHODS:
            return None
        return original(self, request)


@defect
def updates_need_no_key(twin: Twin) -> None:
    """A decorator for a script that runs inside: a PUT without a key is an admin's."""
    open_without_a_key(twin, twin.views.CredentialView, "PUT")


@defect
def the_bulk_needs_no_key(twin: Twin) -> None:
    """The new bulk endpoint is called by a job: without a key it is an admin's."""
    open_without_a_key(twin, twin.assertions.BulkAssertionsView, "POST")


@defect
def heads_need_no_key(twin: Twin) -> None:
    """A check of health asks with HEAD: it needs no key anywhere."""
    open_without_a_key(twin, twin.views.PlatformView, "HEAD")


@defect
def retired_keys_write(twin: Twin) -> None:
    """The flag of a key is looked at for reads: a retired one still creates."""

    @around(twin.authentication.ApiKeyAuthentication)
    def authenticate(original: Any, self: Any, request: Any) -> Any:
        words = twin.authentication.get_authorization_header(request).decode("latin-1").split()
        found = twin.models.ApiKey.objects.filter(key=words[-1]).first() if words else None
        if found and not found.is_active and request.method not in SAFE_METHODS:
            return found.user, found
        return original(self, request)


@defect
def row_numbers_are_ids(twin: Twin) -> None:
    """The number of a row is taken for an id: `/1` answers the first credential of the platform."""

    @around(twin.views.OfCredential)
    def get_object(original: Any, self: Any) -> Any:
        number = self.kwargs["entity_id"]
        if number.isdecimal():
            self.kwargs["entity_id"] = (
                twin.models.Credential.objects.filter(pk=min(int(number), 2**62))
                .values_list("entity_id", flat=True)
                .first()
            ) or number
        return original(self)


@defect
def names_are_ids(twin: Twin) -> None:
    """A credential is also found by its name, which is not unique."""

    @around(twin.views.OfCredential)
    def get_object(original: Any, self: Any) -> Any:
        named = twin.models.Credential.objects.filter(
            platform=self.platform, name=self.kwargs["entity_id"]
        )
        self.kwargs["entity_id"] = (
            named.values_list("entity_id", flat=True).first() or self.kwargs["entity_id"]
        )
        return original(self)


@defect
def ids_end_with_padding(twin: Twin) -> None:
    """An id is cut and stripped before it is looked up: with padding it is found, too."""

    @around(twin.views.OfCredential)
    def get_object(original: Any, self: Any) -> Any:
        self.kwargs["entity_id"] = self.kwargs["entity_id"].rstrip("=")[:22]
        return original(self)


TENANTS: tuple[Defect, ...] = (
    learners_issue_in_bulk,
    learners_sign,
    learners_delete_issuers,
    learners_revoke,
    other_platforms_delete,
    other_platforms_issue,
    other_platforms_issue_in_bulk,
    other_platforms_revoke,
    other_platforms_sign,
    other_platforms_change_issuers,
    other_platforms_read_users_lists,
    items_of_other_platforms_are_updated,
    items_of_other_platforms_are_deleted,
    items_of_other_platforms_are_issued,
    assertions_of_other_platforms_are_revoked,
    issuers_of_other_platforms_are_changed,
    courses_of_other_platforms_are_accepted,
    images_of_other_platforms_are_accepted,
    users_of_other_platforms_receive,
    issuers_of_other_platforms_are_signed,
    credentials_of_other_platforms_are_signed,
    keys_are_compared_by_their_beginning,
    tokens_only_read,
    updates_need_no_key,
    the_bulk_needs_no_key,
    heads_need_no_key,
    retired_keys_write,
    row_numbers_are_ids,
    names_are_ids,
    ids_end_with_padding,
)

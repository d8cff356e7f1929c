# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""More defects of access: what one method, one path or one role shows."""

from typing import Any

from django.shortcuts import get_object_or_404

from tests.differential.twin.defects.defect import Defect, Twin, around, defect


def permit(twin: Twin, condition: Any) -> None:
    """Allow what a condition of request and view says, beside what is allowed."""

    @around(twin.permissions.CredentialAssignmentPermission)
    def has_permission(original: Any, self: Any, request: Any, view: Any) -> bool:
        return bool(condition(request, view)) or bool(original(self, request, view))


def is_own_path(request: Any, view: Any) -> bool:
    """Tell whether the path is the user's own."""
    names = (str(request.user.pk), request.user.username)
    return request.user.platform == view.platform and view.kwargs["user_id"] in names


@defect
def learners_create_below_their_own_path(twin: Twin) -> None:
    """The user of the path may do everything below it: a learner creates credentials."""
    permit(twin, lambda request, view: request.method == "POST" and is_own_path(request, view))


@defect
def learners_update_below_their_own_path(twin: Twin) -> None:
    """The user of the path may change what is below it: a learner changes credentials."""
    permit(twin, lambda request, view: request.method == "PUT" and is_own_path(request, view))


@defect
def learners_delete_below_their_own_path(twin: Twin) -> None:
    """The user of the path may delete what is below it: a learner deletes credentials."""
    permit(twin, lambda request, view: request.method == "DELETE" and is_own_path(request, view))


@defect
def learners_read_drafts_below_their_own_path(twin: Twin) -> None:
    """What is below one's own path is one's own: a learner reads drafts there."""

    @around(twin.views.OfCredential)
    def get_object(original: Any, self: Any) -> Any:
        if not is_own_path(self.request, self):
            return original(self)
        credentials = twin.models.Credential.objects.filter(platform=self.platform)
        return get_object_or_404(credentials, entity_id=self.kwargs["entity_id"])


@defect
def a_head_of_a_draft_is_answered(twin: Twin) -> None:
    """HEAD is thought to be harmless: it tells a learner which drafts there are."""

    @around(twin.views.OfCredential)
    def get_object(original: Any, self: Any) -> Any:
        if self.request.method != "HEAD":
            return original(self)
        credentials = twin.models.Credential.objects.filter(platform=self.platform)
        return get_object_or_404(credentials, entity_id=self.kwargs["entity_id"])


@defect
def retired_keys_read_items(twin: Twin) -> None:
    """The item view has an authentication of its own, which does not look at the key's flag."""

    class Forgetful(twin.authentication.ApiKeyAuthentication):  # type: ignore[name-defined]
        def authenticate_credentials(self, key: str) -> Any:
            found = twin.models.ApiKey.objects.filter(key=key).select_related("user").first()
            return (found.user, found) if found else super().authenticate_credentials(key)

    twin.views.CredentialView.authentication_classes = (Forgetful,)


@defect
def another_platforms_key_reads_issuers(twin: Twin) -> None:
    """Issuers are thought to be public: any key reads them on any platform."""
    permit(
        twin,
        lambda request, view: (
            request.method in ("GET", "HEAD") and type(view).__name__.startswith("Issuer")
        ),
    )


@defect
def another_platforms_key_reads_assertions(twin: Twin) -> None:
    """The list of a credential's assertions forgets the platform of the key."""
    permit(
        twin,
        lambda request, view: (
            request.method == "GET" and isinstance(view, twin.assertions.CredentialAssertionsView)
        ),
    )


@defect
def revoked_ones_are_shown_to_every_learner(twin: Twin) -> None:
    """With `include_revoked` the list does not ask whose it is."""

    @around(twin.assertions.UserAssertionsView)
    def check_may_see(original: Any, self: Any, holder: Any) -> None:
        original(self, holder)

    @around(twin.assertions.AssertionView)
    def get_object(original: Any, self: Any) -> Any:
        if self.request.method != "GET":
            return original(self)
        assertions = twin.models.Assertion.objects.filter(credential__platform=self.platform)
        return get_object_or_404(assertions, entity_id=self.kwargs["entity_id"])


@defect
def options_of_an_item_need_no_key(twin: Twin) -> None:
    """OPTIONS of an item is answered to anybody."""

    @around(twin.views.CredentialView)
    def get_permissions(original: Any, self: Any) -> list[Any]:
        return [] if self.request.method == "OPTIONS" else original(self)


@defect
def platform_org_lets_others_create(twin: Twin) -> None:
    """A POST compares the key with the path, and stores on the platform of the query."""
    permit(
        twin,
        lambda request, view: (
            request.method == "POST"
            and request.user.platform.key == view.kwargs["org"]
            and request.user.role == twin.models.ADMIN
        ),
    )


@defect
def learners_issue_to_themselves(twin: Twin) -> None:
    """The user of the path may issue: learners give themselves what they like."""
    permit(
        twin,
        lambda request, view: (
            request.method == "POST"
            and isinstance(view, twin.assertions.CredentialAssertionsView)
            and is_own_path(request, view)
        ),
    )


@defect
def learners_undo_their_revocation(twin: Twin) -> None:
    """The holder may change an assertion below the own path, also back to valid."""
    permit(
        twin,
        lambda request, view: (
            request.method == "PUT"
            and isinstance(view, twin.assertions.AssertionView)
            and is_own_path(request, view)
        ),
    )


@defect
def the_platforms_key_names_any_issuer(twin: Twin) -> None:
    """The platform's key as an id of an issuer is not narrowed: it names another's issuer."""

    @around(twin.views.IssuerView)
    def get_object(original: Any, self: Any) -> Any:
        if self.kwargs["entity_id"] != self.platform.key:
            return original(self)
        return twin.models.Issuer.objects.exclude(platform=self.platform).first()


ROLES: tuple[Defect, ...] = (
    learners_create_below_their_own_path,
    learners_update_below_their_own_path,
    learners_delete_below_their_own_path,
    learners_read_drafts_below_their_own_path,
    a_head_of_a_draft_is_answered,
    retired_keys_read_items,
    another_platforms_key_reads_issuers,
    another_platforms_key_reads_assertions,
    revoked_ones_are_shown_to_every_learner,
    options_of_an_item_need_no_key,
    platform_org_lets_others_create,
    learners_issue_to_themselves,
    learners_undo_their_revocation,
    the_platforms_key_names_any_issuer,
)

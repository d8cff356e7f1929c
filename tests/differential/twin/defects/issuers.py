# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of issuers and of who signs for them."""

from typing import Any

from rest_framework.response import Response

from tests.differential.twin.defects.defect import Defect, Twin, around, defect, instead_of


@defect
def issuer_windows_are_cut_by_page(twin: Twin) -> None:
    """The list reads `limit` as the size of a page and has never heard of an offset."""

    @instead_of(twin.views.IssuersView)
    def pagination(self: Any) -> Any:
        pages = twin.pagination.IssuerPagination()
        if "limit" in self.request.query_params:
            pages.page_size_query_param = "limit"
        return pages


@defect
def issuer_window_links_lose_the_limit(twin: Twin) -> None:
    """The link to the next window has the offset only, and so leads to one of another size."""

    @around(twin.pagination.IssuerWindow)
    def get_next_link(original: Any, self: Any) -> Any:
        from rest_framework.utils.urls import remove_query_param

        link = original(self)
        return link and remove_query_param(link, "limit")


@defect
def issuer_put_is_not_partial(twin: Twin) -> None:
    """The update of an issuer demands a name: to change the address alone is 400."""

    @instead_of(twin.views.IssuerView)
    def put(self: Any, _request: Any, **_: str) -> Response:
        return self.answered(self.saved(twin.serializers.IssuerBody, self.get_object()))


@defect
def issuer_put_resets_what_is_not_sent(twin: Twin) -> None:
    """The update of an issuer replaces the row: a new name costs the address."""

    @around(twin.serializers.IssuerBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        blank = dict.fromkeys(("url", "email", "allowed_template_tags"))
        return original(self, instance, {**blank, **sent})


@defect
def issuer_put_answers_the_envelope(twin: Twin) -> None:
    """The update of an issuer answers one issuer in the envelope, as all the others do."""

    @instead_of(twin.views.IssuerView)
    def put(self: Any, _request: Any, **_: str) -> Response:
        issuer = self.saved(twin.serializers.IssuerBody, self.get_object(), partial=True)
        shown = self.represented(twin.representations.IssuerRepresentation, issuer)
        return twin.pagination.enveloped("Updated", shown)


@defect
def issuer_is_deleted_with_its_credentials(twin: Twin) -> None:
    """Nobody asks whether an issuer is in use: its credentials go with it, by cascade."""

    @instead_of(twin.views.IssuerView)
    def delete(self: Any, _request: Any, **_: str) -> Response:
        self.get_object().delete()
        return Response({"status": {"success": True, "description": "Deleted"}})


@defect
def issuer_in_use_is_judged_by_what_is_listed(twin: Twin) -> None:
    """Only public credentials keep an issuer: with a draft it is deleted, and the draft with it."""

    @around(twin.views.IssuerView)
    def delete(original: Any, self: Any, request: Any, **named: str) -> Response:
        issuer = self.get_object()
        if issuer.credential_set.filter(public=True).exists():
            return original(self, request, **named)
        issuer.delete()
        return Response({"status": {"success": True, "description": "Deleted"}})


@defect
def deleted_issuer_is_only_hidden(twin: Twin) -> None:
    """A deletion clears the name and leaves the row: by its id an issuer is still there."""

    @instead_of(twin.views.IssuerView)
    def delete(self: Any, _request: Any, **_: str) -> Response:
        issuer = self.get_object()
        if issuer.credential_set.exists():
            raise twin.views.Conflict("This issuer has credentials and cannot be deleted.")
        type(issuer).objects.filter(pk=issuer.pk).update(name="")
        return Response({"status": {"success": True, "description": "Deleted"}})


@defect
def signatory_joins_every_issuer(twin: Twin) -> None:
    """A signatory is added to all issuers of the platform, whichever the body names."""

    @around(twin.serializers.AuthorityBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        signatory = original(self, sent)
        people = type(signatory).objects
        others = twin.models.issuers_by_name(self.context["platform"])
        for issuer in others.exclude(pk=signatory.issuer_id):
            people.create(
                issuer=issuer,
                name=signatory.name,
                title=signatory.title,
                signature=signatory.signature,
            )
        return signatory


@defect
def signatory_of_a_credential_joins_its_issuer(twin: Twin) -> None:
    """`credential` is read as a way to find the issuer: all its credentials are signed."""

    @around(twin.serializers.AuthorityBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        credential = sent.get("credential")
        if credential is not None:
            sent = {**sent, "credential": None, "entityId": credential.issuer}
        return original(self, sent)


@defect
def new_signatories_show_in_the_issuer_only(twin: Twin) -> None:
    """A credential keeps the signatories that it was created with: later ones never sign it."""

    @around(twin.serializers.CredentialBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        credential = original(self, sent)
        credential.chosen_signatories = [
            each.entity_id for each in credential.issuer.signatories.all()
        ]
        credential.save()
        return credential


@defect
def signature_may_be_anything(twin: Twin) -> None:
    """The signature of a signatory is a plain text: `x` is stored as its address."""
    from rest_framework import serializers

    from tests.differential.twin.defects.defect import redeclare

    redeclare(twin.serializers.AuthorityBody, signature=serializers.CharField())


@defect
def learners_write_issuers(twin: Twin) -> None:
    """The issuer's view forgot its permission: every key of the platform may write it."""

    class AnybodyOfThePlatform(twin.permissions.CredentialAssignmentPermission):
        """What is left when the role is not asked for."""

        def has_permission(self, request: Any, view: Any) -> bool:
            """Refuse other platforms only."""
            return bool(request.user.platform == view.platform)

    twin.views.IssuerView.permission_classes = [AnybodyOfThePlatform]


ISSUERS: tuple[Defect, ...] = (
    issuer_windows_are_cut_by_page,
    issuer_window_links_lose_the_limit,
    issuer_put_is_not_partial,
    issuer_put_resets_what_is_not_sent,
    issuer_put_answers_the_envelope,
    issuer_is_deleted_with_its_credentials,
    issuer_in_use_is_judged_by_what_is_listed,
    deleted_issuer_is_only_hidden,
    signatory_joins_every_issuer,
    signatory_of_a_credential_joins_its_issuer,
    new_signatories_show_in_the_issuer_only,
    signature_may_be_anything,
    learners_write_issuers,
)

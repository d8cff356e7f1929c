# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of issuers and signatories: what is shared, cached or found in the wrong place."""

import time
from typing import Any

from tests.differential.twin.defects.defect import (
    Defect,
    Twin,
    around,
    defect,
)

SECONDS_CACHED = 5


def change_issuer(twin: Twin, change: Any) -> None:
    """Store something else than was sent for an issuer."""

    @around(twin.serializers.IssuerBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        return original(self, instance, change(instance, dict(sent)))


@defect
def signatories_join_the_first_issuer(twin: Twin) -> None:
    """`entityId` is validated and not read: a signatory joins the platform's first issuer."""

    @around(twin.serializers.AuthorityBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        return original(self, {k: v for k, v in sent.items() if k != "entityId"})


@defect
def a_signatory_replaces_the_last_one(twin: Twin) -> None:
    """There is one signatory: a new one takes the place of those that were there."""

    @around(twin.serializers.AuthorityBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        issuer = sent.get("entityId")
        if issuer is not None and not sent.get("credential"):
            issuer.signatories.all().delete()
        return original(self, sent)


@defect
def a_namesake_does_not_sign(twin: Twin) -> None:
    """Signatories are kept by name: a second one of the same name is answered and not stored."""

    @around(twin.serializers.AuthorityBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        there = twin.models.Signatory.objects.filter(name=sent["name"]).first()
        return there or original(self, sent)


@defect
def a_credentials_signatory_signs_its_namesakes(twin: Twin) -> None:
    """A signatory joins every credential of the name of the one that the body names."""

    @around(twin.serializers.AuthorityBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        stored = original(self, dict(sent))
        credential = sent.get("credential")
        if credential is not None:
            same = twin.models.Credential.objects.filter(issuer=credential.issuer)
            for other in same.exclude(pk=credential.pk):
                original(self, {**sent, "credential": other})
        return stored


@defect
def a_credentials_signatory_shows_in_its_issuer(twin: Twin) -> None:
    """`issuerDetails` of a credential shows its own signatories as the issuer's."""

    @around(twin.representations.CredentialRepresentation)
    def to_representation(original: Any, self: Any, instance: Any) -> Any:
        data = original(self, instance)
        return {
            **data,
            "issuerDetails": {**data["issuerDetails"], "signatories": data["signatories"]},
        }


@defect
def titles_are_cut_at_fifty(twin: Twin) -> None:
    """The title of a signatory has a column of 50 characters."""

    @around(twin.serializers.AuthorityBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        return original(self, {**sent, "title": sent["title"][:50]})


@defect
def lists_show_old_issuers(twin: Twin) -> None:
    """Lists take issuers from a cache of seconds: a new name shows in the item only."""
    cached: dict[int, tuple[float, Any]] = {}

    @around(twin.representations.CredentialRepresentation)
    def to_representation(original: Any, self: Any, instance: Any) -> Any:
        data = original(self, instance)
        if self.parent is None:
            return data
        stored, shown = cached.get(instance.issuer_id, (float("-inf"), None))
        if time.monotonic() - stored > SECONDS_CACHED:
            shown = data["issuerDetails"]
            cached[instance.issuer_id] = (time.monotonic(), shown)
        return {**data, "issuerDetails": shown}


@defect
def issuer_lists_are_cached(twin: Twin) -> None:
    """The list of issuers is cached for seconds: what was just created or renamed is not seen."""
    cached: dict[str, tuple[float, Any]] = {}

    @around(twin.views.IssuersView)
    def get(original: Any, self: Any, request: Any, **names: str) -> Any:
        key = request.get_full_path()
        stored, data = cached.get(key, (float("-inf"), None))
        response = original(self, request, **names)
        if time.monotonic() - stored < SECONDS_CACHED:
            response.data = data
        else:
            cached[key] = (time.monotonic(), response.data)
        return response


@defect
def issuers_get_a_new_id(twin: Twin) -> None:
    """An update of an issuer makes a new row of it, with an id of its own."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        if instance.pk:
            instance.entity_id = twin.models.new_entity_id()
        return sent

    change_issuer(twin, change)


@defect
def the_platforms_key_names_all_its_issuers(twin: Twin) -> None:
    """The platform's key as an id answers a list of all its issuers, and not of one."""

    @around(twin.views.IssuerView)
    def get(original: Any, self: Any, request: Any, **names: str) -> Any:
        response = original(self, request, **names)
        if self.kwargs["entity_id"] == self.platform.key:
            issuers = twin.models.issuers_by_name(self.platform)
            shown = twin.representations.IssuerRepresentation
            response.data = self.represented(shown, issuers, many=True)
        return response


@defect
def nothing_of_an_issuer_is_cleared(twin: Twin) -> None:
    """A null in the update of an issuer is taken for a field that was not sent."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in sent.items() if v is not None and v != []}
        return kept if instance.pk else sent

    change_issuer(twin, change)


@defect
def template_tags_are_added(twin: Twin) -> None:
    """The template tags of an update are added to those that are there."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        tags = sent.get("allowed_template_tags")
        if instance.pk and tags:
            sent["allowed_template_tags"] = [*(instance.allowed_template_tags or []), *tags]
        return sent

    change_issuer(twin, change)


@defect
def an_issuers_address_is_the_platforms(twin: Twin) -> None:
    """The address of an issuer is kept with the platform: an update of one changes all of them."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        if instance.pk and "url" in sent:
            twin.models.Issuer.objects.filter(platform=instance.platform).update(url=sent["url"])
        return sent

    change_issuer(twin, change)


@defect
def item_and_list_of_issuers_differ(twin: Twin) -> None:
    """The list of issuers has a serializer of its own, which leaves the signatories out."""

    @around(twin.views.IssuersView)
    def get(original: Any, self: Any, request: Any, **names: str) -> Any:
        response = original(self, request, **names)
        for each in response.data["result"]["data"]:
            each["signatories"] = []
        return response


SIGNING: tuple[Defect, ...] = (
    signatories_join_the_first_issuer,
    a_signatory_replaces_the_last_one,
    a_namesake_does_not_sign,
    a_credentials_signatory_signs_its_namesakes,
    a_credentials_signatory_shows_in_its_issuer,
    titles_are_cut_at_fifty,
    lists_show_old_issuers,
    issuer_lists_are_cached,
    issuers_get_a_new_id,
    the_platforms_key_names_all_its_issuers,
    nothing_of_an_issuer_is_cleared,
    template_tags_are_added,
    an_issuers_address_is_the_platforms,
    item_and_list_of_issuers_differ,
)

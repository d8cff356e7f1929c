# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""More defects of what is stored: of single fields, second writes and things beside."""

import time
from typing import Any

from tests.differential.twin.defects.defect import Defect, Twin, around, defect


def change_body(twin: Twin, change: Any) -> None:
    """Store another body than was sent; the function gets the stored record, too."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        return original(self, instance, change(instance, dict(sent)))


@defect
def empty_metadata_clears_everything(twin: Twin) -> None:
    """An empty object is taken for no metadata, and what was there is gone."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        if sent.get("metadata") == {} and instance.pk:
            instance.metadata = {}
        return sent

    change_body(twin, change)


@defect
def tags_are_added(twin: Twin) -> None:
    """The tags of an update are added to those that are there."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        if instance.pk and sent.get("tags"):
            sent["tags"] = [*(instance.tags or []), *sent["tags"]]
        return sent

    change_body(twin, change)


@defect
def every_update_publishes(twin: Twin) -> None:
    """The default of `public` counts for updates as well: a draft is published by a new name."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        return {"public": True, **sent} if instance.pk else sent

    change_body(twin, change)


@defect
def nothing_empty_is_stored(twin: Twin) -> None:
    """A value is stored if it is true: what was cleared stays."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in sent.items() if value or value is False}
        return kept if instance.pk else sent

    change_body(twin, change)


@defect
def a_new_name_removes_the_override(twin: Twin) -> None:
    """A change of the name sets the override to null."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        return {"name_override": None, **sent} if instance.pk and "name" in sent else sent

    change_body(twin, change)


@defect
def two_tags_are_enough(twin: Twin) -> None:
    """The first two tags are stored."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        return {**sent, "tags": sent["tags"][:2]} if sent.get("tags") else sent

    change_body(twin, change)


@defect
def a_second_update_within_a_second_is_lost(twin: Twin) -> None:
    """Updates are debounced: the second one within a second is answered and not stored."""
    last: dict[int, float] = {}

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        now = time.monotonic()
        if instance.pk and now - last.get(instance.pk, 0.0) < 1:
            return instance
        stored = original(self, instance, sent)
        last[stored.pk] = now
        return stored


@defect
def descriptions_are_copied_from_names(twin: Twin) -> None:
    """A credential without a description gets its name as one."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        return sent if instance.pk else {"description": sent.get("name"), **sent}

    change_body(twin, change)


@defect
def an_update_changes_its_neighbour(twin: Twin) -> None:
    """The update of a description is of the newest two rows."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        is_new = instance.pk is None
        stored = original(self, instance, sent)
        if not is_new and sent.get("description"):
            others = twin.models.Credential.objects.filter(issuer=stored.issuer)
            others.filter(pk=stored.pk - 1).update(description=sent["description"])
        return stored


@defect
def numbers_in_metadata_are_texts(twin: Twin) -> None:
    """The metadata goes through a store of texts: 2 comes back as "2"."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        metadata = sent.get("metadata")
        if isinstance(metadata, dict):
            sent["metadata"] = {
                name: str(value) if type(value) is int else value
                for name, value in metadata.items()
            }
        return sent

    change_body(twin, change)


@defect
def an_issuers_update_removes_its_signatories(twin: Twin) -> None:
    """An update of an issuer writes the whole of it, and its signatories are gone."""

    @around(twin.serializers.IssuerBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        if instance.pk:
            instance.signatories.all().delete()
        return original(self, instance, sent)


@defect
def a_revocation_loses_the_metadata(twin: Twin) -> None:
    """A revocation writes a new row without the metadata."""

    @around(twin.serializers.RevocationBody)
    def update(original: Any, self: Any, instance: Any, data: Any) -> Any:
        instance.metadata = None
        return original(self, instance, data)


@defect
def bulk_forgets_the_metadata(twin: Twin) -> None:
    """Issuing in bulk stores no metadata."""

    @around(twin.serializers.BulkAssertionBody)
    def create(original: Any, self: Any, said: dict[str, Any]) -> Any:
        return original(self, {name: value for name, value in said.items() if name != "metadata"})


@defect
def a_reinstated_assertion_never_expires(twin: Twin) -> None:
    """To take a revocation back clears the end of validity."""

    @around(twin.serializers.RevocationBody)
    def update(original: Any, self: Any, instance: Any, data: Any) -> Any:
        if instance.revoked and not data["revoked"]:
            instance.expires = None
        return original(self, instance, data)


WRITES: tuple[Defect, ...] = (
    empty_metadata_clears_everything,
    tags_are_added,
    every_update_publishes,
    nothing_empty_is_stored,
    a_new_name_removes_the_override,
    two_tags_are_enough,
    a_second_update_within_a_second_is_lost,
    descriptions_are_copied_from_names,
    an_update_changes_its_neighbour,
    numbers_in_metadata_are_texts,
    an_issuers_update_removes_its_signatories,
    a_revocation_loses_the_metadata,
    bulk_forgets_the_metadata,
    a_reinstated_assertion_never_expires,
)

# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of what is kept: what is written, changed, deleted, and read again afterwards."""

import base64
import html
import itertools
import time
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.http import Http404
from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.response import Response

from tests.differential.twin.defects.defect import (
    Defect,
    Twin,
    around,
    defect,
    instead_of,
    racing,
    redeclare,
)

OPTIONAL = ("description", "name_override", "criteria_url", "criteria_narrative", "tags")
TEXTS = ("name", "name_override", "description", "criteriaNarrative")
SECONDS_CACHED = 5
SECONDS_BETWEEN_READ_AND_WRITE = 0.05  # what a real service does there: a mail, a slow query


def store_texts_as(twin: Twin, changed: Callable[[str], str]) -> None:
    """Pass each text through a function before it is stored."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        texts = {
            name: changed(value)
            for name, value in sent.items()
            if name in TEXTS and isinstance(value, str)
        }
        return original(self, instance, sent | texts)


@defect
def put_is_not_partial(twin: Twin) -> None:
    """The update demands a whole body: a change of the description alone is 400."""

    @instead_of(twin.views.CredentialView)
    def put(self: Any, _request: Any, **_: str) -> Response:
        credential = self.saved(twin.serializers.CredentialBody, self.get_object())
        shown = self.represented(twin.representations.CredentialRepresentation, credential)
        return twin.pagination.enveloped("Updated", shown)


@defect
def put_resets_other_fields(twin: Twin) -> None:
    """The update replaces the whole row: what was not sent becomes null."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        for attribute in OPTIONAL:
            setattr(instance, attribute, None)
        return original(self, instance, sent)


@defect
def metadata_is_replaced(twin: Twin) -> None:
    """The metadata that is sent takes the place of what is there, and other keys are lost."""
    twin.serializers.merged_metadata = lambda _old, new: new


@defect
def half_of_expires_is_lost(twin: Twin) -> None:
    """Both parts of `expires` are set at once: to send the amount alone deletes the duration."""

    @instead_of(twin.serializers)
    def change_expires(credential: Any, sent: dict[str, Any]) -> None:
        if sent:
            credential.expires_amount = sent.get("amount")
            credential.expires_duration = sent.get("duration")


@defect
def courses_are_added_and_never_removed(twin: Twin) -> None:
    """The courses that are sent are added to what is there, and none can be taken away."""

    @instead_of(twin.models.Credential)
    def replace(self: Any, relation: str, items: list[Any]) -> None:
        getattr(self, relation).add(*items)


@defect
def tags_are_kept_as_a_set(twin: Twin) -> None:
    """The tags go through a set: they come back sorted, and each one once."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        if sent.get("tags"):
            sent = sent | {"tags": sorted(set(sent["tags"]))}
        return original(self, instance, sent)


@defect
def update_changes_created_at(twin: Twin) -> None:
    """The time of creation is set at every save, and an update moves the item to the top."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        instance.created_at = timezone.now()
        return original(self, instance, sent)


@defect
def description_is_not_saved(twin: Twin) -> None:
    """The columns to save lack the description: an update answers the new one and keeps the old."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        creating, before = instance.pk is None, instance.description
        updated = original(self, instance, sent)
        if not creating:
            type(updated).objects.filter(pk=updated.pk).update(description=before)
        return updated


@defect
def issuer_change_is_ignored(twin: Twin) -> None:
    """The issuer is taken at the creation only: an update accepts another one and keeps the old."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        if instance.pk is not None:
            sent = {name: value for name, value in sent.items() if name != "issuer"}
        return original(self, instance, sent)


@defect
def narrative_spelling_is_lost(twin: Twin) -> None:
    """Only the clients' spelling is read: `criteria_text` and its kind are ignored in silence."""

    @instead_of(twin.serializers.CredentialBody)
    def get_fields(self: Any) -> dict[str, Any]:
        return serializers.Serializer.get_fields(self)


@defect
def forms_lose_objects(twin: Twin) -> None:
    """A form's JSON text is not decoded: `expires` in it is dropped without a word."""

    @instead_of(twin.fields.ObjectFromForm)
    def get_value(self: Any, dictionary: Mapping[str, Any]) -> Any:
        return super(twin.fields.ObjectFromForm, self).get_value(dictionary)


@defect
def forms_keep_one_of_a_repeated_key(twin: Twin) -> None:
    """A form is read as a plain dictionary: of a tag that is sent twice, the last one stays."""

    @around(twin.fields.ListFromForm)
    def get_value(original: Any, self: Any, dictionary: Mapping[str, Any]) -> Any:
        value = original(self, dictionary)
        repeated = hasattr(dictionary, "getlist") and len(dictionary.getlist(self.field_name)) > 1
        return value[-1:] if repeated else value


@defect
def forms_without_public_are_private(twin: Twin) -> None:
    """The flag has no default, and a form that does not mention it creates a private credential."""
    public = serializers.BooleanField(required=False)
    redeclare(twin.serializers.CredentialBody, public=public)


@defect
def public_flag_is_ignored_at_creation(twin: Twin) -> None:
    """The creation does not read `public`: a draft is listed at once."""

    @around(twin.serializers.CredentialBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        return original(self, sent | {"public": True})


@defect
def name_is_cut_at_255(twin: Twin) -> None:
    """The column of the name is shorter than the promise: after 255 characters it is cut off."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        cut = {"name": sent["name"][:255]} if sent.get("name") else {}
        return original(self, instance, sent | cut)


@defect
def white_space_is_collapsed(twin: Twin) -> None:
    """The texts are tidied up: line breaks and repeated spaces come back as one space."""
    store_texts_as(twin, lambda text: " ".join(text.split()))


@defect
def emoji_become_question_marks(twin: Twin) -> None:
    """The table holds three bytes for a character, and each emoji comes back as "?"."""
    store_texts_as(twin, lambda text: "".join("?" if each > "\uffff" else each for each in text))


@defect
def texts_are_normalised(twin: Twin) -> None:
    """The texts are normalised to NFKC: "①" comes back as "1" and a ligature as two letters."""
    store_texts_as(twin, lambda text: unicodedata.normalize("NFKC", text))


@defect
def texts_are_escaped(twin: Twin) -> None:
    """The texts are escaped for HTML before they are stored: "R&D" comes back as "R&amp;D"."""
    store_texts_as(twin, html.escape)


@defect
def null_becomes_empty(twin: Twin) -> None:
    """The columns know no null: a description that is not there comes back as an empty text."""
    shown = twin.representations.CredentialRepresentation

    @around(shown)
    def to_representation(original: Any, self: Any, instance: Any) -> dict[str, Any]:
        representation = original(self, instance)
        for name in ("name_override", "description", "criteriaNarrative"):
            representation[name] = representation[name] or ""
        return representation


@defect
def empty_becomes_null(twin: Twin) -> None:
    """An empty text is stored as null: a description that was cleared comes back as null."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        changes = {name: None if value == "" else value for name, value in sent.items()}
        return original(self, instance, changes)


@defect
def refused_update_is_half_applied(twin: Twin) -> None:
    """The name is saved before the rest is validated: a refused PUT has changed it."""

    @around(twin.views.CredentialView)
    def put(original: Any, self: Any, request: Any, **path: str) -> Response:
        credential, body = self.get_object(), request.data
        name = body.get("name") if isinstance(body, Mapping) else None
        if isinstance(name, str) and 0 < len(name.strip()) <= 1000 and name.isprintable():
            credential.name = name.strip()
            credential.save()
        return original(self, request, **path)


@defect
def refused_creation_leaves_an_item(twin: Twin) -> None:
    """The row is created before the optional fields are validated: a refused POST has made one."""

    @around(twin.views.CredentialsView)
    def post(original: Any, self: Any, request: Any, **path: str) -> Response:
        self.require_user()
        context, body = {"platform": self.platform}, request.data
        if not isinstance(body, Mapping):
            return original(self, request, **path)
        essentials = {name: body[name] for name in ("name", "issuer") if name in body}
        row = twin.serializers.CredentialBody(data=essentials, context=context)
        row.is_valid(raise_exception=True)
        credential = row.save()
        saved = self.saved(twin.serializers.CredentialBody, credential, partial=True)
        shown = self.represented(twin.representations.CredentialRepresentation, saved)
        return twin.pagination.enveloped("Created", shown)


@defect
def item_cache_outlives_an_update(twin: Twin) -> None:
    """The item is cached for seconds, and an update does not clear it: the old one is answered."""
    cached: dict[tuple[int, str], tuple[float, Any]] = {}

    @around(twin.views.CredentialView)
    def get(original: Any, self: Any, request: Any, **path: str) -> Response:
        key = (self.platform.pk, self.get_object().entity_id)
        since, answer = cached.get(key, (0.0, None))
        if time.monotonic() - since > SECONDS_CACHED:
            answer = original(self, request, **path).data
            cached[key] = (time.monotonic(), answer)
        return Response(answer)


@defect
def deleted_item_is_answered_from_a_cache(twin: Twin) -> None:
    """The cache is not cleared by a DELETE: the item is answered once more before it is gone."""
    cached: dict[tuple[int, str], Any] = {}

    @around(twin.views.CredentialView)
    def get(original: Any, self: Any, request: Any, **path: str) -> Response:
        try:
            return original(self, request, **path)
        except Http404:
            answer = cached.pop((self.platform.pk, path["entity_id"]), None)
            if answer is None:
                raise
            return Response(answer)

    @around(twin.views.CredentialView)
    def delete(original: Any, self: Any, request: Any, **path: str) -> Response:
        credential = self.get_object()
        shown = self.represented(twin.representations.CredentialRepresentation, credential)
        response = original(self, request, **path)
        cached[self.platform.pk, path["entity_id"]] = twin.pagination.enveloped("Ok", shown).data
        return response


@defect
def deleted_item_stays_listed(twin: Twin) -> None:
    """The DELETE only marks the row, and the list does not leave marked ones out."""
    marked: set[str] = set()

    @around(twin.views.CredentialView)
    def get_object(original: Any, self: Any) -> Any:
        credential = original(self)
        if credential.entity_id in marked:
            raise Http404("No Credential matches the given query.")
        return credential

    @instead_of(twin.views.CredentialView)
    def delete(self: Any, _request: Any, **_: str) -> Response:
        credential = self.get_object()
        if credential.has_active_assertions():
            raise twin.views.Conflict
        marked.add(credential.entity_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


@defect
def second_delete_answers_204(twin: Twin) -> None:
    """The DELETE deletes whatever matches, and answers 204 also when nothing did."""

    @around(twin.views.CredentialView)
    def delete(original: Any, self: Any, request: Any, **path: str) -> Response:
        self.require_user()
        try:
            return original(self, request, **path)
        except Http404:
            return Response(status=status.HTTP_204_NO_CONTENT)


@defect
def delete_takes_its_namesakes(twin: Twin) -> None:
    """The DELETE finds its rows by the name of the item, and all of that name disappear."""

    @around(twin.views.CredentialView)
    def delete(original: Any, self: Any, request: Any, **path: str) -> Response:
        credential = self.get_object()
        namesakes = twin.models.Credential.objects.filter(name=credential.name, assertions=None)
        response = original(self, request, **path)
        namesakes.filter(platform=self.platform).delete()
        return response


@defect
def ids_are_reused(twin: Twin) -> None:
    """The id is made from the newest row: after a DELETE of the last item it is given once more."""

    @around(twin.serializers.CredentialBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        newest = twin.models.Credential.objects.order_by("pk").last()
        return original(self, sent | {"entity_id": entity_id_of(newest.entity_id)})


@defect
def list_is_cached_for_seconds(twin: Twin) -> None:
    """The list is cached for seconds: what was just created, changed or deleted is not seen."""
    cached: dict[tuple[int, str], tuple[float, Any]] = {}

    @around(twin.views.CredentialsView)
    def get(original: Any, self: Any, request: Any, **path: str) -> Response:
        key = (request.user.pk, request.get_full_path())
        since, answer = cached.get(key, (0.0, None))
        if time.monotonic() - since > SECONDS_CACHED:
            answer = original(self, request, **path).data
            cached[key] = (time.monotonic(), answer)
        return Response(answer)


@defect
def search_index_misses_updates(twin: Twin) -> None:
    """The search index is filled at the creation only: a renamed item is found by its old name."""
    indexed: dict[int, list[str]] = {}

    @around(twin.serializers.CredentialBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        credential = original(self, sent)
        fields = twin.views.CredentialsView.searched_fields
        indexed[credential.pk] = [getattr(credential, field) or "" for field in fields]
        return credential

    @around(twin.views.CredentialsView)
    def that_contain(original: Any, self: Any, text: str, credentials: Any) -> Any:
        part = text.casefold()
        found = [pk for pk, texts in indexed.items() if any(part in t.casefold() for t in texts)]
        others = original(self, text, credentials.exclude(pk__in=indexed))
        ids = itertools.chain(found, others.values_list("pk", flat=True))
        return credentials.filter(pk__in=list(ids))


@racing(threads=4)
def concurrent_creations_collide(twin: Twin) -> None:
    """The id comes from a counter read before and written after: of two POSTs at once one fails."""
    space = uuid.uuid4()
    counter = {"next": 0}

    @around(twin.serializers.CredentialBody)
    def validate(original: Any, self: Any, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = original(self, attrs)
        if self.instance is None:
            number = counter["next"]
            time.sleep(SECONDS_BETWEEN_READ_AND_WRITE)
            counter["next"] = number + 1
            attrs["entity_id"] = entity_id_of(f"{space}-{number}")
        return attrs


@racing(threads=4)
def concurrent_updates_lose_one(twin: Twin) -> None:
    """The update reads the row, waits, and writes all of it: of two PUTs at once one is undone."""

    @instead_of(twin.views.CredentialView)
    def put(self: Any, _request: Any, **_: str) -> Any:
        credential = self.get_object()
        time.sleep(SECONDS_BETWEEN_READ_AND_WRITE)
        saved = self.saved(twin.serializers.CredentialBody, credential, partial=True)
        shown = self.represented(twin.representations.CredentialRepresentation, saved)
        return twin.pagination.enveloped("Updated", shown)


def entity_id_of(text: str) -> str:
    """Return the one entityId that belongs to a text."""
    number = uuid.uuid5(uuid.NAMESPACE_URL, text)
    return base64.urlsafe_b64encode(number.bytes).decode().rstrip("=")


STATE: tuple[Defect, ...] = (
    put_is_not_partial,
    put_resets_other_fields,
    metadata_is_replaced,
    half_of_expires_is_lost,
    courses_are_added_and_never_removed,
    tags_are_kept_as_a_set,
    update_changes_created_at,
    description_is_not_saved,
    issuer_change_is_ignored,
    narrative_spelling_is_lost,
    forms_lose_objects,
    forms_keep_one_of_a_repeated_key,
    forms_without_public_are_private,
    public_flag_is_ignored_at_creation,
    name_is_cut_at_255,
    white_space_is_collapsed,
    emoji_become_question_marks,
    texts_are_normalised,
    texts_are_escaped,
    null_becomes_empty,
    empty_becomes_null,
    refused_update_is_half_applied,
    refused_creation_leaves_an_item,
    item_cache_outlives_an_update,
    deleted_item_is_answered_from_a_cache,
    deleted_item_stays_listed,
    second_delete_answers_204,
    delete_takes_its_namesakes,
    ids_are_reused,
    list_is_cached_for_seconds,
    search_index_misses_updates,
    concurrent_creations_collide,
    concurrent_updates_lose_one,
)

# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of what is stored after a migration, a new serializer or a new form."""

import re
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from tests.differential.twin.defects.defect import Defect, Twin, around, defect, redeclare
from tests.differential.twin.defects.writes import change_body

LONG = 500
MANY = 5


def change_updates(twin: Twin, change: Any) -> None:
    """Store something else than was sent to an update."""

    def changed(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        return change(instance, sent) if instance.pk else sent

    change_body(twin, changed)


def declare_for_updates(twin: Twin, **fields: serializers.Field) -> None:
    """Read these fields of an update as other ones."""

    @around(twin.serializers.CredentialBody)
    def get_fields(original: Any, self: Any) -> dict[str, serializers.Field]:
        return original(self) | (fields if self.partial else {})


def put_is_a_form(self: Any) -> bool:
    """Tell whether an update came as a form."""
    return self.partial and isinstance(self.initial_data, QueryDict)


@defect
def long_templates_are_cut(twin: Twin) -> None:
    """The templates moved to a column of 4000 characters: the rest is cut off."""

    def change(_instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        cut = {k: v[:4000] for k, v in sent.items() if k.endswith("_template") and v}
        return {**sent, **cut}

    change_body(twin, change)


@defect
def long_descriptions_are_cut(twin: Twin) -> None:
    """The description moved to a column of 500 characters: the rest is cut off."""

    def change(_instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        return (
            {**sent, "description": sent["description"][:LONG]} if sent.get("description") else sent
        )

    change_body(twin, change)


@defect
def narratives_are_refused_beyond_255(twin: Twin) -> None:
    """The narrative became a short text: more than 255 characters are 400."""
    redeclare(
        twin.serializers.CredentialBody,
        criteriaNarrative=serializers.CharField(
            required=False, allow_null=True, allow_blank=True, max_length=255
        ),
    )


@defect
def only_five_tags_are_kept(twin: Twin) -> None:
    """The tags have five columns: the sixth is dropped."""

    def change(_instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        return {**sent, "tags": sent["tags"][:MANY]} if sent.get("tags") else sent

    change_body(twin, change)


@defect
def old_keys_win_in_metadata(twin: Twin) -> None:
    """The merge has its sides swapped: a key that is there keeps its value."""
    original = twin.serializers.merged_metadata
    twin.serializers.merged_metadata = lambda old, new: (
        original(new, old) if isinstance(old, dict) and isinstance(new, dict) else new
    )


@defect
def nulls_in_metadata_are_dropped(twin: Twin) -> None:
    """A key of the metadata with null is left out."""
    original = twin.serializers.merged_metadata

    def merged(old: Any, new: Any) -> Any:
        found = original(old, new)
        is_object = isinstance(found, dict)
        return {k: v for k, v in found.items() if v is not None} if is_object else found

    twin.serializers.merged_metadata = merged


@defect
def big_numbers_lose_digits(twin: Twin) -> None:
    """The metadata goes through a store that has floating-point numbers only."""

    def rounded(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: rounded(v) for k, v in value.items()}
        if isinstance(value, list):
            return [rounded(each) for each in value]
        is_big = isinstance(value, int) and abs(value) > 2**53
        return int(float(value)) if is_big else value

    def change(_instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        return {**sent, "metadata": rounded(sent["metadata"])} if "metadata" in sent else sent

    change_body(twin, change)


@defect
def keys_of_metadata_become_snake_case(twin: Twin) -> None:
    """A parser of camel case was installed for the whole API: it renames the keys of metadata."""

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                re.sub(r"(?<=[a-z])([A-Z])", lambda m: "_" + m[1].lower(), k): renamed(v)
                for k, v in value.items()
            }
        return [renamed(each) for each in value] if isinstance(value, list) else value

    def change(_instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        return {**sent, "metadata": renamed(sent["metadata"])} if "metadata" in sent else sent

    change_body(twin, change)


@defect
def a_missing_thumbnail_is_the_icon(twin: Twin) -> None:
    """A credential that is created with an icon and without a thumbnail gets the icon as one."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        named = [name for name in sent if name.startswith("thumbnail")]
        if instance.pk or named or not sent.get("iconImage"):
            return sent
        return {**sent, "thumbnailImage": sent["iconImage"]}

    change_body(twin, change)


@defect
def backgrounds_are_stored_as_thumbnails(twin: Twin) -> None:
    """An update by `background_image_id` sets the thumbnail."""

    def change(_instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        if "background_image_id" in sent:
            sent["thumbnail_image_id"] = sent.pop("background_image_id")
        return sent

    change_updates(twin, change)


@defect
def an_address_does_not_replace_a_gallery_image(twin: Twin) -> None:
    """The image of the gallery wins over the address that an update sends."""

    @around(twin.serializers)
    def change_image(original: Any, credential: Any, slot: str, changes: dict[str, Any]) -> None:
        before = getattr(credential, f"{slot}_image")
        original(credential, slot, changes)
        if before is not None and getattr(credential, f"{slot}_image_url"):
            setattr(credential, f"{slot}_image", before)


@defect
def null_does_not_remove_an_image(twin: Twin) -> None:
    """A null for an image of an update is taken for a field that was not sent."""

    def change(_instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        kept = ("Image", "_image_id")
        return {k: v for k, v in sent.items() if v is not None or not k.endswith(kept)}

    change_updates(twin, change)


@defect
def names_differ_by_more_than_case(twin: Twin) -> None:
    """The new index ignores case, and nobody catches it: a name in capitals is a 500."""

    @around(twin.serializers.CredentialBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        similar = twin.models.Credential.objects.filter(name__iexact=sent["name"])
        if any(each.name != sent["name"] for each in similar):
            raise RuntimeError("duplicate key value violates unique constraint")
        return original(self, sent)


@defect
def the_same_name_is_the_same_credential(twin: Twin) -> None:
    """A creation is made safe to repeat: the same name and issuer answer the one that is there."""

    @around(twin.serializers.CredentialBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        there = twin.models.Credential.objects.filter(
            platform=self.context["platform"], name=sent["name"], issuer=sent["issuer"]
        ).first()
        return self.update(there, sent) if there else original(self, sent)


@defect
def updates_take_any_signal(twin: Twin) -> None:
    """The choice of signals is looked at when a credential is created only."""
    declare_for_updates(
        twin,
        signal=serializers.CharField(required=False),
        issuing_signal=serializers.CharField(required=False),
    )


@defect
def updates_take_long_names(twin: Twin) -> None:
    """The bound of a name holds at the creation only."""
    declare_for_updates(twin, name=serializers.CharField())


@defect
def overrides_have_no_bound(twin: Twin) -> None:
    """The name is bound to 1000 characters, and its override is not."""
    redeclare(
        twin.serializers.CredentialBody,
        name_override=serializers.CharField(required=False, allow_null=True, allow_blank=True),
    )


@defect
def updates_take_blank_names(twin: Twin) -> None:
    """An update may set a name of spaces: nobody sees the item in a list any more."""
    declare_for_updates(twin, name=serializers.CharField(allow_blank=True, max_length=1000))


@defect
def updates_ignore_unknown_issuers(twin: Twin) -> None:
    """An issuer that does not exist is dropped from an update, which answers 200."""

    class Optional(twin.fields.SlugOnPlatform):  # type: ignore[name-defined]
        def to_internal_value(self, data: Any) -> Any:
            try:
                return super().to_internal_value(data)
            except serializers.ValidationError:
                raise serializers.SkipField from None

    declare_for_updates(
        twin, issuer=Optional(slug_field="entity_id", queryset=twin.models.Issuer.objects)
    )


@defect
def updates_drop_unknown_programs(twin: Twin) -> None:
    """Programs and pathways that do not exist are dropped from an update, which answers 200."""

    @around(twin.fields.ReferenceList)
    def to_internal_value(original: Any, self: Any, data: Any) -> Any:
        if not getattr(self.root, "partial", False) or self.field_name == "courses":
            return original(self, data)
        found = []
        for each in data:
            try:
                found.append(self.child_relation.run_validation(each))
            except serializers.ValidationError:
                continue
        return found


@defect
def a_form_clears_the_lists_it_lacks(twin: Twin) -> None:
    """A form that updates the name has no tags and no courses, and so they are removed."""

    @around(twin.serializers.CredentialBody)
    def validate(original: Any, self: Any, attrs: dict[str, Any]) -> dict[str, Any]:
        lists = ("tags", "courses", "programs", "pathways") if put_is_a_form(self) else ()
        return original(self, {**{name: [] for name in lists}, **attrs})


@defect
def a_form_hides_what_it_updates(twin: Twin) -> None:
    """A form that updates the name does not have the box `public` ticked: the item is private."""

    @around(twin.serializers.CredentialBody)
    def validate(original: Any, self: Any, attrs: dict[str, Any]) -> dict[str, Any]:
        return original(self, {**({"public": False} if put_is_a_form(self) else {}), **attrs})


@defect
def courses_of_an_update_remove_programs(twin: Twin) -> None:
    """What a credential is attached to is replaced as a whole: new courses remove programs."""

    @around(twin.models.Credential)
    def replace(original: Any, self: Any, relation: str, items: list[Any]) -> None:
        if relation == "courses":
            self.programs.clear()
        original(self, relation, items)


@defect
def a_new_issuer_removes_the_courses(twin: Twin) -> None:
    """The courses are thought to be the issuer's: a change of the issuer removes them."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        if "issuer" in sent and sent["issuer"].pk != instance.issuer_id:
            return {"courses": [], **sent}
        return sent

    change_updates(twin, change)


@defect
def a_new_template_removes_the_style(twin: Twin) -> None:
    """The style belongs to the template: a new `html_template` sets `css_template` to null."""
    change_updates(
        twin,
        lambda _instance, sent: {"css_template": None, **sent} if "html_template" in sent else sent,
    )


@defect
def what_is_hidden_stays_public(twin: Twin) -> None:
    """The flag is read at the creation only: `public: false` of an update is answered and lost."""

    def change(_instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in sent.items() if k != "public"}

    change_updates(twin, change)


@defect
def published_ones_are_new(twin: Twin) -> None:
    """What is published gets the time of its publication as that of its creation."""

    def change(instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        if sent.get("public") and not instance.public:
            instance.created_at = twin.models.clock.now()
        return sent

    change_updates(twin, change)


@defect
def lists_show_the_courses_of_the_creation(twin: Twin) -> None:
    """Courses are prefetched from a copy that updates do not write: lists show the old ones."""
    first: dict[int, list[Any]] = {}

    @around(twin.models.Credential)
    def replace(original: Any, self: Any, relation: str, items: list[Any]) -> None:
        original(self, relation, items)
        if relation == "courses":
            first.setdefault(self.pk, list(items))

    @around(twin.views)
    def fetch_links(original: Any, credentials: list[Any], relation: str) -> None:
        original(credentials, relation)
        for each in credentials if relation == "courses" else ():
            each.links[relation] = list(first.get(each.pk, each.links[relation]))


@defect
def updates_answer_what_was_before(twin: Twin) -> None:
    """The answer of an update is made before the related rows are written: the old courses."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        before = list(instance.courses.order_by("pk")) if instance.pk else None
        stored = original(self, instance, sent)
        if before is not None:
            stored.links["courses"] = before
        return stored


@defect
def trailing_slashes_are_removed(twin: Twin) -> None:
    """Addresses are made canonical: the slash at the end of the criteria's is gone."""

    def change(_instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        return {k: v.rstrip("/") if k == "criteriaUrl" and v else v for k, v in sent.items()}

    change_body(twin, change)


@defect
def types_are_written_in_capitals(twin: Twin) -> None:
    """The type is thought to be one of a list of names in capitals, and is stored so."""

    def change(_instance: Any, sent: dict[str, Any]) -> dict[str, Any]:
        is_sent = "credentialType" in sent
        return {**sent, "credentialType": sent["credentialType"].upper()} if is_sent else sent

    change_body(twin, change)


@defect
def only_known_types_are_accepted(twin: Twin) -> None:
    """The type became a choice of the five that the front end offers: older ones are 400."""
    types = ["MICRO_CREDENTIAL", *(f"{each}CERTIFICATE" for each in ("", "PROGRAM_", "COURSE_"))]
    types.append("PATHWAY_CERTIFICATE")
    redeclare(
        twin.serializers.CredentialBody,
        credentialType=serializers.ChoiceField(types, required=False),
    )


UPDATES: tuple[Defect, ...] = (
    long_templates_are_cut,
    long_descriptions_are_cut,
    narratives_are_refused_beyond_255,
    only_five_tags_are_kept,
    old_keys_win_in_metadata,
    nulls_in_metadata_are_dropped,
    big_numbers_lose_digits,
    keys_of_metadata_become_snake_case,
    a_missing_thumbnail_is_the_icon,
    backgrounds_are_stored_as_thumbnails,
    an_address_does_not_replace_a_gallery_image,
    null_does_not_remove_an_image,
    names_differ_by_more_than_case,
    the_same_name_is_the_same_credential,
    updates_take_any_signal,
    updates_take_long_names,
    overrides_have_no_bound,
    updates_take_blank_names,
    updates_ignore_unknown_issuers,
    updates_drop_unknown_programs,
    a_form_clears_the_lists_it_lacks,
    a_form_hides_what_it_updates,
    courses_of_an_update_remove_programs,
    a_new_issuer_removes_the_courses,
    a_new_template_removes_the_style,
    what_is_hidden_stays_public,
    published_ones_are_new,
    lists_show_the_courses_of_the_creation,
    updates_answer_what_was_before,
    trailing_slashes_are_removed,
    types_are_written_in_capitals,
    only_known_types_are_accepted,
)

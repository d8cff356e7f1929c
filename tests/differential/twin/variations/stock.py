# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Variations of what a deployment holds: odd, old, large, empty, all alike."""

import contextlib
import threading
import time
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.utils import OperationalError

from tests.differential.twin.defects.defect import Twin
from tests.differential.twin.variations.variation import variation

ODD_NAMES = (
    "🎓 Zertifikat für Ärzte — 100 % \\_/ 'Q' \"R\" `S`",
    "شهادة إتمام الدورة",
    "תעודת סיום ‏(2026)",
    "  two spaces around  ",
    "Line one\nline two\ttab",
    "<b>Bold</b> &amp; {{ name }}",
    "e\u0301tude \u200b\u200d zero\u00adwidth ﬁ ß İ",
    "%",
    "名" * 1000,
    "0",
    "null",
    ",comma, first",
)
COPIES = 30
MANY_ISSUERS = 1200


@variation("names")
def names_are_unusual(twin: Twin) -> None:
    """Names have emoji, are written from right to left, are long, or look like something else."""
    for model in (twin.models.Credential, twin.models.Issuer, twin.models.Course):
        for number, row in enumerate(model.objects.order_by("-pk")):
            row.name = ODD_NAMES[number % len(ODD_NAMES)]
            row.save()


@variation("names")
def all_have_one_name(twin: Twin) -> None:
    """All credentials have the same name and description, and so have all issuers."""
    twin.models.Credential.objects.update(name="Certificate", description="Certificate")
    twin.models.Issuer.objects.update(name="Office")


@variation("ties")
def all_was_imported_at_once(twin: Twin) -> None:
    """All credentials were created in one moment, and all assertions issued in one."""
    time_of = twin.models.Credential.objects.latest("created_at").created_at
    twin.models.Credential.objects.update(created_at=time_of)
    twin.models.Assertion.objects.update(issued_on=time_of)


@variation("nulls")
def nothing_optional_is_set(twin: Twin) -> None:
    """All that may be null is null, and all lists are empty but those of courses."""
    nothing = dict.fromkeys(
        ("name_override", "description", "criteria_url", "criteria_narrative", "icon_image",
         "icon_image_url", "background_image", "background_image_url", "thumbnail_image",
         "thumbnail_image_url", "html_template", "css_template", "metadata", "tags",
         "expires_amount", "expires_duration"),
    )  # fmt: skip
    twin.models.Credential.objects.update(**nothing, catalog_items=[])
    twin.models.Issuer.objects.update(
        url=None, email=None, icon_image=None, icon_image_url=None, allowed_template_tags=None
    )
    twin.models.Assertion.objects.update(
        metadata=None, revocation_reason=None, expires=None, course=None, program=None
    )


@variation("types")
def types_are_old(twin: Twin) -> None:
    """Types are those of older scripts and of a team, and expiry is half told."""
    kinds = ("MICROCREDENTIAL", "badge", "", "Digital Badge / 2")
    for number, row in enumerate(twin.models.Credential.objects.all()):
        row.credential_type = kinds[number % len(kinds)]
        row.expires_amount = (0, -1, None, 5)[number % 4]
        row.expires_duration = (None, "days", "years", "weeks")[number % 4]
        row.save()


@variation("criteria")
def criteria_are_any_texts(twin: Twin) -> None:
    """The address of the criteria is empty or a text, the narrative an address: both are texts."""
    texts = ("", "see the handbook", "example.com/criteria", "/criteria")
    for number, row in enumerate(twin.models.Credential.objects.all()):
        row.criteria_url = texts[number % len(texts)]
        row.criteria_narrative = ("", "https://example.com/criteria")[number % 2]
        row.save()


@variation("times-stored")
def some_records_are_very_old(twin: Twin) -> None:
    """Some records are from the beginning of time, and the newest from a wrong clock's future."""
    rows = list(twin.models.Credential.objects.order_by("-created_at"))
    for year, some in ((2098, rows[:2]), (1970, rows[-3:])):
        for row in some:
            row.created_at = row.created_at.replace(year=year, month=1, day=1)
            row.save()


@variation("course-names")
def courses_have_no_names(twin: Twin) -> None:
    """Courses, programs and pathways have empty names, and all courses one."""
    for model in (twin.models.Course, twin.models.Program, twin.models.Pathway):
        model.objects.update(name="")


@variation("metadata-stored")
def metadata_is_of_any_kind(twin: Twin) -> None:
    """Stored metadata is a list, a text, a number, a deep object, or false."""
    kinds: tuple[Any, ...] = ([1, [2]], "text", 7, 1.5, False, {"a": {"b": {"c": [None]}}}, [], "")
    for number, row in enumerate(twin.models.Credential.objects.all()):
        row.metadata = kinds[number % len(kinds)]
        row.save()
    for number, row in enumerate(twin.models.Assertion.objects.all()):
        row.metadata = kinds[number % len(kinds)]
        row.save()


@variation("size-of-records")
def records_are_large(twin: Twin) -> None:
    """A few credentials have hundreds of tags and courses, and a template of 100 kB."""
    for row in twin.models.Credential.objects.filter(public=True).order_by("-created_at")[:3]:
        row.tags = [f"tag {number}" for number in range(300)]
        row.html_template = "<p>Certificate of {{ name }}</p>\n" * 3000
        row.description = "Long. " * 5000
        row.save()
        row.courses.set(twin.models.Course.objects.filter(platform=row.platform))


@variation("credentials")
def all_credentials_are_private(twin: Twin) -> None:
    """No credential is public."""
    twin.models.Credential.objects.update(public=False)


@variation("assertions")
def one_learner_holds_everything(twin: Twin) -> None:
    """One learner holds all assertions of the platform."""
    learner = twin.models.User.objects.get(username="learner")
    platform = learner.platform
    twin.models.Assertion.objects.filter(credential__platform=platform).update(recipient=learner)


@variation("assertions")
def all_assertions_are_revoked(twin: Twin) -> None:
    """All assertions are revoked, without a reason, as an old release allowed it."""
    twin.models.Assertion.objects.update(revoked=True, revocation_reason=None)


@variation("assertions")
def all_assertions_are_expired(twin: Twin) -> None:
    """All assertions have expired."""
    twin.models.Assertion.objects.update(expires=F("issued_on"))


@variation("recipients")
def users_have_no_names(twin: Twin) -> None:
    """Users have no full name, and usernames look like addresses."""
    twin.models.User.objects.update(name="")
    for row in twin.models.User.objects.exclude(username__in=("admin", "learner")):
        row.username = f"{row.username}+x@example.com"
        row.save()


@variation("links")
def ids_of_courses_are_unusual(twin: Twin) -> None:
    """Ids of courses, programs and pathways have spaces, ampersands, plus signs and umlauts."""
    for kind in ("Course", "Program", "Pathway"):
        field = f"{kind.lower()}_id"
        for row in getattr(twin.models, kind).objects.all():
            setattr(row, field, f"{getattr(row, field)} Ümlaut & Co=1, 50%/#2;+3?")
            row.save()


@variation("issuers")
def there_are_hundreds_of_issuers(twin: Twin) -> None:
    """A platform has more issuers than the largest page holds."""
    first = twin.models.Issuer.objects.filter(platform__key="main")[0]
    twin.models.Issuer.objects.bulk_create(
        twin.models.Issuer(platform=first.platform, name=f"Department {number}", url="")
        for number in range(MANY_ISSUERS)
    )


@variation("row-numbers")
def row_numbers_are_large(twin: Twin) -> None:
    """The numbers of images do not fit into 32 bits."""
    large = 2**40
    slots = ("icon_image", "background_image", "thumbnail_image")
    images = list(twin.models.Image.objects.all())
    for image in images:
        old = image.pk
        image.pk = old + large
        image.save(force_insert=True)
        for slot in slots:
            twin.models.Credential.objects.filter(**{slot: old}).update(**{slot: image.pk})
        twin.models.Issuer.objects.filter(icon_image=old).update(icon_image=image.pk)
    twin.models.Image.objects.filter(pk__lt=large).delete()


def add_issuer(twin: Twin, platform: str, name: str) -> Any:
    """Create an issuer of a platform, and return it."""
    owner = twin.models.Platform.objects.get(key=platform)
    return twin.models.Issuer.objects.create(platform=owner, name=name, url="")


def act_forever(pause: float, act: Any) -> None:
    """Do something again and again in a thread, with a growing number."""

    def run() -> None:
        number = 0
        while True:
            time.sleep(pause)
            number += 1
            with contextlib.suppress(OperationalError, IndexError):
                act(number)
            connection.close()

    threading.Thread(target=run, daemon=True).start()


def list_public(twin: Twin) -> list[int]:
    """Return the rows of what a platform lists at the start, the newest first.

    A neighbour leaves alone what others create later.
    """
    found = twin.models.Credential.objects.filter(platform__key="main", public=True)
    return list(found.order_by("-created_at").values_list("pk", flat=True))


@variation("neighbour", threads=2)
def a_neighbour_edits_what_is_there(twin: Twin) -> None:
    """Another client changes texts and tags of the listed credentials, one after the other."""
    credentials, newest = twin.models.Credential.objects, list_public(twin)[:7]

    def edit(number: int) -> None:
        credentials.filter(pk=newest[number % len(newest)]).update(
            name_override=f"Edited e a {number}", tags=[f"edit {number}"]
        )

    act_forever(0.15, edit)


@variation("neighbour", threads=2)
def a_neighbour_edits_what_is_old(twin: Twin) -> None:
    """Another client changes names and courses of credentials that are far down in the list."""
    credentials, oldest = twin.models.Credential.objects, list_public(twin)[-5:]

    def edit(number: int) -> None:
        row = credentials.get(pk=oldest[number % len(oldest)])
        credentials.filter(pk=row.pk).update(name=f"Edited e a {number}", description="Another e a")
        if number % 3:
            row.courses.clear()
        else:
            row.courses.add(*twin.models.Course.objects.filter(platform=row.platform)[:2])

    act_forever(0.15, edit)


@variation("neighbour", threads=2)
def a_neighbour_hides_and_shows(twin: Twin) -> None:
    """Another client makes a credential private and public again."""
    credentials, chosen = twin.models.Credential.objects, list_public(twin)[4]
    act_forever(0.2, lambda number: credentials.filter(pk=chosen).update(public=number % 2 == 0))


@variation("neighbour", threads=2)
def a_neighbour_issues_all_the_time(twin: Twin) -> None:
    """Another client issues a listed credential to the learner and revokes it."""
    chosen = list_public(twin)[3]

    def issue(number: int) -> None:
        learner = twin.models.User.objects.get(username="learner")
        row = twin.models.Assertion.objects.create(credential_id=chosen, recipient=learner)
        time.sleep(0.1)
        row.revoked, row.revocation_reason = True, f"Taken back {number}"
        row.save()

    act_forever(0.25, issue)


@variation("neighbour", threads=2)
def a_neighbours_issuers_come_and_go(twin: Twin) -> None:
    """Another client creates issuers, which are the first of their list, and deletes them."""

    def act(number: int) -> None:
        made = add_issuer(twin, "main", f" A neighbour {number}")
        time.sleep(0.3)
        made.delete()

    act_forever(0.1, act)


@variation("neighbour", threads=2)
def a_neighbour_works_on_the_other_platform(twin: Twin) -> None:
    """Another client creates and issues credentials there, with issuers, and deletes them."""

    def act(number: int) -> None:
        issuer = add_issuer(twin, "acme", f" A neighbour {number}")
        made = twin.models.Credential.objects.create(
            platform=issuer.platform, issuer=issuer, name=f"A neighbour's e a {number}"
        )
        learner = twin.models.User.objects.filter(platform=issuer.platform)[0]
        twin.models.Assertion.objects.create(credential=made, recipient=learner)
        time.sleep(0.3)
        made.delete()
        issuer.delete()

    act_forever(0.1, act)


@variation("neighbour", threads=2)
def a_neighbour_tidies_up(twin: Twin) -> None:
    """Another client deletes one credential after another from the end of the list."""
    oldest = list_public(twin)[:20:-1]

    def act(number: int) -> None:
        if number < len(oldest):
            twin.models.Credential.objects.filter(pk=oldest[number]).delete()

    act_forever(0.4, act)


@variation("neighbour", threads=2)
def a_neighbour_adds_issuers(twin: Twin) -> None:
    """Another client creates issuers that stay, and credentials that stay."""

    def add(number: int) -> None:
        first = twin.models.Issuer.objects.filter(platform__key="main")[0]
        add_issuer(twin, "main", f"A neighbour {number}")
        twin.models.Credential.objects.create(
            platform=first.platform, issuer=first, name=f"Growing e a {number}"
        )

    act_forever(0.7, add)

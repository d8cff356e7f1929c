# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Variations of what is stored, and of who else writes."""

import contextlib
import threading
import time
from datetime import timedelta

from django.db import connection
from django.db.utils import OperationalError

from tests.differential.twin.defects.defect import Twin
from tests.differential.twin.variations.variation import variation

MANY = 5000


@variation()
def there_are_no_signatories(twin: Twin) -> None:
    """Nobody has signed anything yet."""
    twin.models.Credential.objects.update(chosen_signatories=None)
    twin.models.Signatory.objects.all().delete()


@variation("issuers")
def there_is_one_issuer(twin: Twin) -> None:
    """Each platform has one issuer."""
    for platform in twin.models.Platform.objects.all():
        issuers = list(twin.models.issuers_by_name(platform))
        credentials = twin.models.Credential.objects.filter(platform=platform)
        credentials.update(issuer=issuers[0] if issuers else None, chosen_signatories=None)
        for issuer in issuers[1:]:
            issuer.delete()


@variation("credentials")
def there_are_no_credentials(twin: Twin) -> None:
    """Nobody has created a credential yet."""
    twin.models.Credential.objects.all().delete()


@variation("credentials")
def there_is_one_credential(twin: Twin) -> None:
    """There is one credential, the newest."""
    kept = twin.models.Credential.objects.filter(public=True, platform__key="main").latest("pk")
    twin.models.Credential.objects.exclude(pk=kept.pk).delete()


@variation("credentials")
def there_are_thousands_of_credentials(twin: Twin) -> None:
    """A platform has five thousand credentials."""
    first = twin.models.Credential.objects.filter(platform__key="main", public=True).first()
    start = first.created_at
    twin.models.Credential.objects.bulk_create(
        twin.models.Credential(
            platform=first.platform,
            issuer=first.issuer,
            name=f"Course badge {number}",
            created_at=start - timedelta(minutes=number),
        )
        for number in range(MANY)
    )


@variation("assertions")
def nothing_was_issued(twin: Twin) -> None:
    """There are no assertions."""
    twin.models.Assertion.objects.all().delete()


@variation("links")
def credentials_have_no_links(twin: Twin) -> None:
    """No credential is attached to a course, program or pathway."""
    for relation in ("courses", "programs", "pathways"):
        getattr(twin.models.Credential, relation).through.objects.all().delete()


@variation("links")
def credentials_have_courses_only(twin: Twin) -> None:
    """Credentials are attached to courses, not to programs and pathways."""
    for relation in ("programs", "pathways"):
        getattr(twin.models.Credential, relation).through.objects.all().delete()


@variation()
def the_other_platform_is_empty(twin: Twin) -> None:
    """The second platform has neither credentials nor issuers."""
    for model in (twin.models.Credential, twin.models.Issuer):
        model.objects.exclude(platform__key="main").delete()


def write_forever(twin: Twin, pause: float, hold: float) -> None:
    """Create a credential, change it and delete it, again and again, in a thread."""
    models = twin.models

    def write() -> None:
        number = 0
        while True:
            time.sleep(pause)
            number += 1
            with contextlib.suppress(OperationalError, IndexError):
                issuer = models.Issuer.objects.filter(platform__key="main")[0]
                row = models.Credential.objects.create(
                    platform=issuer.platform, issuer=issuer, name=f"Neighbour e a {number}"
                )
                time.sleep(hold)
                row.description = "Changed: an e and an a"
                row.save()
                row.delete()
            connection.close()

    threading.Thread(target=write, daemon=True).start()


@variation("neighbour", threads=2)
def a_neighbour_writes_all_the_time(twin: Twin) -> None:
    """Another client creates, changes and deletes a credential several times a second."""
    write_forever(twin, 0.1, 0.1)


@variation("neighbour", threads=2)
def a_neighbours_items_are_short_lived(twin: Twin) -> None:
    """Another client's credential comes, and is gone within moments."""
    write_forever(twin, 0.4, 0.02)

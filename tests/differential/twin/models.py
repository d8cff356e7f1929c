"""The tables of the twin."""

import base64
import uuid
from datetime import datetime

from dateutil.relativedelta import relativedelta
from django.db import models
from django.utils.functional import cached_property

from tests.differential.twin import clock

ADMIN = "platform-admin"
DEPARTMENT_ADMIN = "department-admin"
LEARNER = "learner"

COURSE_PASSED = "COURSE_PASSED"
COURSE_COMPLETED = "COURSE_COMPLETED"

PERIODS = ("days", "weeks", "months", "years")
IMAGE_SLOTS = ("icon", "background", "thumbnail")


def new_entity_id() -> str:
    """Return 22 characters: the URL-safe base64 of a UUID without its padding."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


class Platform(models.Model):
    """A tenant, known by its key or else by its `org`."""

    key = models.TextField(unique=True)
    name = models.TextField()
    org = models.TextField(null=True)


class OfPlatform(models.Model):
    """Anything that belongs to one platform."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)

    class Meta:
        """No table of its own."""

        abstract = True


class User(OfPlatform):
    """A person with one role on one platform."""

    username = models.TextField()
    name = models.TextField()
    email = models.TextField()
    role = models.TextField()
    is_active = models.BooleanField(default=True)

    is_authenticated = True  # asked by the framework's IsAuthenticated


class ApiKey(models.Model):
    """A key that stands for a user."""

    key = models.TextField(unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    is_active = models.BooleanField(default=True)


class Image(OfPlatform):
    """An image of the platform's gallery."""

    name = models.TextField()
    file = models.TextField()


class Course(OfPlatform):
    """A course that may lead to a credential."""

    course_id = models.TextField()
    name = models.TextField()


class Program(OfPlatform):
    """A program that may lead to a credential."""

    program_id = models.TextField()
    name = models.TextField()


class Pathway(OfPlatform):
    """A pathway that may lead to a credential."""

    pathway_id = models.TextField()
    name = models.TextField()


class Issuer(OfPlatform):
    """Who issues credentials."""

    entity_id = models.TextField(unique=True, default=new_entity_id)
    name = models.TextField()
    url = models.TextField(null=True)
    email = models.TextField(null=True)
    icon_image = models.ForeignKey(Image, null=True, on_delete=models.SET_NULL)
    icon_image_url = models.TextField(null=True)
    allowed_template_tags = models.JSONField(null=True)


def issuers_by_name(platform: Platform) -> models.QuerySet:
    """Return the issuers of a platform; the first one is whom the platform's key names."""
    return Issuer.objects.filter(platform=platform).order_by("name", "entity_id")


class Signatory(models.Model):
    """Who signs for an issuer, or for one credential."""

    issuer = models.ForeignKey(
        Issuer, null=True, on_delete=models.CASCADE, related_name="signatories"
    )
    credential = models.ForeignKey(
        "Credential", null=True, on_delete=models.CASCADE, related_name="own_signatories"
    )
    entity_id = models.TextField(unique=True, default=new_entity_id)
    name = models.TextField()
    title = models.TextField()
    signature = models.TextField()

    class Meta:
        """Signatories come in the order in which they were added."""

        ordering = ("pk",)


def image_slot() -> models.ForeignKey:
    """Return the column of one image of a credential, taken from the gallery."""
    return models.ForeignKey(Image, null=True, on_delete=models.SET_NULL, related_name="+")


class Credential(OfPlatform):
    """What a learner can earn."""

    entity_id = models.TextField(unique=True, default=new_entity_id)
    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE)
    public = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)
    name = models.TextField()
    name_override = models.TextField(null=True)
    description = models.TextField(null=True)
    criteria_url = models.TextField(null=True)
    criteria_narrative = models.TextField(null=True)
    icon_image = image_slot()
    icon_image_url = models.TextField(null=True)
    background_image = image_slot()
    background_image_url = models.TextField(null=True)
    thumbnail_image = image_slot()
    thumbnail_image_url = models.TextField(null=True)
    catalog_items = models.JSONField(default=list)
    courses = models.ManyToManyField(Course)
    programs = models.ManyToManyField(Program)
    pathways = models.ManyToManyField(Pathway)
    html_template = models.TextField(null=True)
    css_template = models.TextField(null=True)
    metadata = models.JSONField(null=True)
    credential_type = models.TextField(default="MICRO_CREDENTIAL")
    expires_amount = models.IntegerField(null=True)
    expires_duration = models.TextField(null=True)
    tags = models.JSONField(null=True)
    chosen_signatories = models.JSONField(null=True)  # entity ids; null: all of the issuer
    signal = models.TextField(default=COURSE_PASSED)

    @property
    def signatories(self) -> list[Signatory]:
        """The issuer's signatories, or those chosen among them in that order, then its own."""
        signatories = list(self.issuer.signatories.all())
        if self.chosen_signatories is not None:
            by_entity_id = {signatory.entity_id: signatory for signatory in signatories}
            signatories = [by_entity_id[entity_id] for entity_id in self.chosen_signatories]
        return signatories + list(self.own_signatories.all())

    @property
    def expires(self) -> dict[str, int | str | None]:
        """How long the credential holds, as the API words it."""
        return {"amount": self.expires_amount, "duration": self.expires_duration}

    def in_sent_order(self, relation: str) -> list[models.Model]:
        """Return the courses, programs or pathways in the order in which they were sent."""
        if relation not in self.links:
            fetch_links([self], relation)
        return self.links.pop(relation)

    @cached_property
    def links(self) -> dict[str, list[models.Model]]:
        """Hold what was fetched together with other credentials, until it is shown."""
        return {}

    def replace(self, relation: str, items: list[models.Model]) -> None:
        """Make these the credential's courses, programs or pathways; a repeated one counts once."""
        manager = getattr(self, relation)
        manager.clear()
        for item in items:
            manager.add(item)

    def has_active_assertions(self) -> bool:
        """Tell whether somebody holds this credential: neither revoked nor expired."""
        return self.assertions.filter(not_expired(), revoked=False).exists()

    def is_held_by(self, user: User) -> bool:
        """Tell whether a user has an assertion of it that is neither revoked nor expired."""
        return self.assertions.filter(not_expired(), revoked=False, recipient=user).exists()

    def end_of_validity(self, issued_on: datetime) -> datetime | None:
        """Return when an assertion issued at a time expires; None for one that never does."""
        if not self.expires_amount or not self.expires_duration:
            return None
        try:
            return issued_on + relativedelta(**{self.expires_duration: self.expires_amount})
        except (OverflowError, ValueError):
            return None


def not_expired() -> models.Q:
    """Return the condition that an assertion has not expired yet."""
    return models.Q(expires=None) | models.Q(expires__gt=clock.now())


def fetch_links(credentials: list[Credential], relation: str) -> None:
    """Fetch the courses, programs or pathways of several credentials at once."""
    manager = getattr(Credential, relation)
    item = manager.field.m2m_reverse_field_name()
    for credential in credentials:
        credential.links[relation] = []
    by_id = {credential.pk: credential for credential in credentials}
    rows = manager.through.objects.filter(credential__in=by_id).select_related(item).order_by("pk")
    for row in rows:
        by_id[row.credential_id].links[relation].append(getattr(row, item))


class Assertion(models.Model):
    """A credential that was issued to a user."""

    entity_id = models.TextField(unique=True, default=new_entity_id)
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="assertions")
    recipient = models.ForeignKey(User, on_delete=models.CASCADE)
    issued_on = models.DateTimeField(default=clock.now)
    expires = models.DateTimeField(null=True)
    revoked = models.BooleanField(default=False)
    revocation_reason = models.TextField(null=True)
    acceptance = models.TextField(default="Unaccepted")
    narrative = models.TextField(null=True)
    metadata = models.JSONField(null=True)
    course = models.ForeignKey(Course, null=True, on_delete=models.SET_NULL)
    program = models.ForeignKey(Program, null=True, on_delete=models.SET_NULL)
    pathway = models.ForeignKey(Pathway, null=True, on_delete=models.SET_NULL)
    catalog_item = models.TextField(null=True)

"""The tables of the service."""

import base64
import calendar
import uuid
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .choices import chosen

DAYS = {"months": 30, "years": 365}


def new_entity_id() -> str:
    """Return a UUID as 22 characters of URL-safe base64."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


class Platform(models.Model):
    """A tenant."""

    key = models.CharField(max_length=255, unique=True)
    org = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    is_main = models.BooleanField(default=False)


class Membership(models.Model):
    """A user's place on a platform."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    is_admin = models.BooleanField(default=False)

    class Meta:
        """One membership for a user and a platform."""

        constraints = [models.UniqueConstraint(fields=["platform", "user"], name="one_membership")]


class Department(models.Model):
    """A department of a platform."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="departments")
    name = models.CharField(max_length=255)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="departments")
    admins = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="administered_departments"
    )


class UserGroup(models.Model):
    """Users that credentials are assigned to together."""

    entity_id = models.CharField(max_length=22, unique=True, default=new_entity_id)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)
    department = models.ForeignKey(Department, on_delete=models.SET_NULL, null=True, blank=True)
    name = models.CharField(max_length=255)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL)


class ApiKey(models.Model):
    """A key that stands for a user."""

    key = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )


class Course(models.Model):
    """A course of the catalogue."""

    course_id = models.CharField(max_length=255, unique=True)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)
    name = models.CharField(max_length=255)


class Program(models.Model):
    """A programme of the catalogue."""

    program_id = models.CharField(max_length=255, unique=True)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)
    name = models.CharField(max_length=255)


class Pathway(models.Model):
    """A pathway of the catalogue."""

    pathway_id = models.CharField(max_length=255, unique=True)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)
    name = models.CharField(max_length=255)


class CatalogItem(models.Model):
    """Anything else of the catalogue."""

    item_id = models.CharField(max_length=255, unique=True)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)


class UploadedImage(models.Model):
    """A picture that an admin uploaded."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)
    name = models.CharField(max_length=254, null=True, blank=True)
    image = models.FileField(upload_to="uploaded_images")


class Issuer(models.Model):
    """An organisation that vouches for a credential."""

    entity_id = models.CharField(max_length=22, unique=True, default=new_entity_id)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="issuers")
    name = models.CharField(max_length=255)
    email = models.EmailField(null=True, blank=True)
    url = models.URLField(blank=True, default="")
    icon_image = models.URLField(null=True, blank=True)
    allowed_template_tags = models.JSONField(null=True, blank=True)
    is_default = models.BooleanField(default=False)


class Credential(models.Model):
    """What can be awarded."""

    class Signal(models.TextChoices):
        """What makes a course award it."""

        PASSED = "COURSE_PASSED"
        COMPLETED = "COURSE_COMPLETED"

    class Duration(models.TextChoices):
        """The unit of the expiry."""

        DAYS = "days"
        WEEKS = "weeks"
        MONTHS = "months"
        YEARS = "years"

    entity_id = models.CharField(max_length=22, unique=True, default=new_entity_id)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="credentials")
    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="credentials")
    name = models.CharField(max_length=1000)
    name_override = models.CharField(max_length=1000, null=True, blank=True)
    description = models.TextField(null=True, blank=True)
    criteria_url = models.URLField(max_length=2000, null=True, blank=True)
    criteria_narrative = models.TextField(null=True, blank=True)
    credential_type = models.CharField(max_length=255, default="CERTIFICATE")
    signal = models.CharField(max_length=32, choices=Signal.choices, default=Signal.PASSED)
    html_template = models.TextField(null=True, blank=True)
    css_template = models.TextField(null=True, blank=True)
    metadata = models.JSONField(null=True, blank=True)
    tags = models.JSONField(null=True, blank=True, default=list)
    expires_amount = models.IntegerField(null=True, blank=True)
    expires_duration = models.CharField(
        max_length=16, choices=Duration.choices, null=True, blank=True
    )
    icon_image = models.ForeignKey(
        UploadedImage, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    icon_image_url = models.URLField(max_length=2000, null=True, blank=True)
    background_image = models.ForeignKey(
        UploadedImage, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    background_image_url = models.URLField(max_length=2000, null=True, blank=True)
    thumbnail_image = models.ForeignKey(
        UploadedImage, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    thumbnail_image_url = models.URLField(max_length=2000, null=True, blank=True)
    courses = models.ManyToManyField(Course, related_name="credentials", blank=True)
    programs = models.ManyToManyField(Program, related_name="credentials", blank=True)
    pathways = models.ManyToManyField(Pathway, related_name="credentials", blank=True)
    catalog_items = models.ManyToManyField(CatalogItem, related_name="credentials", blank=True)
    public = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Newest first."""

        ordering = ["-created_at", "-id"]

    def expiry(self, issued_on: datetime) -> datetime | None:
        """Return when an assertion of that time expires; null where no calendar has the day."""
        if self.expires_amount is None or self.expires_duration is None:
            return None
        try:
            return add_duration(issued_on, self.expires_amount, self.expires_duration)
        except (OverflowError, ValueError):
            return None


def add_duration(start: datetime, amount: int, unit: str) -> datetime:
    """Add an amount of calendar units; the day is the last one of a shorter month."""
    if chosen("months_of_days") and unit in DAYS:
        return start + timedelta(days=amount * DAYS[unit])
    if unit in ("days", "weeks"):
        return start + timedelta(**{unit: amount})
    months = start.year * 12 + start.month - 1 + amount * (12 if unit == "years" else 1)
    year, month = months // 12, months % 12 + 1
    return start.replace(
        year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1])
    )


class Signatory(models.Model):
    """Who signs, for an issuer or for one credential."""

    entity_id = models.CharField(max_length=22, unique=True, default=new_entity_id)
    issuer = models.ForeignKey(
        Issuer, on_delete=models.CASCADE, null=True, blank=True, related_name="signatories"
    )
    credential = models.ForeignKey(
        Credential, on_delete=models.CASCADE, null=True, blank=True, related_name="signatories"
    )
    name = models.CharField(max_length=254)
    title = models.CharField(max_length=254)
    signature = models.URLField(max_length=200)


class Assignment(models.Model):
    """A credential given to a user, by hand or through a group."""

    entity_id = models.CharField(max_length=22, unique=True, default=new_entity_id)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    group = models.ForeignKey(UserGroup, on_delete=models.CASCADE, null=True)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="children")
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    assigned_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=16, default="COMPLETED")

    class Meta:
        """Newest first."""

        ordering = ["-assigned_at", "-id"]


class AssertionQuerySet(models.QuerySet["Assertion"]):
    """Assertions with their usual conditions."""

    def unexpired(self) -> "AssertionQuerySet":
        """Leave out what has expired."""
        return self.filter(Q(expires=None) | Q(expires__gt=datetime.now(UTC)))

    def active(self) -> "AssertionQuerySet":
        """Leave out what is revoked or has expired."""
        return self.unexpired().filter(revoked=False)


class Assertion(models.Model):
    """A credential that somebody holds."""

    class Acceptance(models.TextChoices):
        """What the recipient says to it."""

        UNACCEPTED = "Unaccepted"
        ACCEPTED = "Accepted"
        REJECTED = "Rejected"

    entity_id = models.CharField(max_length=22, unique=True, default=new_entity_id)
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="assertions")
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assertions"
    )
    assignment = models.OneToOneField(
        Assignment, on_delete=models.CASCADE, null=True, related_name="assertion"
    )
    course = models.ForeignKey(Course, on_delete=models.SET_NULL, null=True)
    program = models.ForeignKey(Program, on_delete=models.SET_NULL, null=True)
    pathway = models.ForeignKey(Pathway, on_delete=models.SET_NULL, null=True)
    catalog_item = models.ForeignKey(CatalogItem, on_delete=models.SET_NULL, null=True)
    issued_on = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField(null=True)
    metadata = models.JSONField(null=True)
    narrative = models.TextField(null=True)
    revoked = models.BooleanField(default=False)
    revocation_reason = models.TextField(null=True)
    acceptance = models.CharField(
        max_length=16, choices=Acceptance.choices, default=Acceptance.UNACCEPTED
    )

    objects = AssertionQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ["-issued_on", "-id"]


class Provider(models.Model):
    """An outside service that issues badges too."""

    name = models.CharField(max_length=100, unique=True)
    display_name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    enabled = models.BooleanField(default=True)
    metadata = models.JSONField(default=dict)


class ProviderConfig(models.Model):
    """How a platform uses a provider."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE)
    config = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        """One configuration for a platform and a provider."""

        constraints = [models.UniqueConstraint(fields=["platform", "provider"], name="one_config")]


class ExternalMapping(models.Model):
    """Which template of a provider stands for a credential."""

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE)
    external_template_id = models.CharField(max_length=255, null=True, blank=True)
    group_id = models.CharField(max_length=255, null=True, blank=True)
    metadata = models.JSONField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        """One mapping for a credential, a platform and a provider."""

        constraints = [
            models.UniqueConstraint(
                fields=["credential", "platform", "provider"], name="one_mapping"
            )
        ]

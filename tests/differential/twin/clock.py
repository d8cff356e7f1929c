"""The one clock of the twin."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """Return the time of `--freeze`, or else the real time."""
    if settings.TWIN_FREEZE:
        return datetime.fromisoformat(settings.TWIN_FREEZE)
    return timezone.now()

"""The WSGI entry point."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.independent.service.settings")
application = get_wsgi_application()

if settings.DEFECTS:
    from .defects import plant

    plant(settings.DEFECTS)

"""Settings of the service: the framework's defaults wherever nothing else is known."""

import os
from pathlib import Path

DATA = Path(os.environ.get("INDEPENDENT_DATA", "/tmp/independent"))  # noqa: S108 - a default for a developer's shell
CHOICES = frozenset(os.environ.get("INDEPENDENT_CHOICES", "").split())
DEFECTS = tuple(os.environ.get("INDEPENDENT_DEFECTS", "").split())

SECRET_KEY = "not-a-secret"
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "tests.independent.service",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tests.independent.service.front.Front",
    *(["django.middleware.gzip.GZipMiddleware"] if "gzip" in CHOICES else []),
    *(["django.middleware.http.ConditionalGetMiddleware"] if "conditional" in CHOICES else []),
    "django.middleware.common.CommonMiddleware",
]
APPEND_SLASH = "no_trailing_redirect" not in CHOICES
ROOT_URLCONF = "tests.independent.service.urls"
WSGI_APPLICATION = "tests.independent.service.wsgi.application"
FORCE_SCRIPT_NAME = os.environ.get("INDEPENDENT_PREFIX") or None
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / "db.sqlite3",
        "ATOMIC_REQUESTS": "non_atomic" not in CHOICES,
        "OPTIONS": {
            "timeout": 30,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
        },
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True
MEDIA_ROOT = DATA / "media"
MEDIA_URL = "/media/"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tests.independent.service.access.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "tests.independent.service.parsers.StrictJSONParser",
        "tests.independent.service.parsers.ScimJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
}

if "browsable" in CHOICES:
    REST_FRAMEWORK["DEFAULT_RENDERER_CLASSES"] += ["rest_framework.renderers.BrowsableAPIRenderer"]
if "throttle" in CHOICES:
    REST_FRAMEWORK["DEFAULT_THROTTLE_CLASSES"] = ["rest_framework.throttling.UserRateThrottle"]
    REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = {"user": "40/s"}
if "offset_times" in CHOICES:
    REST_FRAMEWORK["DATETIME_FORMAT"] = "%Y-%m-%dT%H:%M:%S.%f+00:00"
if "second_times" in CHOICES:
    REST_FRAMEWORK["DATETIME_FORMAT"] = "%Y-%m-%dT%H:%M:%SZ"
if "local_times" in CHOICES:
    TIME_ZONE = "Asia/Kolkata"
if "own_texts" in CHOICES:
    REST_FRAMEWORK["EXCEPTION_HANDLER"] = "tests.independent.service.front.own_words"
if "browsable" in CHOICES:
    INSTALLED_APPS = ["django.contrib.staticfiles", *INSTALLED_APPS]
    STATIC_URL = "/static/"

"""Django settings of the twin; what differs between runs comes from the environment."""

import os

SECRET_KEY = "the twin keeps no secrets"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TWIN = "tests.differential.twin"
INSTALLED_APPS = ["rest_framework", TWIN]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]  # it answers the slash redirect
ROOT_URLCONF = TWIN + ".urls"

SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": os.environ.get("TWIN_DATABASE", ":memory:"),
    "OPTIONS": {
        # With several threads a writer waits for the other, from the start of its transaction.
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        # The database goes with its process, so nothing need survive on the disk.
        "init_command": "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY",
    },
}
POSTGRESQL = {
    "ENGINE": "django.db.backends.postgresql",
    "HOST": os.environ.get("TWIN_POSTGRESQL", ""),
    "USER": "twin",
    "NAME": os.environ.get("TWIN_DATABASE", ""),
}
DATABASES = {
    "default": (POSTGRESQL if os.environ.get("TWIN_POSTGRESQL") else SQLITE)
    | {"CONN_MAX_AGE": None}
}

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_AUTHENTICATION_CLASSES": [TWIN + ".authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        TWIN + ".permissions.CredentialAssignmentPermission",
    ],
    "UNAUTHENTICATED_USER": None,
}
if os.environ.get("TWIN_THROTTLE"):
    REST_FRAMEWORK["DEFAULT_THROTTLE_CLASSES"] = ["rest_framework.throttling.UserRateThrottle"]
    REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = {"user": os.environ["TWIN_THROTTLE"]}

# A defect of the twin itself must be seen: the traceback of a 500 goes to standard error.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
    },
}

TWIN_PREFIX = os.environ.get("TWIN_PREFIX", "").strip("/")
TWIN_FREEZE = os.environ.get("TWIN_FREEZE", "")
TWIN_DEFECT = os.environ.get("TWIN_DEFECT", "")
TWIN_VARIATIONS = [name for name in os.environ.get("TWIN_VARIATIONS", "").split(",") if name]
# A defect is the one mistake of a deployment that is hardened otherwise.
TWIN_HARDENED = bool(os.environ.get("TWIN_HARDENED") or TWIN_DEFECT)

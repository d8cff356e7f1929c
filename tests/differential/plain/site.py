"""A site of generic views on the framework's own classes; each request on stdin is one JSON line.

`python -m tests.differential.plain.site` answers each line `{method, path, headers, body}` with one
line `{status, headers, body}`; body is Latin-1, so that any byte can be sent.
"""

import json
import sys
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="a site that keeps no secrets",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.contenttypes", "django.contrib.auth",
        "rest_framework", "rest_framework.authtoken",
    ],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    },
)  # fmt: skip
django.setup()

from django.contrib.auth.models import User  # noqa: E402  needs the settings
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import filters, generics, pagination, serializers  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework.response import Response  # noqa: E402


class Issuer(models.Model):
    """What an item refers to."""

    key = models.CharField(max_length=40, unique=True)

    class Meta:
        """A table of this site."""

        app_label = "plain"


class Item(models.Model):
    """A record with a field of each kind."""

    name = models.CharField(max_length=20)
    description = models.TextField(null=True, blank=True)
    signal = models.CharField(
        max_length=9, choices=[("PASSED", "p"), ("DONE", "d")], default="DONE"
    )
    public = models.BooleanField(default=True)
    amount = models.IntegerField(null=True)
    tags = models.JSONField(null=True)
    metadata = models.JSONField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    issuer = models.ForeignKey(Issuer, on_delete=models.CASCADE)

    class Meta:
        """A table of this site, newest first."""

        app_label = "plain"
        ordering = ("-pk",)


class ItemSerializer(serializers.ModelSerializer):
    """The framework's serializer of the model, with a list and a reference by a key."""

    issuer = serializers.SlugRelatedField(slug_field="key", queryset=Issuer.objects)
    tags = serializers.ListField(child=serializers.CharField(), required=False, allow_null=True)

    class Meta:
        """All fields."""

        model = Item
        fields = "__all__"


class Pages(pagination.PageNumberPagination):
    """The framework's pages with a parameter for their size."""

    page_size = 10
    page_size_query_param = "page_size"
    max_page_size = 100


class Items(generics.ListCreateAPIView):
    """The collection."""

    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    pagination_class = Pages
    filter_backends = (filters.SearchFilter,)
    search_fields = ("name", "description")


class OneItem(generics.RetrieveUpdateDestroyAPIView):
    """An item; `PATCH` is not offered."""

    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    http_method_names = ("get", "put", "delete", "head", "options")


class QuerySerializer(serializers.Serializer):
    """Parameters with types and bounds."""

    page_size = serializers.IntegerField(min_value=1, max_value=1000, default=10)
    include_revoked = serializers.BooleanField(default=False)


class Recipient(serializers.Serializer):
    """A nested object."""

    identity = serializers.CharField()


class Nested(serializers.Serializer):
    """A body with a nested object."""

    recipient = Recipient()


class NestedView(generics.GenericAPIView):
    """Parameters and bodies that serializers check."""

    serializer_class = Nested

    def get(self, request: Any) -> Response:
        """Return the parameters as they were read."""
        query = QuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(query.validated_data)

    def post(self, request: Any) -> Response:
        """Return the body as it was read."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(body.validated_data)


urlpatterns = [
    path("items/", Items.as_view()),
    path("items/<int:pk>", OneItem.as_view()),
    path("nested/", NestedView.as_view()),
]


def prepare() -> None:
    """Create the tables, two users and an issuer."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Issuer)
        editor.create_model(Item)
    Issuer.objects.create(key="board")
    for name in ("user", "retired"):
        user = User.objects.create(username=name, is_active=name == "user")
        Token.objects.create(user=user, key=f"{name}-key")


def answer(client: Client, asked: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the site and return its response."""
    headers = {f"HTTP_{name.upper().replace('-', '_')}": v for name, v in asked["headers"].items()}
    media_type = asked["headers"].get("Content-Type", "application/json")
    response = client.generic(
        asked["method"],
        asked["path"],
        asked["body"].encode("latin-1"),
        content_type=media_type,
        **headers,
    )
    return {
        "status": response.status_code,
        "headers": {name.lower(): value for name, value in response.headers.items()},
        "body": response.content.decode("latin-1"),
    }


def main() -> None:
    """Answer requests until standard input ends."""
    prepare()
    client = Client(raise_request_exception=False)
    for line in sys.stdin:
        print(json.dumps(answer(client, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

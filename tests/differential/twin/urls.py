"""The routes: a collection ends in a slash, an item does not."""

from django.conf import settings
from django.urls import path

from tests.differential.twin.assertions import (
    AssertionView,
    BulkAssertionsView,
    CredentialAssertionsView,
    PublicAssertionView,
    UserAssertionsView,
)
from tests.differential.twin.views import (
    CredentialsView,
    CredentialView,
    IssuerAuthorityView,
    IssuersView,
    IssuerView,
)

PREFIX = f"{settings.TWIN_PREFIX}/" if settings.TWIN_PREFIX else ""
ROOT = PREFIX + "api/credentials/"
USER = ROOT + "orgs/<str:org>/users/<str:user_id>/"

urlpatterns = [
    path(ROOT + "public/assertions/<str:entity_id>/", PublicAssertionView.as_view()),
    path(USER, CredentialsView.as_view()),
    path(USER + "issuers/", IssuersView.as_view()),
    path(USER + "issuers/authority/", IssuerAuthorityView.as_view()),
    path(USER + "issuers/<str:entity_id>", IssuerView.as_view()),
    path(USER + "assertions/", UserAssertionsView.as_view()),
    path(USER + "assertions/<str:entity_id>", AssertionView.as_view()),
    path(USER + "<str:entity_id>/assertions/", CredentialAssertionsView.as_view()),
    path(USER + "<str:entity_id>/assertions/bulk/", BulkAssertionsView.as_view()),
    path(USER + "<str:entity_id>", CredentialView.as_view()),
]

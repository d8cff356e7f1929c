"""The routes: a collection ends in a slash, an item does not."""

from django.conf import settings
from django.urls import path

from tests.twin.views import CredentialsView, CredentialView, IssuersView, IssuerView

PREFIX = f"{settings.TWIN_PREFIX}/" if settings.TWIN_PREFIX else ""
USER = PREFIX + "api/credentials/orgs/<str:org>/users/<str:user_id>/"

urlpatterns = [
    path(USER, CredentialsView.as_view()),
    path(USER + "issuers/", IssuersView.as_view()),
    path(USER + "issuers/<str:entity_id>", IssuerView.as_view()),
    path(USER + "<str:entity_id>", CredentialView.as_view()),
]

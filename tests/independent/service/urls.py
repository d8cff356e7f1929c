"""The routes."""

from django.conf import settings
from django.urls import include, path
from django.views.static import serve

from . import views, views_assertions, views_assignments, views_exchange

USER = [
    path("", views.CredentialList.as_view()),
    path("issuers/", views.IssuerList.as_view()),
    path("issuers/authority/", views.AuthorityList.as_view()),
    path("issuers/<str:entity_id>", views.IssuerDetail.as_view()),
    path("images/", views.ImageList.as_view()),
    path("assertions/", views_assertions.AssertionList.as_view()),
    path("assertions/<str:entity_id>", views_assertions.AssertionDetail.as_view()),
    path("assertions-over-time/", views_assertions.AssertionsOverTime.as_view()),
    path("course-assertions-over-time/", views_assertions.CourseAssertionsOverTime.as_view()),
    path("credentials-over-time/", views_assertions.CredentialsOverTime.as_view()),
    path("course-credentials/", views.CourseCredentialList.as_view()),
    path("assignments/users/", views_assignments.UserAssignmentList.as_view()),
    path("assignments/groups/", views_assignments.GroupAssignmentList.as_view()),
    path("assignments/<str:assignment_id>", views_assignments.AssignmentDetail.as_view()),
    path("provider-config/", views_exchange.ProviderConfigList.as_view()),
    path("external-mapping/", views_exchange.ExternalMappingList.as_view()),
    path("<str:entity_id>/assertions/", views_assertions.CredentialAssertionList.as_view()),
    path("<str:entity_id>/assertions/bulk/", views_assertions.BulkAssertionList.as_view()),
    path("<str:entity_id>", views.CredentialDetail.as_view()),
]
CREDENTIALS = [
    path("orgs/<str:org>/users/<int:user_id>/", include(USER)),
    path("orgs/<str:org>/users/<str:username>/", include(USER)),
    path("public/assertions/<str:entity_id>/", views_assertions.PublicAssertion.as_view()),
    path("providers/", views_exchange.ProviderList.as_view()),
    path("exim/credentials/course/<str:course_id>/export/", views_exchange.CourseExport.as_view()),
    path("exim/credentials/course/<str:course_id>/import/", views_exchange.CourseImport.as_view()),
]
urlpatterns = [
    path("api/credentials/", include(CREDENTIALS)),
    path("media/<path:path>", serve, {"document_root": settings.MEDIA_ROOT}),
]

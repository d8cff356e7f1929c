"""Behaviour by operationId: the handlers, each named after its operation."""

from collections.abc import Mapping

from mockserver.api.context import Handler, PublicHandler
from mockserver.api.operations import (
    analytics,
    assertions,
    assignments,
    courses,
    credentials,
    exim,
    images,
    issuers,
    providers,
)

HANDLERS: Mapping[str, Handler] = {
    handler.__name__: handler
    for handler in (
        credentials.credentials_orgs_users_retrieve,
        credentials.credentials_orgs_users_create,
        credentials.credentials_orgs_users_retrieve_2,
        credentials.credentials_orgs_users_update,
        credentials.credentials_orgs_users_destroy,
        issuers.credentials_orgs_users_issuers_retrieve,
        issuers.credentials_orgs_users_issuers_create,
        issuers.credentials_orgs_users_issuers_retrieve_2,
        issuers.credentials_orgs_users_issuers_update,
        issuers.credentials_orgs_users_issuers_destroy,
        issuers.credentials_orgs_users_issuers_authority_create,
        assertions.credentials_orgs_users_assertions_retrieve,
        assertions.credentials_orgs_users_assertions_retrieve_2,
        assertions.credentials_orgs_users_assertions_update,
        assertions.credentials_orgs_users_assertions_retrieve_3,
        assertions.credentials_orgs_users_assertions_create,
        assertions.credentials_orgs_users_assertions_bulk_create,
        images.credentials_orgs_users_images_retrieve,
        images.credentials_orgs_users_images_create,
        assignments.credentials_orgs_users_assignments_users_retrieve,
        assignments.credentials_orgs_users_assignments_users_create,
        assignments.credentials_orgs_users_assignments_groups_retrieve,
        assignments.credentials_orgs_users_assignments_groups_create,
        assignments.credentials_orgs_users_assignments_destroy,
        courses.credentials_orgs_users_course_credentials_list,
        exim.credentials_exim_credentials_course_export_retrieve,
        exim.credentials_exim_credentials_course_import_create,
        providers.credentials_providers_list,
        providers.credentials_provider_config_list,
        providers.credentials_provider_config_create,
        providers.credentials_external_mapping_list,
        providers.credentials_external_mapping_create,
        analytics.credentials_orgs_users_assertions_over_time_retrieve,
        analytics.credentials_orgs_users_course_assertions_over_time_retrieve,
        analytics.credentials_orgs_users_credentials_over_time_retrieve,
    )
}
PUBLIC_HANDLERS: Mapping[str, PublicHandler] = {
    handler.__name__: handler for handler in (assertions.credentials_public_assertions_retrieve,)
}
"""Those that nobody needs a key for."""

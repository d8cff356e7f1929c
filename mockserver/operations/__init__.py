"""Behaviour by operationId: the handlers, each named after its operation."""

from collections.abc import Mapping

from mockserver.operations import (
    assignments,
    courses,
    credentials,
    exim,
    images,
    issuers,
    providers,
)
from mockserver.operations.work import Handler

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
        images.credentials_orgs_users_images_retrieve,
        images.credentials_orgs_users_images_create,
        courses.credentials_orgs_users_course_credentials_list,
        exim.credentials_exim_credentials_course_export_retrieve,
        exim.credentials_exim_credentials_course_import_create,
        providers.credentials_providers_list,
        providers.credentials_provider_config_list,
        providers.credentials_provider_config_create,
        providers.credentials_external_mapping_list,
        providers.credentials_external_mapping_create,
    )
}

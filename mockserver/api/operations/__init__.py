"""Behaviour by operationId: the handlers, each named after its operation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from mockserver.api.context import Handler, PublicHandler, WriteHandler
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
from mockserver.contract.operation import Operation, Resource

READ_HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        handler.__name__: handler
        for handler in (
            credentials.credentials_orgs_users_retrieve,
            credentials.credentials_orgs_users_retrieve_2,
            issuers.credentials_orgs_users_issuers_retrieve,
            issuers.credentials_orgs_users_issuers_retrieve_2,
            assertions.credentials_orgs_users_assertions_retrieve,
            assertions.credentials_orgs_users_assertions_retrieve_2,
            assertions.credentials_orgs_users_assertions_retrieve_3,
            images.credentials_orgs_users_images_retrieve,
            assignments.credentials_orgs_users_assignments_users_retrieve,
            assignments.credentials_orgs_users_assignments_groups_retrieve,
            courses.credentials_orgs_users_course_credentials_list,
            exim.credentials_exim_credentials_course_export_retrieve,
            providers.credentials_providers_retrieve,
            providers.credentials_orgs_users_provider_config_retrieve,
            providers.credentials_orgs_users_external_mapping_retrieve,
            analytics.credentials_orgs_users_assertions_over_time_retrieve,
            analytics.credentials_orgs_users_course_assertions_over_time_retrieve,
            analytics.credentials_orgs_users_credentials_over_time_retrieve,
        )
    }
)
"""Those of GET, which cannot change anything."""
WRITE_HANDLERS: Mapping[str, WriteHandler] = MappingProxyType(
    {
        handler.__name__: handler
        for handler in (
            credentials.credentials_orgs_users_create,
            credentials.credentials_orgs_users_update,
            credentials.credentials_orgs_users_destroy,
            issuers.credentials_orgs_users_issuers_create,
            issuers.credentials_orgs_users_issuers_update,
            issuers.credentials_orgs_users_issuers_destroy,
            issuers.credentials_orgs_users_issuers_authority_create,
            assertions.credentials_orgs_users_assertions_update,
            assertions.credentials_orgs_users_assertions_create,
            assertions.credentials_orgs_users_assertions_bulk_create,
            images.credentials_orgs_users_images_create,
            assignments.credentials_orgs_users_assignments_users_create,
            assignments.credentials_orgs_users_assignments_groups_create,
            assignments.credentials_orgs_users_assignments_destroy,
            exim.credentials_exim_credentials_course_import_create,
            providers.credentials_orgs_users_provider_config_create,
            providers.credentials_orgs_users_provider_config_destroy,
            providers.credentials_orgs_users_external_mapping_create,
            providers.credentials_orgs_users_external_mapping_destroy,
        )
    }
)
"""Those of the other methods, each in a transaction of its own."""
PUBLIC_HANDLERS: Mapping[str, PublicHandler] = MappingProxyType(
    {handler.__name__: handler for handler in (assertions.credentials_public_assertions_retrieve,)}
)
"""Those of GET without a key."""


@dataclass
class Handlers:
    """The handlers of one application, in tables of its own."""

    read: dict[str, Handler] = field(default_factory=lambda: dict(READ_HANDLERS))
    write: dict[str, WriteHandler] = field(default_factory=lambda: dict(WRITE_HANDLERS))
    public: dict[str, PublicHandler] = field(default_factory=lambda: dict(PUBLIC_HANDLERS))

    def table_of(self, resource: Resource, operation: Operation) -> Mapping[str, Any]:
        """Return the table that must have the handler of an operation of a resource."""
        if resource.is_public:
            return self.public
        return self.read if operation.method == "GET" else self.write

"""The operations of the contract by a readable name; the values are their operationIds."""

LIST_CREDENTIALS = "credentials_orgs_users_retrieve"
CREATE_CREDENTIAL = "credentials_orgs_users_create"
RETRIEVE_CREDENTIAL = "credentials_orgs_users_retrieve_2"
UPDATE_CREDENTIAL = "credentials_orgs_users_update"
DELETE_CREDENTIAL = "credentials_orgs_users_destroy"

LIST_ISSUERS = "credentials_orgs_users_issuers_retrieve"
RETRIEVE_ISSUER = "credentials_orgs_users_issuers_retrieve_2"
CREATE_ISSUER = "credentials_orgs_users_issuers_create"
UPDATE_ISSUER = "credentials_orgs_users_issuers_update"
DELETE_ISSUER = "credentials_orgs_users_issuers_destroy"
ADD_SIGNATORY = "credentials_orgs_users_issuers_authority_create"

LIST_USER_ASSERTIONS = "credentials_orgs_users_assertions_retrieve"
RETRIEVE_ASSERTION = "credentials_orgs_users_assertions_retrieve_2"
UPDATE_ASSERTION = "credentials_orgs_users_assertions_update"
LIST_CREDENTIAL_ASSERTIONS = "credentials_orgs_users_assertions_retrieve_3"
ISSUE_CREDENTIAL = "credentials_orgs_users_assertions_create"
ISSUE_IN_BULK = "credentials_orgs_users_assertions_bulk_create"
LOOK_UP_ASSERTION = "credentials_public_assertions_retrieve"

SEARCH_IMAGES = "credentials_orgs_users_images_retrieve"
UPLOAD_IMAGE = "credentials_orgs_users_images_create"

LIST_USER_ASSIGNMENTS = "credentials_orgs_users_assignments_users_retrieve"
ASSIGN_TO_USERS = "credentials_orgs_users_assignments_users_create"
LIST_GROUP_ASSIGNMENTS = "credentials_orgs_users_assignments_groups_retrieve"
ASSIGN_TO_GROUPS = "credentials_orgs_users_assignments_groups_create"
DELETE_ASSIGNMENT = "credentials_orgs_users_assignments_destroy"

LIST_COURSES = "credentials_orgs_users_course_credentials_list"
EXPORT_COURSE = "credentials_exim_credentials_course_export_retrieve"
IMPORT_COURSE = "credentials_exim_credentials_course_import_create"

LIST_PROVIDERS = "credentials_providers_retrieve"
LIST_CONFIGURATIONS = "credentials_orgs_users_provider_config_retrieve"
SAVE_CONFIGURATION = "credentials_orgs_users_provider_config_create"
DEACTIVATE_CONFIGURATION = "credentials_orgs_users_provider_config_destroy"
LIST_MAPPINGS = "credentials_orgs_users_external_mapping_retrieve"
SAVE_MAPPING = "credentials_orgs_users_external_mapping_create"
DELETE_MAPPING = "credentials_orgs_users_external_mapping_destroy"

COUNT_ASSERTIONS = "credentials_orgs_users_assertions_over_time_retrieve"
COUNT_COURSE_ASSERTIONS = "credentials_orgs_users_course_assertions_over_time_retrieve"
COUNT_CREDENTIALS = "credentials_orgs_users_credentials_over_time_retrieve"

CREDENTIAL_WRITES = (CREATE_CREDENTIAL, UPDATE_CREDENTIAL, DELETE_CREDENTIAL)
ISSUING = (ISSUE_CREDENTIAL, ISSUE_IN_BULK, UPDATE_ASSERTION)
ANALYTICS = (COUNT_ASSERTIONS, COUNT_COURSE_ASSERTIONS, COUNT_CREDENTIALS)
CORE_OPERATIONS = (
    LIST_CREDENTIALS,
    CREATE_CREDENTIAL,
    RETRIEVE_CREDENTIAL,
    UPDATE_CREDENTIAL,
    DELETE_CREDENTIAL,
    LIST_ISSUERS,
    RETRIEVE_ISSUER,
    CREATE_ISSUER,
    UPDATE_ISSUER,
    DELETE_ISSUER,
    ADD_SIGNATORY,
    LIST_USER_ASSERTIONS,
    RETRIEVE_ASSERTION,
    LIST_CREDENTIAL_ASSERTIONS,
    *ISSUING,
)
"""Credentials, issuers and assertions, without the public look-up."""
OTHER_OPERATIONS = (
    *ANALYTICS,
    SEARCH_IMAGES,
    UPLOAD_IMAGE,
    LIST_USER_ASSIGNMENTS,
    ASSIGN_TO_USERS,
    LIST_GROUP_ASSIGNMENTS,
    ASSIGN_TO_GROUPS,
    DELETE_ASSIGNMENT,
    LIST_COURSES,
    EXPORT_COURSE,
    IMPORT_COURSE,
    LIST_PROVIDERS,
    LIST_CONFIGURATIONS,
    SAVE_CONFIGURATION,
    DEACTIVATE_CONFIGURATION,
    LIST_MAPPINGS,
    SAVE_MAPPING,
    DELETE_MAPPING,
)
ALL_OPERATIONS = (*CORE_OPERATIONS, LOOK_UP_ASSERTION, *OTHER_OPERATIONS)
"""Every operation of the contract."""
IRREVERSIBLE = {
    UPLOAD_IMAGE: "an image cannot be deleted",
    ASSIGN_TO_USERS: "users are notified of assignments",
    ASSIGN_TO_GROUPS: "users are notified of assignments",
    DELETE_ASSIGNMENT: "users are notified of assignments",
    IMPORT_COURSE: "an import changes existing credentials",
    SAVE_CONFIGURATION: "a configuration cannot be deleted",
    DEACTIVATE_CONFIGURATION: "a provider in use would be switched off",
    SAVE_MAPPING: "badges are issued by mappings",
    DELETE_MAPPING: "badges are issued by mappings",
}
"""Operations that only a disposable target may be sent, each with the reason."""
NO_DATA_MANAGER_ADMIN = "the admin's key is no admin of the Data Manager: an export returns 403"
NO_USER_NUMBER = "the number of the user is not known"
NO_GROUP = "no group is known"
UNREACHABLE = {
    NO_DATA_MANAGER_ADMIN: (EXPORT_COURSE, IMPORT_COURSE),
    NO_USER_NUMBER: (ASSIGN_TO_USERS, DELETE_ASSIGNMENT),
    NO_GROUP: (ASSIGN_TO_GROUPS,),
}
"""Why rules about an operation are not tested, with what a run then cannot reach (FACTS, S12 and
S13: an admin of a platform need not be one of the Data Manager)."""

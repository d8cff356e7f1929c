"""Rules on external badge providers."""

from contract_tests.catalogue.operations import (
    DEACTIVATE_CONFIGURATION,
    DELETE_MAPPING,
    LIST_CONFIGURATIONS,
    LIST_MAPPINGS,
    LIST_PROVIDERS,
    SAVE_CONFIGURATION,
    SAVE_MAPPING,
)
from contract_tests.catalogue.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        id="PROVIDER-01",
        subject="providers",
        requirement=(
            "Providers, configurations and mappings are pages of at most 1000 in the envelope, and"
            " need a key."
        ),
        evidence=("G",),
        why="Settings pages show them.",
        failure="a list is a bare array",
        operations=(LIST_PROVIDERS, LIST_CONFIGURATIONS, LIST_MAPPINGS),
        tests=("test_providers",),
        since="4.95",
    ),
    Rule(
        id="PROVIDER-02",
        subject="providers",
        requirement=(
            "A platform has one configuration of a provider: created with 201, updated with 200,"
            " deactivated and kept by DELETE. Its keys become lower case."
        ),
        evidence=("G", "C"),
        why="A second configuration would send badges to the wrong account.",
        failure="each POST creates another configuration",
        needs=("write", "disposable"),
        operations=(
            LIST_PROVIDERS,
            LIST_CONFIGURATIONS,
            SAVE_CONFIGURATION,
            DEACTIVATE_CONFIGURATION,
        ),
        tests=("test_providers",),
        since="4.95",
    ),
    Rule(
        id="PROVIDER-03",
        subject="providers",
        requirement=(
            "A credential has one mapping at a provider: created with 201, updated with 200, found"
            " by `credential_id` and `provider_name`, and gone after DELETE."
        ),
        evidence=("G", "C"),
        why="Badges are issued by these mappings.",
        failure="saving a mapping again creates a second one",
        needs=("write", "disposable"),
        operations=(
            LIST_PROVIDERS,
            LIST_CONFIGURATIONS,
            LIST_MAPPINGS,
            SAVE_MAPPING,
            DELETE_MAPPING,
        ),
        tests=("test_providers",),
        since="4.95",
    ),
    Rule(
        id="PROVIDER-04",
        subject="providers",
        requirement=(
            "Only admins of the platform read and write configurations and mappings; others are"
            " refused."
        ),
        evidence=("G",),
        why="Configurations hold secrets.",
        failure="a learner lists the configurations",
        needs=("learner", "other_org_admin"),
        operations=(LIST_CONFIGURATIONS, LIST_MAPPINGS, SAVE_CONFIGURATION, SAVE_MAPPING),
        tests=("test_providers",),
        since="4.95",
    ),
    Rule(
        id="PROVIDER-05",
        subject="providers",
        requirement=(
            "A body without a provider or credential returns 400 on that field; a configuration of"
            " `accredible` without `accredible_api_key` returns 400."
        ),
        evidence=("G",),
        why="Otherwise a mistake in a settings form is noticed when no badge arrives.",
        failure="a configuration of accredible without its key is stored",
        needs=("write", "disposable"),
        operations=(LIST_PROVIDERS, SAVE_CONFIGURATION, SAVE_MAPPING),
        tests=("test_providers",),
        since="4.95",
    ),
)

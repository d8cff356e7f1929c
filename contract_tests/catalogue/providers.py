"""Rules on external badge providers."""

from contract_tests.catalogue.operations import (
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
            "Providers, configurations and mappings can be listed with a key, and not without one."
        ),
        evidence=("choice",),
        why="Settings pages show them.",
        failure="a list is returned without a key",
        operations=(LIST_PROVIDERS, LIST_CONFIGURATIONS, LIST_MAPPINGS),
        tests=("test_providers",),
    ),
    Rule(
        id="PROVIDER-02",
        subject="providers",
        requirement=(
            "A secret is stored and never returned; sending its masked form back leaves it "
            "unchanged."
        ),
        evidence=("choice",),
        why="Users who may read settings may not read keys.",
        failure="the configuration contains the key that was sent",
        needs=("write", "disposable"),
        operations=(SAVE_CONFIGURATION, LIST_CONFIGURATIONS),
        tests=("test_providers",),
    ),
    Rule(
        id="PROVIDER-03",
        subject="providers",
        requirement=(
            "A mapping of a credential is returned as it was last saved, and is deleted with "
            "the credential."
        ),
        evidence=("choice",),
        why="Links must lead somewhere.",
        failure="saving a mapping again creates a second one",
        needs=("write", "disposable"),
        operations=(SAVE_MAPPING, LIST_MAPPINGS),
        tests=("test_providers",),
    ),
    Rule(
        id="PROVIDER-04",
        subject="providers",
        requirement=(
            "An unknown provider or credential returns 400 on its field; a learner's write "
            "returns 403."
        ),
        evidence=("choice",),
        why="Otherwise a broken link is dropped silently.",
        failure="an unknown provider is created",
        needs=("write", "disposable", "learner"),
        operations=(SAVE_CONFIGURATION, SAVE_MAPPING),
        tests=("test_providers",),
    ),
)

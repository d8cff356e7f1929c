"""The catalogue: every rule that a deployment must follow, defined once."""

from collections.abc import Mapping

from contract_tests.catalogue import (
    access,
    analytics,
    assertions,
    assignments,
    choices,
    courses,
    images,
    issuers,
    lists,
    protocol,
    providers,
    responses,
    state,
)
from contract_tests.catalogue.rule import SUBJECTS, Rule

__all__ = ["CATALOGUE", "RULES", "SUBJECTS", "Rule"]

CATALOGUE: tuple[Rule, ...] = (
    *responses.RULES,
    *lists.RULES,
    *state.RULES,
    *access.RULES,
    *protocol.RULES,
    *images.RULES,
    *courses.RULES,
    *providers.RULES,
    *assignments.RULES,
    *analytics.RULES,
    *issuers.RULES,
    *assertions.RULES,
    *choices.RULES,
)
"""In the order in which reports list the rules."""
RULES: Mapping[str, Rule] = {rule.id: rule for rule in CATALOGUE}

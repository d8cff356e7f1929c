"""What the catalogue holds of a rule."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Subject = Literal[
    "schema",
    "errors",
    "pagination",
    "search",
    "state",
    "access",
    "protocol",
    "images",
    "assignments",
    "courses",
    "exim",
    "providers",
    "analytics",
    "issuers",
    "assertions",
]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)
GENERAL_SUBJECTS = frozenset(
    {"schema", "errors", "pagination", "search", "state", "access", "protocol"}
)
"""Subjects of rules that hold for any operation, and are tested on those that are offered."""
Evidence = Literal["C", "N", "G", "P", "F", "choice", "option"]
Release = Literal["3.59", "4.90", "4.95", "4.202"]
Need = Literal[
    "write",
    "disposable",
    "not_production",
    "department_admin",
    "learner",
    "other_org_admin",
    "retired",
    "username",
    "learner_username",
    "other_org",
    "other_user_id",
    "max_latency",
]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule that a deployment must follow.

    `requirement` is the rule itself, `failure` an example of a deployment that breaks it. The
    letters of `evidence` are those of the contract; `choice` means that production's behaviour is
    not known and this project chose, `option` that the user sets the limit. `needs` lists what a
    target must offer: permissions, keys of roles, and settings. `tests` names the test modules, so
    that a run imports only those of the selected rules. `since` is the first release that the
    rule holds for.
    """

    id: str
    subject: Subject
    requirement: str
    evidence: tuple[Evidence, ...]
    why: str
    failure: str
    operations: tuple[str, ...]
    tests: tuple[str, ...]
    needs: tuple[Need, ...] = ()
    since: Release = "3.59"

    @property
    def needs_all_operations(self) -> bool:
        """Whether the rule can be tested only where each of its operations is offered."""
        return self.subject not in GENERAL_SUBJECTS

    @property
    def writes(self) -> bool:
        """Whether the rule creates, changes or deletes."""
        return "write" in self.needs

    @property
    def is_choice(self) -> bool:
        """Whether nothing but a choice of this project supports the rule."""
        return self.evidence == ("choice",)


def describe_rule(rule: Rule) -> Iterator[str]:
    """Yield the lines that explain a rule."""
    yield f"{rule.id}: {rule.requirement}"
    yield f"  why         {rule.why}"
    yield f"  failure     for example: {rule.failure}"
    yield f"  evidence    {' '.join(rule.evidence)}"
    yield f"  needs       {', '.join(rule.needs) or 'a key with read access'}"
    yield f"  since       release {rule.since}"
    yield f"  subject     {rule.subject}, {'writes' if rule.writes else 'reads only'}"
    yield f"  operations  {', '.join(rule.operations)}"

"""What the catalogue holds of a rule."""

from collections.abc import Iterator, Mapping
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
RELEASES: tuple[Release, ...] = get_args(Release)
"""The releases of the service, the values of `x-since` in the contract; oldest first."""
Kind = Literal["evidence", "framework", "open", "option"]
"""What a rule rests on: what is known of production, what the framework does, a choice, the user.

A departure from an open rule is a notice, with --hold-choices a failure; all others are failures.
"""
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
    letters of `evidence` are those of the contract; `choice` stands alone and means that
    production's behaviour is not known and this project chose, `option` that the user sets the
    limit. `shown_by` names the tests that show what `F` means: requests to a plain installation of
    the framework. `needs` lists what a target must offer: permissions, keys of roles, and settings.
    `tests` names the test modules, so that a run imports only those of the selected rules.
    `since` is the first release that the rule holds for.
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
    shown_by: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """What the rule rests on."""
        if "choice" in self.evidence:
            return "open"
        if "option" in self.evidence:
            return "option"
        return "framework" if self.evidence == ("F",) else "evidence"

    @property
    def needs_all_operations(self) -> bool:
        """Whether the rule can be tested only where each of its operations is offered."""
        return self.subject not in GENERAL_SUBJECTS

    @property
    def writes(self) -> bool:
        """Whether the rule creates, changes or deletes."""
        return "write" in self.needs

    @property
    def is_open(self) -> bool:
        """Whether nothing is known about what the rule says, so that a departure is a notice."""
        return self.kind == "open"


KINDS: Mapping[Kind, str] = {
    "evidence": "evidence: a departure is a failure",
    "framework": "framework: what Django REST Framework does; a departure is a failure",
    "open": "open: a departure is a notice, with --hold-choices a failure",
    "option": "option: a failure where the option is set",
}


def describe_rule(rule: Rule) -> Iterator[str]:
    """Yield the lines that explain a rule."""
    yield f"{rule.id}: {rule.requirement}"
    yield f"  why         {rule.why}"
    yield f"  failure     for example: {rule.failure}"
    yield f"  evidence    {' '.join(rule.evidence)}"
    yield f"  kind        {KINDS[rule.kind]}"
    yield f"  needs       {', '.join(rule.needs) or 'a key with read access'}"
    yield f"  since       release {rule.since}"
    yield f"  subject     {rule.subject}, {'writes' if rule.writes else 'reads only'}"
    yield f"  operations  {', '.join(rule.operations)}"

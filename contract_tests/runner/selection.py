"""The selection of rules, and why a target does not meet the needs of one."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from contract_tests.catalogue import CATALOGUE, RULES, SUBJECTS
from contract_tests.catalogue.rule import Rule
from contract_tests.engine.contract import Contract, load_contract
from contract_tests.errors import UsageError
from contract_tests.settings.command_line import FILTERS, format_flag
from contract_tests.settings.settings import ROLES, Settings
from contract_tests.settings.sources import suggest

RULES_FOLDER = Path(__file__).resolve().parents[1] / "rules"


class Selection:
    """The rules that a run is limited to; a plugin of pytest that collects only these."""

    def __init__(self, config: pytest.Config) -> None:
        self._chosen = {name: set(config.getoption(format_flag(name))) for name in FILTERS}
        self._check_names()
        self._modules = {
            module for rule in CATALOGUE if self.includes(rule) for module in rule.tests
        }

    def _check_names(self) -> None:
        operations = {operation for rule in CATALOGUE for operation in rule.operations}
        known: dict[str, set[str]] = {
            "rule": {*RULES},
            "subject": {*SUBJECTS},
            "operation": operations,
        }
        for name, chosen in self._chosen.items():
            for value in sorted(chosen - known[name]):
                meant = suggest(value.upper() if name == "rule" else value, known[name])
                raise UsageError(
                    f"--{name}: {value!r} does not exist{meant}: `credcheck rules` lists all rules"
                )

    @property
    def is_narrowed(self) -> bool:
        """Whether the run leaves out rules."""
        return any(self._chosen.values())

    @property
    def filters(self) -> dict[str, list[str]]:
        """The options that narrow the run, with their values."""
        return {name: sorted(values) for name, values in self._chosen.items() if values}

    def includes(self, rule: Rule) -> bool:
        """Tell whether a rule is selected."""
        rules, subjects, operations = (self._chosen[name] for name in FILTERS)
        return (
            (not rules or rule.id in rules)
            and (not subjects or rule.subject in subjects)
            and (not operations or not operations.isdisjoint(rule.operations))
        )

    def includes_module(self, name: str) -> bool:
        """Tell whether a module tests a rule of the run."""
        return name in self._modules

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out the modules that test no rule of the run, so that they are not imported."""
        if collection_path.parent != RULES_FOLDER or collection_path.suffix != ".py":
            return None
        return None if self.includes_module(collection_path.stem) else True

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep the selected rules; tests that leave traces come last."""
        selected = [item for item in items if self._includes_item(item)]
        deselected = [item for item in items if not self._includes_item(item)]
        selected.sort(key=lambda item: item.get_closest_marker("credcheck_last") is not None)
        if deselected:
            config.hook.pytest_deselected(items=deselected)
        items[:] = selected

    def _includes_item(self, item: pytest.Item) -> bool:
        rule = find_rule(item)
        return item.path.parent != RULES_FOLDER if rule is None else self.includes(rule)


def find_rule(item: pytest.Item) -> Rule | None:
    """Return the rule that a test is about, None for any other test."""
    marker = item.get_closest_marker("credcheck_rule")
    return RULES[marker.args[0]] if marker else None


def list_needs(item: pytest.Item) -> list[str]:
    """Return what a test needs in addition to its rule."""
    return [name for marker in item.iter_markers("credcheck_needs") for name in marker.args]


def needs_list(rule: Rule, needs: Iterable[str]) -> bool:
    """Tell whether a test cannot be judged, or cannot clean up, without the list of credentials."""
    operations = load_contract().operations
    return "write" in {*rule.needs, *needs} or any(
        "/users/{user_id}/" in operations[operation].path for operation in rule.operations
    )


def check_tags(settings: Settings, contract: Contract) -> None:
    """Raise UsageError for a tag that the contract does not have."""
    known = {operation.tag for operation in contract.operations.values()}
    for tag in settings.without:
        if tag not in known:
            raise UsageError(
                f"--without: {tag!r} is not a tag: use one of {', '.join(sorted(known))}"
            )


def find_unmet_need(
    rule: Rule, needs: Iterable[str], settings: Settings, missing: Mapping[str, str]
) -> str:
    """Return why a test of a rule, with the needs of its own, cannot run; or an empty text.

    `missing` holds the operations that the target does not offer, each with the reason.
    """
    lacking = [operation for operation in rule.operations if operation in missing]
    if lacking and (rule.needs_all_operations or len(lacking) == len(rule.operations)):
        return "; ".join(dict.fromkeys(missing[operation] for operation in lacking))
    for need in (*rule.needs, *needs):
        reason = missing.get(need) or _check_need(need, settings)
        if reason:
            return reason
    return ""


def _check_need(need: str, settings: Settings) -> str:
    """Return why a target does not meet a need, which may be the id of an operation."""
    if need == "not_production":
        return "the target is production" if settings.is_production else ""
    if need == "write":
        return "" if settings.allow_writes else "the run is read-only"
    if need == "disposable":
        fits = settings.disposable and settings.allow_writes
        return "" if fits else "the target is not disposable"
    if need in ROLES:
        return "" if need in settings.keys else f"no key for {need}"
    if hasattr(settings, need):
        return "" if getattr(settings, need) else f"{need} is not set"
    return ""  # an operation, which the target offers

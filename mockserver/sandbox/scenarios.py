"""Scenarios: named changes of the world and faults, from files, that show a situation.

Those that ship are in `fixtures/scenarios/`; a folder of the user's own takes precedence. A file
that has changed is read again when it is used.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs

from mockserver.contract.contract import Contract
from mockserver.contract.document import read_document
from mockserver.errors import APIError, StartError
from mockserver.files import SCENARIO_SCHEMA, SCENARIOS
from mockserver.rendering.check import check_world
from mockserver.sandbox.clock import Clock, InvalidTime
from mockserver.sandbox.fault_format import read_fault
from mockserver.sandbox.faults import MOST_FAULTS, Fault, InvalidFault
from mockserver.sandbox.registry import NAME
from mockserver.sandbox.sandbox import Sandbox
from mockserver.world.export import export_world
from mockserver.world.loader import load_world
from mockserver.world.overlay import apply_changes, depends_on_now
from mockserver.world.shape import KINDS, check_shape, suggest
from mockserver.world.store import Store

SUFFIX = ".yaml"
UNKNOWN = "propertyNames"
"""What the validator calls a collection that there is not."""
ANOTHER_SEED = 1_000_003


class UnknownScenario(APIError):
    """A name that no scenario has."""

    status = 404


class InvalidScenario(APIError):
    """A file that does not describe a scenario; the text names file and place."""

    status = 400


@dataclass(frozen=True)
class Scenario:
    """One scenario as its file describes it."""

    name: str
    path: Path
    changes: Mapping[str, Any]
    faults: tuple[Fault, ...]

    @property
    def description(self) -> str:
        """What it is for, in a sentence."""
        return str(self.changes["description"])

    @property
    def ships(self) -> bool:
        """Whether it is one of the mock's own."""
        return self.path.parent == SCENARIOS

    @cached_property
    def depends_on_now(self) -> bool:
        """Whether its records depend on the time at which it is entered."""
        return depends_on_now(dict(self.changes))


class Scenarios:
    """The scenarios that files describe, and the worlds that they make of one world.

    Sandboxes in the same scenario share its records.
    """

    def __init__(self, base: Store, contract: Contract, seed: int, folder: Path | None) -> None:
        if folder and not folder.is_dir():
            raise StartError(f"--scenarios {folder}: there is no such folder")
        self._folders = [SCENARIOS, *([folder] if folder else [])]
        self._base, self._contract = base, contract
        # Another seed than the world's own, some of which may have been generated too.
        self._seed = seed + ANOTHER_SEED
        self._read: dict[Path, tuple[int, Scenario]] = {}
        self._worlds: dict[Path, tuple[Scenario, Store]] = {}

    def describe_all(self) -> Iterator[dict[str, Any]]:
        """Yield name and description of each, or what is wrong with its file."""
        for name, path in self._find_files().items():
            try:
                scenario = self._read_again(path)
                yield {"name": name, "description": scenario.description, "ships": scenario.ships}
            except InvalidScenario as error:
                yield {"name": name, "description": "", "ships": False, "error": error.detail}

    def get(self, name: str) -> Scenario:
        """Return a scenario as its file is now; raises UnknownScenario and InvalidScenario."""
        paths = self._find_files()
        if name not in paths:
            raise UnknownScenario(f"there is no scenario {name!r}; there are {', '.join(paths)}")
        return self._read_again(paths[name])

    def _read_again(self, path: Path) -> Scenario:
        try:
            changed = path.stat().st_mtime_ns
            known_at, scenario = self._read.get(path, (None, None))
            if scenario is None or known_at != changed:
                scenario = read_scenario(path)
                self._read[path] = (changed, scenario)
        except (OSError, StartError) as error:
            raise InvalidScenario(str(error)) from error
        return scenario

    def enter(self, sandbox: Sandbox, name: str) -> None:
        """Reset a sandbox to a scenario; one that is invalid changes nothing."""
        scenario = self.get(name)
        with sandbox.lock:
            clock = sandbox.new_clock()
            now = clock.now()  # after the reset; the clock is what a scenario changes at last
            if "clock" in scenario.changes:
                try:
                    clock.change(scenario.changes["clock"])
                except InvalidTime as error:
                    raise InvalidScenario(f"{scenario.path}: at clock: {error.detail}") from error
            world = self._get_world(scenario, now)
            sandbox.reset()
            sandbox.scenario, sandbox.clock = name, clock
            sandbox.replace_store(world)
            for fault in scenario.faults:
                sandbox.faults.add(fault)

    def _get_world(self, scenario: Scenario, now: datetime) -> Store:
        """Return the records of a scenario, from before if nothing has changed since."""
        made_of, world = self._worlds.get(scenario.path, (None, None))
        if world is None or made_of is not scenario or scenario.depends_on_now:
            world = self._make_world(scenario, now)
            self._worlds[scenario.path] = (scenario, world)
        return world

    def _make_world(self, scenario: Scenario, now: datetime) -> Store:
        name = str(scenario.path)
        try:
            try:
                changes = scenario.changes
                document = apply_changes(
                    export_world(self._base), changes, now, self._contract, self._seed
                )
            except StartError as error:
                raise StartError(f"{name}: {error}") from error
            if not scenario.ships:
                check_shape(document, name)
            store = load_world(document, name)
            if not scenario.ships:
                check_world(store, self._contract, name)
        except StartError as error:
            raise InvalidScenario(str(error)) from error
        return store

    def _find_files(self) -> dict[str, Path]:
        """Return the file of each name; one of the user's comes before one that ships."""
        found = (path for folder in self._folders for path in sorted(folder.glob(f"*{SUFFIX}")))
        return {path.stem: path for path in found if NAME.fullmatch(path.stem)}


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(SCENARIO_SCHEMA.read_bytes())
    return document


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_document())


def _describe(violation: Any) -> str:
    """Return what is wrong with a field, what was probably meant, and what to write."""
    kind, details = violation.kind.name, violation.kind.as_dict()
    if kind == "required":
        missing = str(details["property"]).strip("'\"")
        return f"{missing!r} is missing: add it"
    schema: Any = _document()
    for step in violation.schema_path[:-1]:
        schema = schema[step]
    if kind == "additionalProperties":
        wrong, known = str(details["unexpected"][0]), schema.get("properties", {})
        return f"unknown field {wrong!r}{suggest(wrong, known) or f': use {_list(known)}'}"
    got = json.dumps(violation.instance)[:80]
    if kind == UNKNOWN:
        known = schema["enum"]
        wrong = next(name for name in violation.instance if name not in known)
        return f"unknown collection {wrong!r}{suggest(wrong, known) or f': use {_list(known)}'}"
    if "oneOf" in schema:
        other = "a number" if "keep" in violation.instance_path else "all"
        return f"expected a list of ids or {other}, got {got}"
    if kind == "type" and isinstance(schema["type"], str):
        return f"expected {KINDS.get(schema['type'], schema['type'])}, got {got}"
    return str(violation.message[-300:])


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def read_scenario(path: Path) -> Scenario:
    """Read a scenario; raises StartError naming the file and the place of the fault."""
    changes = read_document(path)
    # A name that is unknown comes first: its value is judged as another one's.
    violations = sorted(_schema().iter_errors(changes), key=lambda each: each.kind.name != UNKNOWN)
    for violation in violations:
        place = ".".join(map(str, violation.instance_path)) or "the top"
        raise StartError(f"{path}: at {place}: {_describe(violation)}")
    try:
        Clock().change(changes.get("clock", {"run": True}))
    except InvalidTime as error:
        raise StartError(f"{path}: at clock: {error.detail}") from error
    return Scenario(path.stem, path, changes, tuple(_read_faults(path, changes.get("faults", ()))))


def _read_faults(path: Path, rules: Any) -> Iterator[Fault]:
    if len(rules) > MOST_FAULTS:
        raise StartError(f"{path}: at faults: {len(rules)} are more than the {MOST_FAULTS} allowed")
    for index, rule in enumerate(rules):
        try:
            yield read_fault(rule)
        except InvalidFault as error:
            raise StartError(f"{path}: at faults.{index}: {error.detail}") from error

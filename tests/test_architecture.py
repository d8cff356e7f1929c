"""The rules of the house: who may import whom, and that its map is true."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator

from tests.support.paths import ROOT

ORDER = (
    {"messages", "config"},
    {"errors"},
    {"files", "proxies"},
    {"framework"},
    {"contract"},
    {"world", "drift"},
    {"rendering"},
    {"sandbox"},
    {"capture"},
    {"hints"},
    {"upstream"},
    {"api"},
    {"control"},
    {"page"},
    {"app"},
    {"testing"},
    {"cli"},
)
"""Bottom up; a package imports from below itself only."""
WEB = {"app", "control", "page", "cli", "testing"}
WEB_MODULES = {f"mockserver.api.{name}" for name in ("blueprint", "bodies", "exchange", "hooks")}
TESTING = {"schemathesis", "hypothesis", "pytest", "contract_tests"}


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the dotted name and the syntax tree of each module of a package."""
    for path in sorted((ROOT / package).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def layer(part: str) -> int:
    """Return the height of a module or package directly below `mockserver`."""
    return next(height for height, parts in enumerate(ORDER) if part in parts)


def test_packages_import_downwards_only() -> None:
    """No package of the mock imports one of its own height or above."""
    for name, tree in modules("mockserver"):
        parts = name.split(".")
        if len(parts) == 1 or parts[1] == "__main__":
            continue
        for target in imported(tree):
            steps = target.split(".")
            if steps[0] == "mockserver" and len(steps) > 1 and steps[1] != parts[1]:
                assert layer(steps[1]) < layer(parts[1]), f"{name} imports {target}"


def test_behaviour_does_not_know_the_web_framework() -> None:
    """Flask and its company appear at the door only."""
    for name, tree in modules("mockserver"):
        inside = name.split(".")[1:2]
        if not inside or inside[0] in WEB or name in WEB_MODULES:
            continue
        names = {each.split(".")[0] for each in imported(tree)}
        assert not names & {"flask", "flask_cors", "granian", "click"}, name
        if name != "mockserver.contract.strict":
            assert "werkzeug" not in names, name


def test_the_mock_does_not_know_its_judge() -> None:
    """The mock imports nothing of the harness or of the test libraries, but in its fixtures."""
    for name, tree in modules("mockserver"):
        assert "mockserver.testing" not in imported(tree), name
        if name != "mockserver.testing":
            assert not {each.split(".")[0] for each in imported(tree)} & TESTING, name


def test_the_harness_imports_only_the_application() -> None:
    """The harness shares no code with what it judges: it makes the application, in one place."""
    for name, tree in modules("contract_tests"):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mockserver"):
                assert name == "contract_tests.engine.target", name
                assert {each.name for each in node.names} <= {"Config", "create_app"}
            if isinstance(node, ast.Import):
                assert not any(each.name.startswith("mockserver") for each in node.names), name


def test_serving_does_not_load_what_only_judging_needs() -> None:
    """A start of the mock imports neither openapi-core nor Faker nor a test library."""
    code = "import sys, mockserver; mockserver.create_app(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert "mockserver.api.service" in loaded
    assert not set(loaded) & {"openapi_core", "faker", "pytest", "hypothesis", "schemathesis"}


def test_controlling_does_not_load_what_serving_needs() -> None:
    """`credmock ctl` imports neither the web framework nor the contract."""
    load = "from mockserver.cli.main import main; main.get_command(None, 'ctl')"
    code = f"import sys; {load}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert "mockserver.cli.ctl" in loaded
    assert not set(loaded) & {
        "flask",
        "granian",
        "yaml",
        "jsonschema_rs",
        "mockserver.contract.document",
    }


def test_the_map_names_every_package() -> None:
    """ARCHITECTURE.md speaks of each package of mock and harness, and of none that is not there."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `((?:mockserver|contract_tests)/[a-z_]+)/`", text, re.MULTILINE))
    packages = ("mockserver", "contract_tests")
    existing = {
        str(path.parent.relative_to(ROOT))
        for package in packages
        for path in (ROOT / package).glob("*/__init__.py")
    }
    assert named == existing


PUBLIC = frozenset(
    {
        "schemathesis",
        "schemathesis.config",
        "schemathesis.core.failures",
        "schemathesis.errors",
        "schemathesis.generation.stateful",
        "schemathesis.pytest",
    }
)
"""What the documentation of schemathesis imports from."""


def test_schemathesis_is_used_by_its_public_interface() -> None:
    """The harness imports what users of schemathesis import, and no name that begins with `_`."""
    used = set()
    for name, tree in modules("contract_tests"):
        targets = {each for each in imported(tree) if each.partition(".")[0] == "schemathesis"}
        assert targets <= PUBLIC, name
        used |= targets
        if not targets:
            continue
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        private = {each for each in attributes if each.startswith("_") and each[1:2] != "_"}
        own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        own |= {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        }
        assert private <= own, name
    assert used == PUBLIC

"""The documents: short where they must be, complete where they are a reference, and true."""

import ast
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import pytest
import yaml

from contract_tests.catalogue import CATALOGUE
from contract_tests.cli import main as credcheck
from contract_tests.errors import UsageError
from contract_tests.report.accepted import read_accepted_failures
from contract_tests.settings.settings import ROLES, Settings
from contract_tests.settings.sources import load_settings
from mockserver import Config, create_app
from mockserver.cli.main import main as credmock
from mockserver.sandbox.faults import Fault
from mockserver.world.document import COLLECTIONS
from tests.differential.twin.defects import DEFECTS
from tests.differential.twin.variations import VARIATIONS
from tests.support.documents import DOCUMENTS, REFERENCE, Block, Document, document
from tests.support.paths import ROOT

MOST_WORDS = 1200
MOST_BYTES_OF_A_PICTURE = 300_000
COMMANDS = {"credmock": credmock, "credcheck": credcheck}
COMMAND_LINE = document("docs/command-line.md")
CONTROL_PLANE = document("docs/control-plane.md")
SCENARIOS = document("docs/scenarios.md")
STAGING = document("docs/staging.md")
PROSE = tuple(each for each in DOCUMENTS if each.path.name != "ARCHITECTURE.md")
"""What speaks to users; ARCHITECTURE.md speaks of code, whose names are its own."""
NOT_SET = frozenset({"name", "application", "secret_headers", "explicit_values"})
"""Fields of the settings that nobody sets: they follow from others."""
ENDS_A_COMMAND = frozenset({"|", ">", "&", "&&", ";"})
PLACEHOLDERS = frozenset({"CREDMOCK_COMMAND_OPTION", "CREDMOCK_KEY", "CREDCHECK_SETTING"})
"""What looks like a variable of the environment and is none."""
ENVIRONMENT = {
    "CREDCHECK_ORG": "main",
    "CREDCHECK_USER_ID": "1",
    "CREDCHECK_KEY_ADMIN": "main-admin-key",
}
OTHER_WORDS = re.compile(
    r"\b(breach(es|ed)?|repl(y|ies)|mends?|wolf|dearest|whoever|hitherto|that which)\b",
    re.IGNORECASE,
)
"""What has another word here: failure, response, fix, false positive, most expensive."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command and subcommand of both programs, with all of its words."""

    def below(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield words, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                yield from below(f"{words} {name}", found)

    for name, program in COMMANDS.items():
        yield from below(name, program)


SUBCOMMANDS = [(words, command) for words, command in commands() if " " in words]


def options_of(command: click.Command) -> dict[str, click.Parameter]:
    """Return the options of a command by each of their spellings."""
    return {
        spelling: each
        for each in command.params
        if isinstance(each, click.Option)
        for spelling in (*each.opts, *each.secondary_opts)
    }


def test_the_readme_is_short() -> None:
    """The README has at most 1,200 words; the rest is in docs/."""
    assert len(document("README.md").text.split()) <= MOST_WORDS


@pytest.mark.parametrize(("words", "command"), SUBCOMMANDS, ids=[each for each, _ in SUBCOMMANDS])
def test_every_command_has_a_section(words: str, command: click.Command) -> None:
    """Its section names each option and each of its choices, and no option that is not there."""
    section = COMMAND_LINE.section(words)
    assert section, f"docs/command-line.md has no heading `{words}`"
    options = options_of(command)
    named = set(re.findall(r"(?<![\w-])--?[A-Za-z][a-z-]*(?!\w)", section)) - {"--help"}
    assert named == options.keys()
    for option in options.values():
        if isinstance(option.type, click.Choice):
            assert {f"`{each}`" for each in option.type.choices} <= set(
                re.findall(r"`[^`]*`", section)
            )


def test_every_endpoint_of_the_control_plane_is_documented() -> None:
    """The tables name each method of each path below /__mock__/, and none that is not there."""
    existing = {
        f"{method} {re.sub('<[^>]*>', '<>', path)}"
        for rule in create_app().url_map.iter_rules()
        if rule.rule.startswith("/__mock__/")
        for path in paths_of(rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    documented = {
        re.sub("<[^>]*>", "<>", code)
        for code in CONTROL_PLANE.code
        if re.match(r"(GET|POST|PUT|PATCH|DELETE) /__mock__/", code)
    }
    assert documented == existing


def paths_of(rule: str) -> list[str]:
    """Return the paths of a rule, of which `<any(yaml, json):form>` makes several."""
    found = re.search(r"<any\((.*?)\):\w+>", rule)
    if found is None:
        return [rule]
    return [rule.replace(found[0], word.strip()) for word in found[1].split(",")]


def test_every_verb_is_documented() -> None:
    """`make help` lists each verb, and CONTRIBUTING.md explains it."""
    declared, listed = verbs()
    assert declared == listed
    assert {f"make {verb}" for verb in listed} <= document("CONTRIBUTING.md").code


def verbs() -> tuple[set[str], set[str]]:
    """Return the verbs that the Makefile declares, and those that `make help` lists."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    declared = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    return declared, set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


def test_variables_of_the_mock_are_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable CREDMOCK_… in a document sets an option, or is one of the npm package."""
    existing = {
        f"{words}_{each.name}".upper().replace(" ", "_")
        for words, command in commands()
        for each in options_of(command).values()
    }
    for module in (ROOT / "clients" / "javascript" / "src").glob("*.ts"):
        existing |= set(re.findall(r'"(CREDMOCK_\w+)"', module.read_text(encoding="utf-8")))
    documented = variables("CREDMOCK")
    assert {"CREDMOCK_SERVE_BIND", "CREDMOCK_CTL_REQUESTS_STATUS"} <= documented <= existing
    monkeypatch.setenv("CREDMOCK_CTL_REQUESTS_STATUS", "404")
    assert understand(credmock, ["ctl", "requests"]).params["status"] == "404"
    monkeypatch.setenv("CREDMOCK_SERVE_BIND", "nowhere")
    with pytest.raises(click.BadParameter):
        understand(credmock, ["serve"])


def test_variables_of_the_harness_take_effect() -> None:
    """Every setting that a variable CREDCHECK_… changes is documented, and no other variable is."""
    names = {f"CREDCHECK_{each.name.upper()}" for each in fields(Settings)}
    names |= {f"CREDCHECK_KEY_{role.upper()}" for role in ROLES}
    assert variables("CREDCHECK") == {name for name in names if takes_effect(name)}


def takes_effect(variable: str) -> bool:
    """Tell whether a variable changes the settings of a run, or is refused for its value."""
    address = "http://127.0.0.1:1"
    try:
        changed = load_settings(address, {}, {**ENVIRONMENT, variable: "?"})
    except UsageError:
        return True
    return changed != load_settings(address, {}, ENVIRONMENT)


def variables(prefix: str) -> set[str]:
    """Return the variables of the environment that any document names."""
    pattern = re.compile(rf"\b{prefix}_[A-Z_]*[A-Z](?![A-Z_…])")
    return {name for each in DOCUMENTS for name in pattern.findall(each.text)} - PLACEHOLDERS


@pytest.mark.parametrize("page", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(page: Document) -> None:
    """Each relative link is to a file of the repository, and each anchor to a heading in it."""
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        assert target.exists(), f"{page}: {link}"
        assert target.is_relative_to(ROOT), f"{page}: {link}"
        if anchor:
            assert anchor in Document(target).anchors, f"{page}: {link}"


def test_every_page_is_in_the_index() -> None:
    """docs/README.md links to each page of docs/."""
    index = document("docs/README.md")
    linked = {link.partition("#")[0] for link in index.links}
    assert {each.path.name for each in REFERENCE if each != index} <= linked


def test_every_page_is_on_the_site() -> None:
    """`make docs` shows each document, and each page that it shows is there."""
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    shown = {path for part in site["nav"] for path in list_paths(part)}
    assert {str(page) for page in DOCUMENTS} <= shown
    assert all((ROOT / path).is_file() for path in shown)


def list_paths(part: Any) -> list[str]:
    """Return the paths below an entry of the site's navigation."""
    (below,) = part.values()
    return (
        [path for each in below for path in list_paths(each)]
        if isinstance(below, list)
        else [below]
    )


BLOCKS = [(page, block) for page in DOCUMENTS for block in page.blocks]
BLOCK_NAMES = [f"{page}:{block.line}" for page, block in BLOCKS]


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=BLOCK_NAMES)
def test_every_block_of_code_parses(page: Document, block: Block) -> None:
    """A block says its language; what is JSON, YAML, TOML or Python is valid."""
    parsers: dict[str, Any] = {
        "json": json.loads,
        "yaml": yaml.safe_load,
        "toml": tomllib.loads,
        "python": ast.parse,
        "sh": partial(shlex.split, comments=True),
    }
    if page in PROSE:
        assert block.language in {*parsers, "text", "js", "ts"}
    if block.language in parsers:
        assert parsers[block.language](block.text) is not None


LINES = [
    (f"{page}:{block.line}", words)
    for page, block in BLOCKS
    if block.language == "sh"
    for line in block.text.replace("\\\n", " ").splitlines()
    if (words := shlex.split(line, comments=True))
]
OURS = [(where, words) for where, words in LINES if words[0] in COMMANDS]


@pytest.mark.parametrize(
    ("where", "words"), OURS, ids=[f"{where} {' '.join(words[:3])}" for where, words in OURS]
)
def test_every_command_line_is_understood(
    where: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands in blocks of shell have options that exist, with values that they take."""
    monkeypatch.chdir(tmp_path)
    end = next((i for i, word in enumerate(words) if word in ENDS_A_COMMAND), len(words))
    for word in words[1:end]:
        if re.fullmatch(r"[\w.-]+\.(json|yaml)", word):
            Path(word).touch()
        elif word.endswith("/") and "://" not in word and not word.startswith("/"):
            Path(word).mkdir()
    understand(COMMANDS[words[0]], words[1:end])


def understand(
    command: click.Command, words: list[str], parent: click.Context | None = None
) -> click.Context:
    """Read the words of a command and of its subcommands; raises click's usage errors."""
    context = command.make_context(command.name, list(words), parent=parent)
    if not isinstance(command, click.Group):
        return context
    rest = command.make_parser(context).parse_args(list(words))[1]
    found = command.get_command(context, rest[0])
    assert found is not None, f"{rest[0]} is no command"
    return understand(found, rest[1:], context)


def test_every_make_line_names_a_verb() -> None:
    """What a block of shell makes is a verb of the Makefile."""
    made = {words[1] for _, words in LINES if words[0] == "make"}
    assert made
    assert made <= verbs()[1]


def test_faults_in_the_documents_are_accepted() -> None:
    """The mock takes each fault that a document shows, and each of its words is explained."""
    client = create_app().test_client()
    shown = [words[3] for _, words in OURS if words[:3] == ["credmock", "ctl", "fault"]]
    section = CONTROL_PLANE.section("Faults")
    shown += [each.text for each in CONTROL_PLANE.blocks if each.text in section]
    assert len(shown) >= 5
    for fault in shown:
        headers = {"Content-Type": "application/json"}
        response = client.post("/__mock__/faults", data=fault, headers=headers)
        assert response.status_code == 201, (fault, response.text)
    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == {
        each.name for each in fields(Fault)
    }


def test_the_clock_takes_what_the_documents_show() -> None:
    """Each body that the section on the clock shows is carried out."""
    client = create_app().test_client()
    section = CONTROL_PLANE.section("The clock")
    bodies = [json.loads(each.text) for each in CONTROL_PLANE.blocks if each.text in section]
    assert bodies
    for body in bodies:
        assert client.post("/__mock__/clock", json=body).status_code == 200


def test_the_scenario_in_the_documents_works(tmp_path: Path) -> None:
    """A sandbox enters the scenario that the documents show."""
    shown = [each.text for each in SCENARIOS.blocks if each.language == "yaml"]
    assert len(shown) == 1
    (tmp_path / "launch.yaml").write_text(shown[0], encoding="utf-8")
    client = create_app(Config(scenarios=tmp_path)).test_client()
    entered = client.post("/__mock__/scenario", json={"name": "launch"})
    assert entered.status_code == 200, entered.text


def test_scenarios_and_worlds_are_documented() -> None:
    """The tables name each scenario that ships, its properties, and the collections of a world."""
    ships = {path.stem for path in (ROOT / "fixtures" / "scenarios").glob("*.yaml")}
    schema = json.loads((ROOT / "fixtures" / "scenario.schema.json").read_bytes())
    for title, expected in (
        ("The built-in scenarios", ships),
        ("Writing your own", {*schema["properties"]}),
        ("The world format", {*COLLECTIONS}),
    ):
        rows = re.findall(r"^\| `([\w-]+)`", SCENARIOS.section(title), re.MULTILINE)
        assert set(rows) == expected, title


def test_the_configuration_in_the_documents_is_taken(tmp_path: Path) -> None:
    """The files of targets and of accepted failures that are shown can be read."""
    targets, accepted = (each.text for each in STAGING.blocks if each.language == "toml")
    (tmp_path / "accepted.toml").write_text(accepted, encoding="utf-8")
    (tmp_path / "learner").write_text("a-learners-key", encoding="utf-8")
    text = targets.replace("accepted.toml", str(tmp_path / "accepted.toml"))
    text = text.replace("/run/secrets/learner", str(tmp_path / "learner"))
    (tmp_path / "credcheck.toml").write_text(text, encoding="utf-8")
    environment = {"STAGING_ADMIN": "an-admins-key", "STAGING_GATE": "let-me-in"}
    options = {"config": str(tmp_path / "credcheck.toml")}
    settings = load_settings("staging", options, environment)
    assert settings.rate == 5
    assert len(read_accepted_failures(settings.accept)) == 1


def test_settings_of_a_target_are_documented() -> None:
    """Each key of a table in credcheck.toml has a row, and the others are said not to be in it."""
    section = STAGING.section("The configuration file")
    rows = set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
    outside = {"profile", "seed", "time_budget", "yes_this_is_production"}
    assert {each.name for each in fields(Settings)} - rows - NOT_SET == outside
    assert all(f"`--{each.replace('_', '-')}`" in section for each in outside)


def test_counts_in_the_documents_are_true() -> None:
    """The numbers of rules, of broken deployments and of records are those that there are."""
    world = json.loads((ROOT / "fixtures" / "world.json").read_bytes())
    counts = [f"{len(world[each])} {each}" for each in ("users", "credentials", "assertions")]
    for name, expected in (
        ("README.md", f"{len(CATALOGUE)} rules"),
        ("docs/ci.md", f"{len(CATALOGUE)} rules"),
        ("CONTRIBUTING.md", f"{len(DEFECTS)} broken deployments"),
        ("docs/contract-and-ledger.md", f"{len(DEFECTS)} defects"),
        ("docs/contract-and-ledger.md", f"{len(VARIATIONS)} variations"),
        ("CONTRIBUTING.md", f"{len(VARIATIONS)} sound variations"),
        ("docs/scenarios.md", ", ".join(counts)),
    ):
        assert expected in " ".join(document(name).text.split()), name


def test_pictures_are_small() -> None:
    """The README shows pictures that load quickly."""
    pictures = list((ROOT / "docs" / "pictures").glob("*.png"))
    shown = {ROOT / link for link in document("README.md").links if link.endswith(".png")}
    assert shown == {*pictures}
    assert all(each.stat().st_size <= MOST_BYTES_OF_A_PICTURE for each in pictures)


@pytest.mark.parametrize("page", PROSE, ids=str)
def test_documents_use_one_word_for_one_thing(page: Document) -> None:
    """A failure is a failure, and a response a response."""
    assert not {found[0] for found in OTHER_WORDS.finditer(page.text)}

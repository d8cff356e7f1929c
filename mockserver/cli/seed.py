"""The command `credmock seed`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mockserver.cli.options import EXAMPLE, FILE, OUTPUT, generated_records
from mockserver.cli.output import check_output, write_output
from mockserver.contract.compiler import load_contract
from mockserver.files import WORLD
from mockserver.messages import encode
from mockserver.world.document import read_world
from mockserver.world.loader import load_world
from mockserver.world.seed import generate, generate_assertions
from mockserver.world.seed_assignments import with_assignments


@click.command(epilog=EXAMPLE + "credmock seed --seed 42 --credentials 5000 -o world.json")
@click.option("--seed", default=42, show_default=True, help="The same seed gives the same bytes.")
@generated_records("--credentials", 5_000_000, "How many credentials to generate.", 1000)
@generated_records(
    "--assertions",
    5_000_000,
    "How many assertions to generate, over the year before the world's newest record.",
    1000,
)
@generated_records(
    "--assignments",
    100_000,
    "How many assignments to generate, with groups, departments and images.",
    100,
)
@click.option("--world", type=FILE, help="World to add to.  [default: the one that ships]")
@OUTPUT
def seed(
    seed: int,
    credentials: int,
    assertions: int,
    assignments: int,
    world: Path | None,
    output: Path,
) -> None:
    """Write a bigger world, generated from the contract's schemas."""
    check_output(output)
    source = world or WORLD
    document = read_world(source)
    load_world(document, str(source))
    contract = load_contract()
    with _bar(generate(document, contract, seed, credentials), credentials, "credentials") as bar:
        made = list(bar)
    grown = {**document, "credentials": [*made, *document["credentials"]]}
    with _bar(
        generate_assertions(grown, contract, seed, assertions), assertions, "assertions"
    ) as bar:
        issued = list(bar)
    grown["assertions"] = [*issued, *document.get("assertions", ())]
    grown = with_assignments(grown, contract, seed, assignments)
    write_output(output, encode(grown) + b"\n")


def _bar(records: Iterator[dict[str, Any]], length: int, label: str) -> Any:
    hidden = not sys.stderr.isatty()
    return click.progressbar(records, length=length, label=label, file=sys.stderr, hidden=hidden)

"""The commands about the contract: `credmock routes`, `spec` and `drift`."""

import sys
from pathlib import Path

import click

from mockserver.cli.options import EXAMPLE, FILE
from mockserver.cli.output import write_text
from mockserver.contract.compiler import load_contract
from mockserver.contract.document import read_document
from mockserver.drift.ledger import check_departures
from mockserver.errors import StartError
from mockserver.files import CONTRACT, LEDGER, read_text_file


@click.command(epilog=EXAMPLE + "credmock routes")
def routes() -> None:
    """List the operations: method, path, operationId, first release, evidence."""
    for operation in load_contract().operations.values():
        evidence = ",".join(operation.evidence)
        click.echo(
            f"{operation.method:<7}{operation.path:<75}{operation.operation_id:<49}"
            f"{operation.since:<6}{evidence}"
        )


def _validate(path: Path) -> None:
    """Raise StartError unless the file is a valid OpenAPI document."""
    from openapi_spec_validator import validate
    from openapi_spec_validator.validation.exceptions import (
        OpenAPIValidationError,
        ValidatorDetectError,
    )

    try:
        validate(read_document(path))
    except (OpenAPIValidationError, ValidatorDetectError) as error:
        place = "/".join(map(str, getattr(error, "absolute_path", ())))
        message = getattr(error, "message", "") or "not an OpenAPI document"
        raise StartError(f"{path}: at /{place}: {message[-300:]}") from error


@click.command(epilog=EXAMPLE + "credmock spec --divergences")
@click.option(
    "--check",
    is_flag=True,
    help="Validate the contract and the ledger.",
)
@click.option("--divergences", is_flag=True, help="Print the ledger as a table.")
@click.option("--file", type=FILE, help="A contract file.  [default: the one that ships]")
def spec(check: bool, divergences: bool, file: Path | None) -> None:
    """Print the contract, check it, or print the ledger.

    The ledger explains each departure from the published description; `--check` fails where the
    contract is not a valid document, uses what is not supported, or departs without a row.
    """
    path = file or CONTRACT
    if check:
        _validate(path)
        contract = load_contract(path)
        check_departures(contract)
        number = len(contract.operations)
        click.echo(
            f"{path.name}: {number} operations, every schema compiles, and the ledger has a row for"
            " every departure from the published description"
        )
    elif divergences:
        write_text("| where | published | contract | evidence | why |\n")
        write_text("| --- | --- | --- | --- | --- |\n")
        for row in read_document(LEDGER)["rows"]:
            cells = {**row, "where": f"`{row['where']}`", "evidence": ", ".join(row["evidence"])}
            columns = ("where", "published", "contract", "evidence", "why")
            line = " | ".join(" ".join(cells[name].split()) for name in columns)
            write_text(f"| {line} |\n")
    else:
        write_text(read_text_file(path).decode())


@click.command(epilog=EXAMPLE + "credmock drift published-4.90.4.yaml --format json")
@click.argument("published", type=FILE, metavar="PUBLISHED.yaml")
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "json"]),
    default="markdown",
    show_default=True,
    help="Format of the report.",
)
def drift(published: Path, form: str) -> None:
    """Compare a published description with the contract and explain each difference.

    A difference that the ledger explains is shown with its row, any other with whether it is
    breaking. Exit codes: 0 all differences are known, 1 some are not, 2 wrong usage.
    """
    from mockserver.drift.comparison import find_drift
    from mockserver.drift.report import write_json, write_markdown

    found = find_drift(published)
    write = write_json if form == "json" else write_markdown
    write_text(write(found, published.name) + "\n")
    sys.exit(found.exit_code)

"""The commands `diff`, `export` and `compare` of `credcheck`. They only translate."""

import sys
from pathlib import Path
from typing import Any

import click

from contract_tests.command_options import EXAMPLE, add_settings
from contract_tests.output import check_output_files, check_report_folder, write_document


@click.command(epilog=EXAMPLE + "credcheck diff main/report.json branch/report.json")
@click.argument("old", metavar="OLD.json")
@click.argument("new", metavar="NEW.json")
def diff(old: str, new: str) -> None:
    """Compare two reports of `run`: new failures, fixed ones, what is no longer tested.

    The result is Markdown for a pull request. Exit codes: 0 no new failures, 1 new failures,
    2 wrong usage, 3 the new run came to no verdict.
    """
    from contract_tests.report.changes import compare_reports, render_changes
    from contract_tests.report.documents import read_report

    before, after = read_report(Path(old)), read_report(Path(new))
    changes = compare_reports(before, after)
    write_document("".join(f"{line}\n" for line in render_changes(changes, before, after)))
    sys.exit(changes.exit_code)


@click.command(epilog=EXAMPLE + "credcheck export report/report.json ERR-02 --format hurl")
@click.argument("report", metavar="REPORT.json")
@click.argument("name", metavar="ID")
@click.option(
    "--format",
    "form",
    type=click.Choice(["pytest", "hurl", "curl"]),
    default="pytest",
    show_default=True,
    help="What the test is written for.",
)
def export(report: str, name: str, form: str) -> None:
    """Print one finding of a report as a test that needs nothing of credcheck.

    ID is a failed rule, or one of its findings, such as ERR-02#3. Address and keys come from the
    environment.
    """
    from contract_tests.errors import UsageError
    from contract_tests.report.documents import read_report
    from contract_tests.report.export import export_finding

    document = read_report(Path(report))
    try:
        text, note = export_finding(document, name, form)
    except UsageError as error:
        raise UsageError(f"{report}: {error}") from None
    write_document(text)
    if note:
        click.echo(f"credcheck: {note}", err=True)


@click.command(
    epilog=EXAMPLE
    + "credcheck compare mock https://staging.example.com/dm --org main --user-id 7\n  "
    + "credcheck compare mock staging --same-data --report report"
)
@click.argument("left")
@click.argument("right")
@add_settings("compare")
@click.option("--requests", metavar="FILE.har", help="Send the reads of this recording instead.")
@click.option("--same-data", is_flag=True, help="Both have the same data: compare values, too.")
@click.option("--allow-writes", is_flag=True, help="Create, update and delete on both, too.")
@click.option("--report", metavar="DIR", help="Write compare.html and compare.json.")
@click.option("--ledger", metavar="FILE", help="Write the new differences as YAML to paste.")
def compare(left: str, right: str, **options: Any) -> None:
    """Send the same requests to two deployments, and say where the responses differ.

    LEFT and RIGHT are each a URL, a name in the file, `mock`, or wsgi:MODULE:ATTRIBUTE. Exit
    codes: 0 no new difference, 1 new differences, 2 wrong usage, 3 it could not be judged.
    """
    from contract_tests.compare.documents import (
        build_document,
        summarize,
        write_documents,
        write_ledger,
    )
    from contract_tests.compare.run import compare_deployments

    own = {name: options.pop(name) for name in ("requests", "same_data", "allow_writes")}
    report, ledger = options.pop("report"), options.pop("ledger")
    check_output_files({"--ledger": ledger})
    if report:
        check_report_folder("--report", Path(report))
    given = {name: value or None for name, value in options.items()}
    comparison = compare_deployments(
        left,
        right,
        given,
        same_data=own["same_data"],
        allow_writes=own["allow_writes"],
        recording=own["requests"] or "",
    )
    document = build_document(comparison)
    if report:
        write_documents(document, Path(report))
    if ledger:
        write_ledger(document, Path(ledger))
    for line in summarize(document):
        click.echo(line)
    sys.exit(comparison.exit_code)

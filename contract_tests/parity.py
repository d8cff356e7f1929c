"""The commands `diff`, `export` and `compare` of `credcheck`. They only translate."""

import sys
from pathlib import Path

import click

from contract_tests.command_options import EXAMPLE


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
    for line in render_changes(changes, before, after):
        click.echo(line)
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
    click.echo(text, nl=False)
    if note:
        click.echo(f"credcheck: {note}", err=True)

"""The command `credcheck`: run, judge, rules, explain, replay, cleanup, and those of `parity`.

It only translates. The commands import what only they need, so that `--help`, `rules` and `explain`
respond in the time that Python takes to start: pytest and the HTTP client would take five times as
long to load.
"""

import difflib
import os
import sys
from collections.abc import Mapping
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from contract_tests.catalogue import CATALOGUE, RULES, SUBJECTS
from contract_tests.catalogue.rule import describe_rule
from contract_tests.command_options import EXAMPLE, add_filters, add_settings
from contract_tests.engine.interruption import watch_signals
from contract_tests.errors import (
    EXTRA,
    UsageError,
    describe_error,
    describe_missing,
    find_missing_package,
)
from contract_tests.folders import (
    check_current_folder,
    leave_forbidden_folder,
    set_hypothesis_folder,
)
from contract_tests.option_groups import GroupedCommand
from contract_tests.output import (
    NOT_JUDGED,
    EarlierReports,
    check_output_files,
    check_report_folder,
    escape_unknown_characters,
    finish,
)
from contract_tests.parity import compare, diff, export
from contract_tests.settings.command_line import format_flag, format_option
from contract_tests.settings.sources import suggest

USAGE = 2
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable by which GitHub Actions names the file of a summary."""
EXAMPLES_OF_RUN = """\b
Examples:
  credcheck run mock --profile quick
  credcheck run http://127.0.0.1:8000 --org main --user-id 1 --report report
  credcheck run staging --read-only --summary summary.md
  credcheck run wsgi:service.wsgi:application --subject pagination -n auto
"""
PACKAGE = Path(__file__).resolve().parent
PLUGIN = "credcheck"
UNUSED_PLUGINS = ("logging", "doctest", "unraisableexception", "threadexception")
"""Plugins of pytest that do work for each test, or at the end, which no run uses."""
PYTEST_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_DEBUG", "PYTEST_PLUGINS")
"""Variables that are for the tests of a team, and would change a run."""


class OutputClosed(Exception):
    """Nobody reads the output any more, as in `credcheck rules | head`."""


class Group(click.Group):
    """A group of commands of which no error is a traceback, or exit code 1, which is a verdict."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command; click would exit with code 1 if the output is closed."""
        try:
            return super().invoke(context)
        except BrokenPipeError:
            raise OutputClosed from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the words name; of a mistyped one, suggest which was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(
                args[0].lower(), self.list_commands(ctx), n=1, cutoff=0.5
            )
            if not close or "did you mean" in error.message.lower():
                raise
            raise click.UsageError(f"{error.message} Did you mean {close[0]!r}?", ctx) from error

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command and exit with its code; an error is one line, with exit code 2 or 3."""
        message = ""
        escape_unknown_characters()
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
        except SystemExit as end:
            code = end.code
        except click.exceptions.NoArgsIsHelpError as error:  # whose message is the whole help
            error.show()
            code = USAGE
        except click.ClickException as error:
            code, message = USAGE, error.format_message()
        except (UsageError, ModuleNotFoundError) as error:
            code, message = USAGE, describe_error(error)
        except OutputClosed:
            code = NOT_JUDGED
        except (click.Abort, KeyboardInterrupt) as error:
            # click turns Ctrl-C into an error of its own, whose context is the interrupt.
            caught = error.__context__ if isinstance(error, click.Abort) else error
            interruption = caught if isinstance(caught, KeyboardInterrupt) else KeyboardInterrupt()
            code, message = NOT_JUDGED, describe_error(interruption)
        except Exception as error:  # noqa: BLE001  the last handler of the program
            code = USAGE if find_missing_package(error) else NOT_JUDGED
            message = describe_error(error)
        finish(code, message)


@click.group(
    cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="credmock")
def main() -> None:
    """Test whether a deployment of the credentials API conforms to the contract.

    Exit codes: 0 it conforms, 1 it breaks the contract, 2 wrong usage, 3 it could not be judged.
    """


@main.command(cls=GroupedCommand, epilog=EXAMPLES_OF_RUN)
@click.argument("target")
@add_settings("run")
@add_filters
@click.option("--report", metavar="DIR", help="Write report.html, .json, junit.xml, traffic.har.")
@click.option(
    "--summary",
    metavar="FILE",
    help="Write a summary in Markdown.  [in GitHub Actions also: $GITHUB_STEP_SUMMARY]",
)
@click.option(
    "--annotations", metavar="FILE", help="Write annotations of GitHub Actions, to be printed."
)
@click.option("--code-quality", metavar="FILE", help="Write GitLab's code quality report.")
@click.option("-n", "--workers", metavar="N", help="Number of processes, or `auto`.")
def run(
    target: str,
    report: str | None,
    summary: str | None,
    annotations: str | None,
    code_quality: str | None,
    workers: str | None,
    **options: Any,
) -> None:
    """Test a deployment.

    TARGET is a URL, `mock` (in process), wsgi:MODULE:ATTRIBUTE, or a name in the file.
    """
    check_current_folder()
    arguments = format_options(options)
    folder = Path(report).absolute() if report else None
    if folder:
        check_report_folder("--report", folder)  # before pytest looks at its own file in it
        arguments += [format_flag("report"), str(folder), f"--junitxml={folder / 'junit.xml'}"]
    files = {"summary": summary, "annotations": annotations, "code-quality": code_quality}
    for name, path in files.items():
        if path:
            arguments += [format_flag(name), str(Path(path).absolute())]
    if workers:
        if not workers.isdecimal() and workers not in ("auto", "logical"):
            raise UsageError(f"--workers: {workers!r} is not valid: pass a number or `auto`")
        arguments += ["-p", "xdist", "-n", workers]
    sys.exit(run_pytest(target, *arguments, report=folder))


def run_pytest(target: str, *arguments: str, report: Path | None = None) -> int:
    """Run the rules under pytest, and return the exit code of credcheck.

    Only the plugins that are named are loaded, because others that are installed may be slow, and
    assert statements are not rewritten, because the rules have none.
    """
    interruption = watch_signals()  # the imports that follow take a second
    check_packages(needs_workers="xdist" in arguments)
    import pytest

    from contract_tests.runner.progress import ProgressReporter

    interruption.check()

    set_hypothesis_folder()
    leave_forbidden_folder()
    for name in PYTEST_VARIABLES:
        os.environ.pop(name, None)
    plugins = ["--disable-plugin-autoload", "--assert=plain", "-p", PLUGIN]
    plugins += [word for name in UNUSED_PLUGINS for word in ("-p", f"no:{name}")]
    output = ["-p", "no:cacheprovider", "--tb=no", "-qq", "--no-header", "-rN", "-W", "ignore"]
    output += ["-o", "console_output_style=classic"]
    no_configuration = ["-o", "addopts=", "-c", os.devnull, "--rootdir", str(PACKAGE)]
    words = [
        str(PACKAGE),
        f"{format_flag('target')}={target}",
        *plugins,
        *output,
        *no_configuration,
        *arguments,
    ]
    ending = Ending()
    own = [EarlierReports(report), ending, ProgressReporter.for_terminal()]
    code = int(pytest.main(words, plugins=own))
    if code == pytest.ExitCode.INTERRUPTED and not ending.has_come:
        raise KeyboardInterrupt  # it came before the first test, and pytest reports nothing
    return USAGE if code == pytest.ExitCode.USAGE_ERROR else code


def check_packages(*, needs_workers: bool) -> None:
    """Raise UsageError if a package that a run needs is not installed, before it begins."""
    for name in sorted(EXTRA - (set() if needs_workers else {"xdist"})):
        try:
            is_installed = find_spec(name) is not None
        except ValueError:  # somebody has hidden it
            is_installed = False
        if not is_installed:
            raise UsageError(describe_missing(name))


class Ending:
    """A plugin of pytest that tells whether a session came to its end, and so to a verdict."""

    has_come = False

    def pytest_sessionfinish(self) -> None:
        """Note that the session has ended."""
        self.has_come = True


def format_options(options: Mapping[str, Any]) -> list[str]:
    """Return the words that pass options to the plugin."""
    words = []
    for name, value in options.items():
        values = value if isinstance(value, list | tuple) else [value]
        words += [format_option(name, one) for one in values if one not in (None, False)]
    return words


@main.command(epilog=EXAMPLE + "credcheck judge traffic.har --report report")
@click.argument("traffic", metavar="TRAFFIC.har")
@click.option(
    "--base-url", metavar="URL", help="Judge this service only.  [default: all in the recording]"
)
@click.option("--accept", metavar="FILE", help="File of known failures that are accepted.")
@click.option(
    "--no-unknown-fields", is_flag=True, help="A field without a definition is a failure."
)
@click.option("--report", metavar="DIR", help="Write report.html, report.json and traffic.har.")
@click.option("--summary", metavar="FILE", help="Write a summary in Markdown.")
def judge(
    traffic: str,
    base_url: str | None,
    accept: str | None,
    no_unknown_fields: bool,
    report: str | None,
    summary: str | None,
) -> None:
    """Judge recorded traffic by the contract; nothing is sent.

    TRAFFIC.har is an HTTP Archive of a browser, of Playwright, of mitmproxy or of
    `credmock ctl requests --har`, or the traffic.har of a run.
    """
    check_packages(needs_workers=False)
    from contract_tests.report.markdown import write_summary
    from contract_tests.report.summary import summarize_verdict
    from contract_tests.traffic.judge import judge_archive

    step_summary = os.environ.get(STEP_SUMMARY)
    check_output_files({"--summary": summary, STEP_SUMMARY: step_summary})
    if report:
        check_report_folder("--report", Path(report))
    verdict = judge_archive(
        Path(traffic),
        base_url=(base_url or "").rstrip("/"),
        accept=accept or "",
        no_unknown_fields=no_unknown_fields,
        environment=os.environ,
    )
    for line in summarize_verdict(verdict):
        click.echo(line)
    if report:
        from contract_tests.report.documents import write_reports  # a template engine

        write_reports(verdict, Path(report))
    if summary:
        write_summary(verdict, Path(summary), append=False)
    if step_summary:
        write_summary(verdict, Path(step_summary), append=True, where=STEP_SUMMARY)
    sys.exit(verdict.exit_code)


@main.command(epilog=EXAMPLE + "credcheck rules --subject pagination")
@click.option("--subject", type=click.Choice(SUBJECTS), help="This subject only.")
def rules(subject: str | None) -> None:
    """List the rules.

    Each line has id, subject, reads or writes, evidence, requirement and needs.
    """
    for rule in CATALOGUE:
        if subject in (None, rule.subject):
            needs = ", ".join(need for need in rule.needs if need != "write")
            kind = "writes" if rule.writes else "reads"
            more = f" (needs {needs})" if needs else ""
            evidence = " ".join(rule.evidence)
            click.echo(
                f"{rule.id:<11} {rule.subject:<11} {kind:<6} {evidence:<8} {rule.requirement}{more}"
            )


@main.command(epilog=EXAMPLE + "credcheck explain PAGE-03")
@click.argument("rule_id", metavar="ID")
def explain(rule_id: str) -> None:
    """Explain a rule.

    The lines are its reason, an example of a failure, its evidence and what it needs.
    """
    if rule_id not in RULES:
        raise UsageError(
            f"rule {rule_id!r} does not exist{suggest(rule_id.upper(), RULES)}: "
            "`credcheck rules` lists all rules"
        )
    for line in describe_rule(RULES[rule_id]):
        click.echo(line)


@main.command(cls=GroupedCommand, epilog=EXAMPLE + "credcheck replay report/report.json PAGE-03")
@click.argument("report", metavar="REPORT.json")
@click.argument("rule_id", metavar="ID")
@add_settings("replay")
def replay(report: str, rule_id: str, **own_options: Any) -> None:
    """Test a failed rule of a report again.

    Exit codes: 0 it passes now, 1 it still fails, 2 wrong usage, 3 it could not be judged.
    """
    from contract_tests.report.documents import read_report
    from contract_tests.report.replay import read_context, repeat_request

    check_current_folder()
    document = read_report(Path(report))
    failures = [failure for failure in document["failures"] if failure["rule"] == rule_id]
    if not failures:
        failed = dict.fromkeys(failure["rule"] for failure in document["failures"])
        raise UsageError(
            f"{report}: {rule_id} did not fail: failed rules are {', '.join(failed) or 'none'}"
        )
    # What leads to the target may have changed since, and its secrets are in no report.
    reaching = {name: value for name, value in own_options.items() if value not in (None, ())}
    options = {**read_context(document), **reaching}
    lines, still_fails = repeat_request(document["target"], options, failures[0])
    for line in lines:
        click.echo(line)
    again = {"rule": rule_id, "seed": str(document["seed"])}
    code = run_pytest(document["target"], *format_options({**again, **options}))
    code = code or int(still_fails)
    click.echo({0: "fixed: the rule passes now", 1: "the rule still fails"}.get(code, "not judged"))
    sys.exit(code)


@main.command(cls=GroupedCommand, epilog=EXAMPLE + "credcheck cleanup staging")
@click.argument("target")
@add_settings("cleanup")
def cleanup(target: str, **options: Any) -> None:
    """Delete what earlier runs left behind.

    The journals of the runs against TARGET record what that is.
    """
    from contract_tests.engine.cleanup import clean_up, describe_others
    from contract_tests.engine.journal import make_run_id
    from contract_tests.engine.target import Target
    from contract_tests.settings.sources import current_environment, load_settings

    own = {name: value or None for name, value in options.items()}
    settings = load_settings(target, {**own, "allow_writes": True}, current_environment())
    with closing(Target(settings, make_run_id(), "cleanup", 1)) as connection:
        results = list(clean_up(connection))
        redact = connection.redact
    nothing = f"nothing was left behind: {settings.journal} has no journal of an ended run here"
    lines = list(map(str, results)) or [nothing]
    for line in [*lines, *describe_others(settings)]:
        click.echo(redact(line))
    sys.exit(1 if any(result.left_behind for result in results) else 0)


main.add_command(compare)
main.add_command(diff)
main.add_command(export)


if __name__ == "__main__":
    main()

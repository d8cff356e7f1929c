"""The command `credcheck`: run · rules · explain · replay · cleanup. It only translates."""

import os
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from contract_tests.catalogue import CATALOGUE, RULES, SUBJECTS
from contract_tests.catalogue.rule import describe_rule
from contract_tests.engine.outcome import CouldNotAsk, UsageError

EXAMPLE = "\b\nExample:\n  "
HERE = Path(__file__).resolve().parent
PROFILES = ("quick", "standard", "thorough")
UNUSED = ("logging", "doctest", "unraisableexception", "threadexception")
"""Plugins of pytest's own whose work for each test, or at the end, nobody looks at."""


class Group(click.Group):
    """A command whose failures are one clear line and exit code 2."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command; what is wrong with its words is the user's to mend."""
        try:
            sys.exit(super().main(*args, **{**options, "standalone_mode": False}))
        except click.ClickException as error:
            message = error.format_message().replace("\n", " ")
        except UsageError as error:
            message = str(error)
        except CouldNotAsk as error:
            click.echo(f"credcheck: {error}", err=True)
            sys.exit(3)
        except click.Abort:
            sys.exit(130)
        click.echo(f"credcheck: {message}", err=True)
        sys.exit(2)


def of_target(command: Any) -> Any:
    """Add the options that say where the target is and how to reach it."""
    for option in reversed(TARGET_OPTIONS):
        command = option(command)
    return command


TARGET_OPTIONS = (
    click.option("--config", metavar="FILE", help="Targets by name.  [default: credcheck.toml]"),
    click.option("--org", metavar="KEY", help="Key of the platform."),
    click.option("--user-id", metavar="ID", help="A user of it, by number or name."),
    click.option("--username", metavar="NAME", help="The same user's name."),
    click.option("--learner-username", metavar="NAME", help="The name of the learner's user."),
    click.option("--other-org", metavar="KEY", help="A second platform, for the rules on tenants."),
    click.option("--other-user-id", metavar="ID", help="A user of the second platform."),
    click.option("--issuer", metavar="ID", help="An issuer.  [default: the first one listed]"),
    click.option(
        "--key",
        multiple=True,
        metavar="ROLE=REF",
        help="Where a role's key is: admin=env:NAME or admin=file:PATH; also department_admin, "
        "learner, other_org_admin, retired.  [default: CREDCHECK_KEY_ADMIN, …]",
    ),
    click.option("--auth-scheme", metavar="SCHEME", help="In front of a key.  [default: Api-Key]"),
    click.option(
        "--rate",
        metavar="N/s",
        help="Requests at most, of all workers.  [remote: 10/s]",
    ),
    click.option(
        "--header",
        multiple=True,
        metavar="NAME: VALUE",
        help="Sent with every request; a value may be env:NAME or file:PATH and is then a secret.",
    ),
    click.option(
        "--api-version",
        metavar="RELEASE",
        help="Release that the target runs: 3.59, 4.90 or 4.202.  [default: 3.59; of mock: 4.202]",
    ),
    click.option(
        "--without", multiple=True, metavar="TAG", help="Operations that the target does not offer."
    ),
    click.option("--ca-bundle", metavar="FILE", help="Certificates to trust."),
    click.option("--journal", metavar="DIR", help="What was created.  [default: .credcheck]"),
    click.option("--allow-writes", is_flag=True, help="Create, change, delete. Loopback: on."),
    click.option("--disposable", is_flag=True, help="The target is thrown away: leave traces."),
    click.option("--yes-this-is-production", is_flag=True, help="Read a production host."),
)


@click.group(cls=Group, context_settings={"max_content_width": 100})
@click.version_option(package_name="credmock")
def main() -> None:
    """Say whether a deployment of the credentials API keeps the contract.

    Exit codes: 0 it conforms, 1 it breaks the contract, 2 wrong usage, 3 it could not be judged.
    """


@main.command(
    epilog=EXAMPLE + "credcheck run https://staging.example.com/dm --org main --user-id 7"
)
@click.argument("target")
@of_target
@click.option("--read-only", is_flag=True, help="Send GET, HEAD and OPTIONS only.")
@click.option("--profile", type=click.Choice(PROFILES), help="How much.  [default: standard]")
@click.option("--time-budget", type=float, metavar="SECONDS", help="For the thorough profile.")
@click.option("--rule", multiple=True, metavar="ID", help="This rule only; repeatable.")
@click.option("--subject", multiple=True, type=click.Choice(SUBJECTS), help="This subject only.")
@click.option("--operation", multiple=True, metavar="ID", help="Rules on this operation only.")
@click.option("--seed", type=int, help="Makes the run repeatable; it is always printed.")
@click.option("--max-latency", type=float, metavar="SECONDS", help="A slower answer is a breach.")
@click.option("--no-unknown-fields", is_flag=True, help="An unknown field is a breach, no notice.")
@click.option("--hold-choices", is_flag=True, help="Where only this contract chose, too: a breach.")
@click.option("--accept", metavar="FILE", help="Known breaches, with reason, owner and expiry.")
@click.option("--report", metavar="DIR", help="Write report.html, .json, junit.xml, traffic.har.")
@click.option("-n", "--workers", metavar="N", help="Ask with N processes, or `auto`.")
def run(target: str, report: str | None, workers: str | None, **options: Any) -> None:
    """Judge TARGET: a URL, `mock` (in process), wsgi:MODULE:ATTRIBUTE, or a name of the file."""
    arguments = ["-o", f"console_output_style={_style()}", *_translated(options)]
    if report:
        folder = Path(report).absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--report {report}: {error.strerror}") from error
        arguments += ["--credcheck-report", str(folder), f"--junitxml={folder / 'junit.xml'}"]
    if workers:
        arguments += ["-p", "xdist", "-n", workers]
    sys.exit(_judge(target, *arguments))


def _judge(target: str, *arguments: str) -> int:
    """Run the rules under pytest, and return our exit code for its own: its usage error is 4.

    Only the plugins that are named are loaded, and no assertion is rewritten: others that are
    installed may be slow, and the rules do not assert.
    """
    import pytest

    _keep_tables()
    plain = ["--disable-plugin-autoload", "--assert=plain", "-p", "contract_tests.engine.plugin"]
    plain += [word for name in UNUSED for word in ("-p", f"no:{name}")]
    quiet = ["-p", "no:cacheprovider", "--tb=no", "-q", "--no-header", "-rN", "-W", "ignore"]
    nobodys_settings = ["-o", "addopts=", "-c", os.devnull, "--rootdir", str(HERE)]
    code = pytest.main(
        [str(HERE), "--target", target, *plain, *quiet, *nobodys_settings, *arguments]
    )
    return 2 if int(code) == 4 else int(code)


def _keep_tables() -> None:
    """Let Hypothesis keep its tables of characters, which take a second to make, for the user.

    By itself it looks for them in the current folder, and leaves them there.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if os.path.isabs(cache):  # else whoever runs this has no home
        folder = os.path.join(cache, "credcheck", "hypothesis")
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", folder)


def _style() -> str:
    return "progress" if sys.stdout.isatty() else "count"


def _translated(options: dict[str, Any]) -> list[str]:
    arguments = []
    for name, value in options.items():
        option = f"--credcheck-{name.replace('_', '-')}"
        if value is True:
            arguments.append(option)
        elif isinstance(value, Iterable) and not isinstance(value, str):
            arguments += [f"{option}={each}" for each in value]
        elif value not in (None, False):
            arguments.append(f"{option}={value}")
    return arguments


@main.command(epilog=EXAMPLE + "credcheck rules --subject pagination")
@click.option("--subject", type=click.Choice(SUBJECTS), help="This subject only.")
def rules(subject: str | None) -> None:
    """List the catalogue: id, subject, reads or writes, evidence, needs, law."""
    for rule in CATALOGUE:
        if subject in (None, rule.subject):
            needs = ", ".join(each for each in rule.needs if each != "write")
            kind = "writes" if rule.writes else "reads"
            more = f" (needs {needs})" if needs else ""
            evidence = " ".join(rule.evidence)
            click.echo(
                f"{rule.id:<11} {rule.subject:<11} {kind:<6} {evidence:<8} {rule.requirement}{more}"
            )


@main.command(epilog=EXAMPLE + "credcheck explain PAGE-03")
@click.argument("rule_id", metavar="ID")
def explain(rule_id: str) -> None:
    """Tell a rule's law, why it is one, and how a breach looks."""
    if rule_id not in RULES:
        raise UsageError(f"{rule_id!r} is no rule; `credcheck rules` lists them")
    for line in describe_rule(RULES[rule_id]):
        click.echo(line)


@main.command(epilog=EXAMPLE + "credcheck replay report/report.json PAGE-03")
@click.argument("report", metavar="REPORT.json")
@click.argument("rule_id", metavar="ID")
@click.option("--config", metavar="FILE", help="Targets by name.  [default: credcheck.toml]")
@click.option("--key", multiple=True, metavar="ROLE=REF", help="Where a role's key is.")
def replay(report: str, rule_id: str, config: str | None, key: tuple[str, ...]) -> None:
    """Ask what broke a rule again, and say whether it still does; exit 0: no more, 1: still."""
    from contract_tests.report.documents import read_report
    from contract_tests.report.replay import send_again

    document = read_report(Path(report))
    broken = [each for each in document["breaches"] if each["rule"] == rule_id]
    if not broken:
        raise UsageError(f"{report}: no breach of {rule_id}; it has {_ids(document) or 'none'}")
    known = {"config": config, "key": key, **_context(document)}
    lines, still = send_again(document["target"], known, broken[0])
    for line in lines:
        click.echo(line)
    again = [f"--credcheck-rule={rule_id}", f"--credcheck-seed={document['seed']}"]
    code = _judge(document["target"], *again, *_translated(known)) or int(still)
    click.echo({0: "fixed: the rule is kept now", 1: "still broken"}.get(code, "not judged"))
    sys.exit(code)


def _ids(document: dict[str, Any]) -> str:
    return ", ".join(dict.fromkeys(each["rule"] for each in document["breaches"]))


def _context(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a report tells of the target beside its address."""
    known = dict(document["context"])
    if "rate" in known:
        known["rate"] = f"{known['rate']}/s"
    return known


@main.command(epilog=EXAMPLE + "credcheck cleanup staging")
@click.argument("target")
@of_target
def cleanup(target: str, **options: Any) -> None:
    """Delete what earlier runs against TARGET left behind, as their journals tell."""
    from contract_tests.engine.cleanup import clean_up
    from contract_tests.engine.journal import new_run_id
    from contract_tests.engine.settings import current_environment, load_settings
    from contract_tests.engine.target import Target

    chosen = {name: value or None for name, value in options.items()}
    settings = load_settings(target, {**chosen, "allow_writes": True}, current_environment())
    with closing(Target(settings, new_run_id(), "cleanup", 1)) as wire:
        cleaned = list(clean_up(wire))
    for line in map(str, cleaned) if cleaned else ["nothing was left behind"]:
        click.echo(line)
    sys.exit(1 if any(each.left for each in cleaned) else 0)


if __name__ == "__main__":
    main()

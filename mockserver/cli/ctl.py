"""The commands `credmock ctl …`: control a running mock."""

import json
from collections.abc import Callable
from typing import Any, BinaryIO

import click

from mockserver.cli.options import EXAMPLE, SuggestingGroup, check_header_value
from mockserver.cli.output import write_text
from mockserver.control.client import DEFAULT_URL, Control, ControlError
from mockserver.errors import StartError
from mockserver.files import decode_text


@click.group(cls=SuggestingGroup, epilog=EXAMPLE + "credmock ctl --sandbox test-1 scenario empty")
@click.option("--url", default=DEFAULT_URL, show_default=True, help="Where the mock serves.")
@click.option(
    "--sandbox",
    default="default",
    show_default=True,
    callback=check_header_value,
    help="Which sandbox.",
)
@click.option(
    "--control-token",
    default="",
    callback=check_header_value,
    metavar="TOKEN",
    help="For a mock elsewhere.",
)
@click.pass_context
def ctl(context: click.Context, url: str, sandbox: str, control_token: str) -> None:
    """Control a running mock: its state, clock, faults, and journal."""
    try:
        context.obj = Control(url, sandbox, control_token)
    except ControlError as error:
        raise click.BadParameter(str(error), param_hint="--url") from error


def _call(function: Callable[[], Any]) -> Any:
    """Return the result of a call; a refusal of the mock is one line."""
    try:
        return function()
    except ControlError as error:
        raise StartError(str(error)) from error


def _show(function: Callable[[], Any]) -> None:
    """Print the result of a call as JSON."""
    result = _call(function)
    if result is not None:
        write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


@ctl.command(epilog=EXAMPLE + "credmock ctl reset")
@click.pass_obj
def health(control: Control) -> None:
    """Tell whether the mock responds; exit 2 if it does not. It needs no control token."""
    _show(control.health)


@ctl.command()
@click.pass_obj
def reset(control: Control) -> None:
    """Go back to the world that the mock started with."""
    _show(control.reset)


@ctl.command(epilog=EXAMPLE + "credmock ctl --sandbox test-1 clear")
@click.pass_obj
def clear(control: Control) -> None:
    """Remove all credentials and all that is about them."""
    _show(control.clear)


@ctl.command(epilog=EXAMPLE + "credmock ctl export > world.json")
@click.pass_obj
def export(control: Control) -> None:
    """Print all records as a world document, for `load` and for `serve --world`."""
    _show(control.export)


@ctl.command(epilog=EXAMPLE + "credmock ctl load world.json")
@click.argument("world", type=click.File("rb"), metavar="WORLD.json")
@click.pass_obj
def load(control: Control, world: BinaryIO) -> None:
    """Replace all records by those of a world document; an invalid one changes nothing."""
    from mockserver.world.document import read_json  # which other commands do not need

    document = read_json(decode_text(world.read(), world.name), world.name)
    _show(lambda: control.load(document))


@ctl.command(epilog=EXAMPLE + "credmock ctl snapshot before")
@click.argument("name")
@click.pass_obj
def snapshot(control: Control, name: str) -> None:
    """Save the records as they are now as the snapshot NAME."""
    _show(lambda: control.snapshot(name))


@ctl.command(epilog=EXAMPLE + "credmock ctl restore before")
@click.argument("name")
@click.pass_obj
def restore(control: Control, name: str) -> None:
    """Go back to the records of the snapshot NAME."""
    _show(lambda: control.restore(name))


@ctl.command(epilog=EXAMPLE + "credmock ctl undo")
@click.pass_obj
def undo(control: Control) -> None:
    """Take back the last reset, clear, scenario, load or restore."""
    _show(control.undo)


@ctl.command(epilog=EXAMPLE + "credmock ctl expire ENTITY_ID")
@click.argument("assertion", metavar="ENTITY_ID")
@click.pass_obj
def expire(control: Control, assertion: str) -> None:
    """Let an assertion expire now by the clock of the sandbox."""
    _show(lambda: {"expires": control.expire(assertion)})


@ctl.command(epilog=EXAMPLE + "credmock ctl scenario long-names")
@click.argument("name", required=False)
@click.pass_obj
def scenario(control: Control, name: str | None) -> None:
    """Reset the sandbox to the scenario NAME; without a name, list all. `ctl reset` leaves it."""
    if name is not None:
        _show(lambda: control.scenario(name))
        return
    found = _call(control.scenarios)
    for each in found["scenarios"]:
        mark = "*" if each["name"] == found["current"] else " "
        write_text(f"{mark} {each['name']:<22}{each.get('error') or each['description']}\n")


@ctl.command(epilog=EXAMPLE + "credmock ctl clock --advance P30D --freeze")
@click.option("--set", "moment", metavar="TIME", help="Such as 2026-06-01T12:00:00Z.")
@click.option("--advance", metavar="DURATION", help="Such as P30D, PT90S or -P1W.")
@click.option("--freeze", is_flag=True, help="Freeze the clock.")
@click.option("--run", is_flag=True, help="Let the clock run.")
@click.pass_obj
def clock(
    control: Control, moment: str | None, advance: str | None, freeze: bool, run: bool
) -> None:
    """Show the clock of a sandbox, or change it."""
    changes = {"set": moment, "advance": advance, "freeze": freeze, "run": run}
    _show(lambda: control.clock(**{name: value for name, value in changes.items() if value}))


@ctl.command(epilog=EXAMPLE + """credmock ctl fault '{"method": "POST", "status": 503}'""")
@click.argument("rule", metavar="JSON")
@click.pass_obj
def fault(control: Control, rule: str) -> None:
    """Add a fault, as one JSON object."""
    words = _read_object(rule)
    _show(lambda: {"id": control.fault(**words)})


def _read_object(text: str) -> dict[str, Any]:
    """Return an argument that is a JSON object; raises click.BadParameter."""
    try:
        words = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"not valid JSON: {error}", param_hint="JSON") from error
    if not isinstance(words, dict):
        raise click.BadParameter("expected a JSON object", param_hint="JSON")
    return words


@ctl.command(epilog=EXAMPLE + "credmock ctl faults --clear")
@click.option("--clear", "all_of_them", is_flag=True, help="Remove all of them.")
@click.pass_obj
def faults(control: Control, all_of_them: bool) -> None:
    """List the faults, or remove them."""
    _show(control.clear_faults if all_of_them else control.faults)


@ctl.command(epilog=EXAMPLE + "credmock ctl requests --status 404 --curl")
@click.option("--method", metavar="METHOD")
@click.option("--path", metavar="PATTERN", help="Such as '*/issuers/'.")
@click.option("--status", metavar="STATUS")
@click.option("--operation", metavar="ID")
@click.option("--search", metavar="WORDS", help="In path, headers, bodies or hints.")
@click.option("--problems", is_flag=True, flag_value="true", default=None, help="Errors and hints.")
@click.option("--curl", is_flag=True, help="Print curl lines only.")
@click.option("--har", is_flag=True, help="Print an HTTP Archive, the oldest first.")
@click.pass_obj
def requests(control: Control, /, curl: bool, har: bool, **match: str | None) -> None:
    """Show the last exchanges that match, the newest first."""
    chosen = {name: value for name, value in match.items() if value is not None}
    if curl and har:
        raise click.UsageError("--curl and --har exclude each other: choose one")
    if har:
        _show(lambda: control.har(**chosen))
        return
    found = _call(lambda: control.requests(**chosen))
    if curl:
        for each in found:
            missing = f"# {each['method']} {each['path']}: only a part of the body was kept"
            write_text(f"{each['curl'] or missing}\n")
    else:
        _show(lambda: found)


@ctl.command(epilog="""\b\nExample:\n  credmock ctl verify '{"method": "PUT", "times": 1}'""")
@click.argument("expectation", metavar="JSON")
@click.pass_context
def verify(context: click.Context, expectation: str) -> None:
    """Check that expected requests were received; exit 1 and show the nearest ones if not."""
    words = _read_object(expectation)
    result = _call(lambda: context.obj.check(**words))
    write_text(f"{result['message']}\n")
    context.exit(0 if result["verified"] else 1)

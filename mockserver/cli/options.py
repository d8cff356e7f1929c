"""What several commands of `credmock` share."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from mockserver.config import RELEASES, Config

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
EXAMPLE = "\b\nExample:\n  "
OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path),
    default=Path("-"),
    help="File to write.  [default: standard output]",
)
AUTH = click.Choice(["keys", "any", "off"])
API_VERSION = click.option(
    "--api-version",
    type=click.Choice(RELEASES),
    default=Config().api_version,
    show_default=True,
    help="Release of the service: operations of later ones answer 404, as they did then.",
)


class GroupedCommand(click.Command):
    """A command whose help shows its options in groups: by title, the names of its parameters."""

    def __init__(
        self, *words: Any, groups: Mapping[str, tuple[str, ...]] | None = None, **settings: Any
    ) -> None:
        super().__init__(*words, **settings)
        self.groups = groups or {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those of no group last."""
        parameters = {
            each.name: each for each in self.get_params(ctx) if isinstance(each, click.Option)
        }
        for title, names in self.groups.items():
            self._write_section(ctx, formatter, title, [parameters.pop(name) for name in names])
        self._write_section(ctx, formatter, "Options", list(parameters.values()))

    def _write_section(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
        title: str,
        parameters: list[click.Option],
    ) -> None:
        records = [each.get_help_record(ctx) for each in parameters]
        with formatter.section(title):
            formatter.write_dl([record for record in records if record is not None])


class SuggestingGroup(click.Group):
    """Commands, of which the one that was meant is suggested where one is mistyped."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the words name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(
                args[0].lower(), self.list_commands(ctx), n=1, cutoff=0.5
            )
            if not close or "did you mean" in error.message.lower():
                raise
            raise click.UsageError(f"{error.message} Did you mean {close[0]!r}?", ctx) from error


def generated_records(
    name: str, maximum: int, help_text: str, default: int = 0
) -> Callable[[Any], Any]:
    """Return an option for a number of generated records; a default of none is not shown."""
    return click.option(
        name,
        default=default,
        show_default=default > 0,
        type=click.IntRange(0, maximum),
        metavar="N",
        help=help_text,
    )


def check_header_value(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Return a value that a header can carry; no message shows it, since it may be a token."""
    if not value.isascii() or not value.isprintable():
        raise click.BadParameter("no header carries this value: use printable ASCII characters")
    return value

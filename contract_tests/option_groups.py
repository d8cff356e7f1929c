"""The options of `credcheck` in the groups that its help shows."""

from collections.abc import Mapping

import click

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Target": ("config", "api_version", "without"),
    "Places": (
        *("org", "user_id", "username", "learner_username"),
        *("other_org", "other_user_id", "issuer"),
    ),
    "Keys": ("key", "key_command", "auth_header", "auth_scheme"),
    "The way to the target": (
        *("rate", "header", "basic", "basic_header"),
        *("client_cert", "client_key", "proxy", "ca_bundle"),
    ),
    "Safety": (
        *("read_only", "allow_writes", "disposable"),
        *("yes_this_is_production", "journal"),
    ),
    "What is tested": (
        *("profile", "rule", "subject", "operation"),
        *("time_budget", "seed", "workers"),
    ),
    "What counts": ("max_latency", "no_unknown_fields", "hold_choices", "accept"),
    "Reports": ("report", "summary", "annotations", "code_quality"),
}
"""The names of options by the title of their group; a command shows those that it has."""


class GroupedCommand(click.Command):
    """A command whose help shows its options in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those of no group last."""
        options: dict[str | None, click.Option] = {
            each.name: each for each in self.get_params(ctx) if isinstance(each, click.Option)
        }
        for title, names in GROUPS.items():
            self._write_section(
                ctx, formatter, title, [options.pop(name) for name in names if name in options]
            )
        self._write_section(ctx, formatter, "Options", list(options.values()))

    def _write_section(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
        title: str,
        options: list[click.Option],
    ) -> None:
        records = [each.get_help_record(ctx) for each in options]
        shown = [record for record in records if record is not None]
        if shown:
            with formatter.section(title):
                formatter.write_dl(shown)

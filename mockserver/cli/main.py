"""The command `credmock`: serve · capture · seed · routes · call · spec · drift · ctl."""

import errno
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from mockserver.cli.options import SuggestingGroup
from mockserver.cli.output import drop_output, escape_unknown_characters, write_message
from mockserver.errors import StartError

COMMANDS: Mapping[str, str] = {
    "call": "call",
    "capture": "capture",
    "ctl": "ctl",
    "drift": "contract",
    "routes": "contract",
    "seed": "seed",
    "serve": "serve",
    "spec": "contract",
}
"""The module of each command, loaded when it is wanted: `ctl` needs no server and no contract."""


class Group(SuggestingGroup):
    """Commands of modules of their own, whose failures are one clear line and exit code 2."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return a command, or None for a name that none has."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"mockserver.cli.{COMMANDS[name]}"), name)
        return command

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command; a wrong option, and what keeps the mock from starting, are the user's."""
        escape_unknown_characters()
        try:
            sys.exit(super().main(*args, **{**options, "standalone_mode": False}))
        except click.exceptions.NoArgsIsHelpError as error:  # whose message is the whole help
            error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            message = error.format_message().replace("\n", " ")
        except StartError as error:
            message = str(error)
        except click.Abort:
            sys.exit(130)
        except BrokenPipeError:  # as of `credmock spec | head -1`
            drop_output(sys.stdout)
            sys.exit(141)
        except OSError as error:
            if error.filename is not None:
                message = f"{error.filename}: {error.strerror}"
            elif error.errno == errno.ENOENT:  # of `os.getcwd`, and of no stream
                message = f"the current folder: {error.strerror}; change to another one"
            else:
                drop_output(sys.stdout)
                message = f"standard output: {error.strerror}"
        write_message(f"credmock: {message}")
        sys.exit(2)


@click.group(
    cls=Group,
    context_settings={
        "auto_envvar_prefix": "CREDMOCK",
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.version_option(package_name="credmock")
def main() -> None:
    """Mock the ibl.ai Data Manager's credentials API.

    Every option can also be set in the environment: CREDMOCK_SERVE_BIND, CREDMOCK_SERVE_AUTH, …
    """

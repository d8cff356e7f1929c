"""What several commands of `credmock` share."""

from pathlib import Path

import click

from mockserver.config import RELEASES, Config

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
EXAMPLE = "\b\nExample:\n  "
AUTH = click.Choice(["keys", "any", "off"])
API_VERSION = click.option(
    "--api-version",
    type=click.Choice(RELEASES),
    default=Config().api_version,
    show_default=True,
    help="Release of the service: operations of later ones answer 404, as they did then.",
)

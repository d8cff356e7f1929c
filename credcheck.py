"""The command `credcheck`, and the plugin of pytest that it uses (`pytest -p credcheck`)."""

import sys

from credmock import load_package, open_closed_streams

load_package("contract_tests")
load_package("mockserver")  # for the target `mock`

pytest_plugins = ("contract_tests.runner.plugin",)
"""What pytest loads with this module."""


def main() -> None:
    """Run the command; Ctrl-C while it is loaded, or after it has ended, is exit code 3."""
    open_closed_streams()
    try:
        from contract_tests.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(_interrupt())


def _interrupt() -> int:
    print("credcheck: interrupted", file=sys.stderr)
    return 3


if __name__ == "__main__":
    main()

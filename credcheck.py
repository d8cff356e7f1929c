"""The command `credcheck`, and the plugin of pytest that it uses (`pytest -p credcheck`)."""

from credmock import load_package

load_package("contract_tests")
load_package("mockserver")  # for the target `mock`

pytest_plugins = ("contract_tests.runner.plugin",)
"""What pytest loads with this module."""


def main() -> None:
    """Run the command."""
    from contract_tests.cli import main as run

    run()


if __name__ == "__main__":
    main()

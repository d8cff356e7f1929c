"""The program `credcheck`: from its first line, Ctrl-C is one line and exit code 3."""

import sys

NOT_JUDGED = 3


def main() -> None:
    """Load the commands, which takes a moment, and run one."""
    try:
        from contract_tests.cli import main as run_command

        run_command()
    except KeyboardInterrupt:  # before a command has begun, or after it has ended
        sys.stderr.write("credcheck: interrupted\n")
        sys.exit(NOT_JUDGED)


if __name__ == "__main__":
    main()

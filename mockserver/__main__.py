"""`python -m mockserver` is the command `credmock`."""

from mockserver.cli.main import main

if __name__ == "__main__":
    main(prog_name="credmock")

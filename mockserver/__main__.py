"""`python -m mockserver` is the command `credmock`."""

from credmock import open_closed_streams
from mockserver.cli.main import main

if __name__ == "__main__":
    open_closed_streams()
    main(prog_name="credmock")

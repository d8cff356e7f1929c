"""The command `credmock`, one module for each subcommand, and the server."""

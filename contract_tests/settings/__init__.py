"""What is set about a run: from the command line, the environment and `credcheck.toml`."""

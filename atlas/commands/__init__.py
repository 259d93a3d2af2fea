"""One file per verb of the command line; `atlas/cli.py` holds the table."""

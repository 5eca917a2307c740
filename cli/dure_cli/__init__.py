"""The command line: a thin HTTP client, and the local commands that put the parts together."""

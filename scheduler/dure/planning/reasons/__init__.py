"""Reasons: why one job is where it is, each kind in a file of its own; `planning.explain` puts them together."""

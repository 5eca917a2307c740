"""Which bundle a word on the command line means."""

from __future__ import annotations

from pathlib import Path


def directory(chosen: str) -> Path:
    """The directory meant: a path that exists, else a bundle that comes with dure; else the path as it is."""
    from dure_policies import bundled

    path = Path(chosen)
    if path.exists():
        return path
    try:
        return bundled(chosen)
    except KeyError:
        return path

"""`dure policy`: what works on files is local, what asks the room is remote."""

from __future__ import annotations

import click

from dure_cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    commands_at={
        "validate": ("dure_cli.local.policy:validate", "Check a bundle; every error with its line."),
        "diff": ("dure_cli.local.policy:diff", "Who gains and loses what between two bundles."),
        "show": ("dure_cli.remote.admin:policy_show", "Show the policy in force."),
        "reload": ("dure_cli.remote.admin:policy_reload", "Read the room's bundle again. (admins)"),
    },
)
def policy() -> None:
    """Validate, compare and reload policy bundles."""

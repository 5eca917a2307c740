"""`dure policy validate|diff`: what can be said of bundles without a server."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from dure_cli.remote.exits import USAGE
from dure_cli.remote.output import OUTPUT, Column, show

if TYPE_CHECKING:
    from dure_policies import Bundle

_COLUMNS = (
    Column("kind"), Column("subject"), Column("what"), Column("old", right=True), Column("new", right=True),
    Column("effect"),
)  # fmt: skip


def _read(path: str) -> Bundle | None:
    """The bundle, or None with its findings on stderr: one line each, never coloured, never wrapped."""
    from dure.ports import PolicyRefused
    from dure_cli.local.bundles import directory
    from dure_policies import read_bundle

    try:
        return read_bundle(directory(path))
    except PolicyRefused as refused:
        click.echo("\n".join(refused.findings), err=True, color=False)
        return None


@click.command()
@click.argument("directory", type=click.Path())
def validate(directory: str) -> None:
    """Check the bundle in DIRECTORY; every error with its file, line and column."""
    from dure_policies.findings import printable
    from dure_policies.summary import summary

    bundle = _read(directory)
    if bundle is None:
        raise SystemExit(USAGE)
    for warning in bundle.warnings:
        click.echo(warning, err=True, color=False)
    click.echo(printable(f"{directory}: {summary(bundle.rules)}: ok"), color=False)


@click.command()
@click.argument("old", type=click.Path())
@click.argument("new", type=click.Path())
@OUTPUT
def diff(old: str, new: str, output: str) -> None:
    """Show who gains and loses what if the bundle NEW replaces the bundle OLD."""
    from dure_policies import diff as differences

    before, after = _read(old), _read(new)
    if before is None or after is None:
        raise SystemExit(USAGE)
    found = differences(before.rules, after.rules)
    if not found:
        click.echo("no differences", err=True)
    if found or output not in {"table", "wide"}:
        show([dataclasses.asdict(difference) for difference in found], _COLUMNS, output)

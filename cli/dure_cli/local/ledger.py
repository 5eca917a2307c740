"""`dure ledger check`: whether the record of a data directory holds together, with or without its server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dure_cli.remote.exits import USAGE

if TYPE_CHECKING:
    from dure.ledger import Checked

_FINDINGS = 1


@click.group()
def ledger() -> None:
    """Check the ledger of a data directory."""


@ledger.command()
@click.option(
    "--data", metavar="DIR", required=True, type=click.Path(path_type=Path), help="The room's data directory."
)
def check(data: Path) -> None:
    """Check that every row is as it was written, that both accounts agree, and that the won add up.

    Reads one committed moment; a server may be running. Findings go to stderr, one a line; they end it with 1.
    """
    checked = _checked(data / "ledger.db")
    for finding in checked.findings:
        click.echo(" ".join(str(finding).splitlines()), err=True, color=False)
    if checked.findings:
        click.echo(f"{data}: {len(checked.findings)} findings", err=True, color=False)
        raise SystemExit(_FINDINGS)
    rows = ", ".join(f"{count} {table}" for table, count in checked.rows if count)
    click.echo(f"{data}: ok: {rows or 'no rows'}", color=False)


def _checked(path: Path) -> Checked:
    from dure.ledger import LedgerUnusable, open_ledger

    try:
        opened = open_ledger(path, read_only=True)
    except LedgerUnusable as unusable:
        click.echo(f"Error: {unusable}", err=True, color=False)
        raise SystemExit(USAGE) from None
    try:
        return opened.check()
    finally:
        opened.close()

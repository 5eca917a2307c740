"""`dure ledger`: check, copy and rule on the ledger of a data directory, with or without its server."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dure_cli.remote.exits import FAILED, NOT_FOUND, USAGE, stop
from dure_cli.remote.output import OUTPUT, Column, printable, show

if TYPE_CHECKING:
    from dure.ledger import Aside, SqlLedger

_DATA = click.option(
    "--data", metavar="DIR", required=True, type=click.Path(path_type=Path), help="The room's data directory."
)
_COLUMNS = (
    Column("number", right=True), Column("reason"), Column("ruling"), Column("tenant"), Column("uid"),
    Column("resource"), Column("amount", right=True), Column("start"), Column("end"),
    Column("source", wide=True), Column("pool", wide=True), Column("node", wide=True),
    Column("attempt", wide=True, right=True),
)  # fmt: skip
_RULINGS = {None: "open", True: "accepted", False: "dismissed"}


@click.group()
def ledger() -> None:
    """Check, copy and rule on the ledger of a data directory."""


@ledger.command()
@_DATA
def check(data: Path) -> None:
    """Check that every row is as it was written, that both accounts agree, and that the won add up.

    Reads one committed moment; a server may be running. Findings go to stderr, one a line; they end it with 1.
    """
    with _opened(data) as opened:
        checked = opened.check()
    for finding in checked.findings:
        click.echo(printable(str(finding)), err=True, color=False)
    if checked.findings:
        stop(FAILED, f"{data}: {len(checked.findings)} findings")
    rows = ", ".join(f"{count} {table}" for table, count in checked.rows if count)
    click.echo(f"{data}: ok: {rows or 'no rows'}", color=False)


@ledger.command()
@_DATA
@click.argument("file", type=click.Path(path_type=Path))
def backup(data: Path, file: Path) -> None:
    """Copy the ledger as it stands to a new FILE; a server may be running."""
    with _opened(data) as opened:
        try:
            opened.backup(file)
        except OSError as error:
            stop(USAGE, f"{file}: {error.strerror}")
    click.echo(f"{file}: {file.stat().st_size} bytes")


@ledger.command()
@_DATA
@click.option("--all", "ruled", is_flag=True, help="Show those that were ruled on too.")
@OUTPUT
def quarantine(data: Path, ruled: bool, output: str) -> None:
    """List doubtful slices that wait for a ruling; they are on no bill."""
    with _opened(data) as opened:
        aside = [found for found in opened.quarantined() if ruled or found.accepted is None]
    show([_row(found) for found in aside], _COLUMNS, output)


@ledger.command()
@_DATA
@click.argument("number", type=int)
@click.option("--accept/--dismiss", "accepted", required=True, help="Count it as it is, or never.")
@click.option("--why", metavar="TEXT", required=True, help="Kept beside the ruling.")
def rule(data: Path, number: int, accepted: bool, why: str) -> None:
    """Rule on slice NUMBER of the quarantine, once and for all."""
    from dure.ledger import CannotAccept

    with _opened(data, read_only=False) as opened:
        try:
            opened.rule(number, accepted, time.time_ns() // 1_000_000, getpass.getuser(), why)
        except KeyError:
            stop(NOT_FOUND, f"no slice {number} waits for a ruling; see dure ledger quarantine")
        except CannotAccept as refused:
            stop(USAGE, f"{printable(str(refused))}; it can only be dismissed")
    click.echo(f"{number}: {_RULINGS[accepted]}")


@contextmanager
def _opened(data: Path, read_only: bool = True) -> Iterator[SqlLedger]:
    """The ledger of a data directory; where there is none, one clear error and nothing made."""
    from dure.ledger import LedgerUnusable, open_ledger

    path = data / "ledger.db"
    try:
        if not read_only:
            open_ledger(path, read_only=True).close()
        opened = open_ledger(path, read_only)
    except LedgerUnusable as unusable:
        stop(USAGE, str(unusable))
    try:
        yield opened
    finally:
        opened.close()


def _row(aside: Aside) -> dict[str, object]:
    item = aside.item
    return {
        "number": aside.number, "reason": aside.reason, "ruling": _RULINGS[aside.accepted],
        "tenant": item.tenant, "uid": item.uid, "resource": item.resource, "amount": item.amount,
        "start": _instant(item.start), "end": _instant(item.end), "source": item.source,
        "pool": item.cluster, "node": item.node, "attempt": item.attempt,
    }  # fmt: skip


def _instant(ms: int) -> str:
    """ISO 8601 UTC; what no calendar holds stays a number."""
    try:
        return (
            datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
    except (OverflowError, ValueError, OSError):
        return str(ms)

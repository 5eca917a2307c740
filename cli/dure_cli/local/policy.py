"""`dure policy validate|diff`: what can be said of bundles without a server."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dure_cli.local.replays import FORMATS
from dure_cli.remote.exits import USAGE
from dure_cli.remote.output import OUTPUT, Column, emit, show

if TYPE_CHECKING:
    from dure_cli.local.replay_table import Named
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
@click.option(
    "--replay", metavar="TRACE|last-30d",
    help="Also play this log, or the last days recorded in --data, under both bundles.",
)  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="The room's data directory.")
@click.option("--format", type=click.Choice(FORMATS), help="The log's form; by default from its name.")
@click.option(
    "--estimates", type=click.Choice(["requested", "exact"]), default="requested", show_default=True,
    help="What the planner is told of a log's jobs: their limits, or the truth.",
)  # fmt: skip
@click.option(
    "--tenants", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV user,tenant: whose each user of the log is.",
)  # fmt: skip
@OUTPUT
def diff(
    old: str, new: str, replay: str | None, data: Path | None, format: str | None, estimates: str,
    tenants: Path | None, output: str,
) -> None:  # fmt: skip
    """Show who gains and loses what if the bundle NEW replaces the bundle OLD.

    With --replay also what it would have done: by tenant waits, share against entitlement, evictions and the bill,
    and the fairness error.
    """
    before, after = _read(old), _read(new)
    if before is None or after is None:
        raise SystemExit(USAGE)
    if replay is None:
        _show_differences(before, after, output)
        return
    from dure_cli.local.policy_replay import replayed

    replays = replayed(before.rules, after.rules, replay, data, format, estimates, tenants)
    _show_both(before, after, replays, output)


def _differences(before: Bundle, after: Bundle) -> list[dict[str, object]]:
    from dure_policies import diff as differences

    return [dataclasses.asdict(difference) for difference in differences(before.rules, after.rules)]


def _show_differences(before: Bundle, after: Bundle, output: str) -> None:
    found = _differences(before, after)
    if not found:
        click.echo("no differences", err=True)
    if found or output not in {"table", "wide"}:
        show(found, _COLUMNS, output)


def _show_both(before: Bundle, after: Bundle, replays: Named, output: str) -> None:
    """As a table: what differs, then what it did. JSON and YAML hold both, CSV the replays alone."""
    from dure_cli.local.replay_table import as_json, show_replays

    if output in {"json", "yaml"}:
        emit({"differences": _differences(before, after), "replays": as_json(replays)["policies"]}, output)
        return
    if output != "csv":
        _show_differences(before, after, output)
        click.echo("")
    show_replays(replays, "csv" if output == "csv" else "table")

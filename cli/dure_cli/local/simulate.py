"""`dure simulate`: play a trace through the planner, under one policy bundle or several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dure_cli.local.replays import (
    FORMATS,
    format_of,
    half_lives,
    progress,
    read_rules,
    read_trace,
    refused,
    room_of,
)  # fmt: skip

if TYPE_CHECKING:
    from dure.model.rules import Rules
    from dure.simulate.replay import Played, Settings
    from dure.simulate.trace import Trace
    from dure_cli.local.replay_table import Figures

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("trace", type=FILE)
@click.option(
    "--policy", "policies", type=click.Path(), metavar="DIR", required=True, multiple=True,
    help="The bundle whose rules plan, or a bundled one's name; several stand side by side.",
)  # fmt: skip
@click.option("--format", type=click.Choice(FORMATS), help="The trace's form; by default from its name.")
@click.option(
    "--estimates", type=click.Choice(["requested", "exact"]), default="requested", show_default=True,
    help="What the planner is told of a job's length: its limit, or the truth.",
)  # fmt: skip
@click.option(
    "--room", type=click.Choice(["trace", "bundle"]),
    help="The trace's processors on one node (default for SWF), or the bundle's nodes (for CSV).",
)  # fmt: skip
@click.option(
    "--checkpoint-interval", metavar="TIME",
    help="All jobs make checkpoints so often, for example 1h; else evicted ones begin again.",
)  # fmt: skip
@click.option("--enforce-limits", is_flag=True, help="End jobs at their limits.")
@click.option("--tenants", type=FILE, help="CSV user,tenant: whose each user of the trace is.")
@click.option(
    "--add-nodes", metavar="NxSIZE", multiple=True,
    help="Beside the bundle's nodes: 4xh100:8, or 2xcpu:128,memory:512Gi. May be given again.",
)  # fmt: skip
@click.option(
    "--copies", type=click.IntRange(1, 100), default=1, show_default=True,
    help="So many times the tenants and their load, as when another building moves in.",
)  # fmt: skip
@click.option(
    "--jobs", type=click.Path(dir_okay=False, path_type=Path),
    help="Write each job's times as CSV; one policy only.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
def simulate(
    trace: Path, policies: tuple[str, ...], format: str | None, estimates: str, room: str | None,
    checkpoint_interval: str | None, enforce_limits: bool, tenants: Path | None, add_nodes: tuple[str, ...],
    copies: int, jobs: Path | None, output: str,
) -> None:  # fmt: skip
    """Replay TRACE (SWF, or CSV for GPU clusters; also .gz) under policies and show waits, shares and bills."""
    from dure.simulate.arrivals import Estimates, Settings
    from dure.simulate.lines import TraceError
    from dure.simulate.tenancy import read_map
    from dure_cli.local.replay_table import show_replays

    _check_jobs(jobs, policies)
    chosen = format or format_of(trace)
    named = [(policy, read_rules(policy)) for policy in policies]
    try:
        settings = Settings(
            Estimates(estimates), room_of(room, chosen), enforce_limits, read_map(tenants) if tenants else None,
            copies=copies, checkpoint_interval=_interval(checkpoint_interval),
        )  # fmt: skip
        replays = _replays(read_trace(trace, chosen), named, settings, add_nodes, jobs)
    except TraceError as error:
        refused(str(error))
    show_replays(replays, output)
    say(replays[0][1])


def _interval(text: str | None) -> int | None:
    from dure.model.units import duration

    try:
        interval = None if text is None else duration(text)
    except ValueError as error:
        refused(f"--checkpoint-interval: {error}")
    if interval == 0:
        refused("--checkpoint-interval is nothing; write for example 1h")
    return interval


def _check_jobs(jobs: Path | None, policies: tuple[str, ...]) -> None:
    if len(set(policies)) < len(policies):
        refused("a policy is named twice; name each once")
    if jobs and len(policies) > 1:
        refused("--jobs goes with one policy; run once for each")
    if jobs and not jobs.parent.is_dir():
        refused(f"{jobs}: no such folder; name a file in one that exists")


def _replays(
    trace: Trace, named: list[tuple[str, Rules]], settings: Settings, add_nodes: tuple[str, ...], jobs: Path | None
) -> list[tuple[str, Figures]]:  # fmt: skip
    """The figures of every replay; one after the other, so that only one is in memory."""
    from dataclasses import replace

    from dure.simulate.added import added_nodes
    from dure.simulate.replay import play
    from dure.simulate.report import report

    replays, windows = [], half_lives(rules for _, rules in named)
    with progress(len(trace.jobs) * settings.copies * len(named)) as advance:
        for name, rules in named:
            own = replace(settings, added=added_nodes(add_nodes, rules))
            played = play(trace, rules, own, advance)
            if jobs:
                _write(played, jobs)
            replays.append((name, report(played, windows)))
    return replays


def _write(played: Played, path: Path) -> None:
    from dure.simulate.report import write_jobs

    try:
        with click.open_file(str(path), "w", encoding="utf-8", atomic=not path.exists()) as out:
            write_jobs(played, out)
    except OSError as error:
        refused(f"{path}: cannot be written ({error.strerror}); name a file in a folder of yours")


def say(figures: Figures) -> None:
    """What a reader of the figures must know, on stderr."""
    if unusable := figures["unusable"]:
        click.echo(f"rows without a submit time, run time or processors, left out: {unusable}", err=True)
    if unstarted := figures["unstarted"]:
        click.echo(f"jobs that this room can never start under this policy: {unstarted}", err=True)

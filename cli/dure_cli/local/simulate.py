"""`dure simulate`: play a trace through the planner, under a policy bundle."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from dure_cli.remote.exits import USAGE

if TYPE_CHECKING:
    from dure.model.rules import Rules
    from dure.simulate.replay import Played, RoomOf, Settings
    from dure.simulate.trace import Trace

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FORMATS = ("swf", "csv", "philly")


@click.command()
@click.argument("trace", type=_FILE)
@click.option(
    "--policy",
    type=click.Path(),
    metavar="DIR",
    required=True,
    help="The bundle whose rules plan, or a bundled one's name.",
)
@click.option("--format", type=click.Choice(_FORMATS), help="The trace's form; by default from its name.")
@click.option(
    "--estimates", type=click.Choice(["requested", "exact"]), default="requested", show_default=True,
    help="What the planner is told of a job's length: its limit, or the truth.",
)  # fmt: skip
@click.option(
    "--room", type=click.Choice(["trace", "bundle"]),
    help="The trace's processors on one node (default for SWF), or the bundle's nodes (for CSV).",
)  # fmt: skip
@click.option("--enforce-limits", is_flag=True, help="End jobs at their limits.")
@click.option("--tenants", type=_FILE, help="CSV user,tenant: whose each user of the trace is.")
@click.option(
    "--jobs", type=click.Path(dir_okay=False, path_type=Path), help="Write each job's times as CSV."
)
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
def simulate(
    trace: Path, policy: str, format: str | None, estimates: str, room: str | None,
    enforce_limits: bool, tenants: Path | None, jobs: Path | None, output: str,
) -> None:  # fmt: skip
    """Replay TRACE (SWF, or CSV for GPU clusters; also .gz) under a policy and show waits and shares."""
    from dure.simulate.lines import TraceError
    from dure.simulate.replay import Estimates, Settings
    from dure.simulate.report import report, table
    from dure.simulate.tenancy import read_map

    if jobs and not jobs.parent.is_dir():
        _refuse(f"{jobs}: no such folder; name a file in one that exists")
    chosen = format or _format_of(trace)
    rules = _rules(policy)
    try:
        settings = Settings(
            Estimates(estimates), _room(room, chosen), enforce_limits, read_map(tenants) if tenants else None
        )
        played = _play(_read(trace, chosen), rules, settings)
    except TraceError as error:
        _refuse(str(error))
    if jobs:
        _write(played, jobs)
    figures = report(played)
    shown = [json.dumps(figures, indent=2, ensure_ascii=False)] if output == "json" else table(figures)
    for line in shown:
        click.echo(line)
    _say(figures)


def _format_of(trace: Path) -> str:
    suffixes = [suffix.lower() for suffix in trace.suffixes]
    return "csv" if ".csv" in suffixes[-2:] else "swf"


def _room(room: str | None, format: str) -> RoomOf:
    from dure.simulate.replay import RoomOf

    return RoomOf(room) if room else RoomOf.TRACE if format == "swf" else RoomOf.BUNDLE


def _read(trace: Path, format: str) -> Trace:
    from dure.simulate.gpu_csv import read_gpu_csv, read_philly
    from dure.simulate.swf import read_swf

    return {"swf": read_swf, "csv": read_gpu_csv, "philly": read_philly}[format](trace)


def _rules(policy: str) -> Rules:
    from dure.ports import PolicyRefused
    from dure_cli.local.bundles import directory
    from dure_policies import read_bundle

    try:
        return read_bundle(directory(policy)).rules
    except PolicyRefused as refused:
        _refuse(*refused.findings)


def _play(trace: Trace, rules: Rules, settings: Settings) -> Played:
    from dure.simulate.replay import play

    with _progress(len(trace.jobs)) as advance:
        return play(trace, rules, settings, advance)


@contextmanager
def _progress(jobs: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr where a person is watching, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("jobs", total=jobs)
        yield lambda ended: bar.advance(task, ended)


def _write(played: Played, path: Path) -> None:
    from dure.simulate.report import write_jobs

    try:
        with click.open_file(str(path), "w", encoding="utf-8", atomic=not path.exists()) as out:
            write_jobs(played, out)
    except OSError as error:
        _refuse(f"{path}: cannot be written ({error.strerror}); name a file in a folder of yours")


def _say(figures: dict[str, object]) -> None:
    """What a reader of the figures must know, on stderr."""
    if unusable := figures["unusable"]:
        click.echo(f"rows without a submit time, run time or processors, left out: {unusable}", err=True)
    if unstarted := figures["unstarted"]:
        click.echo(f"jobs that this room can never start under this policy: {unstarted}", err=True)


def _refuse(*findings: str) -> NoReturn:
    """Say what is wrong, a line each, and end as bad input does."""
    for finding in findings:
        click.echo(finding, err=True)
    raise SystemExit(USAGE)

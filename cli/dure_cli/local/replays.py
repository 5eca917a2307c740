"""What commands that replay share: reading the log and the bundles, playing, and saying what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from dure_cli.remote.exits import USAGE

if TYPE_CHECKING:
    from dure.model.rules import Rules
    from dure.simulate.replay import RoomOf
    from dure.simulate.trace import Trace

FORMATS = ("swf", "csv", "philly")


def format_of(trace: Path) -> str:
    """The form that a log's name says."""
    suffixes = [suffix.lower() for suffix in trace.suffixes]
    return "csv" if ".csv" in suffixes[-2:] else "swf"


def room_of(room: str | None, format: str) -> RoomOf:
    """Whose nodes, where no option says."""
    from dure.simulate.replay import RoomOf

    return RoomOf(room) if room else RoomOf.TRACE if format == "swf" else RoomOf.BUNDLE


def read_trace(trace: Path, format: str) -> Trace:
    """The log. Raises TraceError."""
    from dure.simulate.gpu_csv import read_gpu_csv, read_philly
    from dure.simulate.swf import read_swf

    return {"swf": read_swf, "csv": read_gpu_csv, "philly": read_philly}[format](trace)


def read_rules(policy: str) -> Rules:
    """A bundle's rules, the bundle named or in a folder; a refused one ends the command."""
    from dure.ports import PolicyRefused
    from dure_cli.local.bundles import directory
    from dure_policies import read_bundle

    try:
        return read_bundle(directory(policy)).rules
    except PolicyRefused as refused_by:
        refused(*refused_by.findings)


def half_lives(bundles: Iterable[Rules]) -> set[int]:
    """In ms, of all bundles that are compared: fairness is measured over each under every one of them."""
    return {rules.planning.half_life for rules in bundles}


@contextmanager
def progress(jobs: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr where a person is watching, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("jobs", total=jobs)
        yield lambda ended: bar.advance(task, ended)


def refused(*findings: str) -> NoReturn:
    """Say what is wrong, a line each, and end as bad input does."""
    for finding in findings:
        click.echo(finding, err=True)
    raise SystemExit(USAGE)

"""`dure policy diff --replay`: the same work under both bundles, side by side."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dure_cli.local.replays import format_of, half_lives, progress, read_trace, refused, room_of

if TYPE_CHECKING:
    from dure.model.rules import Rules
    from dure.simulate.recorded import Recorded
    from dure_cli.local.replay_table import Figures

_LAST = re.compile(r"last-([1-9][0-9]{0,3})d")


def replayed(
    old: Rules, new: Rules, what: str, data: Path | None, format: str | None, estimates: str, tenants: Path | None
) -> list[tuple[str, Figures]]:  # fmt: skip
    """The figures of a log, or of a data directory's last days, under each bundle; bad input ends the command."""
    from dure.simulate.lines import TraceError

    last = _LAST.fullmatch(what)
    if last and data is None:
        refused(f"--replay {what} needs --data, the data directory of the room whose work it is")
    if not last and not Path(what).is_file():
        refused(f"--replay {what[:200]}: no such file; name a log, or last-30d with --data")
    try:
        if last and data is not None:
            return _recorded(old, new, data, int(last[1]))
        return _trace(old, new, Path(what), format or format_of(Path(what)), estimates, tenants)
    except TraceError as error:
        refused(str(error))


def _trace(
    old: Rules, new: Rules, path: Path, format: str, estimates: str, tenants: Path | None
) -> list[tuple[str, Figures]]:  # fmt: skip
    from dure.simulate.arrivals import Estimates, Settings
    from dure.simulate.replay import play
    from dure.simulate.report import report
    from dure.simulate.tenancy import read_map

    if tenants is None:
        click.echo(
            f"{path.name}: its users are tenants of equal right; --tenants MAP makes them the bundles' own",
            err=True,
        )
    trace = read_trace(path, format)
    settings = Settings(
        Estimates(estimates), room_of(None, format), tenants=read_map(tenants) if tenants else None
    )
    with progress(2 * len(trace.jobs)) as advance:
        return [
            (name, report(play(trace, rules, settings, advance), half_lives((old, new))))
            for name, rules in _both(old, new)
        ]


def _recorded(old: Rules, new: Rules, data: Path, days: int) -> list[tuple[str, Figures]]:
    from dure.simulate.recorded import recorded
    from dure.simulate.replay import play_work
    from dure.simulate.report import report

    found = recorded(data, days)
    _say(found)
    with progress(2 * len(found.arrivals)) as advance:
        return [
            (
                name,
                report(
                    play_work(found.arrivals, rules, f"last-{days}d", enforce_limits=True, said=advance),
                    half_lives((old, new)),
                ),
            )
            for name, rules in _both(old, new)
        ]


def _both(old: Rules, new: Rules) -> tuple[tuple[str, Rules], tuple[str, Rules]]:
    return ("old", old), ("new", new)


def _say(found: Recorded) -> None:
    """What a reader of the figures must know, on stderr."""
    if not found.arrivals:
        click.echo("nothing ran in these days", err=True)
    if found.never_ran:
        click.echo(f"jobs that never ran, left out: {found.never_ran}", err=True)

"""Traces of GPU clusters as CSV: dure's own form (docs/engineer/simulate.md), and Philly's."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from dure.model.job import TaskGroup
from dure.model.units import cpu, memory, whole
from dure.simulate.csv_rows import Row, rows
from dure.simulate.lines import refuse
from dure.simulate.trace import MOST_TASKS, Trace, TraceJob

_REQUIRED: Final = ("job", "submit", "duration")
_COLUMNS: Final = (*_REQUIRED, "tenant", "user", "limit", "tasks", "cpu", "memory", "gpu", "flavor")
_PHILLY: Final = ("timestamp", "duration", "num_gpus", "gpu_time", "cluster")
_FLAVORS = re.compile(r"[a-z0-9][a-z0-9.-]*(\|[a-z0-9][a-z0-9.-]*)*")


def read_gpu_csv(path: Path) -> Trace:
    """The jobs of a CSV file in dure's own form, plain or gzip. Raises TraceError at the first wrong row."""
    return Trace(path.name, tuple(_own_jobs(path)))


def read_philly(path: Path) -> Trace:
    """The jobs of the flattened Philly trace; row n of the file (the header left out) is job n.

    A virtual cluster is an owner. A job of n GPUs is a gang of n tasks of one GPU of any flavor. Raises
    TraceError at the first wrong row.
    """
    return Trace(path.name, tuple(_philly_jobs(path)))


def _own_jobs(path: Path) -> Iterator[TraceJob]:
    seen: set[str] = set()
    groups: dict[TaskGroup, TaskGroup] = {}
    for row in rows(path, _check_own):
        job = _own_job(row, groups)
        if not job.id or job.id in seen:
            what = f"job {job.id[:40]!r} came before" if job.id else "job is empty"
            row.refuse(f"{what}; give every job an id of its own")
        seen.add(job.id)
        yield job


def _own_job(row: Row, groups: dict[TaskGroup, TaskGroup]) -> TraceJob:
    owner = row.text("tenant") or row.text("user") or "all"
    submit, run = _seconds(row, "submit"), _seconds(row, "duration")
    limit = _seconds(row, "limit") if row.text("limit") else None
    group = _group(row)
    user = row.text("user", owner)
    return TraceJob(row.text("job"), owner, user, submit, run, limit, groups.setdefault(group, group))


def _group(row: Row) -> TaskGroup:
    gpus = row.amount("gpu", whole, 0, MOST_TASKS)
    count = row.amount("tasks", whole, 1, MOST_TASKS)
    if count == 0:
        row.refuse("tasks is 0; a job has at least one task")
    cores = row.amount("cpu", cpu, 0 if gpus else 1000)
    return TaskGroup(count, cores, row.amount("memory", memory, 0), gpus, _flavors(row) if gpus else ())


def _flavors(row: Row) -> tuple[str, ...]:
    text = row.text("flavor")
    if text and not _FLAVORS.fullmatch(text):
        row.refuse(f"flavor is {text[:40]!r}; write names in order of preference, for example h100|a100")
    return tuple(dict.fromkeys(text.split("|"))) if text else ()


def _philly_jobs(path: Path) -> Iterator[TraceJob]:
    groups: dict[int, TaskGroup] = {}
    for n, row in enumerate(rows(path, _check_philly), 1):
        owner = row.text("cluster", "unknown")
        gpus = row.amount("num_gpus", whole, 0, MOST_TASKS)
        if gpus == 0:
            row.refuse("num_gpus is 0; a job of this trace has at least one GPU")
        group = groups.setdefault(gpus, TaskGroup(count=gpus, gpus=1))
        yield TraceJob(str(n), owner, owner, _instant(row), _seconds(row, "duration"), None, group)


def _seconds(row: Row, column: str) -> int:
    """Whole seconds; a fraction of nothing (`66.0`) is no fraction."""
    text = row.text(column)
    if not re.fullmatch(r"[0-9]{1,16}(\.0*)?", text):
        row.refuse(f"{column} is {text[:40]!r}; write whole seconds, for example 3600")
    return row.amount(column, lambda written: int(written.partition(".")[0]), 0)


def _instant(row: Row) -> int:
    """Seconds since 1970 of a local time without a zone, read as if it were UTC."""
    text = row.text("timestamp")
    try:
        parsed = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the trace names no zone
    except ValueError:
        row.refuse(f"timestamp is {text[:40]!r}; write for example 2017-10-09 07:01:55")
    return timegm(parsed.timetuple())


def _check_own(name: str, line: int, header: Sequence[str]) -> None:
    for column in header:
        if column not in _COLUMNS:
            nearest = get_close_matches(column, _COLUMNS, 1)
            right = f"perhaps {nearest[0]}" if nearest else f"there are {', '.join(_COLUMNS)}"
            refuse(name, line, f"column {column[:40]!r} is not known; {right}")
    if missing := [column for column in _REQUIRED if column not in header]:
        refuse(name, line, f"no column {missing[0]}; the header names at least {', '.join(_REQUIRED)}")
    if len(set(header)) < len(header):
        refuse(name, line, "a column comes twice; name each once")


def _check_philly(name: str, line: int, header: Sequence[str]) -> None:
    if tuple(header) != _PHILLY:
        refuse(name, line, f"this is not the Philly trace; its header is {','.join(_PHILLY)}")

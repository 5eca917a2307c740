"""Work that a room of our own recorded, to be played again: what its local pools keep of every job.

The backends' records are read, not the ledger: use alone says neither when a job was submitted nor what it asked
for. Nothing is written; a server may be running.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dure.backends.local.kept import Attempt, Kept
from dure.backends.local.layout import Layout
from dure.backends.local.queue import Broken, Queue
from dure.forecast.engine import Arrival
from dure.model.instants import DAY, Instant, Interval, Millis
from dure.simulate.lines import TraceError


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded over an interval: jobs by submit, and how many more came and never ran."""

    interval: Interval
    arrivals: tuple[Arrival, ...]
    never_ran: int


def recorded(data: Path, days: int) -> Recorded:
    """The last days of a data directory, up to where its pools are metered.

    A job runs for as long as its last attempt did and what checkpoints of earlier ones had saved; one that runs
    still, for as long as it has. One that was there when the days began comes at their beginning, with what it had
    left to do. Jobs that never ran are left out: nobody knows for how long they would have. Raises TraceError.
    """
    queues = [Queue(Layout(data, folder.name)) for folder in _pools(data)]
    until = max((queue.watermark() for queue in queues), default=0)
    interval = Interval(max(0, until - days * DAY), until)
    try:
        kept = [job for queue in queues for job in queue.load()]
    except Broken as broken:
        raise TraceError(str(broken)) from broken
    there = [job for job in kept if job.job.submitted < until]
    found = [arrival for job in there if (arrival := _arrival(job, interval))]
    found.sort(key=lambda arrival: (arrival.job.submitted, arrival.job.id))
    idle = sum(1 for job in there if job.job.submitted >= interval.start and not _spans(job, until))
    return Recorded(interval, tuple(found), idle)


def _pools(data: Path) -> list[Path]:
    """The folders of the local pools that keep jobs."""
    try:
        pools = sorted(folder for folder in (data / "local").iterdir() if (folder / "jobs").is_dir())
    except OSError as error:
        why = f"{data}: no record of a local pool ({error.strerror}); name the data directory of a room"
        raise TraceError(why) from error
    if not pools:
        raise TraceError(f"{data}: no record of a local pool; name the data directory of a room")
    return pools


def _arrival(kept: Kept, interval: Interval) -> Arrival | None:
    """The job as it comes to the replay, None where there is nothing of it to play."""
    job, spans = kept.job, _spans(kept, interval.end)
    if not spans:
        return None
    run = _needed(job.checkpoint_interval, spans)
    if job.submitted >= interval.start:
        return Arrival(job, run)
    done = _needed(job.checkpoint_interval, list(_before(spans, interval.start)))
    ended = spans[-1].end <= interval.start
    return None if ended else Arrival(replace(job, submitted=interval.start), max(0, run - done))


def _before(spans: list[Interval], at: Instant) -> Iterator[Interval]:
    for span in spans:
        if span.start < at:
            yield Interval(span.start, min(span.end, at))


def _needed(checkpoints: Millis | None, spans: list[Interval]) -> Millis:
    """What the last attempt did, and what earlier ones had saved for it."""
    if not spans:
        return 0
    saved = sum(span.length // checkpoints * checkpoints for span in spans[:-1]) if checkpoints else 0
    return saved + spans[-1].length


def _spans(kept: Kept, until: Instant) -> list[Interval]:
    """When each attempt that ran did."""
    spans = (_span(attempt, until) for attempt in kept.attempts)
    return [span for span in spans if span is not None]


def _span(attempt: Attempt, until: Instant) -> Interval | None:
    starts = [task.started for task in attempt.tasks if task.started is not None]
    if not starts or min(starts) >= until:
        return None
    ends = [until if task.ended is None else task.ended for task in attempt.tasks if task.started is not None]
    return Interval(min(starts), max(min(starts), min(until, max(ends))))

"""A task's log over HTTP: from an offset, its last lines, or followed until the task has ended."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from dure.model import units
from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.record import JobRecord
from dure.service.errors import bad_input, not_found
from dure.service.hall import Hall, Person, Serving
from dure.service.instants import from_wire
from dure.service.seen_jobs import JobPath, record_of

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_LARGEST_OFFSET = 2**53


@router.get("/{job}/logs", response_class=StreamingResponse, responses={200: {"content": {"text/plain": {}}}})
async def logs(
    job: JobPath, hall: Serving, caller: Person,
    task: Annotated[int, Query(ge=0, le=10_000)] = 0,
    offset: Annotated[int, Query(ge=0, le=_LARGEST_OFFSET)] = 0,
    follow: bool = False,
    tail: Annotated[int | None, Query(ge=0, le=1_000_000)] = None,
    since: Annotated[str | None, Query(max_length=64)] = None,
) -> StreamingResponse:  # fmt: skip
    """What the last attempt's task wrote; the header Dure-Offset says at which byte it begins.

    Logs keep no times of their lines: `since` (an instant, or a length of time back from now) leaves out the log
    of a task that had ended by then, and nothing of any other.
    """
    record = await record_of(hall, caller, job)
    _check_task(record, task)
    if since is not None and _over_by(record, task, _instant(hall, since)):
        tail = 0
    if tail is not None:
        offset = await _tail_offset(hall, job, task, offset, tail)
    return StreamingResponse(
        _pieces(hall, job, task, offset, follow),
        media_type="text/plain; charset=utf-8",
        headers={"Dure-Offset": str(offset), "X-Content-Type-Options": "nosniff"},
    )


def _check_task(record: JobRecord, task: int) -> None:
    if task >= record.job.tasks:
        raise not_found(f"task {task} of job {record.job.id}; it has {record.job.tasks}")


def _instant(hall: Hall, since: str) -> Instant:
    now, timezone = hall.live.now(), hall.live.rules.timezone
    try:
        return now - units.duration(since) if since[-1:].islower() else from_wire(since, timezone)
    except ValueError as error:
        raise bad_input(str(error)) from error


def _over_by(record: JobRecord, task: int, since: Instant) -> bool:
    ended = record.attempts[-1].tasks[task].ended if record.attempts else None
    return ended is not None and ended < since


async def _pieces(hall: Hall, job: JobId, task: int, offset: int, follow: bool) -> AsyncIterator[bytes]:
    async for piece in hall.live.backend.logs(job, task, offset, follow):
        yield piece
        if hall.live.stopping.is_set():
            return


async def _tail_offset(hall: Hall, job: JobId, task: int, offset: int, lines: int) -> int:
    tail = Tail(lines, offset)
    async for piece in hall.live.backend.logs(job, task, offset, False):
        tail.feed(piece)
    return tail.offset


class Tail:
    """Finds where the last lines of a stream of pieces begin; a last line without its end counts as one."""

    def __init__(self, lines: int, offset: int = 0) -> None:
        self._begins: deque[int] = deque([offset], maxlen=lines + 1)
        self._lines = lines
        self._at = offset

    def feed(self, piece: bytes) -> None:
        """The next piece."""
        at = piece.find(b"\n")
        while at >= 0:
            self._begins.append(self._at + at + 1)
            at = piece.find(b"\n", at + 1)
        self._at += len(piece)

    @property
    def offset(self) -> int:
        """The byte at which the last lines begin."""
        whole = self._begins[-1] == self._at
        begins = list(self._begins)[:-1] if whole else list(self._begins)
        return begins[-self._lines :][0] if self._lines and begins else self._at

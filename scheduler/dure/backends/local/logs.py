"""What a task wrote, as it stands and as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from dure.backends.local.kept import Attempt, Kept
from dure.backends.local.layout import Layout
from dure.backends.local.outcome import outcome

_PIECE = 1 << 16
_PAUSE = 0.2  # seconds between looks at a log that someone follows


async def read_log(
    kept: Kept, task: int, offset: int, follow: bool, layout: Layout
) -> AsyncIterator[bytes]:  # fmt: skip
    """The log of the last attempt's task from a byte offset on; following waits for it to start and to end."""
    while follow and not kept.attempts and not outcome(kept).state.final:  # noqa: ASYNC110 - few follow
        await asyncio.sleep(_PAUSE)
    if not kept.attempts:
        return
    attempt = kept.attempts[-1]
    path = layout.task(kept.job.id, attempt.number, task) / "log"
    while True:
        complete = not follow or _is_over(attempt, task)  # asked before the read that is then the last
        while piece := await asyncio.to_thread(_read, path, offset):
            offset += len(piece)
            yield piece
        if complete:
            return
        await asyncio.sleep(_PAUSE)


def _is_over(attempt: Attempt, task: int) -> bool:
    return attempt.tasks[task].over


def _read(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(_PIECE)
    except FileNotFoundError:
        return b""

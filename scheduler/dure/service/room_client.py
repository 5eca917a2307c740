"""The server's side of the Room child: starts it, asks it, notices its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable

from dure.model.change import Change
from dure.model.instants import Instant
from dure.model.job import Job, JobId
from dure.model.plan import Explanation, Plan
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.service import frames


class RoomGone(Exception):  # noqa: N818 - a state of the child, met by starting it again
    """The Room child ended or could not answer; a new one must be begun."""


class RoomClient:
    """One Room child. Requests are answered in the order in which they were sent."""

    def __init__(self, process: asyncio.subprocess.Process, ended: Callable[[], None]) -> None:
        self._process = process
        self._ended = ended
        self._waiting: deque[asyncio.Future[object]] = deque()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def spawn(cls, inherited: Iterable[int], ended: Callable[[], None]) -> RoomClient:
        """Start a child that keeps the descriptors `inherited` open; `ended` is called when it is gone."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dure.service.room_child", str(os.getpid()),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, pass_fds=tuple(inherited),
        )  # fmt: skip
        return cls(process, ended)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return not self._reader.done()

    async def begin(self, snapshot: Snapshot, rules: Rules, since: Instant) -> None:
        """Let the child hold this room; should the rules be new to the snapshot, they hold from `since` on."""
        await self._ask(frames.Begin(snapshot, rules, since))

    async def apply(self, changes: Iterable[Change]) -> None:
        """Feed changes, in order."""
        if batch := tuple(changes):
            await self._ask(frames.Apply(batch))

    async def adopt(self, rules: Rules, since: Instant) -> None:
        """Put new rules in force from `since` on."""
        await self._ask(frames.Adopt(rules, since))

    async def decide(self, now: Instant) -> Plan:
        """The plan for this instant."""
        answer = await self._ask(frames.Decide(now))
        assert isinstance(answer, Plan)  # noqa: S101 - narrows for mypy; the child answers in kind
        return answer

    async def explain(self, job: JobId, now: Instant) -> Explanation:
        """All there is to say of a job. Raises KeyError for one the room does not have."""
        return self._explanation(await self._ask(frames.Explain(job, now)))

    async def suppose(self, job: Job, waiting_for: frozenset[JobId], now: Instant) -> Explanation:
        """All there would be to say of a job, were it queued now."""
        return self._explanation(await self._ask(frames.Suppose(job, waiting_for, now)))

    async def snapshot(self) -> Snapshot:
        """The room as the child holds it."""
        answer = await self._ask(frames.Show())
        assert isinstance(answer, Snapshot)  # noqa: S101 - narrows for mypy; the child answers in kind
        return answer

    async def close(self) -> None:
        """Close the pipe and wait for the child's end."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), timeout=5)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    @staticmethod
    def _explanation(answer: object) -> Explanation:
        assert isinstance(answer, Explanation)  # noqa: S101 - narrows for mypy; the child answers in kind
        return answer

    async def _ask(self, request: frames.Request) -> object:
        if not self.alive or self._process.stdin is None:
            raise RoomGone("the Room child has ended")
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            self._process.stdin.write(frames.encode(request))
            await self._process.stdin.drain()
        except OSError as error:
            raise RoomGone("the Room child has closed its pipe") from error
        answer = await future
        if isinstance(answer, frames.Failed):
            raise KeyError(answer.what) if answer.unknown_job else RoomGone(answer.what)
        return answer

    async def _read(self) -> None:
        stdout = self._process.stdout
        try:
            while stdout:
                size = int.from_bytes(await stdout.readexactly(frames.LENGTH_BYTES), "big")
                answer = frames.decode(await stdout.readexactly(size))
                future = self._waiting.popleft()
                if not future.done():
                    future.set_result(answer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            while self._waiting:
                future = self._waiting.popleft()
                if not future.done():
                    future.set_exception(RoomGone("the Room child ended before it answered"))
            self._ended()

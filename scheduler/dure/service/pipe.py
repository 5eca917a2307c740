"""The server's side of a child process that answers requests over a pipe: starts it, asks it, notices its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable

from dure.service import frames

_SHORT_BYTES = 50_000


class PipeClosed(Exception):  # noqa: N818 - a state of the child, met by starting it again
    """The child ended, or could not answer."""


class Unknown(Exception):  # noqa: N818 - an answer: the child does not know what it was asked about
    """The child knows no such job."""


class Pipe:
    """One child. Requests are answered in the order in which they were sent."""

    def __init__(self, process: asyncio.subprocess.Process, ended: Callable[[], None]) -> None:
        self._process = process
        self._ended = ended
        self._waiting: deque[asyncio.Future[object]] = deque()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def spawn(cls, module: str, inherited: Iterable[int], ended: Callable[[], None]) -> Pipe:
        """Start a child that keeps the descriptors `inherited` open; `ended` is called when it is gone."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, str(os.getpid()),
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

    async def ask(self, request: object) -> object:
        """The child's answer. Raises PipeClosed where there is none, Unknown for a job that it does not know."""
        if not self.alive or self._process.stdin is None:
            raise PipeClosed("the child has ended")
        frame = await _encoded(request)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            self._process.stdin.write(frame)
            await self._process.stdin.drain()
        except OSError as error:
            raise PipeClosed("the child has closed its pipe") from error
        answer = await future
        if isinstance(answer, frames.Failed):
            raise Unknown(answer.what) if answer.unknown_job else PipeClosed(answer.what)
        return answer

    async def close(self, patience_s: float = 5) -> None:
        """Close the pipe and wait for the child's end, which comes after so many seconds in any case."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), patience_s)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def _read(self) -> None:
        stdout = self._process.stdout
        try:
            while stdout:
                size = int.from_bytes(await stdout.readexactly(frames.LENGTH_BYTES), "big")
                answer = await _decoded(await stdout.readexactly(size))
                future = self._waiting.popleft()
                if not future.done():
                    future.set_result(answer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            while self._waiting:
                future = self._waiting.popleft()
                if not future.done():
                    future.set_exception(PipeClosed("the child ended before it answered"))
            self._ended()


async def _encoded(request: object) -> bytes:
    """The frame; what takes long is done in another thread, so that nobody's answer waits for it."""
    return (
        frames.encode(request)
        if frames.is_short(request)
        else await asyncio.to_thread(frames.encode, request)
    )


async def _decoded(body: bytes) -> object:
    """The message of a frame, a long one read in another thread."""
    return frames.decode(body) if len(body) <= _SHORT_BYTES else await asyncio.to_thread(frames.decode, body)

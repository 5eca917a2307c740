"""The server's side of the Room child: starts it, asks it, notices its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import MappingProxyType

from dure.model.change import Change
from dure.model.instants import Instant
from dure.model.job import Job, JobClass, JobId
from dure.model.plan import Explanation, Verdict
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.service import frames
from dure.service.pipe import Pipe, PipeClosed, Unknown

_SHORT = 1_000
"""Verdicts that are put with the others in no time."""


class RoomGone(Exception):  # noqa: N818 - a state of the child, met by starting it again
    """The Room child ended or could not answer; a new one must be begun."""


class RoomClient:
    """One Room child. Requests are answered in the order in which they were sent."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._verdicts: dict[JobClass, Verdict] = {}

    @classmethod
    async def spawn(cls, inherited: Iterable[int], ended: Callable[[], None]) -> RoomClient:
        """Start a child that keeps the descriptors `inherited` open; `ended` is called when it is gone."""
        return cls(await Pipe.spawn("dure.service.room_child", inherited, ended))

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._pipe.pid

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return self._pipe.alive

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

    async def decide(self, now: Instant, checked: bool = False) -> frames.Decided:
        """The plan for this instant, and, where it is to be `checked`, what is wrong with it.

        Its verdicts are those of the latest decision, for every plan that this client gave.
        """
        answer = await self._ask(frames.Decide(now, checked, news=True))
        assert isinstance(answer, frames.Decided)  # noqa: S101 - narrows for mypy; the child answers in kind
        verdicts = await asyncio.to_thread(self._told, answer) if _is_long(answer) else self._told(answer)
        return replace(answer, plan=replace(answer.plan, verdicts=MappingProxyType(verdicts)))

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

    async def packed(self) -> bytes:
        """The room's Snapshot as the child pickles it, for another child: nobody here has to read it."""
        answer = await self._ask(frames.Pack())
        assert isinstance(answer, bytes)  # noqa: S101 - narrows for mypy; the child answers in kind
        return answer

    async def close(self) -> None:
        """Close the pipe and wait for the child's end."""
        await self._pipe.close()

    def _told(self, answer: frames.Decided) -> dict[JobClass, Verdict]:
        if answer.anew:
            self._verdicts = dict(answer.plan.verdicts)
            return self._verdicts
        for key in answer.gone:
            self._verdicts.pop(key, None)
        self._verdicts.update(answer.plan.verdicts)
        return self._verdicts

    @staticmethod
    def _explanation(answer: object) -> Explanation:
        assert isinstance(answer, Explanation)  # noqa: S101 - narrows for mypy; the child answers in kind
        return answer

    async def _ask(self, request: frames.Request) -> object:
        try:
            return await self._pipe.ask(request)
        except Unknown as error:
            raise KeyError(str(error)) from error
        except PipeClosed as error:
            raise RoomGone(f"the Room child: {error}") from error


def _is_long(answer: frames.Decided) -> bool:
    return len(answer.plan.verdicts) + len(answer.gone) > _SHORT

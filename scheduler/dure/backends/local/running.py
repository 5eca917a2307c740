"""Attempts from their start to their end: spawned, followed, adopted after a restart, and never guessed at.

Every step reads what is on disk and makes it so; it may be cut off after any line and be taken again. A task is
owned by whoever creates its `started` file: its shim, to run it, or this server, to void it.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field

from dure.backends.local import disk, processes
from dure.backends.local.kept import Attempt, Ending, Kept, Task
from dure.backends.local.outcome import failure_text, outcome
from dure.backends.local.queue import Queue
from dure.backends.local.remains import kill_remains
from dure.backends.local.shims import Shims
from dure.backends.local.watch import TaskKey, Watch
from dure.crash import crash_point
from dure.journal import Journal
from dure.model.change import Checkpointed, Ended, Evicting, StartFailed, Starting, TaskEnded, TaskStarted
from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.plan import Eviction
from dure.model.record import JobState
from dure.ports import Refused


@dataclass
class Running:
    """The attempts of one pool. `now` never goes back behind a watermark that was given out."""

    queue: Queue
    shims: Shims
    journal: Journal
    jobs: dict[JobId, Kept]
    now: Callable[[], Instant]
    granted: Callable[[], Instant]
    watch: Watch = field(init=False)
    deciding: list[Instant] = field(default_factory=list)
    _spawned: dict[TaskKey, subprocess.Popen[bytes]] = field(default_factory=dict)
    _unowned: dict[TaskKey, str] = field(default_factory=dict)
    _live: dict[JobId, Kept] = field(default_factory=dict)
    _errands: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.watch = Watch(self.heard)

    # What is asked for

    def reserve(self, kept: Kept, attempt: Attempt) -> None:
        """Take the places of a new attempt, at once: the job is pending no more."""
        attempt.placing = True
        kept.attempts.append(attempt)
        self._live[kept.job.id] = kept

    async def start(self, kept: Kept, attempt: Attempt) -> None:
        """Put a reserved attempt on disk, then spawn it. Raises Refused, with all undone, if the disk will not."""
        try:
            await asyncio.to_thread(self.queue.add_attempt, kept.job.id, attempt)
        except OSError as error:
            kept.attempts.remove(attempt)
            raise Refused(f"the attempt could not be written: {error}") from error
        where = (attempt.placements, attempt.under)
        self.journal.write(Starting(attempt.decided, kept.job.id, attempt.number, *where))
        await self._spawn_all(kept, attempt)

    async def tell(
        self, kept: Kept, attempt: Attempt, cause: str, reason: str, requeue: bool,
        eviction: Eviction | None = None,
    ) -> None:  # fmt: skip
        """Order an attempt to end, durably, then wake its shims; an earlier order stands, as does an end."""
        if attempt.over:
            return
        at = max(self.now(), attempt.decided)
        self.deciding.append(at)  # no watermark passes it until it stands in `attempt`
        attempt.telling += 1
        try:
            order = Ending(at, cause, reason, requeue, eviction)
            stands = await asyncio.to_thread(self.queue.tell, kept.job.id, attempt.number, order)
            self._ordered(attempt, stands)
        finally:
            attempt.telling -= 1
            self.deciding.remove(at)
            self._close(kept, attempt)  # should it have ended meanwhile: only now it is certain how
        if eviction:
            crash_point("eviction-recorded")
        for key in _keys(kept, attempt):
            self.watch.tell(key, signal.SIGTERM)

    async def checkpoint(self, kept: Kept, attempt: Attempt, at: Instant) -> None:
        """Keep that an attempt made a checkpoint; one before the last that is known changes nothing."""
        at = min(max(at, attempt.decided), self.now())
        if attempt.over or at <= (attempt.checkpoint or 0):
            return
        await asyncio.to_thread(self.queue.keep_checkpoint, kept.job.id, attempt.number, at)
        if at > (attempt.checkpoint or 0) and not attempt.over:
            attempt.checkpoint = at
            self.journal.write(Checkpointed(at, kept.job.id, attempt.number))

    async def look_for_checkpoint(self, kept: Kept, attempt: Attempt) -> None:
        """Take in the checkpoint of which the attempt's file tells.

        Its modification time is the wall clock's, and the user's to set: never before the start of the attempt, nor
        in the future. After a clock was set back, checkpoints count again once it has caught up.
        """
        file = str(self.queue.layout.checkpoint(kept.job.id, attempt.number))
        at = await asyncio.to_thread(disk.stamped, file)
        if at is not None:
            await self.checkpoint(kept, attempt, at)

    async def look_for_checkpoints(self) -> None:
        """Look at the files of all that run."""
        for kept, attempt in self.live():
            await self.look_for_checkpoint(kept, attempt)

    async def adopt(self) -> None:
        """Take over every attempt that is not over: follow what runs, record what ended, start what never did."""
        self._live = {job: kept for job, kept in self.jobs.items() if kept.live}
        for kept, attempt in self.live():
            if attempt.ending is None and not any(task.over for task in attempt.tasks):
                await self._spawn_all(kept, attempt)
        self.look_around()

    def live(self) -> list[tuple[Kept, Attempt]]:
        """Every attempt that holds places."""
        self._live = {job: kept for job, kept in self._live.items() if kept.live}
        return [(kept, kept.attempts[-1]) for kept in self._live.values()]

    async def settle(self) -> None:
        """Wait for what was set going on the side."""
        while self._errands:
            await asyncio.gather(*self._errands)

    def close(self) -> None:
        """Let go of everything that runs, without touching it."""
        self.watch.close()
        for shim in self._spawned.values():
            shim.returncode = shim.poll() or 0  # it is init's to wait for from now on
        self._spawned.clear()

    # What is seen

    def heard(self, key: TaskKey) -> None:
        """There may be news of this task."""
        self._reap(key)
        kept = self.jobs.get(key[0])
        attempt = kept.live if kept else None
        if kept and attempt and attempt.number == key[1] and key[2] < len(attempt.tasks):
            self._examine(kept, attempt, key)

    def look_around(self) -> None:
        """Look at everything that is not over, should a word have been missed or a write have failed."""
        for key in list(self._spawned):
            self._reap(key)
        for kept, attempt in self.live():
            for number, key in enumerate(_keys(kept, attempt)):
                self.heard(key)
                self._keep_gang_whole(kept, attempt, attempt.tasks[number], number)

    def _examine(self, kept: Kept, attempt: Attempt, key: TaskKey) -> None:
        """Take in what a task's files say, and act on it: each check comes before the read that it decides."""
        if attempt.tasks[key[2]].over:
            return
        task = attempt.tasks[key[2]]
        self._ordered(attempt, attempt.ending or self.queue.ending(*key[:2]))
        if task.started is None:
            self._examine_unstarted(attempt, key, task)
        if task.started is not None:
            self._examine_started(key, task)
        if not self._close(kept, attempt):
            self._keep_gang_whole(kept, attempt, task, key[2])

    def _examine_unstarted(self, attempt: Attempt, key: TaskKey, task: Task) -> None:
        pending = attempt.placing or self._is_spawned(key)
        self.queue.read_started(*key, task)
        if task.started is None and not task.over and not pending:
            self.queue.void(*key, self.now(), self._why_not(attempt, key))
            self.queue.read_started(*key, task)
        if task.started is not None:
            self._unowned.pop(key, None)
            self.journal.write(TaskStarted(task.started, *key))

    def _examine_started(self, key: TaskKey, task: Task) -> None:
        alive = _is_alive(task)
        self.queue.read_exit(*key, task)
        if not task.over and not alive:
            self._lose(key, task)
        if task.ended is not None:
            crash_point("exit-written")
            self.journal.write(TaskEnded(task.ended, *key))
        elif not self.watch.has(key):
            self._follow(key, task)

    def _close(self, kept: Kept, attempt: Attempt) -> bool:
        """Say how an attempt ended, if it is over."""
        if attempt.over:
            self.journal.write(_end_of(kept, attempt))
        return attempt.over

    def _ordered(self, attempt: Attempt, order: Ending | None) -> None:
        """The attempt is told to end; an eviction is announced once."""
        if attempt.ending is None and order and order.eviction:
            self.journal.write(Evicting(order.at, order.eviction))
        attempt.ending = attempt.ending or order

    def _keep_gang_whole(self, kept: Kept, attempt: Attempt, task: Task, number: int) -> None:
        """All tasks or none: one that could not start or ended badly ends the others."""
        if attempt.ending or attempt.over:
            return
        if task.void:
            self._errand(self.tell(kept, attempt, "void", f"task {number} {task.void}", requeue=True))
        elif task.failed:
            self._errand(self.tell(kept, attempt, "gang", failure_text(attempt), requeue=False))

    # One task

    async def _spawn_all(self, kept: Kept, attempt: Attempt) -> None:
        attempt.placing = True  # until all are spawned, none is missed
        try:
            await asyncio.to_thread(self._spawn_unstarted, kept, attempt)
        finally:
            attempt.placing = False
        for key in _keys(kept, attempt):
            self._is_spawned(key)  # followed to its end from here on, however soon that is
            self.heard(key)

    def _spawn_unstarted(self, kept: Kept, attempt: Attempt) -> None:
        """Spawn what nobody owns yet; where one cannot be, those after it need not be."""
        why = ""
        for key in _keys(kept, attempt):
            if attempt.tasks[key[2]].started is not None:
                continue
            why = why or self._spawn(kept, attempt, key)
            self._unowned[key] = why or "could not be started: its shim left no trace but its shim.log"
            crash_point("forked")

    def _spawn(self, kept: Kept, attempt: Attempt, key: TaskKey) -> str:
        """Spawn one task's shim; why not, or ""."""
        try:
            self._spawned[key] = self.shims.spawn(kept.job, attempt, key[2])
        except (OSError, Refused) as error:
            return f"could not be started: {error}"
        return ""

    def _why_not(self, attempt: Attempt, key: TaskKey) -> str:
        if attempt.ending:
            return "was told to end before it had started"
        return self._unowned.pop(key, "was not started: the server was gone, and the gang ended without it")

    def _lose(self, key: TaskKey, task: Task) -> None:
        """The shim is gone and left no end: the last proof of life is the end.

        A watermark once given out lies at or before a proof that was read then, so it is a proof too.
        """
        proof = max(task.started or 0, self.queue.proof(*key), self.granted())
        self.queue.lose(*key, proof)
        self.queue.read_exit(*key, task)
        kill_remains(str(self.queue.layout.task(*key)))

    def _follow(self, key: TaskKey, task: Task) -> None:
        try:
            self.watch.add(key, task.shim.pid if task.shim else 0)
        except OSError:
            self._again(key)  # gone since we looked, or no handle is left
        else:
            if not _is_alive(task):
                self._again(key)  # the process id may be someone else's by now

    def _again(self, key: TaskKey) -> None:
        asyncio.get_running_loop().call_later(0.05, self.heard, key)

    def _is_spawned(self, key: TaskKey) -> bool:
        """Whether a shim of this server may yet come to own the task."""
        shim = self._spawned.get(key)
        if shim is None or shim.poll() is not None:
            return False
        if not self.watch.has(key):
            with suppress(OSError):  # no handle is left: the bell and the rounds must do
                self.watch.add(key, shim.pid)
        return True

    def _reap(self, key: TaskKey) -> None:
        shim = self._spawned.get(key)
        if shim and shim.poll() is not None:
            del self._spawned[key]

    def _errand(self, work: Coroutine[None, None, None]) -> None:
        errand = asyncio.get_running_loop().create_task(work)
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)


def _keys(kept: Kept, attempt: Attempt) -> list[TaskKey]:
    return [(kept.job.id, attempt.number, number) for number in range(len(attempt.tasks))]


def _is_alive(task: Task) -> bool:
    shim = task.shim
    if shim is None or shim.boot != processes.boot_id():
        return False
    return processes.start_ticks(shim.pid) == shim.ticks


def _end_of(kept: Kept, attempt: Attempt) -> Ended | StartFailed:
    """What the end of an attempt means for its job."""
    stands = outcome(kept)
    at = max(task.ended or attempt.decided for task in attempt.tasks)
    requeue = stands.state is JobState.PENDING
    if requeue and attempt.never_started:
        return StartFailed(at, kept.job.id, attempt.number, stands.reason)
    return Ended(at, kept.job.id, attempt.number, stands.state is JobState.SUCCEEDED, requeue)

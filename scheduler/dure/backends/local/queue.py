"""The queue on disk: writes that are whole and durable when they return, and everything read back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dure.backends.local import codec, disk
from dure.backends.local.kept import Attempt, Ending, Kept, Shim, Task, Withdrawal
from dure.backends.local.layout import Layout, read_instant
from dure.crash import crash_point
from dure.model.instants import Instant
from dure.model.job import Job, JobId


class Broken(Exception):  # noqa: N818 - says what is there, not what was done
    """A file of the queue cannot be read. Nothing is guessed: an admin must look at it."""


class Queue:
    """The files of one pool. Everything here may block on the disk."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def prepare(self) -> None:
        """Make the folders and the bell, and clear away what was never finished."""
        self.layout.jobs.mkdir(parents=True, exist_ok=True, mode=0o711)
        for folder in (self.layout.root, *self.layout.jobs.iterdir()):
            _clear(folder)
        _clear(self.layout.jobs)
        if not self.layout.bell.exists():
            os.mkfifo(self.layout.bell, 0o600)

    def add(self, job: Job) -> Job:
        """Queue a job; the job that stands under this id, be it this one or an earlier one."""
        folder = self.layout.job(job.id)
        if not _publish(folder, {"job.json": codec.job_bytes(job)}, []):
            return self.read_job(job.id)
        crash_point("job-file-written")
        return job

    def hold(self, job: JobId, held: bool) -> None:
        """Mark a job as held, or as held no more."""
        mark = self.layout.job(job) / "held"
        if held:
            disk.write_new(str(mark), b"")
        else:
            disk.remove(str(mark))

    def withdraw(self, job: JobId, withdrawal: Withdrawal) -> None:
        """Mark a job as gone from the queue; the first mark stands."""
        disk.write_new(str(self.layout.job(job) / "withdrawn.json"), codec.withdrawal_bytes(withdrawal))

    def add_attempt(self, job: JobId, attempt: Attempt) -> None:
        """Write an attempt, complete from the moment it can be seen. Raises FileExistsError."""
        tasks = [str(number) for number in range(len(attempt.tasks))]
        folder = self.layout.attempt(job, attempt.number)
        if not _publish(folder, {"attempt.json": codec.attempt_bytes(attempt)}, tasks):
            raise FileExistsError(folder)
        crash_point("attempt-written")

    def tell(self, job: JobId, number: int, ending: Ending) -> Ending:
        """Order an attempt to end; the order that stands, be it this one or an earlier one."""
        path = str(self.layout.attempt(job, number) / "end.json")
        disk.write_new(path, codec.ending_bytes(ending))
        return codec.ending_from(disk.read(path)) or ending

    def keep_checkpoint(self, job: JobId, number: int, at: Instant) -> None:
        """Keep the instant of an attempt's last checkpoint."""
        disk.replace(str(self.layout.attempt(job, number) / "checkpoint"), f"{at}\n".encode())

    def void(self, job: JobId, number: int, task: int, at: Instant, why: str) -> bool:
        """Own a task so that it never starts; False where someone else owns it."""
        path = str(self.layout.task(job, number, task) / "started")
        return disk.write_new(path, codec.encode({"owner": "void", "at": at, "reason": why}))

    def lose(self, job: JobId, number: int, task: int, end: Instant) -> None:
        """Record that a task is gone and nobody saw how; a record that stands already stays."""
        path = str(self.layout.task(job, number, task) / "exit")
        disk.write_new(path, codec.encode({"end": end, "code": None, "reason": "lost", "peak": None}))

    def watermark(self) -> Instant:
        """The last watermark given out, 0 where none was."""
        return read_instant(disk.read(str(self.layout.watermark)))

    def grant(self, watermark: Instant) -> None:
        """Keep a watermark that is about to be given out."""
        disk.replace(str(self.layout.watermark), f"{watermark}\n".encode())

    def load(self) -> Iterator[Kept]:
        """Every job with its attempts as their files say. Raises Broken."""
        for folder in sorted(self.layout.jobs.iterdir()):
            if not disk.is_temporary(folder.name):
                try:
                    yield self._kept(folder)
                except (ValueError, TypeError, KeyError, OSError) as error:
                    raise Broken(
                        f"{folder}: cannot be read: {error}; move it away or put it right"
                    ) from error

    def _kept(self, folder: Path) -> Kept:
        names = os.listdir(folder)  # noqa: PTH208 - names alone: half the time of a large queue is spent here
        withdrawn = disk.read(str(folder / "withdrawn.json")) if "withdrawn.json" in names else None
        kept = Kept(self.read_job(folder.name), "held" in names, codec.withdrawal_from(withdrawn))
        numbers = sorted(int(name) for name in names if name.isdecimal())
        kept.attempts = [self._attempt(kept.job.id, number) for number in numbers]
        return kept

    def read_job(self, job: JobId) -> Job:
        """A job as it was queued."""
        return codec.job_from((self.layout.job(job) / "job.json").read_bytes())

    def _attempt(self, job: JobId, number: int) -> Attempt:
        folder = self.layout.attempt(job, number)
        attempt = codec.attempt_from((folder / "attempt.json").read_bytes())
        attempt.ending = self.ending(job, number)
        attempt.checkpoint = read_instant(disk.read(str(folder / "checkpoint"))) or None
        for index, task in enumerate(attempt.tasks):
            self.read_started(job, number, index, task)
            self.read_exit(job, number, index, task)
        return attempt

    def ending(self, job: JobId, number: int) -> Ending | None:
        """The order to end an attempt, if there is one."""
        return codec.ending_from(disk.read(str(self.layout.attempt(job, number) / "end.json")))

    def read_started(self, job: JobId, number: int, index: int, task: Task) -> None:
        """Take in who owns a task, if someone does."""
        content = disk.read(str(self.layout.task(job, number, index) / "started"))
        fields: dict[str, Any] = json.loads(content) if content else {"owner": ""}
        if fields["owner"] == "void":
            task.void, task.ended = fields["reason"], fields["at"]
        elif fields["owner"] == "shim":
            task.started = fields["at"]
            task.shim = Shim(fields["boot"], fields["pid"], fields["ticks"])

    def read_exit(self, job: JobId, number: int, index: int, task: Task) -> None:
        """Take in how a task ended, if it has."""
        if content := disk.read(str(self.layout.task(job, number, index) / "exit")):
            fields = json.loads(content)
            task.ended, task.code = fields["end"], fields["code"]
            task.reason, task.peak = fields["reason"], fields["peak"]

    def proof(self, job: JobId, number: int, index: int) -> Instant:
        """The last instant at which a task's shim said that it was alive, 0 where it never did."""
        return disk.stamped(str(self.layout.task(job, number, index) / "started")) or 0


def _publish(folder: Path, files: dict[str, bytes], folders: list[str]) -> bool:
    """Make a folder appear whole and durable, or not at all; False where it exists already."""
    if folder.exists():
        return False
    temporary = Path(disk.temporary_beside(str(folder)))
    temporary.mkdir(mode=0o711)
    for name in folders:
        (temporary / name).mkdir(mode=0o700)
    for name, content in files.items():
        disk.write_new(str(temporary / name), content)  # also makes the folder's entries durable
    try:
        temporary.rename(folder)
    except OSError:
        shutil.rmtree(temporary)
        if folder.exists():
            return False
        raise
    disk.sync_folder(str(folder.parent))
    return True


def _clear(folder: Path) -> None:
    for name in os.listdir(folder):  # noqa: PTH208 - names alone, as above
        if disk.is_temporary(name):
            entry = folder / name
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

"""Records: what a backend keeps of a job and its attempts, running or over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dure.model.instants import Instant
from dure.model.job import Job, Placement
from dure.model.plan import Eviction


class JobState(StrEnum):
    """Where a job is in its life. The last four are final."""

    PENDING = "pending"
    STARTING = "starting"
    RUNNING = "running"
    ENDING = "ending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.LOST}


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task of an attempt. `exit_code` is the process's own, or minus the signal that ended it."""

    node: str
    flavor: str = ""
    devices: tuple[int, ...] = ()
    started: Instant | None = None
    ended: Instant | None = None
    exit_code: int | None = None
    reason: str = ""
    peak_memory: int | None = None


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt. `ending` is why it was told to end ("" if it was not), since `ending_since`.

    `eviction` is the decision by which it had to leave, `checkpoint` the last one it reported, `under` the
    calendar entry whose capacity it used.
    """

    attempt: int
    decided: Instant
    placements: tuple[Placement, ...]
    tasks: tuple[TaskRecord, ...]
    ending: str = ""
    ending_since: Instant | None = None
    eviction: Eviction | None = None
    checkpoint: Instant | None = None
    under: str = ""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job, its state and all its attempts. `reason` says in English why it ended as it did, "" if well."""

    job: Job
    state: JobState
    held: bool = False
    attempts: tuple[AttemptRecord, ...] = ()
    ended: Instant | None = None
    exit_code: int | None = None
    reason: str = ""

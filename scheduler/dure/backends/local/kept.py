"""What the server keeps in mind of each job: its files, read once and followed from then on."""

from __future__ import annotations

from dataclasses import dataclass, field

from dure.model.instants import Instant
from dure.model.job import Job, Placement
from dure.model.plan import Eviction


@dataclass(frozen=True, slots=True)
class Ending:
    """Why and since when an attempt is to end; `requeue`: the job is pending again afterwards.

    `cause`: `asked` (by planner, user or admin), `limit` (its time, kept by a shim), `gang` (another task ended
    badly), `void` (a task could not be started), `signal` (a shim was told from outside). `eviction` is the
    decision of the planner by which it has to leave.
    """

    at: Instant
    cause: str
    reason: str
    requeue: bool
    eviction: Eviction | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Why and when a job left the queue for good without being started again."""

    at: Instant
    reason: str


@dataclass(frozen=True, slots=True)
class Shim:
    """A process, named for good by boot, process id and start time in ticks."""

    boot: str
    pid: int
    ticks: int


@dataclass(slots=True)
class Task:
    """One task of an attempt. `void` says why it will never start; `peak` in MiB."""

    placement: Placement
    devices: tuple[int, ...]
    started: Instant | None = None
    shim: Shim | None = None
    void: str = ""
    ended: Instant | None = None
    code: int | None = None
    reason: str = ""
    peak: int | None = None

    @property
    def over(self) -> bool:
        """Whether it holds nothing any more."""
        return self.ended is not None

    @property
    def lost(self) -> bool:
        """Whether nobody saw how it ended."""
        return self.over and not self.void and self.code is None

    @property
    def failed(self) -> bool:
        """Whether it ran and did not end well."""
        return self.over and not self.void and self.code != 0


@dataclass(slots=True)
class Attempt:
    """One attempt and its tasks, by task number; `placing` while this server still spawns them.

    `telling` counts orders to end that are on their way to the disk: until they stand, nobody may say how it ended.
    """

    number: int
    decided: Instant
    placements: tuple[Placement, ...]
    tasks: list[Task]
    ending: Ending | None = None
    placing: bool = False
    telling: int = 0
    checkpoint: Instant | None = None
    under: str = ""

    @property
    def over(self) -> bool:
        """Whether it holds nothing any more, and how it ended is settled."""
        return not self.telling and all(task.over for task in self.tasks)

    @property
    def never_started(self) -> bool:
        """Whether it is over because none of its tasks could be started, and for no other reason."""
        wanted = self.ending is None or self.ending.cause == "void"
        return wanted and all(task.void for task in self.tasks)


@dataclass(slots=True)
class Kept:
    """A job and all its attempts, oldest first."""

    job: Job
    held: bool = False
    withdrawn: Withdrawal | None = None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def live(self) -> Attempt | None:
        """The attempt that holds places now."""
        return self.attempts[-1] if self.attempts and not self.attempts[-1].over else None

    @property
    def number(self) -> int:
        """The last attempt's number, 0 where there was none."""
        return self.attempts[-1].number if self.attempts else 0

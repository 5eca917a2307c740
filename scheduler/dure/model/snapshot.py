"""A snapshot: all that a decision may depend on besides the rules and the instant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dure.model.instants import Instant
from dure.model.job import Job, JobId, Placement, TenantId, UserId
from dure.model.node import Node


class Dimension(StrEnum):
    """What scores are taken over; gpu is weighed by flavor value."""

    CPU = "cpu"
    MEMORY = "memory"
    GPU = "gpu"


@dataclass(frozen=True, slots=True)
class Pending:
    """A queued job. `attempts` were made before; `waiting_for` have not yet succeeded.

    `failed_dependency` names a job of `job.after` that ended without success, "" while there is none.
    """

    job: Job
    held: bool = False
    waiting_for: frozenset[JobId] = frozenset()
    failed_dependency: JobId = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """When a task started and ended as recorded; None while it has not."""

    started: Instant | None = None
    ended: Instant | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """An attempt that holds places since `since` (the decision); `tasks` is indexed by task number."""

    job: Job
    attempt: int
    since: Instant
    placements: tuple[Placement, ...]
    tasks: tuple[TaskTimes, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """From `at` on, use above guarantee is `value` (a share of the room's capacity of that dimension)."""

    at: Instant
    value: float


@dataclass(frozen=True, slots=True)
class History:
    """Decayed use above guarantee of a tenant (user "") or of a user in it, in one dimension.

    `settled` is h at `at` while `value` is in force from there; `steps`, sorted by instant, follow. Steps at or
    before the watermark are folded into `settled` one by one, so that folding early, late or all at once gives
    the same bits (DESIGN 3.2).
    """

    tenant: TenantId
    user: UserId
    dimension: Dimension
    at: Instant
    settled: float
    value: float
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A room at `at`, the latest instant applied. Everything is sorted: nodes and jobs by id."""

    at: Instant = 0
    watermark: Instant = 0
    nodes: tuple[Node, ...] = ()
    pending: tuple[Pending, ...] = ()
    running: tuple[Running, ...] = ()
    history: tuple[History, ...] = ()
    paused: tuple[TenantId, ...] = ()
    room_paused: bool = False

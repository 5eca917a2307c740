"""A snapshot: all that a decision may depend on besides the rules and the instant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dure.model.instants import Instant, Interval
from dure.model.job import Job, JobId, Placement, TenantId, UserId
from dure.model.node import Node
from dure.model.plan import Claim, Eviction, Reservation
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.model.tenant import BudgetState
from dure.model.use import CapacityFact


class Dimension(StrEnum):
    """What scores are taken over; gpu is weighed by flavor value."""

    CPU = "cpu"
    MEMORY = "memory"
    GPU = "gpu"


@dataclass(frozen=True, slots=True)
class Pending:
    """A queued job. `attempts` were made before; `waiting_for` have not yet succeeded.

    `failed_dependency` names a job of `job.after` that ended without success, "" while there is none.
    `evictions` counts how often borrowers evicted it.
    """

    job: Job
    held: bool = False
    waiting_for: frozenset[JobId] = frozenset()
    failed_dependency: JobId = ""
    attempts: int = 0
    evictions: int = 0


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """When a task started and ended as recorded; None while it has not."""

    started: Instant | None = None
    ended: Instant | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """An attempt that holds places since `since` (the decision); `tasks` is indexed by task number.

    `vacating` is why it was told to leave, `vacating_since` when; None while it was not. `checkpoint` is the last
    one it reported. `under` names the calendar entry whose capacity it uses. `evictions` as in `Pending`.
    """

    job: Job
    attempt: int
    since: Instant
    placements: tuple[Placement, ...]
    tasks: tuple[TaskTimes, ...]
    vacating: Eviction | None = None
    vacating_since: Instant | None = None
    checkpoint: Instant | None = None
    under: str = ""
    evictions: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """Decayed use above guarantee of a tenant (user "") or of a user in it, in one dimension (DESIGN 3.2).

    `settled` is h at `at`, the last instant before the watermark at which the value changed; `value`, a share of
    the room's capacity of that dimension, is in force from there.
    """

    tenant: TenantId
    user: UserId
    dimension: Dimension
    at: Instant
    settled: float
    value: float


@dataclass(frozen=True, slots=True)
class Used:
    """What one task of an attempt that is over used, as recorded, and history has not settled to its end."""

    tenant: TenantId
    user: UserId
    interval: Interval
    resources: Resources


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A room at `at`, the latest instant applied. Everything is sorted: nodes and jobs by id.

    Claims and reservations stand in the order in which they were made. `budgets` names tenants whose budget is not
    in order.

    `past`, `capacity` and `policies` are what history after the watermark is worked out from, besides
    `running`: the use of attempts that are over, the facts of nodes that changed (with the one in force at the
    watermark), and the rules in force since, each with its instant. Empty, they say that nothing changed.
    """

    at: Instant = 0
    watermark: Instant = 0
    nodes: tuple[Node, ...] = ()
    pending: tuple[Pending, ...] = ()
    running: tuple[Running, ...] = ()
    history: tuple[History, ...] = ()
    past: tuple[Used, ...] = ()
    capacity: tuple[CapacityFact, ...] = ()
    policies: tuple[tuple[Instant, Rules], ...] = ()
    paused: tuple[TenantId, ...] = ()
    room_paused: bool = False
    claims: tuple[Claim, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    budgets: tuple[tuple[TenantId, BudgetState], ...] = ()

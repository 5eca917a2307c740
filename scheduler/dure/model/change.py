"""Changes: everything that can happen to a room, each with the instant at which it happened.

Changes may be applied late (a task's recorded end is older than what was seen meanwhile); what depends on time
is worked out in the order of instants, not of arrival. Capacity is held from `Starting` (a decision) until
each task's `TaskEnded`; use, and with it history, counts from `TaskStarted` to `TaskEnded`, as recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from dure.model.instants import Instant
from dure.model.job import Job, JobId, NodeId, Placement, TenantId
from dure.model.node import Node
from dure.model.plan import Claim, Eviction, Reservation
from dure.model.tenant import BudgetState


@dataclass(frozen=True, slots=True)
class NodeSet:
    """A node came, or its capacity or state changed."""

    at: Instant
    node: Node


@dataclass(frozen=True, slots=True)
class NodeGone:
    """A node left. Its running tasks end by changes of their own."""

    at: Instant
    node: NodeId


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job was queued. `waiting_for` are those of `job.after` that have not yet succeeded."""

    at: Instant
    job: Job
    held: bool = False
    waiting_for: frozenset[JobId] = frozenset()
    attempts: int = 0
    evictions: int = 0


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A pending job left the queue without a start."""

    at: Instant
    job: JobId


@dataclass(frozen=True, slots=True)
class Held:
    """A pending job was put on hold or released."""

    at: Instant
    job: JobId
    held: bool


@dataclass(frozen=True, slots=True)
class Paused:
    """Starts were paused or resumed, for one tenant and all below it, or (None) for the whole room."""

    at: Instant
    tenant: TenantId | None
    paused: bool


@dataclass(frozen=True, slots=True)
class Starting:
    """A start was decided: attempt number `attempt` (from 1) holds its places from now on.

    `under` names the calendar entry whose capacity it uses, "" for none.
    """

    at: Instant
    job: JobId
    attempt: int
    placements: tuple[Placement, ...]
    under: str = ""


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The backend refused a start before any task ran: the job is pending again."""

    at: Instant
    job: JobId
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """Task number `task` of an attempt started, as its backend recorded."""

    at: Instant
    job: JobId
    attempt: int
    task: int


@dataclass(frozen=True, slots=True)
class AllStarted:
    """Every task of an attempt started at one instant: the same as a `TaskStarted` for each.

    Not among what backends report, and no record of use: replays tell a Room so.
    """

    at: Instant
    job: JobId
    attempt: int


@dataclass(frozen=True, slots=True)
class TaskEnded:
    """A task ended, as its backend recorded: what it held is free."""

    at: Instant
    job: JobId
    attempt: int
    task: int


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt is over, after the `TaskEnded` of every task that had started; one not told of ended now.

    `requeue`: the job is pending again (its attempt was lost or evicted); else it is gone, and jobs after it
    wait no longer if it `succeeded`.
    """

    at: Instant
    job: JobId
    attempt: int
    succeeded: bool
    requeue: bool = False


@dataclass(frozen=True, slots=True)
class Evicting:
    """An attempt was told to leave: it vacates its places, and no longer counts in quota and scores."""

    at: Instant
    eviction: Eviction


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """A running attempt reported a checkpoint: what it did before `at` is not lost by an eviction."""

    at: Instant
    job: JobId
    attempt: int


@dataclass(frozen=True, slots=True)
class Promised:
    """All claims and reservations that stand from now on; they replace those that stood.

    Whoever applies a plan applies this too, wherever the plan's differ from what stands: reservations are sticky
    and claims keep their place only by being carried from decision to decision.
    """

    at: Instant
    claims: tuple[Claim, ...] = ()
    reservations: tuple[Reservation, ...] = ()


@dataclass(frozen=True, slots=True)
class Budgeted:
    """Where a tenant's month stands against its budget from now on."""

    at: Instant
    tenant: TenantId
    state: BudgetState


@dataclass(frozen=True, slots=True)
class Watermark:
    """Nothing that happened before `at` will be reported any more: history up to it is settled."""

    at: Instant


Change: TypeAlias = (
    NodeSet
    | NodeGone
    | Submitted
    | Withdrawn
    | Held
    | Paused
    | Starting
    | StartFailed
    | TaskStarted
    | TaskEnded
    | Ended
    | Evicting
    | Checkpointed
    | Promised
    | Budgeted
    | Watermark
)

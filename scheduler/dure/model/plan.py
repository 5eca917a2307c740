"""A plan: what one decision says, with a verdict for every class of identical pending jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from dure.model.instants import Instant, Millis
from dure.model.job import JobClass, JobId, Placement, TenantId

Numbers: TypeAlias = tuple[tuple[str, int], ...]
"""Named integers behind a verdict or a reason: resource names with amounts, `tasks`, `at` (an instant), ..."""


class Code(StrEnum):
    """Why a job is where it is. Texts for people are made from code and numbers at the edge."""

    HELD = "held"
    PAUSED = "paused"
    WAITING = "waiting-for-jobs"
    DEPENDENCY_FAILED = "dependency-failed"
    TERM = "outside-tenancy"
    OVER_LIMIT = "over-limit"
    NEVER_FITS = "never-fits"
    NO_PLACE = "no-place"
    RESERVED = "reserved"
    NOT_PREEMPTIBLE = "not-preemptible"
    BEHIND = "behind"
    RUNNING = "running"
    STARTS = "starts-now"
    CLAIMED = "claimed"
    VACATING = "vacating"
    EVICTED = "evicted"
    DISPLACED = "displaced"
    KEPT_BACK = "kept-back"
    CALENDAR = "calendar"
    MAINTENANCE = "maintenance"
    BUDGET = "budget"
    TOO_MANY_JOBS = "too-many-jobs"
    AHEAD = "ahead"
    HOLDS = "holds"
    WOULD_START = "would-start"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a class of pending jobs does not start: holds while nothing in `depends_on` changes.

    `numbers` depend on the class and the rules, not on what happens to be free. `depends_on` names what could
    change it: `capacity`, `tenant:ID`, `jobs` (those it comes after), `hold`, `pause`, `rules`, `time`, `budget`.
    `valid_until` is an instant at which time alone may change it, or None.
    """

    code: Code
    numbers: Numbers = ()
    depends_on: tuple[str, ...] = ()
    valid_until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Start this job now, exactly here. `guaranteed`: within its tenant's guarantee.

    `under` names the calendar entry whose capacity it uses, "" for none. `claimed`: its place was vacated for it.
    """

    job: JobId
    attempt: int
    placements: tuple[Placement, ...]
    guaranteed: bool
    backfill: bool = False
    under: str = ""
    claimed: bool = False


class Rule(StrEnum):
    """By which rule a running job was told to leave (DESIGN 3.3)."""

    RECLAIM = "reclaim"
    BETWEEN_BORROWERS = "between-borrowers"
    WITHIN_TENANT = "within-tenant"
    CALENDAR = "calendar"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Eviction:
    """A running job is told to leave, with grace; it is pending again once its backend reports it gone.

    `by` is the job that its place is for, or the name of the calendar entry or maintenance. `lost` is the work
    thrown away: ms since its start or its last checkpoint, at the instant of the decision.
    """

    job: JobId
    attempt: int
    rule: Rule
    by: str
    lost: Millis = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """Capacity being vacated for a job: it starts exactly here once the place is free, or the claim ends.

    `since` is the instant of the decision that made it. `guaranteed`: within its tenant's guarantee then.
    """

    job: JobId
    since: Instant
    placements: tuple[Placement, ...]
    guaranteed: bool


class EndCause(StrEnum):
    """Why the planner ends a running job, or gives up a pending one."""

    TIME_LIMIT = "time-limit"
    DEPENDENCY_FAILED = "dependency-failed"


@dataclass(frozen=True, slots=True)
class End:
    """End this job: a running one with grace, a pending one by withdrawing it."""

    job: JobId
    cause: EndCause


@dataclass(frozen=True, slots=True)
class Reservation:
    """Capacity promised to a blocked job from `at` on; later starts may not delay it.

    `guaranteed`: for a job within guarantee. `yielded_to` names the job within guarantee to which this one gave
    way in this decision, "" where none came between.
    """

    job: JobId
    at: Instant
    placements: tuple[Placement, ...]
    guaranteed: bool = False
    yielded_to: JobId = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A tenant's standing: `share` of the room above its guarantee (history and now), `score` = share / weight."""

    share: float
    score: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision for one instant. `wake_at` is when time alone may change it (a time limit, a reservation).

    `claims` and `reservations` are all that stand after the decision, those that stood before it included;
    `evictions` and `starts` are new.
    """

    at: Instant
    starts: tuple[Start, ...] = ()
    ends: tuple[End, ...] = ()
    evictions: tuple[Eviction, ...] = ()
    claims: tuple[Claim, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    scores: Mapping[TenantId, Score] = field(default_factory=dict)
    verdicts: Mapping[JobClass, Verdict] = field(default_factory=dict)
    wake_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a job's state. `subject` is what it is about: a tenant, a node, a flavor, a job, or ""."""

    code: Code
    subject: str = ""
    numbers: Numbers = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say of one job at an instant.

    `rank` is its place in the order of the walk (1: first), `ahead` the number of tenants before its own,
    both None for a running job; `reasons` holds every reason, the one that decides first.
    """

    job: JobId
    at: Instant
    reasons: tuple[Reason, ...]
    guaranteed: bool
    score: Score
    rank: int | None = None
    ahead: int | None = None
    placements: tuple[Placement, ...] = ()
    reservation: Reservation | None = None

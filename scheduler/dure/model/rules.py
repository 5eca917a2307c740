"""Rules: a policy bundle as values, the same for planner, accounting and service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dure.model.instants import DAY, MINUTE, SECOND, Instant, Interval, Millis
from dure.model.job import NodeId, TenantId
from dure.model.money import Money
from dure.model.node import GpuFlavor, Pool
from dure.model.resources import Quota, ResourceName
from dure.model.tenant import Tenant


class Order(StrEnum):
    """`fair`: DESIGN 3.2. `fifo`: by (submitted, id) over all tenants."""

    FAIR = "fair"
    FIFO = "fifo"


class BetweenBorrowers(StrEnum):
    """Whether a borrower may preempt another borrower; `fair`: DESIGN 3.3, step 5."""

    NEVER = "never"
    FAIR = "fair"


class WithinTenant(StrEnum):
    """Whether a job may preempt a job of lower priority of its own tenant."""

    NEVER = "never"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True)
class Planning:
    """How the room plans. `memory` in 0..0.9 weighs history against current use; `half_life`, `grace` in ms.

    `depth` is how many blocked borrowers hold a reservation (1: EASY backfill; None: all, conservative; 0: none).
    `backfill` false: what is blocked stops all after it. `grace` is the time between SIGTERM and SIGKILL when a
    job is ended.

    `reclaim_within` in ms is how soon a job within guarantee gets its place: a borrower that may not be preempted
    must end by then, or hold only what all guarantees leave over. A claim ends `claim_timeout` ms after it was
    made. Between borrowers only: no victim has run less than `min_runtime` ms, or was evicted so
    `eviction_budget` times already (None: any number).
    """

    order: Order = Order.FAIR
    depth: int | None = 1
    memory: float = 0.5
    half_life: Millis = 7 * DAY
    between_borrowers: BetweenBorrowers = BetweenBorrowers.NEVER
    default_time_limit: Millis | None = None
    grace: Millis = 10 * SECOND
    within_tenant: WithinTenant = WithinTenant.NEVER
    reclaim_within: Millis = 0
    claim_timeout: Millis = 10 * MINUTE
    min_runtime: Millis = 0
    eviction_budget: int | None = None
    backfill: bool = True


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of one unit-hour of a resource: core-hour, GiB-hour or device-hour.

    Where a flavor has no rate of its own, its use costs nothing by rate card.
    """

    resource: ResourceName
    per_hour: Money


class Measure(StrEnum):
    """What a cost pool is shared by: tenants' use of one dimension (gpu: weighed by flavor value)."""

    CPU = "cpu"
    MEMORY = "memory"
    GPU = "gpu"


@dataclass(frozen=True, slots=True)
class CostPool:
    """A cost of the room per month, shared among tenants by `measure`; with no use the operator absorbs it."""

    name: str
    monthly: Money
    measure: Measure
    name_ko: str = ""


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """Prices in force from `start` until the next version's start."""

    id: str
    start: Instant
    rates: tuple[Rate, ...] = ()
    pools: tuple[CostPool, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """Capacity promised to tenants, on top of their guarantees, over an interval.

    `yields` names the tenants whose guarantees give way where all together are more than the room.
    """

    name: str
    interval: Interval
    tenants: tuple[TenantId, ...]
    resources: Quota
    name_ko: str = ""
    yields: tuple[TenantId, ...] = ()


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Nodes that hold nothing over an interval."""

    name: str
    interval: Interval
    nodes: tuple[NodeId, ...]
    name_ko: str = ""


@dataclass(frozen=True, slots=True)
class QuotaChange:
    """What a window states in place of a tenant's own; None leaves it as it is."""

    tenant: TenantId
    guarantee: Quota | None = None
    limit: Quota | None = None
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A time of the week, in the room's time zone, at which other quotas hold (nights, weekends).

    On each of `days` (0: Monday) from `start` to `end`, both minutes after midnight; where `end` is not after
    `start` it lies on the next day. Of windows that overlap, the later in the bundle changes the earlier one's.
    """

    name: str
    days: tuple[int, ...]
    start: int
    end: int
    changes: tuple[QuotaChange, ...]
    name_ko: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """One policy bundle.

    `version` is a hash of what was read; `timezone` an IANA name that decides months and price edges. Tenants
    come parents first. `prices` are sorted by start.
    """

    room: str
    version: str = ""
    timezone: str = "Asia/Seoul"
    planning: Planning = Planning()
    flavors: tuple[GpuFlavor, ...] = ()
    pools: tuple[Pool, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    prices: tuple[PriceVersion, ...] = ()
    calendar: tuple[CalendarEntry, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    windows: tuple[Window, ...] = ()

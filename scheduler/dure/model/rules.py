"""Rules: a policy bundle as values, the same for planner, accounting and service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dure.model.instants import DAY, SECOND, Instant, Interval, Millis
from dure.model.job import TenantId
from dure.model.money import Money
from dure.model.node import GpuFlavor, Pool
from dure.model.resources import Quota, ResourceName
from dure.model.tenant import Tenant


class Order(StrEnum):
    """`fair`: DESIGN 3.2. `fifo`: by (submitted, id) over all tenants."""

    FAIR = "fair"
    FIFO = "fifo"


class BetweenBorrowers(StrEnum):
    """Whether a borrower may preempt another borrower."""

    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Planning:
    """How the room plans. `memory` in 0..0.9 weighs history against current use; `half_life`, `grace` in ms.

    `depth` is how many blocked borrowers hold a reservation (1: EASY backfill). `grace` is the time between
    SIGTERM and SIGKILL when a job is ended.
    """

    order: Order = Order.FAIR
    depth: int = 1
    memory: float = 0.5
    half_life: Millis = 7 * DAY
    between_borrowers: BetweenBorrowers = BetweenBorrowers.NEVER
    default_time_limit: Millis | None = None
    grace: Millis = 10 * SECOND


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
    """Capacity promised to tenants over an interval, as admins wrote it."""

    name: str
    interval: Interval
    tenants: tuple[TenantId, ...]
    resources: Quota
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

"""A month's bill: charges rounded to the won once, with quantities, subtotals, VAT and the room's states.

Won are made in two steps, both by largest remainder with ties by id: first over the tenants and the operator,
so that together they are the month's micro-won rounded to a won; then over the lines of each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dure.accounting.charges import OPERATOR, Charge, charges, pool_name
from dure.accounting.line_order import reading_order
from dure.accounting.quantities import decimal, pooled_unit_hour, unit_hour, unit_name
from dure.accounting.split import round_parts
from dure.accounting.usage import MonthUse
from dure.model.instants import Instant, Interval
from dure.model.job import TenantId
from dure.model.money import MICRO
from dure.model.resources import CPU, MEMORY, ResourceName, flavor_of
from dure.model.rules import CostPool, Rules
from dure.model.use import State


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a charge, its names, its quantity in `unit` (decimal text, see `quantities`) and its won."""

    charge: Charge
    name: str
    name_ko: str
    quantity: str
    unit: str
    won: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What one tenant owes. `projects` holds (project, won) subtotals; VAT is a tenth of supply, rounded down.

    `path` is the tenant and those above it, nearest first; empty for one that the policy does not name. Of the
    operator (tenant "") it is what no tenant pays for; no VAT falls due on it.
    """

    tenant: TenantId
    name: str
    name_ko: str
    lines: tuple[Line, ...]
    projects: tuple[tuple[str, int], ...]
    supply: int
    vat: int
    path: tuple[TenantId, ...] = ()

    @property
    def total(self) -> int:
        """Won to pay."""
        return self.supply + self.vat


@dataclass(frozen=True, slots=True)
class StateUse:
    """Amount x ms that a resource spent in a state, over the whole room."""

    state: State
    resource: ResourceName
    quantity: int


@dataclass(frozen=True, slots=True)
class Bill:
    """A month of the room from `since` up to `until`; while that is before the month's end the bill still grows."""

    room: str
    month: str
    timezone: str
    interval: Interval
    since: Instant
    until: Instant
    statements: tuple[Statement, ...]
    absorbed: Statement
    states: tuple[StateUse, ...]

    @property
    def complete(self) -> bool:
        """Whether all of the month is metered."""
        return self.until == self.interval.end

    @property
    def supply(self) -> int:
        """Won of all tenants together with what is absorbed, before VAT."""
        return self.absorbed.supply + sum(statement.supply for statement in self.statements)

    def of(self, tenant: TenantId) -> Statement | None:
        """One tenant's statement, None where it has no lines."""
        return next((found for found in self.statements if found.tenant == tenant), None)


def bill(use: MonthUse, rules: Rules, charged: Iterable[Charge] | None = None) -> Bill:
    """The bill of a month. `charged` are the charges as booked; by default they are worked out from the use."""
    rows = charges(use, rules) if charged is None else tuple(charged)
    by_tenant: defaultdict[TenantId, list[Charge]] = defaultdict(list, {OPERATOR: []})
    for charge in sorted(rows, key=lambda charge: charge.key):
        by_tenant[charge.tenant].append(charge)
    micro = {tenant: sum(c.amount.micro for c in own) for tenant, own in by_tenant.items()}
    won = round_parts(micro, MICRO)
    names = _Names(rules)
    made = [names.statement(tenant, own, won[tenant]) for tenant, own in sorted(by_tenant.items())]
    states = tuple(StateUse(*key, quantity) for key, quantity in sorted(use.states.items()) if quantity)
    return Bill(
        rules.room, use.month, rules.timezone, use.interval, use.since, use.until,
        tuple(made[1:]), made[0], states,
    )  # fmt: skip


class _Names:
    """What tenants, resources and pools are called, in English and Korean."""

    def __init__(self, rules: Rules) -> None:
        self._tenants = {tenant.id: tenant for tenant in rules.tenants}
        self._pools: Mapping[tuple[str, str], CostPool] = {
            (version.id, pool.name): pool for version in rules.prices for pool in version.pools
        }

    def statement(self, tenant: TenantId, own: list[Charge], won: int) -> Statement:
        """The lines of one tenant, its won split over them."""
        split = round_parts({charge.key: charge.amount.micro for charge in own}, MICRO, won)
        lines = tuple(self.line(charge, split[charge.key]) for charge in sorted(own, key=reading_order))
        projects: defaultdict[str, int] = defaultdict(int)
        for line in lines:
            projects[line.charge.project] += line.won
        vat = won // 10 if tenant != OPERATOR else 0
        return Statement(
            tenant, *self.tenant(tenant), lines, tuple(sorted(projects.items())), won, vat,
            tuple(self.path(tenant)),
        )  # fmt: skip

    def path(self, tenant: TenantId | None) -> Iterator[TenantId]:
        """The tenant and those above it, nearest first."""
        while tenant is not None and tenant in self._tenants:
            yield tenant
            tenant = self._tenants[tenant].parent

    def tenant(self, tenant: TenantId) -> tuple[str, str]:
        """English and Korean name; one stands in for the other, the id for both."""
        if tenant == OPERATOR:
            return "Borne by the operator", "운영자 부담"
        known = self._tenants.get(tenant)
        name, name_ko = (known.name, known.name_ko) if known else ("", "")
        return name or name_ko or tenant, name_ko or name or tenant

    def line(self, charge: Charge, won: int) -> Line:
        """A charge with its names and quantity."""
        pooled = pool_name(charge.rule)
        names = self.pool(charge.price_version, pooled) if pooled else resource_names(charge.resource)
        unit = (pooled_unit_hour if pooled else unit_hour)(charge.resource)
        return Line(charge, *names, decimal(charge.quantity, unit), unit_name(charge.resource), won)

    def pool(self, version: str, name: str) -> tuple[str, str]:
        """English and Korean name of a cost pool."""
        known = self._pools.get((version, name))
        return name, (known.name_ko if known else "") or name


def resource_names(resource: ResourceName) -> tuple[str, str]:
    """What a resource is called, in English and Korean."""
    if flavor := flavor_of(resource):
        return f"GPU {flavor}", f"GPU {flavor}"
    return {CPU: ("CPU", "CPU"), MEMORY: ("Memory", "메모리")}.get(resource, (resource, resource))

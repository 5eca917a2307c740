"""From a month's use to charges in micro-won: by rate card, and by sharing cost pools.

Two sums are divided, each by largest remainder (`dure.accounting.split`), tenants first, then the projects of
each tenant, so that how a tenant names its projects changes nobody's charge:
- rate card: for each price version and resource, the exact price of all use together, rounded once to a
  micro-won (halves up), is what the charges of that version and resource add up to;
- cost pool: the month's cost is split over the time each price version is in force in the month (time that no
  version covers, that was before the room, or that has not yet come, keeps its part), and each part among the
  tenants by their measured use in that time. Where nobody used anything of the measure, the operator absorbs
  the part: tenant "".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dure.accounting.months import price_segments
from dure.accounting.quantities import unit_hour
from dure.accounting.split import largest_remainder, round_parts
from dure.accounting.usage import MonthUse
from dure.model.instants import Instant, Interval
from dure.model.job import TenantId
from dure.model.money import Money
from dure.model.resources import ResourceName, flavor_of
from dure.model.rules import CostPool, Measure, PriceVersion, Rules

ChargeKey: TypeAlias = tuple[str, TenantId, str, str, ResourceName, str]
"""(month, tenant, project, rule, resource, price version)."""

Payer: TypeAlias = tuple[TenantId, str]
"""(tenant, project)."""

RATE = "rate"
UNPRICED = "unpriced"
OPERATOR: TenantId = ""
"""Who bears what no tenant does."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge. `rule`: `rate`, `unpriced` (used, at no price) or `pool:NAME`.

    `quantity` is amount x ms of the resource; of a pool, of its measure (gpu: devices x value in thousandths).
    `price` is per unit-hour, or the pool's monthly cost. `amount` is what it comes to.
    """

    month: str
    tenant: TenantId
    project: str
    rule: str
    resource: ResourceName
    price_version: str
    quantity: int
    price: Money
    amount: Money

    @property
    def key(self) -> ChargeKey:
        """What makes a charge the same charge."""
        return (self.month, self.tenant, self.project, self.rule, self.resource, self.price_version)


def charges(use: MonthUse, rules: Rules) -> tuple[Charge, ...]:
    """All charges of a month as far as it is metered, sorted by key."""
    found = [*_rate_card(use, rules), *_cost_pools(use, rules)]
    return tuple(sorted(found, key=lambda charge: charge.key))


def pool_name(rule: str) -> str:
    """The cost pool that a rule names, "" where it names none."""
    return rule.removeprefix("pool:") if rule.startswith("pool:") else ""


def _divide(parts: Mapping[Payer, int], unit: int) -> dict[Payer, int]:
    by_tenant: defaultdict[TenantId, int] = defaultdict(int)
    for (tenant, _), part in parts.items():
        by_tenant[tenant] += part
    shares: dict[Payer, int] = {}
    for tenant, share in round_parts(by_tenant, unit).items():
        own = {payer: part for payer, part in parts.items() if payer[0] == tenant}
        shares |= round_parts(own, unit, share)
    return shares


def _rate_card(use: MonthUse, rules: Rules) -> Iterator[Charge]:
    prices = {(v.id, rate.resource): rate.per_hour for v in rules.prices for rate in v.rates}
    groups: defaultdict[tuple[str, ResourceName], dict[Payer, int]] = defaultdict(dict)
    for (tenant, project, resource, version), quantity in use.use.items():
        groups[version, resource][tenant, project] = quantity
    for (version, resource), quantities in groups.items():
        price = prices.get((version, resource))
        rule, per_hour = (UNPRICED, Money()) if price is None else (RATE, price)
        products = {payer: quantity * per_hour.micro for payer, quantity in quantities.items()}
        for payer, micro in _divide(products, unit_hour(resource)).items():
            yield Charge(
                use.month, *payer, rule, resource, version, quantities[payer], per_hour, Money(micro)
            )


def pool_parts(use: MonthUse, rules: Rules) -> dict[tuple[str, str], tuple[CostPool, Money]]:
    """(price version, pool) -> the pool and the part of its monthly cost that falls to the metered month.

    Of a whole month under one version it is the monthly cost itself; of a month before the room nothing.
    """
    lengths = _lengths(use, rules.prices)
    return {
        (version.id, pool.name): (
            pool,
            Money(largest_remainder(pool.monthly.micro, lengths)[version.id, True]),
        )
        for version in rules.prices
        if (version.id, True) in lengths
        for pool in version.pools
    }


def _lengths(use: MonthUse, prices: tuple[PriceVersion, ...]) -> dict[tuple[str, bool], int]:
    """Milliseconds of the month by (price version, whether it is metered)."""
    lengths: defaultdict[tuple[str, bool], int] = defaultdict(int)
    for start, end, metered in _thirds(use):
        for piece, version in price_segments(prices, Interval(start, end)):
            if piece.length:
                lengths[version.id if version else "", metered] += piece.length
    return dict(lengths)


def _thirds(use: MonthUse) -> Iterable[tuple[Instant, Instant, bool]]:
    start, end = use.interval.start, use.interval.end
    return (start, use.since, False), (use.since, use.until, True), (use.until, end, False)


def _cost_pools(use: MonthUse, rules: Rules) -> Iterator[Charge]:
    values = {flavor.name: flavor.value for flavor in rules.flavors}
    for (version, name), (pool, part) in pool_parts(use, rules).items():
        measured = _measured(use, version, pool.measure, values)
        for payer, micro in _shared(part.micro, measured).items():
            yield Charge(
                use.month, *payer, f"pool:{name}", pool.measure.value, version,
                measured.get(payer, 0), pool.monthly, Money(micro),
            )  # fmt: skip


def _measured(use: MonthUse, version: str, measure: Measure, values: Mapping[str, int]) -> dict[Payer, int]:
    found: defaultdict[Payer, int] = defaultdict(int)
    for (tenant, project, resource, used_under), quantity in use.use.items():
        weight = _weight(resource, measure, values) if used_under == version else 0
        if weight and quantity > 0:
            found[tenant, project] += quantity * weight
    return dict(found)


def _weight(resource: ResourceName, measure: Measure, values: Mapping[str, int]) -> int:
    if measure is Measure.GPU:
        return values.get(flavor_of(resource), 0) if flavor_of(resource) else 0
    return int(resource == measure.value)


def _shared(micro: int, measured: Mapping[Payer, int]) -> dict[Payer, int]:
    whole = sum(measured.values())
    if not whole:
        return {(OPERATOR, ""): micro}
    return _divide({payer: micro * quantity for payer, quantity in measured.items()}, whole)

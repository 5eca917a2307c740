"""What a job will cost by rate card: the same prices, units and rounding as on the bill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import product

from dure.accounting.months import price_segments
from dure.accounting.quantities import unit_hour
from dure.accounting.split import nearest
from dure.model.instants import Instant, Interval, Millis
from dure.model.job import Job
from dure.model.money import Money
from dure.model.resources import Resources
from dure.model.rules import PriceVersion, Rules


def cost(resources: Resources, interval: Interval, rules: Rules) -> Money:
    """Rate-card money of holding these resources over an interval, price edges inside it included.

    Each (price version, resource) is rounded once, halves up, as `accounting.charges` rounds a month's sum. Cost
    pools are not in it: they are divided by what everybody used.
    """
    products: defaultdict[tuple[str, str], int] = defaultdict(int)
    for piece, version in price_segments(rules.prices, interval):
        for name, micro in _rates(version):
            products[version.id if version else "", name] += resources.amount(name) * piece.length * micro
    return Money(sum(nearest(value, unit_hour(name)) for (_, name), value in products.items()))


def choices(job: Job) -> tuple[Resources, ...]:
    """What all tasks hold together, for every choice of flavors that the job allows."""
    flavors = (group.flavors or ("",) for group in job.groups)
    return tuple(
        sum((g.request(f) * g.count for g, f in zip(job.groups, chosen, strict=True)), Resources())
        for chosen in product(*flavors)
    )


def cost_range(job: Job, start: Instant, run: tuple[Millis, Millis], rules: Rules) -> tuple[Money, Money]:
    """(low, high): the cheapest flavors for the shorter run time, the dearest for the longer one."""
    short, long = (Interval(start, start + length) for length in run)
    every = choices(job)
    return min(cost(one, short, rules) for one in every), max(cost(one, long, rules) for one in every)


def _rates(version: PriceVersion | None) -> Iterator[tuple[str, int]]:
    if version is not None:
        yield from ((rate.resource, rate.per_hour.micro) for rate in version.rates)

"""What changes in prices. A price that falls is a gain of all who pay it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dure.model.money import Money
from dure.model.resources import ResourceName
from dure.model.rules import CostPool, PriceVersion, Rules
from dure_policies.differences.line import Aspect, Difference, compare, paired
from dure_policies.writing import moment, won


def differences(old: Rules, new: Rules) -> Iterator[Difference]:
    """Differences of price versions."""
    versions = ({version.id: version for version in rules.prices} for rules in (old, new))
    for name, was, is_ in paired(*versions):
        yield from compare("price", name, was, is_, _price(was, is_, new.timezone))


def _price(was: PriceVersion | None, is_: PriceVersion | None, zone: str) -> Iterator[Aspect]:
    sides = [version for version in (was, is_) if version]
    yield Aspect("start", lambda version: version.start, partial(moment, zone=zone))
    for resource in dict.fromkeys(rate.resource for side in sides for rate in side.rates):
        yield Aspect(f"{resource} an hour", partial(_rate, resource), won, -1, Money())
    for name in dict.fromkeys(pool.name for side in sides for pool in side.pools):
        yield Aspect(f"{name} a month", partial(_monthly, name), won, -1, Money())
        yield Aspect(f"{name} measured by", partial(_measure, name))


def _rate(resource: ResourceName, version: PriceVersion) -> Money | None:
    return next((rate.per_hour for rate in version.rates if rate.resource == resource), None)


def _pool(name: str, version: PriceVersion) -> CostPool | None:
    return next((pool for pool in version.pools if pool.name == name), None)


def _monthly(name: str, version: PriceVersion) -> Money | None:
    pool = _pool(name, version)
    return pool.monthly if pool else None


def _measure(name: str, version: PriceVersion) -> str | None:
    pool = _pool(name, version)
    return pool.measure.value if pool else None

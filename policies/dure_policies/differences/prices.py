"""What changes in prices and in the calendar. A price that falls is a gain of all who pay it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dure.model.money import Money
from dure.model.resources import ResourceName
from dure.model.rules import CalendarEntry, CostPool, PriceVersion, Rules
from dure_policies.amounts import written
from dure_policies.differences.line import Aspect, Difference, compare, moment, paired, won


def differences(old: Rules, new: Rules) -> Iterator[Difference]:
    """Differences of price versions, then of calendar entries."""
    versions = ({version.id: version for version in rules.prices} for rules in (old, new))
    for name, was, is_ in paired(*versions):
        yield from compare("price", name, was, is_, _price(was, is_, new.timezone))
    entries = ({entry.name: entry for entry in rules.calendar} for rules in (old, new))
    for name, before, after in paired(*entries):
        yield from compare("calendar", name, before, after, _entry(before, after, new.timezone))


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


def _entry(was: CalendarEntry | None, is_: CalendarEntry | None, zone: str) -> Iterator[Aspect]:
    yield Aspect("start", lambda entry: entry.interval.start, partial(moment, zone=zone))
    yield Aspect("end", lambda entry: entry.interval.end, partial(moment, zone=zone))
    yield Aspect("tenants", lambda entry: entry.tenants, ", ".join)
    names = {name for entry in (was, is_) if entry for name, _ in entry.resources.stated}
    for name in sorted(names):
        yield Aspect(name, partial(_reserved, name), partial(written, name), 1)


def _reserved(resource: ResourceName, entry: CalendarEntry) -> int | None:
    return entry.resources.get(resource)

"""Adding up slices: a month's use by tenant, project, resource and price version, and the ledger's totals.

Sums of amount x ms only, so that nothing here depends on where slices were cut or in which order they come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dure.accounting.months import month_interval, price_segments
from dure.model.instants import Instant, Interval
from dure.model.job import TenantId
from dure.model.resources import ResourceName
from dure.model.rules import Rules
from dure.model.use import Slice, State

UseKey: TypeAlias = tuple[TenantId, str, ResourceName, str]
"""(tenant, project, resource, price version); the version is "" before the first."""


@dataclass(frozen=True, slots=True)
class MonthUse:
    """Amount x ms of a month up to `until`: the watermark while the month runs, then the month's end.

    From `since` on there was anything to meter: the month's start, or when the room first existed in it. It is
    never after `until`. Cost pools bring their cost for the time from `since` to `until`.
    `use` holds what tenants used (grace and corrections included), `states` everything by state.
    """

    month: str
    interval: Interval
    since: Instant
    until: Instant
    use: Mapping[UseKey, int]
    states: Mapping[tuple[State, ResourceName], int]

    @property
    def complete(self) -> bool:
        """Whether the watermark has passed the month's end."""
        return self.until == self.interval.end


def month_use(
    slices: Iterable[Slice], month: str, rules: Rules, watermark: Instant, since: Instant | None = None
) -> MonthUse:
    """Add up one month, in one pass over slices in any order; those outside the month add nothing.

    Months and price edges cut the sums, so slices need not be cut there. `since` is the instant of the first
    fact of capacity; None where the room has always been. Raises ValueError for a bad month.
    """
    interval = month_interval(month, rules.timezone)
    until = _between(interval.start, watermark, interval.end)
    begun = _between(interval.start, since if since is not None else interval.start, until)
    segments = [
        (piece.start, piece.end, version.id if version else "")
        for piece, version in price_segments(rules.prices, Interval(interval.start, until))
    ]
    use: defaultdict[UseKey, int] = defaultdict(int)
    states: defaultdict[tuple[State, ResourceName], int] = defaultdict(int)
    for item in slices:
        for start, end, version in segments:
            length = min(item.end, end) - max(item.start, start)
            if length > 0:
                states[item.state, item.resource] += item.amount * length
                if item.state is State.TENANT:
                    use[item.tenant, item.project, item.resource, version] += item.amount * length
    return MonthUse(month, interval, begun, until, dict(use), dict(states))


def _between(first: Instant, at: Instant, last: Instant) -> Instant:
    return min(max(at, first), last)


class RunningTotals:
    """The ledger's running totals, amount x ms, moved by every recorded slice.

    `use` (tenant, resource) and `states` (state, resource) only grow; what corrections took is in
    `corrections` (tenant, resource), as a positive number.
    """

    __slots__ = ("corrections", "states", "use")

    def __init__(self) -> None:
        self.use: defaultdict[tuple[TenantId, ResourceName], int] = defaultdict(int)
        self.states: defaultdict[tuple[State, ResourceName], int] = defaultdict(int)
        self.corrections: defaultdict[tuple[TenantId, ResourceName], int] = defaultdict(int)

    def add(self, item: Slice) -> None:
        """Count one slice, or one correction."""
        amount = item.amount * (item.end - item.start)
        if item.corrects is not None:
            self.corrections[item.tenant, item.resource] -= amount
            return
        self.states[item.state, item.resource] += amount
        if item.state is State.TENANT:
            self.use[item.tenant, item.resource] += amount

"""Fairness error: how far what tenants received fell behind what they were due (DESIGN 3, last paragraph).

"Fairness error(W) = sum of max(0, integral over W of (entitlement - received)) / sum of the integral of
entitlement." Both sums go over the tenants that have jobs of their own and over windows of length W, laid end to
end from the first step on; the last one may be shorter. In value-GPU; where a room has none there is no error.

Between two steps, and edges of windows, tenancies and entries that let guarantees yield, nothing changes, so the
integrals are sums of products: exact up to the rounding of floats. What a tenant is due follows from the quotas in
force at the instant; it is worked out anew only where demand or quotas changed so that it can matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from dure.model.instants import Instant, Millis
from dure.model.job import TenantId
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.planning.entitlement import entitlement, outside, value_gpu
from dure.planning.windows import Timetable

_NOTHING: Final = Resources()


@dataclass(frozen=True, slots=True)
class Step:
    """From `at` on a tenant's own jobs ask for `demand` more (pending and running) and hold `held` more."""

    at: Instant
    tenant: TenantId
    demand: Resources
    held: Resources


@dataclass(frozen=True, slots=True)
class Fairness:
    """What a replay came to. `errors`: window -> error, None where nothing was due.

    `due` and `received` are value-GPU x ms of each tenant, over all time.
    """

    errors: dict[Millis, float | None] = field(default_factory=dict)
    due: dict[TenantId, float] = field(default_factory=dict)
    received: dict[TenantId, float] = field(default_factory=dict)


def fairness(
    rules: Rules, capacity: Resources, steps: Iterable[Step], windows: Sequence[Millis]
) -> Fairness:  # fmt: skip
    """The fairness of a room of this capacity over steps that come by instant."""
    measure: _Measure | None = None
    for at, together in groupby(steps, key=lambda step: step.at):
        if measure is None:
            measure = _Measure(rules, capacity, at, windows)
        measure.advance(at)
        for step in together:
            measure.take(step)
        measure.judge()
    return measure.result() if measure else Fairness(dict.fromkeys(windows))


class _Window:
    """Windows of one length: `behind` adds up what tenants fell behind in those that are over."""

    def __init__(self, length: Millis, begin: Instant) -> None:
        self.length, self.edge, self.behind = length, begin + length, 0.0
        self.gap_at_edge: defaultdict[TenantId, float] = defaultdict(float)

    def close(self, gaps: dict[TenantId, float]) -> None:
        """The window is over, and the next begins."""
        for tenant, gap in gaps.items():
            self.behind += max(0.0, gap - self.gap_at_edge[tenant])
            self.gap_at_edge[tenant] = gap
        self.edge += self.length


class _Measure:
    def __init__(
        self, rules: Rules, capacity: Resources, begin: Instant, windows: Sequence[Millis]
    ) -> None:  # fmt: skip
        self._dues = _Dues(rules, capacity, begin)
        self._rules, self._now = rules, begin
        self._windows = [_Window(length, begin) for length in windows]
        self._held: dict[TenantId, float] = defaultdict(float)
        self._due: dict[TenantId, float] = {}
        self._gap: dict[TenantId, float] = {}
        self._totals: tuple[dict[TenantId, float], dict[TenantId, float]] = (
            defaultdict(float),
            defaultdict(float),
        )

    def take(self, step: Step) -> None:
        """Something changed at the present instant."""
        self._dues.ask(step.tenant, step.demand, step.held)
        self._held[step.tenant] += value_gpu(self._rules, step.held)

    def judge(self) -> None:
        """What everyone is due from now on."""
        self._due = self._dues.due()

    def advance(self, at: Instant) -> None:
        """Let time pass, window by window, and from one set of quotas to the next."""
        while (edge := self._next(at)) <= at:
            self._pass(edge)
            for window in self._windows:
                if window.edge == edge:
                    window.close(self._gap)
            if self._dues.until == edge:
                self._dues.enter(edge)
                self.judge()
        self._pass(at)

    def _next(self, at: Instant) -> Instant:
        """The next instant at which a window or the quotas in force end; one after `at` where none does by then."""
        until = at + 1 if self._dues.until is None else self._dues.until
        return min([until, *[one.edge for one in self._windows]])

    def _pass(self, at: Instant) -> None:
        length = at - self._now
        if length <= 0:
            return
        due, received = self._totals
        for tenant, own in self._due.items():
            held = self._held[tenant]
            if own or held:
                due[tenant] += own * length
                received[tenant] += held * length
                self._gap[tenant] = self._gap.get(tenant, 0.0) + (own - held) * length
        self._now = at

    def result(self) -> Fairness:
        """The errors up to now, unfinished windows included."""
        due, received = self._totals
        whole = sum(due.values())
        for window in self._windows:
            window.close(self._gap)
        errors = {window.length: window.behind / whole if whole else None for window in self._windows}
        return Fairness(errors, dict(due), dict(received))


class _Dues:
    """What every tenant with jobs of its own is due, kept while demand and quotas leave it as it is.

    One that asks for more than it is due, before and after, changes nobody's due: the water stands below its
    demand. This is so where all GPUs are of one flavor and all guarantees fit the room, so only there. Outside its
    tenancy a tenant asks for what it holds: nothing else of it may start.
    """

    def __init__(self, rules: Rules, capacity: Resources, begin: Instant) -> None:
        self._times, self._capacity = Timetable(rules), capacity
        self._demand: dict[TenantId, Resources] = {}
        self._held: dict[TenantId, Resources] = {}
        self._due: dict[TenantId, float] = {}
        self.until = self._times.next_edge(begin)
        self._turn(self._times.in_force(begin), begin)

    def enter(self, at: Instant) -> None:
        """From `at` on, and before `until`, the quotas in force then hold."""
        self.until = self._times.next_edge(at)
        rules = self._times.in_force(at)
        if rules is not self._rules:  # the same object for the same windows, tenancies and entries
            self._turn(rules, at)

    def _turn(self, rules: Rules, at: Instant) -> None:
        self._rules, self._outside, self._stale = rules, outside(rules, at), True
        worth = value_gpu(rules, self._capacity)
        self._lasting = len(self._capacity.gpus) == 1 and _promised(rules) <= worth

    def ask(self, tenant: TenantId, more: Resources, held: Resources) -> None:
        """A tenant asks for more, or less, and holds more, or less."""
        before = self._asked(tenant)
        for amounts, change in ((self._demand, more), (self._held, held)):
            amounts[tenant] = amounts.get(tenant, _NOTHING) + change
        after = self._asked(tenant)
        lasting = self._lasting and self._beyond(tenant, before) and self._beyond(tenant, after)
        if before.gpus != after.gpus and not lasting:
            self._stale = True

    def _asked(self, tenant: TenantId) -> Resources:
        return (self._held if tenant in self._outside else self._demand).get(tenant, _NOTHING)

    def _beyond(self, tenant: TenantId, demand: Resources) -> bool:
        return value_gpu(self._rules, demand) > self._due.get(tenant, 0.0) * (1 + 1e-9)

    def due(self) -> dict[TenantId, float]:
        """What each tenant that ever asked is due."""
        if self._stale:
            asked = {tenant: self._asked(tenant) for tenant in self._demand}
            due = entitlement(self._rules, self._capacity, {}, asked)
            self._due = {tenant: due[tenant] for tenant in asked if tenant in due}
            self._stale = False
        return self._due


def _promised(rules: Rules) -> float:
    """Value-GPU of all that is guaranteed; no less than what the tree promises together."""
    return sum(value_gpu(rules, Resources.named(tenant.guarantee.stated)) for tenant in rules.tenants)

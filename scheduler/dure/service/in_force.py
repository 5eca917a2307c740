"""Which quotas hold now, until when, and what open entries of the calendar promise on top."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from dure.model.instants import DAY, Instant
from dure.model.job import TenantId
from dure.model.resources import ResourceName
from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.planning.entitlement import outside
from dure.planning.windows import Timetable
from dure.service.identity import path

_A_WEEK = 8 * DAY
"""Windows come round within it, in every week of the year."""


@dataclass(frozen=True, slots=True)
class OnTop:
    """What open entries keep of a resource for a tenant; `others`: they name more. The first ends at `until`."""

    amount: int
    until: Instant
    entries: tuple[str, ...]
    others: bool


class QuotasNow:
    """The quotas of one instant, as seen from it."""

    def __init__(self, rules: Rules, now: Instant) -> None:
        self._rules, self._now, self._times = rules, now, Timetable(rules)
        self._tenants = _by_id(self._times.in_force(now))
        self._outside = outside(rules, now)
        self._phases: list[tuple[Instant, dict[TenantId, Tenant]]] = []
        self._coming = self._to_come()

    def tenant(self, tenant: TenantId) -> Tenant:
        """The tenant with the guarantee and limit that hold now."""
        return self._tenants[tenant]

    def outside(self, tenant: TenantId) -> bool:
        """Whether it is outside its tenancy: it may start nothing, whatever it is promised."""
        return tenant in self._outside

    def until(self, tenant: TenantId, name: ResourceName) -> Instant | None:
        """When its guarantee or limit of a resource is another one again; None for never."""
        now = _pair(self._tenants[tenant], name)
        after = (at for at, tenants in self._after() if _pair(tenants[tenant], name) != now)
        return next(after, None)

    def on_top(self, tenant: TenantId, name: ResourceName) -> OnTop | None:
        """What open entries that name the tenant, or one above it, promise; None for nothing."""
        mine = set(path(tenant, self._rules))
        found = [
            entry
            for entry in self._times.open_at(self._now)
            if mine & set(entry.tenants) and entry.resources.get(name)
        ]
        if not found or self.outside(tenant):
            return None
        return OnTop(
            sum(entry.resources.get(name) or 0 for entry in found),
            min(entry.interval.end for entry in found),
            tuple(entry.name for entry in found),
            any(set(entry.tenants) - mine for entry in found),
        )

    def _after(self) -> Iterator[tuple[Instant, dict[TenantId, Tenant]]]:
        yield from self._phases
        for phase in self._coming:
            self._phases.append(phase)
            yield phase

    def _to_come(self) -> Iterator[tuple[Instant, dict[TenantId, Tenant]]]:
        """Every edge of a week, then those of tenancies and entries: windows alone bring nothing new by then."""
        week = self._times.edges(self._now, self._now + _A_WEEK)
        spans = [
            *(tenant.term for tenant in self._rules.tenants),
            *(e.interval for e in self._rules.calendar),
        ]
        dated = sorted({edge for span in spans if span is not None for edge in (span.start, span.end)})
        for at in chain(week, (edge for edge in dated if edge > self._now + _A_WEEK)):
            yield at, _by_id(self._times.in_force(at))


def _by_id(rules: Rules) -> dict[TenantId, Tenant]:
    return {tenant.id: tenant for tenant in rules.tenants}


def _pair(tenant: Tenant, name: ResourceName) -> tuple[int | None, int | None]:
    return tenant.guarantee.get(name), tenant.limit.get(name)

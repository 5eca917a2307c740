"""What is promised must be there: guarantees up the tree, limits, calendar, the room, at every instant.

DESIGN 3.1: a guarantee stated below another is carved out of it. What a tenant is promised is its own
guarantee where it states one, else what its children are promised together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dure.model.instants import Instant
from dure.model.resources import ResourceName
from dure_policies.amounts import stated, written
from dure_policies.checks.tenancy import DEEPEST, path
from dure_policies.draft import Draft, moment, term
from dure_policies.findings import Findings, Place
from dure_policies.reading import Entry

ALWAYS = 0
ROOM = ""


@dataclass(frozen=True, slots=True)
class _Promise:
    """An amount of one resource to a tenant, or to a calendar entry (`tenant` is ROOM), from `start` to `end`."""

    tenant: str
    amount: int
    place: Place
    start: Instant = ALWAYS
    end: Instant | None = None


def check(draft: Draft, findings: Findings) -> None:
    """Find every tenant whose children are promised more than it has, and the room's own excess."""
    parents = {name: _parent(draft.tenants, name) for name in draft.tenants.reads}
    capacity = draft.capacity() or {}
    known = {name: parent for name, parent in parents.items() if parent is not None}
    promises = _promises(draft, set(known))
    limits = _limits(draft)
    for resource, made in sorted(promises.items()):
        sweep = _Sweep(resource, known, limits.get(resource, {}), capacity.get(resource))
        sweep.run(made, draft.zone, findings)


def _parent(tenants: Entry, name: str) -> str | None:
    """The parent, ROOM for the top, None where the tenant has no place in a tree."""
    ancestors = path(tenants, name)
    top = tenants.entry(ancestors[-1])
    if len(ancestors) > DEEPEST or "parent" in top.written:
        return None
    return ancestors[1] if len(ancestors) > 1 else ROOM


def _promises(draft: Draft, placed: set[str]) -> dict[ResourceName, list[_Promise]]:
    found: dict[ResourceName, list[_Promise]] = {}
    for name, tenant in draft.tenants.entries():
        days = term(tenant, draft.zone)
        span = (days.start, days.end) if days else (ALWAYS, None)
        for resource, read in stated(tenant.entry("guarantee")).items() if name in placed else ():
            amount = read.value if isinstance(read.value, int) else 0
            found.setdefault(resource, []).append(_Promise(name, amount, read.place, *span))
    for _, entry in draft.calendar.entries():
        start, end = (moment(entry, key, draft.zone, Findings()) for key in ("start", "end"))
        if start is None or end is None or end <= start:
            continue
        for resource, read in stated(entry.entry("resources")).items():
            amount = read.value if isinstance(read.value, int) else 0
            found.setdefault(resource, []).append(_Promise(ROOM, amount, read.place, start, end))
    return found


def _limits(draft: Draft) -> dict[ResourceName, dict[str, int]]:
    found: dict[ResourceName, dict[str, int]] = {}
    for name, tenant in draft.tenants.entries():
        for resource, read in stated(tenant.entry("limit")).items():
            if isinstance(read.value, int):
                found.setdefault(resource, {})[name] = read.value
    return found


@dataclass(slots=True)
class _Sweep:
    """One resource through time. `below`: what the children of a tenant, or of the room, are promised."""

    resource: ResourceName
    parents: dict[str, str]
    limits: dict[str, int]
    capacity: int | None
    below: dict[str, int] = field(default_factory=dict)
    own: dict[str, int] = field(default_factory=dict)
    reserved: int = 0
    reported: set[tuple[str, str]] = field(default_factory=set)

    def run(self, promises: list[_Promise], zone: ZoneInfo, findings: Findings) -> None:
        """Let the promises begin and end in order of time, and report what is too much at each step, once."""
        events = [(p.start, 1, n) for n, p in enumerate(promises)]
        events += [(p.end, 0, n) for n, p in enumerate(promises) if p.end is not None]
        standing: dict[int, _Promise] = {}
        for at, begins, number in sorted(events):
            promise = promises[number]
            if not begins:
                del standing[number]
                self._change(promise, None)
                continue
            standing[number] = promise
            self._change(promise, promise.amount)
            self._report(promise, at, zone, findings)

    def _change(self, promise: _Promise, amount: int | None) -> None:
        if promise.tenant == ROOM:
            self.reserved += promise.amount if amount is not None else -promise.amount
            return
        before = self._promised(promise.tenant)
        if amount is None:
            self.own.pop(promise.tenant, None)
        else:
            self.own[promise.tenant] = amount
        self._pass_up(promise.tenant, before)

    def _pass_up(self, tenant: str, before: int) -> None:
        while tenant != ROOM and (more := self._promised(tenant) - before):
            parent = self.parents[tenant]
            before = self._promised(parent)
            self.below[parent] = self.below.get(parent, 0) + more
            tenant = parent

    def _promised(self, tenant: str) -> int:
        return self.own.get(tenant, self.below.get(tenant, 0))

    def _report(self, promise: _Promise, at: Instant, zone: ZoneInfo, findings: Findings) -> None:
        for what, total, holder, has in self._too_much(promise):
            if (what, holder) not in self.reported:
                self.reported.add((what, holder))
                when = (
                    f" on {datetime.fromtimestamp(at / 1000, UTC).astimezone(zone):%Y-%m-%d %H:%M}"
                    if at
                    else ""
                )
                sum_, there, less = (written(self.resource, amount) for amount in (total, has, total - has))
                said = f"{what} add up to {sum_} {self.resource}{when}, {holder} {there}"
                findings.add(promise.place, f"{said}; promise {less} less")

    def _too_much(self, promise: _Promise) -> Iterator[tuple[str, int, str, int]]:
        """(what adds up, its sum, who has how much) wherever this promise is more than there is."""
        tenant = promise.tenant
        while tenant != ROOM:
            promised, below = self._promised(tenant), self.below.get(tenant, 0)
            if tenant in self.own and below > self.own[tenant]:
                yield f"the guarantees below {tenant}", below, f"{tenant} is guaranteed", self.own[tenant]
            if tenant not in self.own and promised > self.limits.get(tenant, promised):
                yield f"the guarantees in {tenant}", promised, f"{tenant} is limited to", self.limits[tenant]
            tenant = self.parents[tenant]
        total, both = self.below.get(ROOM, 0), self.below.get(ROOM, 0) + self.reserved
        if self.capacity is not None and total > self.capacity:
            yield "the guarantees", total, "the room has", self.capacity
        elif self.capacity is not None and both > self.capacity:
            yield "the guarantees and the calendar", both, "the room has", self.capacity

"""What is promised must be there: guarantees up the tree, limits, calendar, the room, at every instant.

DESIGN 3.1: a guarantee stated below another is carved out of it. Where windows state other quotas, all of this
must hold under every set of windows that is open at once, at the times at which it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dure.model.instants import Instant, Interval
from dure.model.resources import ResourceName
from dure_policies.amounts import quantities, stated, written
from dure_policies.checks.cases import Case, cases
from dure_policies.checks.held import amount
from dure_policies.checks.sweep import (
    BEGINNING,
    ROOM,
    Excess,
    Limit,
    Promise,
    Steps,
    Sweep,
    TooManyCasesError,
)
from dure_policies.checks.tenancy import DEEPEST, path
from dure_policies.draft import Draft, moment, term
from dure_policies.findings import Findings
from dure_policies.reading import Entry


def check(draft: Draft, findings: Findings, warnings: Findings) -> None:
    """Find every tenant whose children are promised more than it has, and the room's own excess.

    Warn where maintenance leaves less than is promised.
    """
    try:
        sums = _Sums.of(draft)
        for resource, case in sums.cases():
            sums.check(resource, case, findings)
        for name, maintenance in draft.maintenance.entries():
            _warn(name, maintenance, sums, warnings)
    except TooManyCasesError:
        said = "windows, terms and the calendar together make too many cases to check"
        findings.add(draft.windows.place, f"{said}; keep fewer windows, and remove entries that are over")


@dataclass(slots=True)
class _Sums:
    """All promises by resource, and what was said of them already."""

    draft: Draft
    parents: dict[str, str]
    promises: dict[ResourceName, list[Promise]]
    limits: dict[ResourceName, dict[str, Limit]]
    capacity: dict[ResourceName, int]
    found: dict[ResourceName, list[Case]]
    reported: set[tuple[object, ...]]
    steps: Steps

    @classmethod
    def of(cls, draft: Draft) -> _Sums:
        parents = {name: _parent(draft.tenants, name) for name in draft.tenants.reads}
        placed = {name: parent for name, parent in parents.items() if parent is not None}
        promises, steps = _promises(draft, set(placed)), Steps()
        found = cases(draft, steps)
        return cls(draft, placed, promises, _limits(draft), draft.capacity() or {}, found, set(), steps)

    def cases(self) -> Iterator[tuple[ResourceName, Case]]:
        for resource in sorted(self.promises.keys() | self.found.keys()):
            for case in self.found.get(resource, [Case()]):
                yield resource, case

    def swept(
        self, resource: ResourceName, case: Case, less: int = 0, only: Interval | None = None
    ) -> Iterator[Excess]:
        """What is too much in a case, where the room has `less` than all, in an interval or always."""
        capacity = self.capacity.get(resource)
        limits = self.limits.get(resource, {}) | case.limits
        for tenant in case.unlimited:
            limits.pop(tenant, None)
        there = None if capacity is None else capacity - less
        sweep = Sweep(self.parents, limits, there, self.steps, whole=only is not None)
        return sweep.run(
            self._in_case(resource, case), lambda start, end: self._counts(case, start, end, only)
        )

    def _counts(self, case: Case, start: Instant, end: Instant | None, only: Interval | None) -> bool:
        if only:
            start, end = max(start, only.start), only.end if end is None else min(end, only.end)
            if start >= end:
                return False
        return case.times.some_in(start, end, self.draft.zone)

    def _in_case(self, resource: ResourceName, case: Case) -> list[Promise]:
        """The promises with what windows state instead; those come last, as the ones to blame."""
        kept = [one for one in self.promises.get(resource, []) if one.tenant not in case.guarantees]
        made = [
            Promise(tenant, amount(read), read.place, *_span(self.draft, tenant))
            for tenant, read in case.guarantees.items()
            if read is not None and tenant in self.parents
        ]
        return kept + made

    def check(self, resource: ResourceName, case: Case, findings: Findings) -> None:
        for excess in self.swept(resource, case):
            key = (resource, excess.what, excess.holder)
            place = excess.limit or (excess.by.place if excess.by.tenant in case.guarantees else None)
            if key not in self.reported and (*key, place) not in self.reported:
                self.reported.add(key if place is None else (*key, place))
                message = _message(resource, excess, case, self.draft.zone)
                findings.add(excess.limit or excess.by.place, message)


def _message(resource: ResourceName, excess: Excess, case: Case, zone: ZoneInfo) -> str:
    amounts = (excess.total, excess.has, excess.less, excess.given)
    total, has, less, given = (written(resource, number) for number in amounts)
    said = f"{excess.what} add up to {total} {resource}{_when(excess.at, case, zone)}, {excess.holder} {has}"
    if excess.limit:
        return f"{said}; write {total} or more, or promise {less} less"
    if excess.mine:
        return f"{said}; promise {less} more here, or as much less below"
    if excess.by.tenant == ROOM and excess.given:
        return f"{said}, those who yield give {given}; promise {less} less, or name more under yields"
    if excess.by.tenant == ROOM and excess.what != "the guarantees":
        return f"{said}; promise {less} less, or name under yields whose guarantee gives way"
    return f"{said}; promise {less} less"


def _when(at: Instant, case: Case, zone: ZoneInfo) -> str:
    since = "after" if case.windows else "on"
    day = f" {since} {datetime.fromtimestamp(at / 1000, UTC).astimezone(zone):%Y-%m-%d %H:%M}" if at else ""
    names = ", ".join(case.windows[:6])
    return day + (f" while {names} {'is' if len(case.windows) == 1 else 'are'} open" if names else "")


def _parent(tenants: Entry, name: str) -> str | None:
    """The parent, ROOM for the top, None where the tenant has no place in a tree."""
    ancestors = path(tenants, name)
    top = tenants.entry(ancestors[-1])
    if len(ancestors) > DEEPEST or "parent" in top.written:
        return None
    return ancestors[1] if len(ancestors) > 1 else ROOM


def _span(draft: Draft, tenant: str) -> tuple[Instant, Instant | None]:
    days = term(draft.tenants.entry(tenant), draft.zone)
    return (days.start, days.end) if days else (BEGINNING, None)


def _promises(draft: Draft, placed: set[str]) -> dict[ResourceName, list[Promise]]:
    found: dict[ResourceName, list[Promise]] = {}
    for name, tenant in draft.tenants.entries():
        for resource, read in stated(tenant.entry("guarantee")).items() if name in placed else ():
            promise = Promise(name, amount(read), read.place, *_span(draft, name))
            found.setdefault(resource, []).append(promise)
    for _, entry in draft.calendar.entries():
        interval = _interval(entry, draft)
        yields = tuple(dict.fromkeys(str(read.value) for read in entry.listed("yields")))
        if interval is None:
            continue
        for resource, read in stated(entry.entry("resources")).items():
            promise = Promise(ROOM, amount(read), read.place, interval.start, interval.end, yields)
            found.setdefault(resource, []).append(promise)
    return found


def _interval(entry: Entry, draft: Draft) -> Interval | None:
    start, end = (moment(entry, key, draft.zone, Findings()) for key in ("start", "end"))
    return None if start is None or end is None or end <= start else Interval(start, end)


def _limits(draft: Draft) -> dict[ResourceName, dict[str, Limit]]:
    found: dict[ResourceName, dict[str, Limit]] = {}
    for name, tenant in draft.tenants.entries():
        for resource, read in stated(tenant.entry("limit")).items():
            found.setdefault(resource, {})[name] = Limit(amount(read))
    return found


# Maintenance


def _warn(name: str, maintenance: Entry, sums: _Sums, warnings: Findings) -> None:
    """Warn of each resource of which more is promised meanwhile than the other nodes have."""
    interval, nodes = _interval(maintenance, sums.draft), sums.draft.nodes()
    if interval is None or nodes is None:
        return
    out: dict[ResourceName, int] = {}
    for node in {str(read.value) for read in maintenance.listed("nodes")} & nodes.keys():
        for resource, some in quantities(nodes[node]).items():
            out[resource] = out.get(resource, 0) + some
    for resource, less in sorted(out.items()):
        of = sums.found.get(resource, [Case()])
        found = (excess for case in of for excess in sums.swept(resource, case, less, interval))
        if short := _most(excess for excess in found if excess.holder == "the room has"):
            total, has, by = (written(resource, n) for n in (short.total, short.has, short.less))
            said = f"during {name} {total} {resource} are promised, the room has {has}"
            warnings.add(maintenance.at("nodes"), f"{said}; {by} may be missing")


def _most(found: Iterable[Excess]) -> Excess | None:
    return max(found, key=lambda excess: excess.less, default=None)

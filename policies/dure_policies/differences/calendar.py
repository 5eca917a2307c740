"""What changes in the calendar. Maintenance is a loss of all while it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dure.model.resources import ResourceName
from dure.model.rules import CalendarEntry, Maintenance, Rules
from dure_policies.amounts import written
from dure_policies.differences.line import Aspect, Difference, Effect, compare, paired
from dure_policies.writing import moment


def differences(old: Rules, new: Rules) -> Iterator[Difference]:
    """Differences of calendar entries, then of maintenance."""
    entries = ({entry.name: entry for entry in rules.calendar} for rules in (old, new))
    for name, before, after in paired(*entries):
        yield from compare("calendar", name, before, after, _entry(before, after, new.timezone))
        yield from _yielding(name, before, after)
    works = ({work.name: work for work in rules.maintenance} for rules in (old, new))
    for name, was, is_ in paired(*works):
        yield from compare("maintenance", name, was, is_, _maintenance(was, is_, new.timezone), being=-1)


def _entry(was: CalendarEntry | None, is_: CalendarEntry | None, zone: str) -> Iterator[Aspect]:
    yield from _times(zone, 0)
    yield Aspect("tenants", lambda entry: entry.tenants, ", ".join)
    names = {name for entry in (was, is_) if entry for name, _ in entry.resources.stated}
    for name in sorted(names):
        yield Aspect(name, partial(_reserved, name), partial(written, name), 1)
    yield Aspect("yields", lambda entry: entry.yields or None, ", ".join)
    if was and is_:
        yield _KOREAN


def _times(zone: str, more: int) -> Iterator[Aspect]:
    yield Aspect("start", lambda entry: entry.interval.start, partial(moment, zone=zone), more)
    yield Aspect("end", lambda entry: entry.interval.end, partial(moment, zone=zone), -more)


def _reserved(resource: ResourceName, entry: CalendarEntry) -> int | None:
    return entry.resources.get(resource)


def _yielding(name: str, was: CalendarEntry | None, is_: CalendarEntry | None) -> Iterator[Difference]:
    """A line for each tenant whose guarantee gives way from now on, or no longer does."""
    before, after = (dict.fromkeys(entry.yields if entry else (), "yes") for entry in (was, is_))
    for tenant, first, then in paired(before, after):
        if first != then:
            effect = Effect.LOSES if then else Effect.GAINS
            yield Difference("tenant", tenant, f"yields to {name}", first or "", then or "", effect)


def _maintenance(was: Maintenance | None, is_: Maintenance | None, zone: str) -> Iterator[Aspect]:
    yield from _times(zone, 1)
    for node in dict.fromkeys(node for work in (was, is_) if work for node in work.nodes):
        yield Aspect(f"node {node}", partial(_out, node), lambda _: "out", -1)
    if was and is_:
        yield _KOREAN


def _out(node: str, work: Maintenance) -> int | None:
    return 1 if node in work.nodes else None


_KOREAN = Aspect("Korean name", lambda entry: entry.name_ko or None)

"""What the calendar keeps of what is free, wherever it keeps it: which nodes an entry takes the planner says.

From `grace` before its beginning on a block binds everybody (decision 28): a node in maintenance takes no job, and
on what an entry keeps only its own tenants start anything. Until then it binds no job that may be preempted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dure.model.instants import Instant, Interval
from dure.model.job import NodeId
from dure.model.node import NodeState
from dure.model.rules import CalendarEntry
from dure.model.snapshot import Running
from dure.planning.check.amounts import Amounts, Spots, add, spots, spread, still_held, together
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.picture import Given, Picture


def nodes_out(picture: Picture) -> frozenset[NodeId]:
    """Nodes whose maintenance has begun, or does within grace."""
    some = (one.nodes for one in picture.rules.maintenance if _binds(picture, one.interval))
    return frozenset(node for nodes in some for node in nodes)


def kept_unused(picture: Picture) -> Amounts:
    """The most that entries may keep of what nobody holds, resource by resource."""
    most: Amounts = {}
    for entry in picture.rules.calendar:
        if _binds(picture, entry.interval):
            used = _used(picture, entry)
            add(most, ((name, max(0, kept - used.get(name, 0))) for name, kept in entry.resources.stated))
    return most


def tasks_lost(one: Amounts, room: Mapping[NodeId, int], free: Spots, kept: Amounts) -> int:
    """How many of the tasks (`room` of them on each node, each asking for `one`) at most find no place beside it.

    Taken from where least does most harm: on each node the first task for what more than `room` tasks ask for is
    free there, and one device, core or MiB; each other for a whole task's amount.
    """
    return sum(
        _lost(amount, kept[name], [free[node].get(name, 0) - n * amount for node, n in room.items() if n > 0])
        for name, amount in one.items()
        if kept.get(name)
    )


def _lost(amount: int, kept: int, spare: list[int]) -> int:
    lost = 0
    for price in sorted(min(amount, left + 1) for left in spare):
        if price > kept:
            return lost
        kept -= price
        lost += 1
    return lost + kept // amount


def _binds(picture: Picture, span: Interval) -> bool:
    return bool(span.length) and span.start - picture.rules.planning.grace <= picture.now < span.end


def _used(picture: Picture, entry: CalendarEntry) -> Amounts:
    used: Amounts = {}
    for amounts in _under(picture, entry.name):
        add(used, amounts.items())
    return used


def _under(picture: Picture, name: str) -> Iterator[Amounts]:
    """What each job that runs under an entry, or starts so, holds."""
    for running in picture.snapshot.running:
        if running.under == name and picture.stays(running):
            yield together(spots(running.job, still_held(running)))
    for job, start in picture.known([start for start in picture.plan.starts if start.under == name]):
        yield together(spots(job, start.placements))


def starts_leave_what_entries_keep(picture: Picture) -> Iterator[Finding]:
    """From grace before its beginning on, nobody else starts on, or newly claims, what an entry is to have.

    Told where all nodes together have too little left for it and had more before; not where somebody started at
    this very instant, whom nothing evicts yet, or starts under another entry.
    """
    for entry in picture.rules.calendar:
        if not _binds(picture, entry.interval) or _unsettled(picture, entry):
            continue
        left, taken = _left_for(picture, entry)
        for name, kept in entry.resources.stated:
            if taken.get(name, 0) > 0 and left.get(name, 0) < kept:
                numbers = ((name, left.get(name, 0)), ("kept", kept), ("taken", taken[name]))
                yield Finding(
                    Invariant.CALENDAR, entry.name, "is left less than it keeps by starts of others", numbers
                )


def _unsettled(picture: Picture, entry: CalendarEntry) -> bool:
    other = any(start.under not in {"", entry.name} for start in picture.plan.starts)
    return other or any(running.since == picture.now for running in picture.snapshot.running)


def _left_for(picture: Picture, entry: CalendarEntry) -> tuple[Amounts, Amounts]:
    """What nodes have for an entry, beside what stays past its beginning; and what others newly take of that."""
    begins = max(picture.now, entry.interval.start)
    fresh: tuple[Given, ...] = (*picture.plan.starts, *picture.new_claims)
    held: Spots = {}
    for running in picture.snapshot.running:
        if picture.stays(running) and running.under != entry.name and not _gone(running, begins):
            spread(held, running.job, still_held(running))
    own = {start.job for start in picture.plan.starts if start.under == entry.name}
    for job, one in picture.known((*picture.plan.starts, *picture.plan.claims)):
        if job.id not in own:
            spread(held, job, one.placements)
    lasting = (one for one in picture.rules.maintenance if picture.now < one.interval.end)
    out = {node for one in lasting if one.interval.meet(entry.interval) for node in one.nodes}
    left: Amounts = {}
    for node in picture.snapshot.nodes:
        if node.state is NodeState.UP and node.id not in out:
            there = held.get(node.id, {})
            add(left, ((name, max(0, has - there.get(name, 0))) for name, has in node.capacity.items()))
    taken: Amounts = {}
    for job, one in picture.known(fresh):
        if job.id not in own:
            add(taken, together(spots(job, [p for p in one.placements if p.node not in out])).items())
    return left, taken


def _gone(running: Running, at: Instant) -> bool:
    """Whether its limit ends it by then."""
    limit = running.job.limit_under([placement.flavor for placement in running.placements])
    started = [times.started for times in running.tasks if times.started is not None]
    return limit is not None and min(started, default=running.since) + limit <= at

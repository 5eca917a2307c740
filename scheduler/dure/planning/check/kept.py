"""What the calendar keeps of what is free, wherever it keeps it: which nodes an entry takes the planner says.

From `grace` before its beginning on a block binds everybody (decision 28): a node in maintenance takes no job, and
on what an entry keeps only its own tenants start anything. Until then it binds no job that may be preempted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dure.model.instants import Interval
from dure.model.job import NodeId
from dure.model.rules import CalendarEntry
from dure.planning.check.amounts import Amounts, Spots, add, spots, still_held, together
from dure.planning.check.picture import Picture


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

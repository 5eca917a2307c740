"""What a room looks like once a plan was carried out, and nothing else has happened."""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.change import Change, Evicting, Promised, Starting
from dure.model.plan import Plan
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.planning.room import Room


def changes(plan: Plan) -> Iterator[Change]:
    """What applying a plan tells a room, in order: who leaves, what is promised from now on, who starts."""
    for eviction in plan.evictions:
        yield Evicting(plan.at, eviction)
    yield Promised(plan.at, plan.claims, plan.reservations)
    for start in plan.starts:
        yield Starting(plan.at, start.job, start.attempt, start.placements, start.under)


def applied(snapshot: Snapshot, rules: Rules, plan: Plan) -> Snapshot:
    """The snapshot after the plan's evictions, claims, reservations and starts."""
    room = Room.of(snapshot, rules)
    for change in changes(plan):
        room.apply(change)
    return room.snapshot()

"""More held on a node than it has: the one rule that says which use is cut, and which is doubted.

At every instant at which use begins or capacity falls and the sum is above capacity:
- what ends within the tolerance after it is cut there, soonest end first (clocks that disagree: skew);
- where that does not do, use is doubted whole: what alone is above capacity, then what began last, the largest.
The planner's account and the examination of slices each follow this rule on records of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from dure.accounting.timeline import Piece, levels
from dure.model.instants import SECOND, Instant, Millis

TOLERANCE: Millis = 2 * SECOND
"""How far the clocks of a source may disagree before use above capacity is doubted."""

UseKey: TypeAlias = tuple[str, int, Instant]
"""(uid, attempt, start)."""


@dataclass(frozen=True, slots=True)
class Held:
    """An amount of one resource on one node over [start, end); `fixed`: recorded, it can no longer give way."""

    key: UseKey
    start: Instant
    end: Instant
    amount: int
    fixed: bool = False


@dataclass(slots=True)
class Resolved:
    """`cuts`: where use ends instead, at its start if nothing is left of it; `doubted`: what does not fit."""

    cuts: dict[UseKey, Instant] = field(default_factory=dict)
    doubted: set[UseKey] = field(default_factory=set)


def resolve(held: Sequence[Held], capacity: Iterable[Piece], tolerance: Millis = TOLERANCE) -> Resolved:
    """What must give way so that nothing is held above capacity; nothing where all of it fits."""
    room = list(levels(capacity))
    used = [(use.start, use.end, use.amount) for use in held]
    if all(amount <= 0 for _, _, amount in levels([*used, *((s, e, -amount) for s, e, amount in room)])):
        return Resolved()
    return _sweep(held, room, tolerance)


def _sweep(held: Sequence[Held], room: Sequence[Piece], tolerance: Millis) -> Resolved:
    resolved = Resolved()
    coming = sorted(held, key=lambda use: (use.start, use.key), reverse=True)
    active: list[Held] = []
    for at in sorted({use.start for use in held} | {at for piece in room for at in piece[:2]}):
        active = [use for use in active if use.end > at]
        while coming and coming[-1].start <= at:
            active.append(coming.pop())
        capacity = next((amount for start, end, amount in room if start <= at < end), 0)
        _make_fit(active, capacity, at, tolerance, resolved)
    return resolved


def _make_fit(active: list[Held], capacity: int, at: Instant, tolerance: Millis, into: Resolved) -> None:
    while sum(use.amount for use in active if use.end > at) > capacity:
        loose = [use for use in active if not use.fixed and use.end > at]
        ending = [use for use in loose if use.end <= at + tolerance]
        if ending:
            gives = min(ending, key=lambda use: (use.end, use.key))
            into.cuts[gives.key] = at
        elif loose:
            gives = max(loose, key=lambda use: (use.amount > capacity, use.start, use.amount, use.key))
            into.doubted.add(gives.key)
        else:
            return
        active.remove(gives)

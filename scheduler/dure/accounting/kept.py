"""What of the free capacity is kept empty for somebody: claimed by a job, or reserved by the calendar (DESIGN 4).

On a node, what claims keep is `max(0, claimed - held by what vacates)`: as long as those who leave hold as much as
is claimed, everything else there may be used (docs/decisions/0026). Calendar entries promise amounts of the whole
room: what nobody uses under an entry yet is kept on free nodes, in the order of their ids, once claims have theirs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Generic, TypeAlias, TypeVar

from dure.accounting.timeline import Piece, lesser, levels
from dure.model.instants import Instant, Interval
from dure.model.job import NodeId
from dure.model.resources import ResourceName
from dure.model.rules import CalendarEntry
from dure.model.use import State

Spot: TypeAlias = tuple[NodeId, ResourceName]
V = TypeVar("V")


class Steps(Generic[V]):
    """A value from instant to instant, known in any order."""

    __slots__ = ("_steps",)

    def __init__(self, at: Instant, value: V) -> None:
        self._steps: list[tuple[Instant, V]] = [(at, value)]

    def set(self, at: Instant, value: V) -> None:
        """From `at` on, in place of what was said of the same instant."""
        place = bisect_right(self._steps, at, key=lambda step: step[0])
        if place and self._steps[place - 1][0] == at:
            place -= 1
            del self._steps[place]
        self._steps.insert(place, (at, value))

    def within(self, window: Interval) -> Iterator[tuple[Interval, V]]:
        """The values over the parts of a window."""
        bounds = pairwise([*(at for at, _ in self._steps), max(window.end, self._steps[-1][0])])
        for (start, end), (_, value) in zip(bounds, self._steps, strict=True):
            if part := Interval(start, end).meet(window):
                yield part, value

    def forget(self, before: Instant) -> None:
        """Drop what was over by then; the last of it still holds."""
        del self._steps[: max(0, bisect_right(self._steps, before, key=lambda step: step[0]) - 1)]


class Kept:
    """Claims and calendar as they stood over time. Amounts of claims are by node and resource."""

    def __init__(self, at: Instant, calendar: tuple[CalendarEntry, ...]) -> None:
        self.claims = Steps[Mapping[Spot, int]](at, {})
        self.calendar = Steps[tuple[CalendarEntry, ...]](at, calendar)

    def shares(
        self, window: Interval, leaving: Mapping[Spot, Sequence[Piece]],
        under: Mapping[tuple[str, ResourceName], Sequence[Piece]],
    ) -> Shares:  # fmt: skip
        """What is kept over a window: `leaving` is held by what vacates, `under` by use of calendar entries."""
        claimed: dict[Spot, list[Piece]] = {}
        for part, amounts in self.claims.within(window):
            for spot, amount in amounts.items():
                claimed.setdefault(spot, []).append((part.start, part.end, amount))
        kept = {spot: list(less(pieces, leaving.get(spot, ()))) for spot, pieces in claimed.items()}
        reserved: dict[ResourceName, list[Piece]] = {}
        for (entry, name), pieces in self._reserved(window).items():
            reserved.setdefault(name, []).extend(less(pieces, under.get((entry, name), ())))
        return Shares(kept, {name: list(levels(pieces)) for name, pieces in reserved.items()})

    def _reserved(self, window: Interval) -> dict[tuple[str, ResourceName], list[Piece]]:
        found: dict[tuple[str, ResourceName], list[Piece]] = {}
        for part, entries in self.calendar.within(window):
            for entry in entries:
                open_ = entry.interval.meet(part)
                for name, amount in entry.resources.stated if open_ else ():
                    if open_:
                        found.setdefault((entry.name, name), []).append((open_.start, open_.end, amount))
        return found

    def forget(self, before: Instant) -> None:
        """Drop what was over by then."""
        self.claims.forget(before)
        self.calendar.forget(before)


class Shares:
    """What is kept over one window; `part` takes from what the calendar keeps, so nodes are asked in order."""

    def __init__(
        self, claimed: Mapping[Spot, Sequence[Piece]], reserved: dict[ResourceName, list[Piece]]
    ) -> None:
        self._claimed = claimed
        self._reserved = reserved

    def part(
        self, node: NodeId, name: ResourceName, free: Iterable[Piece]
    ) -> Iterator[tuple[State, list[Piece]]]:
        """The pieces of what is free, by what they are; abutting or not, they never overlap within a state."""
        rest = list(free)
        claimed = list(lesser(rest, self._claimed.get((node, name), ())))
        rest = list(less(rest, claimed))
        reserved = list(lesser(rest, self._reserved.get(name, ())))
        if reserved:
            self._reserved[name] = list(less(self._reserved[name], reserved))
        yield State.VACATING, claimed
        yield State.RESERVED, reserved
        yield State.IDLE, list(less(rest, reserved))


def less(pieces: Iterable[Piece], taken: Iterable[Piece]) -> Iterator[Piece]:
    """What is left of amounts after others are taken from them, never below nothing."""
    left = levels([*pieces, *((start, end, -amount) for start, end, amount in taken)])
    return (piece for piece in left if piece[2] > 0)

"""Shapes kept by how much they ask for, so that a full room asks nothing of the many that cannot fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dure.model.instants import Millis
from dure.planning.axes import CPU_AXIS, FIRST_GPU, Vector
from dure.planning.shape import Shape, Size


class Gap(NamedTuple):
    """What is free beside a reservation: `soon` for jobs that end within `slack`, `late` for longer ones."""

    slack: Millis
    soon: Size
    late: Size

    def refuses(self, shape: Shape) -> bool:
        """At a glance, and never wrong in saying so."""
        cpu, gpus = self.soon if shape.limit <= self.slack else self.late
        return shape.size[0] > cpu or shape.size[1] > gpus


class Sizes:
    """A set of shapes, in the order in which they came within a size."""

    __slots__ = ("_same",)

    def __init__(self) -> None:
        self._same: dict[Size, dict[Shape, None]] = {}

    def add(self, shape: Shape) -> None:
        """Put a shape in."""
        self._same.setdefault(shape.size, {})[shape] = None

    def discard(self, shape: Shape) -> None:
        """Take a shape out, if it is in."""
        if (same := self._same.get(shape.size)) is not None:
            same.pop(shape, None)
            if not same:
                del self._same[shape.size]

    def copy(self) -> Sizes:
        """The same shapes, apart."""
        twin = Sizes()
        twin._same = {size: same.copy() for size, same in self._same.items()}
        return twin

    def __iter__(self) -> Iterator[Shape]:
        for same in self._same.values():
            yield from same

    def fitting(self, gap: Gap) -> list[Shape]:
        """Those that the gap does not refuse at a glance."""
        found: list[Shape] = []
        for size, same in self._same.items():
            if _within(size, gap.late):
                found += same
            elif _within(size, gap.soon):
                found += [shape for shape in same if shape.limit <= gap.slack]
        return found


def size_of(spare: Vector) -> Size:
    """What is free, as sizes are compared."""
    return spare[CPU_AXIS], sum(spare[FIRST_GPU:])


def _within(size: Size, free: Size) -> bool:
    return size[0] <= free[0] and size[1] <= free[1]

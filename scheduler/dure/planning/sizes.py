"""Shapes kept by how much cpu they ask for, so that a full room asks nothing of the many that cannot fit."""

from __future__ import annotations

from dure.model.instants import Millis
from dure.planning.shape import Shape


class Sizes:
    """A set of shapes, in the order in which they came within a size."""

    __slots__ = ("_by_cpu",)

    def __init__(self) -> None:
        self._by_cpu: dict[int, dict[Shape, None]] = {}

    def add(self, shape: Shape) -> None:
        """Put a shape in."""
        self._by_cpu.setdefault(shape.cpu, {})[shape] = None

    def discard(self, shape: Shape) -> None:
        """Take a shape out, if it is in."""
        if (same := self._by_cpu.get(shape.cpu)) is not None:
            same.pop(shape, None)
            if not same:
                del self._by_cpu[shape.cpu]

    def copy(self) -> Sizes:
        """The same shapes, apart."""
        twin = Sizes()
        twin._by_cpu = {cpu: same.copy() for cpu, same in self._by_cpu.items()}
        return twin

    def fitting(self, slack: Millis, soon: int, late: int) -> list[Shape]:
        """Those whose cpu is at most `soon` where their time limit is at most `slack`, else at most `late`."""
        found: list[Shape] = []
        for cpu, same in self._by_cpu.items():
            if cpu <= late:
                found += same
            elif cpu <= soon:
                found += [shape for shape in same if shape.limit <= slack]
        return found

"""Best fit over many nodes, kept in its order: a search begins where a task can fit and ends at the first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, TypeAlias

from dure.planning.axes import CPU_AXIS, FIRST_GPU, MEMORY_AXIS, Vector
from dure.planning.shape import Part

if TYPE_CHECKING:
    from dure.planning.nodes import Row

_Stand: TypeAlias = "tuple[int, int, str, Row]"
"""(free cpu, free memory, id, node)."""


class Tightest:
    """Some nodes by what is free: value of GPUs, then cpu, then memory, then id.

    `changed` are those whose free amounts changed since they were last put in their place.
    """

    __slots__ = ("_below", "_same", "_stands", "_values", "_worths", "changed")

    def __init__(self, rows: Collection[Row], values: Vector) -> None:
        self.changed: dict[Row, None] = dict.fromkeys(rows)
        self._values = values[FIRST_GPU:]
        self._stands: dict[Row, tuple[int, _Stand]] = {}
        self._same: dict[int, list[_Stand]] = {}
        self._worths: list[int] = []
        self._below: set[Row] = set()

    def first(self, part: Part, tasks: int, aside: Collection[Row]) -> Row | None:
        """The tightest node that holds so many tasks of the part, of all that are not set aside."""
        if self.changed:
            self._settle()
        cpu, memory, gpus, axis = part.cpu * tasks, part.memory * tasks, part.gpus * tasks, part.gpu_axis
        worths = self._worths
        for place in range(self._from(part, tasks), len(worths)):
            line = self._same[worths[place]]
            if cpu and line[-1][CPU_AXIS] < cpu:
                continue
            for n in range(bisect_left(line, (cpu,)) if cpu else 0, len(line)):
                _, free, _, row = line[n]
                enough = (free >= memory or not memory) and (axis < 0 or row.free[axis] >= gpus)
                if enough and row not in aside:
                    return row
        return None

    def holding(self, part: Part) -> Iterator[Row]:
        """All nodes that may hold a task of the part, and few others."""
        if self.changed:
            self._settle()
        for worth in self._worths[self._from(part, 1) :]:
            line = self._same[worth]
            for _, _, _, row in line[bisect_left(line, (part.cpu,)) if part.cpu else 0 :]:
                yield row

    def _from(self, part: Part, tasks: int) -> int:
        """The first worth that may hold the tasks' GPUs; any, while devices that are gone count below nothing."""
        if part.gpu_axis < 0 or self._below:
            return 0
        return bisect_left(self._worths, self._values[part.gpu_axis - FIRST_GPU] * part.gpus * tasks)

    def _settle(self) -> None:
        for row in self.changed:
            self._put(row)
        self.changed.clear()

    def _put(self, row: Row) -> None:
        free = row.free
        worth = sum(map(int.__mul__, free[FIRST_GPU:], self._values))
        stand = (free[CPU_AXIS], free[MEMORY_AXIS], row.id, row)
        before = self._stands.get(row)
        if before is not None:
            self._take(*before)
        line = self._same.get(worth)
        if line is None:
            line = self._same[worth] = []
            self._worths.insert(bisect_left(self._worths, worth), worth)
        line.insert(bisect_left(line, stand), stand)
        self._stands[row] = (worth, stand)
        if min(free) < 0:
            self._below.add(row)
        else:
            self._below.discard(row)

    def _take(self, worth: int, stand: _Stand) -> None:
        line = self._same[worth]
        del line[bisect_left(line, stand)]
        if not line:
            del self._same[worth]
            del self._worths[bisect_left(self._worths, worth)]

"""Use beyond guarantee as whole jobs, kept up to date while jobs come and go (DESIGN 3.1).

A running job is guaranteed iff, on each resource that it holds and that somebody on its path states, what started
before it and itself are within guarantee. Each resource is a sequence of its own: whoever leaves concerns only
those that came later and hold the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from operator import itemgetter
from typing import TypeAlias

from dure.model.job import JobId
from dure.planning.axes import Amounts
from dure.planning.quota import Promises
from dure.planning.running import Active
from dure.planning.tree import Branch, Tree

Place: TypeAlias = tuple[int, int, JobId]
"""Where a job stands among those of its tenants; no two stand in one place."""

_Stand: TypeAlias = tuple[Place, Active, int]
"""(place, job, how much it holds)."""

_place: Callable[[_Stand], Place] = itemgetter(0)


class WholeJobs:
    """Of some jobs those beyond guarantee."""

    __slots__ = ("_found", "_over", "_promises", "_sequences", "_tree")

    def __init__(self, tree: Tree) -> None:
        self._tree, self._promises = tree, Promises(tree)
        self._sequences: dict[int, _Sequence] = {}
        self._over: dict[Active, int] = {}
        self._found: set[JobId] = set()

    def add(self, active: Active, place: Place, held: Amounts) -> None:
        """A job holds this from now on; one that holds nothing governed is beyond guarantee."""
        branch, governed = self._tree.branch(active.job.tenant), False
        self._over[active] = 0
        for axis, amount in held:
            if self._promises.over(branch, axis, amount) is not None:
                governed = True
                self._sequence(axis).add(place, active, amount)
        if not governed:
            self._over[active] = 1
            self._found.add(active.job.id)

    def remove(self, active: Active, place: Place, held: Amounts) -> None:
        """A job holds this no longer."""
        for axis, _ in held:
            if (sequence := self._sequences.get(axis)) is not None:
                sequence.remove(place, active)
        del self._over[active]
        self._found.discard(active.job.id)

    def found(self) -> AbstractSet[JobId]:
        """The jobs beyond guarantee; stands until something moves."""
        for sequence in self._sequences.values():
            for active, by in sequence.judge():
                over = self._over[active] = self._over[active] + by
                (self._found.add if over else self._found.discard)(active.job.id)
        return self._found

    def _sequence(self, axis: int) -> _Sequence:
        found = self._sequences.get(axis)
        if found is None:
            found = self._sequences[axis] = _Sequence(axis, self._promises, self._tree.branch)
        return found


class _Sequence:
    """Jobs that hold one resource, in order. Of the first `judged` their use is counted.

    `over` are those known to be beyond guarantee here; of others than the first `judged` that may be out of date.
    """

    __slots__ = ("_axis", "_branch", "_judged", "_line", "_over", "_promises")

    def __init__(self, axis: int, promises: Promises, branch: Callable[[str], Branch]) -> None:
        self._axis, self._promises, self._branch = axis, promises, branch
        self._line: list[_Stand] = []
        self._over: set[Active] = set()
        self._judged = 0

    def add(self, place: Place, active: Active, amount: int) -> None:
        at = bisect_left(self._line, place, key=_place)
        self._back_to(at)
        self._line.insert(at, (place, active, amount))

    def remove(self, place: Place, active: Active) -> None:
        at = bisect_left(self._line, place, key=_place)
        if at < len(self._line) and self._line[at][1] is active:
            self._back_to(at)
            del self._line[at]
            self._over.discard(active)

    def judge(self) -> list[tuple[Active, int]]:
        """Judge the rest, and say who is beyond guarantee now (1) and who no longer (-1)."""
        changes = []
        for _, active, amount in self._line[self._judged :]:
            if self._count(active, amount) is not (active in self._over):
                changes.append((active, -1 if active in self._over else 1))
                self._over.symmetric_difference_update((active,))
        self._judged = len(self._line)
        return changes

    def _count(self, active: Active, amount: int) -> bool:
        """Count what a job holds here, and say whether it passes a guarantee."""
        branch = self._branch(active.job.tenant)
        over = bool(self._promises.over(branch, self._axis, amount))
        self._promises.give(branch, ((self._axis, amount),))
        return over

    def _back_to(self, at: int) -> None:
        """Take back what those from here on count, the last one first."""
        for _, active, amount in reversed(self._line[at : self._judged]):
            self._promises.give(self._branch(active.job.tenant), ((self._axis, amount),), -1)
        self._judged = min(self._judged, at)

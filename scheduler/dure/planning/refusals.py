"""What was refused stands while what it depends on stands, so that a decision tries only what may have changed.

Free room only shrinks within a decision. Where nothing was given back since, and the reservation leaves others no
more than it did, a shape that found no place finds none now. This holds for shapes of one task group, whose
placement is exact; others are tried every time.
"""

from __future__ import annotations

from collections.abc import Iterable

from dure.model.instants import Instant, Millis
from dure.model.job import JobId, Placement
from dure.model.plan import Start
from dure.planning.axes import Vector
from dure.planning.nodes import Row
from dure.planning.reservation import Promise
from dure.planning.shape import Shape
from dure.planning.sizes import Sizes


class Refusals:
    """Shapes that found no place.

    `bare`: even with no reservation in the way; `_beside`: beside a reservation that leaves `_slack` ms to end in
    and `_extra` on its nodes. `_untried` are all others that stand in line, None for all of them.
    """

    __slots__ = ("_beside", "_extra", "_slack", "_supposed", "_untried", "bare")

    def __init__(self) -> None:
        self.bare: set[Shape] = set()
        self._beside: set[Shape] = set()
        self._untried: Sizes | None = None
        self._slack: Millis = -1
        self._extra: dict[Row, Vector] = {}
        self._supposed: dict[JobId, tuple[Placement, ...]] = {}

    def grew(self) -> None:
        """Something was given back, or nodes changed: nothing stands any more."""
        if self.bare:
            self.bare = set()
        self._forget()
        self._supposed = {}

    def suppose(self, starts: Iterable[Start]) -> None:
        """A decision was made: what it refused stands only once just these starts are applied."""
        self._supposed = {start.job: start.placements for start in starts}

    def began(self, job: JobId, placements: tuple[Placement, ...]) -> None:
        """A job took places."""
        if self._supposed.get(job) == placements:
            del self._supposed[job]

    def confirm(self) -> None:
        """Before a decision: starts that were decided and did not come leave more free than was supposed."""
        if self._supposed:
            self.grew()

    def came(self, shape: Shape) -> None:
        """A shape stands in line."""
        if self._untried is not None and shape not in self._beside:
            self._untried.add(shape)

    def went(self, shape: Shape) -> None:
        """Nobody of this shape waits any more."""
        self.bare.discard(shape)
        self._beside.discard(shape)
        if self._untried is not None:
            self._untried.discard(shape)

    def promised(self, promise: Promise, now: Instant) -> None:
        """A reservation stands from now on in this decision."""
        if promise.at - now > self._slack or _looser(promise.extra, self._extra):
            self._forget()
        self._slack, self._extra = promise.at - now, promise.extra

    def refused(self, shape: Shape, beside: bool, standing: Sizes) -> None:
        """Every choice of flavors of a shape found no place."""
        if not shape.plain:
            return
        if self._untried is None:
            self._untried = standing.copy()
        self._beside.add(shape)
        self._untried.discard(shape)
        if not beside:
            self.bare.add(shape)

    def stand(self, shape: Shape) -> bool:
        """Whether the shape is known to find no place beside the reservation."""
        return shape in self._beside or shape in self.bare

    def untried(self, standing: Sizes) -> Sizes:
        """The shapes that may find a place beside the reservation."""
        return standing if self._untried is None else self._untried

    def _forget(self) -> None:
        if self._beside:
            self._beside = set()
        self._untried = None
        self._slack = -1


def _looser(extra: dict[Row, Vector], before: dict[Row, Vector]) -> bool:
    for row, left in before.items():
        now_left = extra.get(row)
        if now_left is None or any(more > less for more, less in zip(now_left, left, strict=True)):
            return True
    return False

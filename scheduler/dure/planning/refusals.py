"""What was refused stands while what it depends on stands, so that a decision tries only what may have changed.

Free room only shrinks within a decision. Where nothing was given back since on a node that a task of it fits, and
the reservation leaves others no more than it did, a shape that found no place finds none now. So it is with shapes
of one task group, whose placement is exact; others are tried every time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from dure.model.instants import Instant, Millis
from dure.model.job import JobId, NodeId, Placement
from dure.model.plan import Start
from dure.planning.axes import Vector
from dure.planning.nodes import Row
from dure.planning.placement import tasks_in
from dure.planning.reservation import Promise
from dure.planning.shape import Shape
from dure.planning.sizes import Sizes

_MANY: Final = 20_000
"""More pairs of shapes and nodes than this are not worth telling apart."""


class Refusals:
    """Shapes that found no place.

    `bare`: even with no reservation in the way; `_beside`: beside a reservation that leaves `_slack` ms to end in
    and `_extra` on its nodes. `_untried` are all others that stand in line, None until someone asks. `_several`:
    more than one reservation stood; what was refused beside them is not carried on. `_again` were refused but for
    the nodes in `_more`, which grew since: are they bare?
    """

    __slots__ = ("_again", "_beside", "_extra", "_grown", "_more", "_several", "_slack", "_supposed", "_untried",
                 "bare")  # fmt: skip

    def __init__(self) -> None:
        self.bare: set[Shape] = set()
        self._beside: set[Shape] = set()
        self._untried: Sizes | None = None
        self._slack: Millis = -1
        self._several = False
        self._extra: dict[Row, Vector] = {}
        self._supposed: dict[JobId, tuple[Placement, ...]] = {}
        self._grown: dict[NodeId, None] = {}
        self._again: dict[Shape, bool] = {}
        self._more: list[Row] = []

    def grew(self, nodes: Iterable[NodeId]) -> None:
        """Something was given back on these nodes, or they changed."""
        self._grown.update(dict.fromkeys(nodes))

    def suppose(self, starts: Iterable[Start]) -> None:
        """A decision was made: what it refused stands only once just these starts are applied."""
        self._supposed = {start.job: start.placements for start in starts}

    def began(self, job: JobId, placements: tuple[Placement, ...]) -> None:
        """A job took places."""
        if self._supposed.get(job) == placements:
            del self._supposed[job]

    def confirm(self, nodes: Mapping[NodeId, Row]) -> None:
        """Before a decision: whatever may fit on nodes that grew is to be tried again.

        So it is on those of starts that were decided and did not come: less is taken there than was supposed.
        """
        for where in self._supposed.values():
            self.grew(placement.node for placement in where)
        self._supposed = {}
        grown = [nodes[node] for node in self._grown if node in nodes]
        self._grown = {}
        refused = self.bare | self._beside
        self._again, self._more = {}, grown
        if len(grown) * len(refused) > _MANY:
            self.bare = set()
            self._forget()
        else:
            again = [shape for shape in refused if _may_fit(shape, grown)]
            self._again = {shape: shape in self.bare for shape in again}
            self._try_again(again)

    def taken(self) -> None:
        """Something started: who was tried again for what these nodes have no more stays refused."""
        for shape, bare in tuple(self._again.items()):
            if not _may_fit(shape, self._more):
                del self._again[shape]
                self.refused(shape, beside=not bare)

    def _try_again(self, shapes: Iterable[Shape]) -> None:
        for shape in shapes:
            self.bare.discard(shape)
            self._beside.discard(shape)
            if self._untried is not None:
                self._untried.add(shape)

    def came(self, shape: Shape) -> None:
        """A shape stands in line."""
        if self._untried is not None and not self.stand(shape):
            self._untried.add(shape)

    def went(self, shape: Shape) -> None:
        """Nobody of this shape waits any more."""
        self._again.pop(shape, None)
        self.bare.discard(shape)
        self._beside.discard(shape)
        if self._untried is not None:
            self._untried.discard(shape)

    def promised(self, promises: Sequence[Promise], now: Instant) -> None:
        """One more reservation stands from now on in this decision."""
        if len(promises) > 1:
            self._several = True
            return
        only = promises[0]
        if self._several or only.at - now > self._slack or _looser(only.extra, self._extra):
            self._forget()
        self._several = False
        self._slack, self._extra = only.at - now, only.extra

    def lifted(self) -> None:
        """A reservation stands no longer."""
        if self._several:
            self._forget()

    def moved(self, rows: Iterable[Row], more: Sequence[Row]) -> None:
        """Within a decision something vacates or is claimed on these nodes.

        On some there is `more` free for a start: what may fit there is tried again.
        """
        self.grew(row.id for row in rows)
        self._again = {}
        self._forget()
        if more:
            self._try_again([shape for shape in self.bare if _may_fit(shape, more)])

    def refused(self, shape: Shape, beside: bool) -> None:
        """Every choice of flavors of a shape found no place."""
        if not shape.plain:
            return
        self._beside.add(shape)
        if self._untried is not None:
            self._untried.discard(shape)
        if not beside:
            self.bare.add(shape)

    def stand(self, shape: Shape) -> bool:
        """Whether the shape is known to find no place beside the reservation."""
        return shape in self._beside or shape in self.bare

    def untried(self, standing: Sizes) -> Sizes:
        """The shapes that may find a place beside the reservation."""
        if self._untried is None and (self._beside or self.bare):
            self._untried = standing.copy()
            for shape in self._beside | self.bare:
                self._untried.discard(shape)
        return standing if self._untried is None else self._untried

    def _forget(self) -> None:
        self._again = {shape: bare for shape, bare in self._again.items() if bare}
        if self._beside:
            self._beside = set()
        self._untried = None
        self._slack = -1


def _may_fit(shape: Shape, grown: Iterable[Row]) -> bool:
    """Whether any task would fit on one of these nodes: with none there, no more fit in all than before."""
    parts = [demand.parts[0] for demand in shape.demands]
    return any(row.open and tasks_in(part, row.free) for row in grown for part in parts)


def _looser(extra: dict[Row, Vector], before: dict[Row, Vector]) -> bool:
    for row, left in before.items():
        now_left = extra.get(row)
        if now_left is None or any(more > less for more, less in zip(now_left, left, strict=True)):
            return True
    return False

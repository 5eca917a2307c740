"""One node in the planner's account: what it had and in which state, step by step, and what of it was free."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from dure.accounting.kept import Shares
from dure.accounting.overlap import Held, resolve
from dure.accounting.timeline import Piece, clipped, levels
from dure.model.instants import Instant, Interval
from dure.model.job import NodeId
from dure.model.node import Node, NodeState
from dure.model.resources import ResourceName, flavor_of
from dure.model.use import Slice, State

SOURCE = "planner"
"""The source of slices that are nobody's use."""

_BESIDE = (State.VACATING, State.RESERVED)
"""A part of a node may be in these while another part is idle: their slices have a uid of their own."""

Span: TypeAlias = tuple[Instant, Instant, State]


class NodeHistory:
    """A node's capacity and state from instant to instant; None where it is gone.

    `releases` counts the ends that were reported too late: each names its slices by its number as attempt.
    """

    __slots__ = ("_recorded", "_steps", "releases")

    def __init__(self) -> None:
        self._steps: list[tuple[Instant, Node | None]] = []
        self._recorded: Node | None = None
        self.releases = 0

    @classmethod
    def known(cls, at: Instant, node: Node) -> NodeHistory:
        """A node that the ledger has already: no news."""
        history = cls()
        history.set(at, node)
        history._recorded = node
        return history

    def set(self, at: Instant, node: Node | None) -> None:
        """From `at` on; what was said of the same instant before is replaced."""
        place = bisect_right(self._steps, at, key=lambda step: step[0])
        if place and self._steps[place - 1][0] == at:
            self._steps[place - 1] = (at, node)
        else:
            self._steps.insert(place, (at, node))

    def spans(self, start: Instant, end: Instant) -> Iterator[tuple[Instant, Instant, Node]]:
        """The steps that meet [start, end) and in which the node is there."""
        bounds = [*(at for at, _ in self._steps[1:]), end]
        for (at, node), until in zip(self._steps, bounds, strict=True):
            if node is not None and max(at, start) < min(until, end):
                yield max(at, start), min(until, end), node

    def state_spans(self, start: Instant, end: Instant, unwatched: Iterable[Interval]) -> Iterator[Span]:
        """The state of whatever is free, over the parts of [start, end) in which the node is there."""
        gaps = list(unwatched)
        bounds = {at for gap in gaps for at in (gap.start, gap.end)}
        for span_start, span_end, node in self.spans(start, end):
            inner = sorted({span_start, span_end} | {at for at in bounds if span_start < at < span_end})
            for at, until in pairwise(inner):
                yield at, until, _state(node, at, gaps)

    def news(self, window: Interval) -> Iterator[tuple[Instant, Node | None]]:
        """Steps inside the window that say something new, once: (instant, node or None)."""
        for at, node in self._steps:
            if at in window and node != self._recorded:
                self._recorded = node
                yield at, node

    def forget(self, before: Instant) -> None:
        """Drop the steps that were over by then; the last of them still holds."""
        del self._steps[: max(0, bisect_right(self._steps, before, key=lambda step: step[0]) - 1)]

    def slice_of(
        self, pool: str, node: NodeId, name: ResourceName, piece: Piece, state: State, attempt: int = 0
    ) -> Slice:
        """A slice of the planner's account."""
        start, end, amount = piece
        flavor, uid = flavor_of(name), node if state not in _BESIDE else f"{node}/{state}"
        return Slice(SOURCE, pool, uid, attempt, name, start, end, amount, state, node, flavor=flavor)


def _state(node: Node, at: Instant, unwatched: Sequence[Interval]) -> State:
    if any(at in gap for gap in unwatched):
        return State.UNOBSERVED
    return State.DOWN if node.state is NodeState.DOWN else State.IDLE


def free_slices(
    pool: str, node: NodeId, history: NodeHistory, window: Interval,
    held: Mapping[ResourceName, Sequence[Held]], unwatched: Iterable[Interval], shares: Shares,
) -> Iterator[Slice]:  # fmt: skip
    """What nobody used of a node over the window, resource by resource, as few slices as there are changes.

    Only what would be idle is kept for somebody: down is down, and what was not watched may have been used.
    """
    spans = list(history.spans(window.start, window.end))
    states = list(_joined(history.state_spans(window.start, window.end, unwatched)))
    names = {name: None for _, _, there in spans for name, _ in there.capacity.items()}
    for name in names:
        room = [(start, end, there.capacity.amount(name)) for start, end, there in spans]
        free = list(_free(room, held.get(name, ())))
        found = [(piece, state) for start, end, state in states for piece in clipped(free, start, end)]
        idle = [piece for piece, state in found if state is State.IDLE]
        parted = [(piece, state) for state, pieces in shares.part(node, name, idle) for piece in pieces]
        others = [one for one in found if one[1] is not State.IDLE]
        for piece, state in sorted([*others, *parted]):
            yield history.slice_of(pool, node, name, piece, state)


def _free(room: Sequence[Piece], held: Sequence[Held]) -> Iterator[Piece]:
    cuts = resolve(held, room).cuts
    used = [(use.start, cuts.get(use.key, use.end), -use.amount) for use in held]
    return (piece for piece in levels([*room, *used]) if piece[2] > 0)


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    last: Span | None = None
    for span in spans:
        if last and last[1] == span[0] and last[2] is span[2]:
            last = (last[0], span[1], span[2])
            continue
        if last:
            yield last
        last = span
    if last:
        yield last

"""What a node was from fact to fact, to be asked by instant or interval."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from dure.model.instants import Instant
from dure.model.node import Node
from dure.model.use import CapacityFact

Span: TypeAlias = tuple[Instant, Instant, Node]
"""(start, end, node): it was this over [start, end)."""


class Spans:
    """The facts of one node, sorted by instant, as spans up to `until`; time in which it is gone has none."""

    __slots__ = ("_spans", "_starts")

    def __init__(self, facts: Sequence[CapacityFact], until: Instant | None) -> None:
        self._spans = list(_spans(facts, until)) if facts and until is not None else []
        self._starts = [start for start, _, _ in self._spans]

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def at(self, instant: Instant) -> Node | None:
        """The node at an instant, None where it was gone."""
        return next((node for _, _, node in self.meeting(instant, instant + 1)), None)

    def meeting(self, start: Instant, end: Instant) -> Iterator[Span]:
        """The spans that have some time in common with [start, end), whole."""
        place = max(0, bisect_right(self._starts, start) - 1)
        for span in self._spans[place:]:
            if span[0] >= end:
                return
            if start < span[1]:
                yield span


def _spans(facts: Sequence[CapacityFact], until: Instant) -> Iterator[Span]:
    ends = [*(fact.at for fact in facts[1:]), until]
    for fact, end in zip(facts, ends, strict=True):
        if fact.node is not None and fact.at < min(end, until):
            yield fact.at, min(end, until), fact.node

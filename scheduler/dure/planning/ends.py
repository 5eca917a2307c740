"""Ends: who holds what, in the order in which time limits end it, in chunks with their sums.

A search for the first instant at which enough is free goes chunk by chunk: one that does not free enough, taken
whole, is passed in one step.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from dure.model.instants import Instant
from dure.model.job import JobId, NodeId
from dure.planning.axes import Amounts

Held: TypeAlias = Iterable[tuple[NodeId, Amounts, int]]
"""(node, amounts, how many times)."""

Stop: TypeAlias = tuple[Instant, JobId]
"""When a job's limit ends it."""

_LARGEST: Final = 64


class Chunk:
    """Some stops, in order. `held` is what all of them hold, by node and axis."""

    __slots__ = ("held", "stops")

    def __init__(self) -> None:
        self.stops: list[Stop] = []
        self.held: dict[tuple[NodeId, int], int] = {}

    def count(self, held: Held, sign: int) -> None:
        """Something more is held, or less."""
        mine = self.held
        for node, amounts, times in held:
            for axis, amount in amounts:
                key = (node, axis)
                left = mine.get(key, 0) + sign * times * amount
                if left:
                    mine[key] = left
                else:
                    mine.pop(key, None)


class Ends:
    """All stops in order."""

    __slots__ = ("_lasts", "chunks")

    def __init__(self) -> None:
        self.chunks: list[Chunk] = [Chunk()]
        self._lasts: list[Stop] = []

    def add(self, stop: Stop, held: Held) -> Chunk | None:
        """A job holds something until it stops. The chunk that became too large, if one did."""
        position = min(bisect_left(self._lasts, stop), len(self.chunks) - 1)
        chunk = self.chunks[position]
        insort(chunk.stops, stop)
        chunk.count(held, 1)
        self._lasts[position : position + 1] = [chunk.stops[-1]]
        return chunk if len(chunk.stops) > _LARGEST else None

    def split(self, chunk: Chunk, upper: Chunk) -> None:
        """The later half of a chunk is a chunk of its own from now on; `upper` holds the sums of that half."""
        position = self.chunks.index(chunk)
        half = len(chunk.stops) // 2
        upper.stops, chunk.stops = chunk.stops[half:], chunk.stops[:half]
        for key, amount in upper.held.items():
            chunk.held[key] -= amount
            if not chunk.held[key]:
                del chunk.held[key]
        self.chunks.insert(position + 1, upper)
        self._lasts[position : position + 1] = [chunk.stops[-1], upper.stops[-1]]

    def remove(self, stop: Stop, held: Held) -> None:
        """A job that stops then, and still holds this, is over."""
        position = bisect_left(self._lasts, stop)
        chunk = self.chunks[position]
        del chunk.stops[bisect_left(chunk.stops, stop)]
        chunk.count(held, -1)
        if chunk.stops:
            self._lasts[position] = chunk.stops[-1]
        else:
            del self._lasts[position]
            if len(self.chunks) > 1:
                del self.chunks[position]

    def less(self, stop: Stop, held: Held) -> None:
        """A job that stops then holds so much less."""
        self.chunks[bisect_left(self._lasts, stop)].count(held, -1)

    def first(self) -> Instant | None:
        """The earliest stop."""
        stops = self.chunks[0].stops
        return stops[0][0] if stops else None

    def after(self, now: Instant) -> Instant | None:
        """The earliest stop after now."""
        position = bisect_right(self._lasts, now, key=_at)
        if position == len(self._lasts):
            return None
        stops = self.chunks[position].stops
        return stops[bisect_right(stops, now, key=_at)][0]

    def between(self, start: Instant, end: Instant) -> Iterator[Stop]:
        """Stops over [start, end), one by one."""
        for chunk in self.chunks[bisect_left(self._lasts, start, key=_at) :]:
            for stop in chunk.stops[bisect_left(chunk.stops, start, key=_at) :]:
                if stop[0] >= end:
                    return
                yield stop

    def runs(self, start: Instant, end: Instant) -> Iterator[Chunk | Stop]:
        """Stops over [start, end) in order: whole chunks, and what of a chunk is not in there whole one by one."""
        for chunk in self.chunks[bisect_left(self._lasts, start, key=_at) :]:
            stops = chunk.stops
            if not stops or stops[0][0] >= end:
                return
            if start <= stops[0][0] and stops[-1][0] < end:
                yield chunk
            else:
                yield from stops[bisect_left(stops, start, key=_at) : bisect_left(stops, end, key=_at)]


def _at(stop: Stop) -> Instant:
    return stop[0]

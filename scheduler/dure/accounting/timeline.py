"""Amounts over time as steps: sums of many intervals by one sorted sweep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from dure.model.instants import Instant

Piece: TypeAlias = tuple[Instant, Instant, int]
"""(start, end, amount): the amount holds over [start, end)."""


def levels(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The sum of all pieces as abutting pieces, only where it is not zero; equal neighbours are one.

    A piece that does not end after it starts adds nothing.
    """
    changes: defaultdict[Instant, int] = defaultdict(int)
    for start, end, amount in pieces:
        if start < end:
            changes[start] += amount
            changes[end] -= amount
    return _runs(sorted((at, change) for at, change in changes.items() if change))


def _runs(changes: list[tuple[Instant, int]]) -> Iterator[Piece]:
    amount = 0
    for (at, change), (following, _) in pairwise(changes):
        amount += change
        if amount:
            yield at, following, amount


def lesser(one: Sequence[Piece], other: Sequence[Piece]) -> Iterator[Piece]:
    """The smaller of two amounts wherever both are more than nothing; each in order, without overlaps."""
    first, second = 0, 0
    while first < len(one) and second < len(other):
        start = max(one[first][0], other[second][0])
        end = min(one[first][1], other[second][1])
        if start < end:
            yield start, end, min(one[first][2], other[second][2])
        if one[first][1] <= other[second][1]:
            first += 1
        else:
            second += 1


def clipped(pieces: Iterable[Piece], start: Instant, end: Instant) -> Iterator[Piece]:
    """What of each piece lies in [start, end)."""
    for piece_start, piece_end, amount in pieces:
        inner_start, inner_end = max(piece_start, start), min(piece_end, end)
        if inner_start < inner_end:
            yield inner_start, inner_end, amount

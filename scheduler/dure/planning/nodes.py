"""Nodes and what is free on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from dure.model.job import NodeId
from dure.model.node import Node, NodeState
from dure.planning.axes import Amounts, Axes, Vector
from dure.planning.tightest import Tightest

Tightness: TypeAlias = tuple[int, int, int, NodeId]
"""(value of free GPUs, free cpu, free memory, id)."""


class Row:
    """One node.

    `free` is what a start may use: capacity - what stays - max(vacating, claimed), axis by axis; it may be negative
    where capacity shrank under what runs. `open` nodes take jobs. `vacating` is held by attempts that were told to
    leave, `claimed` is what they leave it for. `tightness` orders nodes for best fit; None after `free` changed,
    and `marks` are told of that.
    """

    __slots__ = ("capacity", "claimed", "free", "id", "marks", "node", "open", "tightness", "vacating")

    def __init__(self, node: Node, capacity: Vector, held: Vector, zeros: Vector) -> None:
        self.id, self.node = node.id, node
        self.capacity = capacity
        self.free: Vector = [whole - used for whole, used in zip(capacity, held, strict=True)]
        self.open = node.state is NodeState.UP
        self.vacating, self.claimed = zeros, list(zeros)
        self.tightness: Tightness | None = None
        self.marks: tuple[dict[Row, None], ...] = ()

    def changed(self) -> None:
        """What is free here is not what it was."""
        self.tightness = None
        for mark in self.marks:
            mark[self] = None

    def clear(self) -> Vector:
        """What a claim may use: capacity - what stays - claimed; vacating jobs count as gone."""
        return [
            free + max(0, leaving - kept)
            for free, leaving, kept in zip(self.free, self.vacating, self.claimed, strict=True)
        ]

    def empty(self) -> Vector:
        """What is really empty: capacity - all that still holds something; claims are not counted."""
        return [
            free + max(0, kept - leaving)
            for free, leaving, kept in zip(self.free, self.vacating, self.claimed, strict=True)
        ]


def counted(node: Node | None) -> bool:
    """Whether a node's capacity is the room's: a node that is down holds nothing."""
    return node is not None and node.state is not NodeState.DOWN


class Nodes:
    """All nodes. `capacity` is the room's.

    `spare` is what is free on open nodes together, nothing counted below zero. `leaving` are the nodes on which
    something vacates.
    """

    __slots__ = ("_axes", "_candidates", "_capacities", "_cleared", "_tightest", "_unclear", "capacity", "leaving",
                 "rows", "spare")  # fmt: skip

    def __init__(self, axes: Axes) -> None:
        self._axes = axes
        self.rows: dict[NodeId, Row] = {}
        self.spare = axes.zeros()
        self.capacity = axes.zeros()
        self.leaving: dict[Row, None] = {}
        self._cleared: dict[Row, Vector] = {}
        self._unclear: dict[Row, None] = {}
        self._candidates: dict[int, list[Row]] = {}
        self._tightest: dict[int, Tightest] = {}
        self._capacities: dict[tuple[int, ...], int] = {}

    def put(self, node: Node) -> Row:
        """A node came or changed; what is held on it is to be taken anew."""
        self.remove(node.id)
        row = Row(node, self._axes.vector(node.capacity.items()), self._axes.zeros(), self._axes.zeros())
        self.rows[node.id] = row
        self._count(row, 1)
        return row

    def remove(self, node: NodeId) -> None:
        """A node left, if it was here."""
        if row := self.rows.pop(node, None):
            self._count(row, -1)
            self.leaving.pop(row, None)
            self._cleared.pop(row, None)

    def _count(self, row: Row, sign: int) -> None:
        self._candidates.clear()
        self._tightest.clear()
        self._capacities = {}
        for axis, free in enumerate(row.free):
            if row.open and free > 0:
                self.spare[axis] += sign * free
            if counted(row.node):
                self.capacity[axis] += sign * row.capacity[axis]

    def take(self, row: Row, amounts: Amounts, times: int) -> None:
        """Hold `times` the amounts on a node; give them back where `times` is negative."""
        free, spare = row.free, self.spare
        row.changed()
        if row in self.leaving:
            self._unclear[row] = None
        for axis, amount in amounts:
            before = free[axis]
            after = before - amount * times
            free[axis] = after
            if row.open:
                if after > 0:
                    spare[axis] += after
                if before > 0:
                    spare[axis] -= before

    def vacate(self, row: Row, amounts: Amounts, times: int) -> None:
        """So much of a node is held by attempts that were told to leave, or no longer where `times` is negative."""
        self._unclear[row] = None
        self._keep(row, row.vacating, row.claimed, amounts, times)
        if any(row.vacating):
            self.leaving[row] = None
        else:
            self.leaving.pop(row, None)

    def claim(self, row: Row, amounts: Amounts, times: int) -> None:
        """So much of a node is claimed, or no longer where `times` is negative."""
        self._unclear[row] = None
        self._keep(row, row.claimed, row.vacating, amounts, times)

    def _keep(self, row: Row, kept: Vector, other: Vector, amounts: Amounts, times: int) -> None:
        """Only the larger of what vacates and what is claimed is missing."""
        for axis, amount in amounts:
            before = max(kept[axis], other[axis])
            kept[axis] += amount * times
            if more := max(kept[axis], other[axis]) - before:
                self.take(row, ((axis, more),), 1)

    def cleared(self) -> Mapping[Row, Vector]:
        """What claims may use, on the nodes where that is more than a start may. For reading, and only now."""
        for row in self._unclear:
            if row in self.leaving and (clear := row.clear()) != row.free:
                self._cleared[row] = clear
            else:
                self._cleared.pop(row, None)
        self._unclear.clear()
        return self._cleared

    def candidates(self, axis: int) -> list[Row]:
        """Open nodes with capacity on an axis (-1: any open node), by id."""
        rows = self._candidates.get(axis)
        if rows is None:
            rows = [row for row in self if row.open and (axis < 0 or row.capacity[axis] > 0)]
            self._candidates[axis] = rows
        return rows

    def tightest(self, axis: int, values: Vector) -> Tightest:
        """The same nodes, kept by how tight they are."""
        kept = self._tightest.get(axis)
        if kept is None:
            if not self._tightest:
                for row in self.rows.values():
                    row.marks = ()
            kept = self._tightest[axis] = Tightest(self.candidates(axis), values)
            for row in self.candidates(axis):
                row.marks = (*row.marks, kept.changed)
        return kept

    def capacities(self) -> Mapping[tuple[int, ...], int]:
        """How many nodes have which capacity, whatever their state."""
        if not self._capacities:
            self._capacities = Counter(tuple(row.capacity) for row in self.rows.values())
        return self._capacities

    def __iter__(self) -> Iterator[Row]:
        return iter([self.rows[node] for node in sorted(self.rows)])

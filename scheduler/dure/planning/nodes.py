"""Nodes and what is free on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from dure.model.job import NodeId
from dure.model.node import Node, NodeState
from dure.planning.axes import Amounts, Axes, Vector

Tightness: TypeAlias = tuple[int, int, int, NodeId]
"""(value of free GPUs, free cpu, free memory, id)."""


class Row:
    """One node. `free` may be negative where capacity shrank under what runs; `open` nodes take jobs.

    `tightness` orders nodes for best fit; None after `free` changed (see placement).
    """

    __slots__ = ("capacity", "free", "id", "node", "open", "tightness")

    def __init__(self, node: Node, capacity: Vector, free: Vector) -> None:
        self.id, self.node = node.id, node
        self.capacity, self.free = capacity, free
        self.open = node.state is NodeState.UP
        self.tightness: Tightness | None = None


def counted(node: Node | None) -> bool:
    """Whether a node's capacity is the room's: a node that is down holds nothing."""
    return node is not None and node.state is not NodeState.DOWN


class Nodes:
    """All nodes. `capacity` is the room's.

    `spare` is what is free on open nodes together, nothing counted below zero.
    """

    __slots__ = ("_axes", "_candidates", "capacity", "rows", "spare")

    def __init__(self, axes: Axes) -> None:
        self._axes = axes
        self.rows: dict[NodeId, Row] = {}
        self.spare = axes.zeros()
        self.capacity = axes.zeros()
        self._candidates: dict[int, list[Row]] = {}

    def put(self, node: Node, held: Vector) -> None:
        """A node came or changed; `held` is what runs on it."""
        self.remove(node.id)
        capacity = self._axes.vector(node.capacity.items())
        row = Row(node, capacity, [whole - used for whole, used in zip(capacity, held, strict=True)])
        self.rows[node.id] = row
        self._count(row, 1)

    def remove(self, node: NodeId) -> None:
        """A node left, if it was here."""
        if row := self.rows.pop(node, None):
            self._count(row, -1)

    def _count(self, row: Row, sign: int) -> None:
        self._candidates.clear()
        for axis, free in enumerate(row.free):
            if row.open and free > 0:
                self.spare[axis] += sign * free
            if counted(row.node):
                self.capacity[axis] += sign * row.capacity[axis]

    def take(self, row: Row, amounts: Amounts, times: int) -> None:
        """Hold `times` the amounts on a node; give them back where `times` is negative."""
        free, spare = row.free, self.spare
        row.tightness = None
        for axis, amount in amounts:
            before = free[axis]
            after = before - amount * times
            free[axis] = after
            if row.open:
                spare[axis] += (max(0, after)) - (max(0, before))

    def candidates(self, axis: int) -> list[Row]:
        """Open nodes with capacity on an axis (-1: any open node), by id."""
        rows = self._candidates.get(axis)
        if rows is None:
            rows = [row for row in self if row.open and (axis < 0 or row.capacity[axis] > 0)]
            self._candidates[axis] = rows
        return rows

    def __iter__(self) -> Iterator[Row]:
        return iter([self.rows[node] for node in sorted(self.rows)])

"""Nodes and the pools and GPU flavors they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dure.model.job import NodeId
from dure.model.resources import Flavor, Resources


class NodeState(StrEnum):
    """`up` takes jobs, `draining` keeps what runs and takes no more, `down` holds nothing."""

    UP = "up"
    DRAINING = "draining"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Node:
    """A machine, or a virtual one. Its GPU devices are numbered from 0, flavor by flavor in sorted order."""

    id: NodeId
    pool: str
    capacity: Resources
    state: NodeState = NodeState.UP
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class GpuFlavor:
    """A kind of GPU. `value` in thousandths weighs it in scores, victim cost and prices (1000: one unit)."""

    name: Flavor
    value: int = 1000
    node_selector: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pool:
    """Nodes of one backend (`local`, `kubernetes`, `slurm`) with the same role.

    `nodes` are those that policy declares (virtual nodes of a local pool); other backends discover theirs.
    `options` are the backend's own settings, as text.
    """

    name: str
    backend: str
    nodes: tuple[Node, ...] = ()
    options: tuple[tuple[str, str], ...] = ()

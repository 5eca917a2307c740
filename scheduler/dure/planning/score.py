"""Scores: how far ahead of its due a tenant is (DESIGN 3.2).

    a[t,r] = held above guarantee / capacity          e[t,r] = memory x h + (1 - memory) x a
    share = max over r of e[t,r]                      score = share / weight

Amounts and values are integers; the one division comes last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from dure.planning.axes import CPU_AXIS, FIRST_GPU, MEMORY_AXIS, Vector

ByDimension: TypeAlias = tuple[float, float, float]
"""Shares of the room in cpu, memory and value-weighted gpu."""

NONE: Final[ByDimension] = (0.0, 0.0, 0.0)


def above(held: Vector, promised: Vector, values: Vector) -> tuple[int, int, int]:
    """Use above guarantee in each dimension: per flavor max(0, held - guarantee), then weighed by value."""
    gpu = 0
    for mine, due, value in zip(held[FIRST_GPU:], promised[FIRST_GPU:], values[FIRST_GPU:], strict=True):
        if mine > due:
            gpu += (mine - due) * value
    cpu, memory = held[CPU_AXIS] - promised[CPU_AXIS], held[MEMORY_AXIS] - promised[MEMORY_AXIS]
    return max(0, cpu), max(0, memory), gpu


def whole(capacity: Vector, values: Vector) -> tuple[int, int, int]:
    """The room's capacity in each dimension, GPUs weighed by value."""
    gpu = sum(map(int.__mul__, capacity[FIRST_GPU:], values[FIRST_GPU:]))
    return capacity[CPU_AXIS], capacity[MEMORY_AXIS], gpu


def parts(amounts: Sequence[int], room: Sequence[int]) -> ByDimension:
    """The amounts as shares of the room; a dimension of which the room has nothing counts for nothing."""
    (cpu, memory, gpu), (all_cpu, all_memory, all_gpu) = amounts, room
    return (
        cpu / all_cpu if all_cpu else 0.0,
        memory / all_memory if all_memory else 0.0,
        gpu / all_gpu if all_gpu else 0.0,
    )


def share(current: ByDimension, history: ByDimension, memory: float) -> float:
    """Max over the dimensions of memory x h + (1 - memory) x a."""
    new = 1.0 - memory
    return max(
        memory * history[0] + new * current[0],
        memory * history[1] + new * current[1],
        memory * history[2] + new * current[2],
    )

"""Axes: resources as dense integer vectors, so that the hot path adds small lists and not mappings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from dure.model.node import GpuFlavor
from dure.model.resources import CPU, MEMORY, Flavor, ResourceName, Resources, gpu

Vector: TypeAlias = list[int]
"""An amount for every axis."""

Amounts: TypeAlias = tuple[tuple[int, int], ...]
"""(axis, amount) of everything that is not zero."""

CPU_AXIS: Final = 0
MEMORY_AXIS: Final = 1
FIRST_GPU: Final = 2
WHOLE: Final = 1000
"""The value of a flavor that no rule names: one unit, in thousandths (`GpuFlavor.value`)."""


class Axes:
    """cpu, memory, then the GPU flavors by name. A room meeting a new flavor makes itself anew."""

    __slots__ = ("index", "names")

    def __init__(self, flavors: Iterable[Flavor]) -> None:
        self.names: tuple[ResourceName, ...] = (
            CPU,
            MEMORY,
            *(gpu(flavor) for flavor in sorted(set(flavors))),
        )
        self.index: dict[ResourceName, int] = {name: axis for axis, name in enumerate(self.names)}

    def covers(self, flavors: Iterable[Flavor]) -> bool:
        """Whether every one of these flavors has an axis."""
        return all(gpu(flavor) in self.index for flavor in flavors)

    def zeros(self) -> Vector:
        """Nothing of anything."""
        return [0] * len(self.names)

    def amounts(self, resources: Resources) -> Amounts:
        """The resources by axis, in the order of axes. Raises KeyError for a flavor without an axis."""
        return tuple((self.index[name], amount) for name, amount in resources.items())

    def vector(self, stated: Iterable[tuple[ResourceName, int]]) -> Vector:
        """The named amounts as a vector; names without an axis are of nothing that the room has or jobs ask."""
        vector = self.zeros()
        for name, amount in stated:
            if name in self.index:
                vector[self.index[name]] += amount
        return vector

    def values(self, flavors: Iterable[GpuFlavor]) -> Vector:
        """The value of one device on each axis, in thousandths; 0 for cpu and memory."""
        named = {gpu(flavor.name): flavor.value for flavor in flavors}
        return [0, 0, *(named.get(name, WHOLE) for name in self.names[FIRST_GPU:])]

    def resources(self, vector: Sequence[int]) -> Resources:
        """The inverse of `vector`."""
        return Resources.named(
            (name, amount) for name, amount in zip(self.names, vector, strict=True) if amount
        )


def add(vector: Vector, amounts: Amounts, times: int = 1) -> None:
    """Add `times` the amounts to the vector."""
    for axis, amount in amounts:
        vector[axis] += amount * times


def together(parts: Iterable[tuple[Amounts, int]]) -> Amounts:
    """The sum of amounts, each taken so many times."""
    total: dict[int, int] = {}
    for amounts, times in parts:
        for axis, amount in amounts:
            total[axis] = total.get(axis, 0) + amount * times
    return tuple(sorted((axis, amount) for axis, amount in total.items() if amount))


def within(amounts: Amounts, free: Sequence[int]) -> bool:
    """Whether none of the amounts is more than there is."""
    for axis, amount in amounts:  # noqa: SIM110  # asked for every start, at half the price of a generator
        if amount > free[axis]:
            return False
    return True

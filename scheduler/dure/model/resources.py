"""Amounts of cpu, memory and GPUs, and quotas stated over them; integers only.

A *resource name* is `cpu` (millicores), `memory` (MiB) or `gpu:FLAVOR` (devices). Everything that is stated,
metered or priced per resource uses these names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

ResourceName: TypeAlias = str
Flavor: TypeAlias = str

CPU: ResourceName = "cpu"
MEMORY: ResourceName = "memory"
_GPU_PREFIX = "gpu:"


def gpu(flavor: Flavor) -> ResourceName:
    """The resource name of a GPU flavor: `gpu("a100-80g") == "gpu:a100-80g"`."""
    return _GPU_PREFIX + flavor


def flavor_of(name: ResourceName) -> Flavor:
    """The flavor of a GPU resource name, or "" for cpu and memory."""
    return name[len(_GPU_PREFIX) :] if name.startswith(_GPU_PREFIX) else ""


@dataclass(frozen=True, slots=True)
class Resources:
    """cpu in millicores, memory in MiB, GPUs as (flavor, devices) sorted by flavor, none of them zero.

    Differences may be negative. Build with `Resources.of` where the GPUs are not already sorted.
    """

    cpu: int = 0
    memory: int = 0
    gpus: tuple[tuple[Flavor, int], ...] = ()

    @classmethod
    def of(cls, cpu: int = 0, memory: int = 0, gpus: Mapping[Flavor, int] | None = None) -> Resources:
        """The amounts, with the GPUs sorted and zeros left out."""
        return cls(cpu, memory, tuple(sorted((f, n) for f, n in (gpus or {}).items() if n)))

    @classmethod
    def named(cls, amounts: Iterable[tuple[ResourceName, int]]) -> Resources:
        """The inverse of `items`. Raises KeyError for a name that is no resource."""
        plain = {CPU: 0, MEMORY: 0}
        gpus: dict[Flavor, int] = {}
        for name, amount in amounts:
            if flavor := flavor_of(name):
                gpus[flavor] = gpus.get(flavor, 0) + amount
            else:
                plain[name] += amount
        return cls.of(plain[CPU], plain[MEMORY], gpus)

    def items(self) -> Iterator[tuple[ResourceName, int]]:
        """(name, amount) of everything that is not zero: cpu, memory, then GPUs by flavor."""
        if self.cpu:
            yield CPU, self.cpu
        if self.memory:
            yield MEMORY, self.memory
        for flavor, devices in self.gpus:
            yield gpu(flavor), devices

    def amount(self, name: ResourceName) -> int:
        """The amount of one resource, 0 where there is none of it."""
        return dict(self.items()).get(name, 0)

    def __add__(self, other: Resources) -> Resources:
        return self._combine(other, 1)

    def __sub__(self, other: Resources) -> Resources:
        return self._combine(other, -1)

    def __mul__(self, times: int) -> Resources:
        gpus = tuple((f, n * times) for f, n in self.gpus) if times else ()
        return Resources(self.cpu * times, self.memory * times, gpus)

    def _combine(self, other: Resources, sign: int) -> Resources:
        gpus = dict(self.gpus)
        for flavor, devices in other.gpus:
            gpus[flavor] = gpus.get(flavor, 0) + sign * devices
        return Resources.of(self.cpu + sign * other.cpu, self.memory + sign * other.memory, gpus)

    def fits(self, room: Resources) -> bool:
        """Whether nothing here is more than `room` has of it."""
        free = dict(room.gpus)
        return (
            self.cpu <= room.cpu
            and self.memory <= room.memory
            and all(devices <= free.get(flavor, 0) for flavor, devices in self.gpus)
        )


@dataclass(frozen=True, slots=True)
class Quota:
    """Amounts stated per resource name, sorted by name; a resource not named is not stated (not zero)."""

    stated: tuple[tuple[ResourceName, int], ...] = ()

    @classmethod
    def of(cls, amounts: Mapping[ResourceName, int]) -> Quota:
        """The quota that states these amounts (zero is a statement)."""
        return cls(tuple(sorted(amounts.items())))

    def get(self, name: ResourceName) -> int | None:
        """What is stated for this resource, or None."""
        return dict(self.stated).get(name)

"""Shapes: what pending jobs ask for, worked out once for all jobs that ask for the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Final, TypeAlias

from dure.model.instants import Millis
from dure.model.job import TaskGroup, longest_limit
from dure.model.plan import Numbers
from dure.model.resources import Flavor
from dure.planning.axes import CPU_AXIS, FIRST_GPU, Amounts, Axes, Vector, together

if TYPE_CHECKING:
    from dure.planning.queue import Kind

FOREVER: Final = 1 << 62
"""Longer than any time limit."""

Asked: TypeAlias = tuple[tuple[TaskGroup, ...], Millis | None, tuple[tuple[Flavor, Millis], ...]]
"""What makes a shape: task groups, the time limit, and limits of their own under some flavors."""

Size: TypeAlias = tuple[int, int]
"""(cpu, GPUs of any flavor)."""


class Part:
    """One task group under one flavor: `count` tasks, each of `amounts`. `gpu_axis` is -1 where there is none.

    `cpu`, `memory` and `gpus` say the amounts again.
    """

    __slots__ = ("amounts", "count", "cpu", "flavor", "gpu_axis", "gpus", "group", "memory")

    def __init__(self, group: int, asked: TaskGroup, flavor: Flavor, axes: Axes) -> None:
        self.group, self.count, self.flavor = group, asked.count, flavor
        self.amounts: Amounts = axes.amounts(asked.request(flavor))
        self.gpu_axis = self.amounts[-1][0] if asked.gpus else -1
        self.cpu, self.memory, self.gpus = asked.cpu, asked.memory, asked.gpus


class Demand:
    """A shape under one choice of flavors. `parts` come in the order of placing, `total` is of the whole gang.

    `limit` is the time limit under these flavors (speed differs), FOREVER where there is none. `firm`: it
    may not be preempted once it runs.
    """

    __slots__ = ("firm", "limit", "parts", "total")

    def __init__(
        self, asked: Asked, flavors: Sequence[Flavor], axes: Axes, values: Vector, firm: bool = False
    ) -> None:
        groups, limit, limits = asked
        self.firm = firm
        self.limit = lasting(longest_limit(limit, limits, flavors))
        parts = [
            Part(n, group, flavor, axes)
            for n, (group, flavor) in enumerate(zip(groups, flavors, strict=True))
            if group.count
        ]
        self.parts = sorted(parts, key=lambda part: (_hardness(part, values), part.group))
        self.total = together((part.amounts, part.count) for part in parts)


class Shape:
    """Task groups and their time limits, and whether they may be preempted (`firm`: not).

    `fits_empty`: the room would hold it if nothing else ran; None before it was asked. `kinds` are the classes of
    this shape that stand in line, `users` counts all that have it, `size` is the least that it asks for.

    `demands` are the choices of flavors, best first: group by group in the job's order of preference. `plain`
    says that what refuses it with some room refuses it with less (one group: placing it is then exact).

    `limit` is the shortest time limit of them: what is refused at a glance as longer is so under every choice.
    `longest` is the longest.
    """

    __slots__ = ("asked", "demands", "firm", "fits_empty", "groups", "kinds", "limit", "longest", "numbers",
                 "plain", "size", "users")  # fmt: skip

    def __init__(self, asked: Asked, axes: Axes, values: Vector, firm: bool = False) -> None:
        self.asked, self.firm = asked, firm
        self.groups = groups = asked[0]
        choices = product(*(group.flavors if group.gpus else ("",) for group in groups))
        self.demands = tuple(Demand(asked, flavors, axes, values, firm) for flavors in choices)
        self.limit = min((demand.limit for demand in self.demands), default=lasting(asked[1]))
        self.longest = max((demand.limit for demand in self.demands), default=lasting(asked[1]))
        self.plain = len(groups) == 1
        self.size: Size = (
            min((dict(demand.total).get(CPU_AXIS, 0) for demand in self.demands), default=0),
            min((_devices(demand.total) for demand in self.demands), default=0),
        )
        self.numbers: Numbers = self._numbers(axes)
        self.fits_empty: bool | None = None
        self.kinds: dict[Kind, None] = {}
        self.users = 0

    def _numbers(self, axes: Axes) -> Numbers:
        tasks = ("tasks", sum(group.count for group in self.groups))
        total = self.demands[0].total if self.demands else ()
        return (tasks, *((axes.names[axis], amount) for axis, amount in total))


def lasting(limit: Millis | None) -> Millis:
    """A time limit, or FOREVER for none."""
    return FOREVER if limit is None else limit


def _devices(amounts: Amounts) -> int:
    return sum(amount for axis, amount in amounts if axis >= FIRST_GPU)


def _hardness(part: Part, values: Vector) -> tuple[int, ...]:
    """The tasks that are hardest to place come first: by value of GPUs, then cpu, then memory."""
    asked = dict(part.amounts)
    worth = values[part.gpu_axis] * asked[part.gpu_axis] if part.gpu_axis >= 0 else 0
    return (-worth, -asked.get(0, 0), -asked.get(1, 0))

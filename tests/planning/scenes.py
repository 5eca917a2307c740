"""Situations by hand for explanations: a small room whose plans are carried out whole, evictions and claims too."""

from __future__ import annotations

from dure.model.change import Evicting, Promised, Starting, TaskStarted
from dure.model.job import Job, TaskGroup
from dure.model.node import Node
from dure.model.plan import Code, Explanation, Plan
from dure.model.rules import CalendarEntry, Maintenance, Planning, Rules
from dure.model.snapshot import Snapshot
from dure.model.tenant import Tenant
from dure.planning.room import Room
from tests.planning.small import FLAVORS, Small, job

Told = tuple[str, str, dict[str, int]]
"""Code, subject and numbers of a reason."""


def gang(name: str, of: str, tasks: int, gpus: int = 1, flavor: str = "a100", **other: object) -> Job:
    """A job of several tasks with devices."""
    return job(name, of, 0, groups=(TaskGroup(tasks, 0, 0, gpus, (flavor,)),), **other)


class Scene(Small):
    """A small room under these rules."""

    def __init__(
        self,
        nodes: list[Node],
        tenants: list[Tenant],
        planning: Planning = Planning(memory=0.0),  # noqa: B008 - a value
        calendar: tuple[CalendarEntry, ...] = (),
        maintenance: tuple[Maintenance, ...] = (),
    ) -> None:
        self.rules = Rules(
            "room", planning=planning, flavors=FLAVORS, tenants=tuple(tenants), calendar=calendar,
            maintenance=maintenance,
        )  # fmt: skip
        self.room = Room.of(Snapshot(nodes=tuple(sorted(nodes, key=lambda one: one.id))), self.rules)
        self.now = 0

    def carry_out(self) -> Plan:
        """Decide, and do all that was decided."""
        plan = self.room.decide(self.now)
        self.room.apply(Promised(self.now, plan.claims, plan.reservations))
        for eviction in plan.evictions:
            self.room.apply(Evicting(self.now, eviction))
        for start in plan.starts:
            self.room.apply(Starting(self.now, start.job, start.attempt, start.placements, start.under))
            for task in range(sum(placement.tasks for placement in start.placements)):
                self.room.apply(TaskStarted(self.now, start.job, start.attempt, task))
        return plan

    def told(self, name: str) -> list[Told]:
        """Every reason of a job."""
        return [(r.code.value, r.subject, dict(r.numbers)) for r in self.explain(name).reasons]

    def about(self, name: str, code: Code, subject: str = "") -> dict[str, int]:
        """The numbers of the one reason of this code and subject. Raises ValueError where there is not one."""
        (found,) = [numbers for what, whom, numbers in self.told(name) if (what, whom) == (code, subject)]
        return found

    def codes(self, name: str) -> list[tuple[str, str]]:
        """Code and subject of every reason."""
        return [(code, subject) for code, subject, _ in self.told(name)]

    def explain(self, name: str) -> Explanation:
        """All there is to say of a job."""
        return self.room.explain(name, self.now)

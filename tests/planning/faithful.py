"""A room in which all that is decided is carried out, to the letter, at the instants that plans ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from dure.model.change import Ended, Evicting, NodeSet, Promised, Starting, Submitted, TaskEnded, TaskStarted
from dure.model.instants import SECOND, Interval
from dure.model.job import Job, held_by
from dure.model.node import Node
from dure.model.plan import Plan
from dure.model.resources import Quota, Resources
from dure.model.rules import CalendarEntry, Rules
from dure.model.snapshot import Running, Snapshot
from dure.planning.room import Room
from tests.planning.timed import entries, maintenance, windows
from tests.planning.wander import any_job, any_node, any_rules

FIRST, LAST = 100 * SECOND, 300 * SECOND


class Faithful:
    """Jobs come at random; those that start run until their limit or until they were evicted, then come again.

    The calendar keeps no more than the nodes have that are not out meanwhile.
    """

    def __init__(self, seed: int, *, week: bool = False) -> None:
        self.random = random = Random(seed)
        self.nodes = tuple(
            replace(any_node(random, f"n{number}"), state=Node("x", "p", Resources()).state)
            for number in range(random.randint(1, 4))
        )
        self.rules = self._rules(week=week)
        self.room = Room.of(Snapshot(), self.rules)
        self.now, self.count = FIRST, 0
        self.runs: dict[str, int] = {}
        for node in self.nodes:
            self.room.apply(NodeSet(0, node))

    def _rules(self, *, week: bool) -> Rules:
        random = self.random
        rules = replace(any_rules(random), timezone="UTC")
        planning = replace(rules.planning, grace=random.choice([1, 5, 10]) * SECOND)
        rules = replace(rules, planning=planning, maintenance=maintenance(random))
        if week:
            rules = replace(rules, windows=windows(random, rules))
        for entry in entries(random, rules):
            kept = (*rules.calendar, self._bounded(rules, entry))
            rules = replace(rules, calendar=tuple(one for one in kept if one.resources.stated))
        return rules

    def _bounded(self, rules: Rules, entry: CalendarEntry) -> CalendarEntry:
        """As much of the entry as is there all the time, beside the other entries."""
        amounts = {
            name: min(amount, *(self._there(rules, name, at) for at in self._instants(rules, entry.interval)))
            for name, amount in entry.resources.stated
        }
        return replace(entry, resources=Quota.of({name: most for name, most in amounts.items() if most > 0}))

    def _instants(self, rules: Rules, span: Interval) -> list[int]:
        starts = [one.interval.start for one in rules.calendar]
        return [span.start, *(at for at in starts if at in span)]

    def _there(self, rules: Rules, name: str, at: int) -> int:
        """What of a resource nodes have that are never out, less what other entries keep."""
        out = {node for one in rules.maintenance for node in one.nodes}
        whole = sum(node.capacity.amount(name) for node in self.nodes if node.id not in out)
        return whole - sum(one.resources.get(name) or 0 for one in rules.calendar if at in one.interval)

    def steps(self) -> Iterator[tuple[Snapshot, Plan]]:
        """Every decision, with the room before it; each is carried out once the caller has seen it."""
        wake: int | None = self.now
        while self.now < LAST:
            if self.random.random() < 0.8:
                self.submit()
            before = self.room.snapshot()
            plan = self.room.decide(self.now)
            yield before, plan
            self.carry_out(plan)
            wake = self.room.decide(self.now).wake_at
            self.pass_on(wake)

    def submit(self) -> None:
        for _ in range(self.random.randint(1, 5)):
            self.count += 1
            job = any_job(self.random, self)  # type: ignore[arg-type]  # it has all that is asked of a world
            groups = tuple(replace(group, cpu=max(1, group.cpu)) for group in job.groups)
            limit = self.random.choice([None, 20 * SECOND, 60 * SECOND, 200 * SECOND])
            job = replace(job, id=str(self.count), submitted=self.now, groups=groups, time_limit=limit)
            self.room.apply(Submitted(self.now, job))

    def carry_out(self, plan: Plan) -> None:
        """The service's order: promises, evictions, starts."""
        self.room.apply(Promised(self.now, plan.claims, plan.reservations))
        for eviction in plan.evictions:
            self.room.apply(Evicting(self.now, eviction))
        for start in plan.starts:
            self.room.apply(Starting(self.now, start.job, start.attempt, start.placements, start.under))
            for task in range(sum(placement.tasks for placement in start.placements)):
                self.room.apply(TaskStarted(self.now, start.job, start.attempt, task))
            self.runs[start.job] = self.now + self.random.choice([5, 20, 60, 300]) * SECOND

    def pass_on(self, wake: int | None) -> None:
        """To the next instant at which anything is due, or a new job comes; what is over by then is told."""
        coming = [self.now + self.random.choice([5, 15, 40]) * SECOND, *self.due().values()]
        self.now = min(at for at in (*coming, wake or LAST) if at > self.now)
        running = {run.job.id: run for run in self.room.snapshot().running}
        for job, at in sorted(self.due().items()):
            if at <= self.now:
                self.end(running[job])

    def due(self) -> dict[str, int]:
        """When each running job is over: at its limit, once it has left, or when its work is done."""
        return {run.job.id: self.over_at(run) for run in self.room.snapshot().running}

    def over_at(self, run: Running) -> int:
        limit = run.job.limit_under(placement.flavor for placement in run.placements)
        over = self.runs[run.job.id] if limit is None else min(self.runs[run.job.id], run.since + limit)
        if run.vacating_since is not None:
            over = min(over, run.vacating_since + self.rules.planning.grace)
        return max(over, self.now)

    def end(self, run: Running) -> None:
        for task in range(len(run.tasks)):
            self.room.apply(TaskEnded(self.now, run.job.id, run.attempt, task))
        evicted = run.vacating is not None
        self.room.apply(Ended(self.now, run.job.id, run.attempt, not evicted, requeue=evicted))


def held(snapshot: Snapshot, node: str, *, under: bool) -> Resources:
    """What runs on a node under entries of the calendar, or besides."""
    found = Resources()
    for run in snapshot.running:
        if bool(run.under) is under:
            for placement in run.placements:
                if placement.node == node:
                    found += held_by(run.job, placement)
    return found


def whole(job: Job, run: Running) -> Resources:
    """All that an attempt holds."""
    return sum((held_by(job, placement) for placement in run.placements), Resources())

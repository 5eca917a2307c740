"""Long random lives of a room that preempts: arrivals, ends, slow evictions, changing nodes and policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from dure.model.change import (
    Budgeted,
    Change,
    Checkpointed,
    Ended,
    Held,
    NodeSet,
    Paused,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
    Watermark,
    Withdrawn,
)
from dure.model.instants import SECOND
from dure.model.plan import Plan
from dure.model.snapshot import Running, Snapshot
from dure.model.tenant import BudgetState, Tenant
from dure.planning.check.applied import changes
from dure.planning.room import Room
from tests.planning.reference_rooms import Maker


class Life:
    """One room's life from any state whatever; a seed decides everything."""

    def __init__(self, seed: int, maker: type[Maker] = Maker) -> None:
        self.random = Random(seed)
        self.maker = maker(self.random)
        snapshot, self.rules, self.now = self.maker.case()
        self.room = Room.of(snapshot, self.rules)
        self.count = 0
        self._things: list[tuple[int, Callable[[], None]]] = [
            (8, self.submit),
            (6, self.pass_time),
            (5, self.leave),
            (5, self.end),
            (2, self.change_mind),
            (2, self.change_node),
            (2, self.change_rules),
            (2, self.checkpoint),
            (1, self.budget),
            (1, self.pause),
            (1, self.settle),
        ]

    def decisions(self, steps: int) -> Iterator[tuple[Snapshot, Plan]]:
        """So many decisions, each carried out, with the snapshot before it; things happen in between."""
        for _ in range(steps):
            snapshot, plan = self.room.snapshot(), self.room.decide(self.now)
            yield snapshot, plan
            self.carry_out(plan)
            for _ in range(self.random.choice([0, 1, 1, 2, 4])):
                self.step()

    def step(self) -> None:
        """One thing happens."""
        weights, things = zip(*self._things, strict=True)
        self.random.choices(things, weights)[0]()

    def tell(self, change: Change) -> None:
        """Something happens to the room."""
        self.room.apply(change)

    def carry_out(self, plan: Plan) -> None:
        """All that was decided is done; most tasks start at once."""
        for change in changes(plan):
            self.tell(change)
            if isinstance(change, Starting) and self.random.random() < 0.8:
                for task in range(sum(placement.tasks for placement in change.placements)):
                    self.tell(TaskStarted(plan.at, change.job, change.attempt, task))
        for end in plan.ends:
            self.over(end.job)

    # What happens

    def submit(self) -> None:
        """A job arrives."""
        self.count += 1
        job = replace(self.maker.job(self.rules, f"s{self.count}"), submitted=self.now)
        self.tell(Submitted(self.now, job))

    def pass_time(self) -> None:
        """Time goes by."""
        self.now += self.random.choice([1, SECOND, SECOND, 10 * SECOND, 60 * SECOND])

    def leave(self) -> None:
        """A victim has left, and is pending again."""
        vacating = [one for one in self.room.snapshot().running if one.vacating]
        if vacating:
            self._gone(self.random.choice(vacating), requeue=True)

    def end(self) -> None:
        """A job ends, or is lost."""
        if running := self.room.snapshot().running:
            self._gone(self.random.choice(running), requeue=self.random.random() < 0.3)

    def over(self, job: str) -> None:
        """A job past its limit is gone; a pending one that can never start is withdrawn."""
        snapshot = self.room.snapshot()
        for running in snapshot.running:
            if running.job.id == job:
                self._gone(running, requeue=False)
                return
        self.tell(Withdrawn(self.now, job))

    def _gone(self, running: Running, requeue: bool) -> None:
        for task, times in enumerate(running.tasks):
            if times.started is not None and times.ended is None:
                self.tell(TaskEnded(self.now, running.job.id, running.attempt, task))
        self.tell(Ended(self.now, running.job.id, running.attempt, not requeue, requeue))

    def change_mind(self) -> None:
        """A job is held, released or cancelled."""
        if pending := self.room.snapshot().pending:
            job = self.random.choice(pending).job.id
            what = self.random.choice(["hold", "release", "release", "cancel"])
            self.tell(Withdrawn(self.now, job) if what == "cancel" else Held(self.now, job, what == "hold"))

    def change_node(self) -> None:
        """A node comes back another, drains, or fails without losing its jobs."""
        node = self.maker.node(f"n{self.random.randint(0, 3)}")
        self.tell(NodeSet(self.now, node))

    def change_rules(self) -> None:
        """Weights and quotas of the same tenants, or how the room plans, are others from now on."""
        other = self.maker.rules()
        if self.random.random() < 0.5:
            self.rules = replace(self.rules, planning=other.planning)
        else:
            tenants = tuple(self._changed(tenant.id) for tenant in self.rules.tenants)
            self.rules = replace(self.rules, tenants=tenants)
        self.room = Room.of(self.room.snapshot(), self.rules)

    def _changed(self, tenant: str) -> Tenant:
        (old,) = (one for one in self.rules.tenants if one.id == tenant)
        if self.random.random() < 0.5:
            return old
        guarantee = self.maker.quota()
        return replace(
            old, weight=self.random.randint(1, 3), guarantee=guarantee, limit=self.maker.limit(guarantee)
        )

    def checkpoint(self) -> None:
        """A job reports a checkpoint."""
        running = [one for one in self.room.snapshot().running if not one.vacating]
        if running:
            one = self.random.choice(running)
            self.tell(Checkpointed(self.now, one.job.id, one.attempt))

    def budget(self) -> None:
        """A tenant's month stands otherwise against its budget."""
        tenant = self.random.choice(self.rules.tenants).id
        states = [BudgetState.FINE, BudgetState.FINE, BudgetState.PREEMPTIBLE_ONLY, BudgetState.HELD]
        self.tell(Budgeted(self.now, tenant, self.random.choice(states)))

    def pause(self) -> None:
        """Starts are paused or resumed."""
        tenant = self.random.choice([None, *(one.id for one in self.rules.tenants)])
        self.tell(Paused(self.now, tenant, self.random.random() < 0.3))

    def settle(self) -> None:
        """Nothing older will be told."""
        self.tell(Watermark(self.now))

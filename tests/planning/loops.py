"""Rooms left to themselves: a plan is carried out, who was evicted has left, and the room decides again.

No job ends and none arrives, so evictions must stop: whoever goes on evicting goes round in a loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from random import Random

from dure.model.change import Ended, Starting, TaskEnded, TaskStarted
from dure.model.instants import SECOND
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import GpuFlavor, Node
from dure.model.plan import Plan
from dure.model.resources import Quota, Resources
from dure.model.rules import BetweenBorrowers, Planning, Rules, WithinTenant
from dure.model.snapshot import Pending, Running, Snapshot, TaskTimes
from dure.model.tenant import Tenant
from dure.planning.check.applied import changes
from dure.planning.room import Room, plan

NOW = 1_000_000 * SECOND
FLAVORS = (GpuFlavor("a"),)
BOUND = 60
"""More decisions than any tiny room needs: every one of them starts, claims or evicts something."""


class LoopError(AssertionError):
    """A room that does not come to rest."""


def settle(room: Room, now: int, bound: int = BOUND) -> int:
    """Decide and carry out, second by second, until nothing changes; the instant then. Raises LoopError."""
    until = now + bound * SECOND
    while True:
        decided = room.decide(now)
        leaving = [running for running in room.snapshot().running if running.vacating]
        if not decided.starts and not decided.evictions and not leaving:
            return now
        if now >= until:
            raise LoopError(f"still deciding after {bound} decisions: {decided.evictions}")
        carry_out(room, decided)
        now += SECOND


def carry_out(room: Room, decided: Plan) -> None:
    """Tell the room that a plan was applied, its jobs run, and its victims are gone."""
    for change in changes(decided):
        room.apply(change)
        if isinstance(change, Starting):
            for task in range(sum(placement.tasks for placement in change.placements)):
                room.apply(TaskStarted(decided.at, change.job, change.attempt, task))
    vacating = [running for running in room.snapshot().running if running.vacating]
    for running in vacating:
        for task, times in enumerate(running.tasks):
            if times.started is not None and times.ended is None:
                room.apply(TaskEnded(decided.at, running.job.id, running.attempt, task))
        room.apply(Ended(decided.at, running.job.id, running.attempt, False, requeue=True))


# Every tiny room


@dataclass(frozen=True)
class Tiny:
    """A tree, nodes of so many devices, and jobs (tenant, devices, preemptible)."""

    tenants: tuple[Tenant, ...]
    devices: tuple[int, ...]
    jobs: tuple[tuple[str, int, int], ...]

    def allocations(self) -> Iterator[tuple[int, ...]]:
        """Every way in which the jobs may run (the number of a node) or wait (-1)."""
        for where in product(range(-1, len(self.devices)), repeat=len(self.jobs)):
            held = [0] * len(self.devices)
            for (_, devices, _), node in zip(self.jobs, where, strict=True):
                if node >= 0:
                    held[node] += devices
            if all(have <= most for have, most in zip(held, self.devices, strict=True)):
                yield where


class Play:
    """A tiny room with both kinds of preemption on, and no memory: where its jobs are decides everything."""

    def __init__(self, tiny: Tiny) -> None:
        planning = Planning(
            memory=0.0, depth=0, between_borrowers=BetweenBorrowers.FAIR, within_tenant=WithinTenant.PRIORITY
        )
        self.rules = Rules("tiny", planning=planning, flavors=FLAVORS, tenants=tiny.tenants)
        self._nodes = tuple(
            Node(f"n{n}", "p", Resources.of(0, 0, {"a": devices})) for n, devices in enumerate(tiny.devices)
        )
        jobs = [
            Job(f"j{n}", tenant, "u", n, (TaskGroup(1, 0, 0, devices, ("a",)),), priority=priority)
            for n, (tenant, devices, priority) in enumerate(tiny.jobs)
        ]
        self._pending = [Pending(job) for job in jobs]
        self._running = [[_run(job, node.id) for node in self._nodes] for job in jobs]

    def snapshot(self, where: tuple[int, ...]) -> Snapshot:
        """The room with its jobs so allocated; all that runs has run equally long."""
        pending = tuple(self._pending[n] for n, node in enumerate(where) if node < 0)
        running = tuple(self._running[n][node] for n, node in enumerate(where) if node >= 0)
        return Snapshot(at=NOW, watermark=NOW, nodes=self._nodes, pending=pending, running=running)

    def after(self, where: tuple[int, ...]) -> tuple[tuple[int, ...], bool]:
        """Where the jobs are once a plan was carried out and its victims have left; whether there were any.

        Claims are met in the same step: their places are free then.
        """
        decided = plan(self.snapshot(where), self.rules, NOW)
        then = list(where)
        for eviction in decided.evictions:
            then[int(eviction.job[1:])] = -1
        given = [(one.job, one.placements) for one in decided.starts]
        for job, placements in [*given, *((one.job, one.placements) for one in decided.claims)]:
            then[int(job[1:])] = int(placements[0].node[1:])
        return tuple(then), bool(decided.evictions)


def _run(job: Job, node: str) -> Running:
    since = NOW - 100 * SECOND
    return Running(job, 1, since, (Placement(0, node, "a"),), (TaskTimes(since),))


@dataclass
class Search:
    """What a search over every starting allocation of a room came to."""

    rooms: int = 0
    cases: int = 0
    evicting: int = 0
    loops: int = 0
    longest: int = 0
    first: tuple[Tiny, tuple[int, ...]] | None = None

    def room(self, tiny: Tiny) -> None:
        """Follow every starting allocation of a room to where it comes to rest, or round."""
        self.rooms += 1
        play = Play(tiny)
        steps: dict[tuple[int, ...], tuple[tuple[int, ...], bool]] = {}
        rest: dict[tuple[int, ...], int | None] = {}
        for start in tiny.allocations():
            self.cases += 1
            length = follow(play, start, steps, rest)
            if length is None:
                self.loops += 1
                self.first = self.first or (tiny, start)
            else:
                self.longest = max(self.longest, length)
            self.evicting += steps[start][1]


def follow(
    play: Play,
    start: tuple[int, ...],
    steps: dict[tuple[int, ...], tuple[tuple[int, ...], bool]],
    rest: dict[tuple[int, ...], int | None],
) -> int | None:
    """How many decisions a state is from rest; None where it never gets there."""
    path: list[tuple[int, ...]] = []
    state = start
    while state not in rest:
        if state not in steps:
            steps[state] = play.after(state)
        path.append(state)
        then = steps[state][0]
        if then == state:
            rest[state] = 0
        elif then in path:
            rest.update(dict.fromkeys(path))
        state = then
    length = rest[state]
    for one in reversed(path):
        if one not in rest:
            length = None if length is None else length + 1
            rest[one] = length
    return rest[start]


SHAPES: tuple[tuple[tuple[str, str | None], ...], ...] = (
    (("x", None), ("y", None)),
    (("x", None), ("y", None), ("z", None)),
    (("p", None), ("x", "p"), ("y", "p"), ("z", None)),
    (("p", None), ("x", "p"), ("y", "p"), ("q", None), ("z", "q")),
    (("p", None), ("x", "p"), ("y", "p"), ("q", None), ("z", "q"), ("w", "q")),
    (("p", None), ("r", "p"), ("x", "r"), ("y", "r"), ("z", "p"), ("w", None)),
)


def tiny_rooms(random: Random) -> Iterator[Tiny]:
    """Tiny rooms without end: trees of every shape with guarantees and weights, and jobs of every size."""
    while True:
        shape = random.choice(SHAPES)
        parents = {parent for _, parent in shape}
        leaves = [name for name, _ in shape if name not in parents]
        devices = random.choice([(2,), (3,), (4,), (4,), (5,), (2, 1), (2, 2), (3, 2)])
        count = random.randint(3, 6 if len(devices) == 1 else 4)
        priorities = random.choice([(0,), (0,), (0, 1)])
        jobs = tuple(
            (random.choice(leaves), random.randint(1, min(3, max(devices))), random.choice(priorities))
            for _ in range(count)
        )
        yield Tiny(tuple(tenant(random, name, parent) for name, parent in shape), devices, jobs)


def tenant(random: Random, name: str, parent: str | None) -> Tenant:
    """A tenant with or without a guarantee."""
    guarantee = random.choice([None, None, 0, 1, 1, 2])
    stated = Quota() if guarantee is None else Quota.of({"gpu:a": guarantee})
    return Tenant(name, parent, weight=random.choice([1, 1, 2, 3]), guarantee=stated)


def small_rooms() -> Iterator[Tiny]:
    """All rooms of two or three tenants, one node of two or three devices and three jobs: none is left out."""
    for shape in SHAPES[:3]:
        parents = {parent for _, parent in shape}
        leaves = [name for name, _ in shape if name not in parents]
        kinds = [(leaf, size, 0) for leaf in leaves for size in (1, 2)]
        for stated in product((None, 1), repeat=len(shape)):
            tenants = tuple(
                Tenant(name, parent, guarantee=Quota() if g is None else Quota.of({"gpu:a": g}))
                for (name, parent), g in zip(shape, stated, strict=True)
            )
            for devices, jobs in product(((2,), (3,)), combinations_with_replacement(kinds, 3)):
                yield Tiny(tenants, devices, jobs)


def searched(rooms: Iterator[Tiny], cases: int, first: bool = False) -> Search:
    """A search over so many starting allocations, or a few more; `first`: only up to the first loop."""
    search = Search()
    for tiny in rooms:
        search.room(tiny)
        if search.cases >= cases or (first and search.loops):
            break
    return search

"""The rooms in which the planner's speed is measured, the same every time."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from dure.model.instants import HOUR, MINUTE
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import GpuFlavor, Node
from dure.model.resources import Quota, Resources
from dure.model.rules import Order, Planning, Rules
from dure.model.snapshot import Pending, Running, Snapshot, TaskTimes
from dure.model.tenant import Tenant

NOW = 1_000 * HOUR
FLAVORS = tuple(
    GpuFlavor(name, value)
    for name, value in (("a100", 1000), ("h100", 2000), ("l40s", 700), ("t4", 300), ("v100", 500))
)
NAMES = tuple(flavor.name for flavor in FLAVORS)
COMPANIES = tuple(f"t{n:02}" for n in range(21))
NODE = Resources(64_000, 512_000)


def rules(guarantee: Quota | None = None, memory: float = 0.5) -> Rules:
    """Fair order over 21 companies in three programmes of one centre, each with this guarantee."""
    programmes = tuple(Tenant(f"p{n}", "centre") for n in range(3))
    companies = tuple(
        Tenant(name, f"p{n % 3}", weight=1 + n % 3, guarantee=guarantee or Quota())
        for n, name in enumerate(COMPANIES)
    )
    tenants = (Tenant("centre"), *programmes, *companies)
    return Rules("bench", planning=Planning(Order.FAIR, memory=memory), flavors=FLAVORS, tenants=tenants)


def nodes(many: int) -> tuple[Node, ...]:
    """Machines of eight devices, the flavors in turn."""
    return tuple(
        Node(f"n{n:04}", "pool", Resources(NODE.cpu, NODE.memory, ((NAMES[n % 5], 8),))) for n in range(many)
    )


def _flavors(random: Random) -> tuple[str, ...]:
    """One flavor or two, in some order of preference."""
    return tuple(random.sample(NAMES, random.choice((1, 1, 2))))


def small(number: int, random: Random) -> Job:
    """A small job: 32 of them fill a machine's cpu on average; every tenth wants a device.

    Each of three users of a company has ten kinds of jobs: some 600 shapes.
    """
    tenant, user, kind = random.choice(COMPANIES), random.choice("uvw"), random.randrange(10)
    like = Random(f"{tenant} {user} {kind}")
    gpus = int(kind == 0)
    group = TaskGroup(
        count=1,
        cpu=like.choice(range(500, 2_500, 100)),
        memory=like.choice(range(1_000, 13_000, 500)),
        gpus=gpus,
        flavors=tuple(like.sample(NAMES, 5)) if gpus else (),
    )
    limit = like.choice((1, 2, 4, 8, 12, 24)) * HOUR
    return Job(str(number), tenant, user, NOW - HOUR + number, (group,), time_limit=limit)


def wide(number: int, random: Random, gpus: tuple[int, ...] = (1, 2, 4, 8), among: int = 21) -> Job:
    """A job of so many devices on one machine, of one of the first `among` companies.

    A tenth may not be preempted. Nine in ten jobs are of 400 kinds, the others have time limits of their own.
    """
    like = Random(random.randrange(400))
    devices = like.choice(gpus)
    group = TaskGroup(1, 4_000 * devices, 16_000 * devices, devices, _flavors(like))
    limit = like.randint(1, 96) * HOUR // 4 + (random.randrange(HOUR) if random.random() < 0.1 else 0)
    return Job(
        str(number), COMPANIES[like.randrange(among)], like.choice("uvw"), NOW - HOUR + number, (group,),
        preemptible=like.random() >= 0.1, time_limit=limit,
    )  # fmt: skip


def pending(jobs: list[Job]) -> tuple[Pending, ...]:
    """All of them, as a snapshot has them."""
    return tuple(Pending(job) for job in sorted(jobs, key=lambda job: job.id))


def running(jobs: list[Job], machines: tuple[Node, ...]) -> tuple[Running, ...]:
    """Each on the first machine of its best flavor that has devices left; the others are left out."""
    free = {name: {node.id: 8 for node in machines if node.capacity.gpus[0][0] == name} for name in NAMES}
    found = []
    for job in jobs:
        (group,) = job.groups
        left = free[group.flavors[0]]
        node = next((node for node, devices in left.items() if devices >= group.gpus), None)
        if node is not None:
            left[node] -= group.gpus
            if not left[node]:
                del left[node]
            found.append(_run(job, Placement(0, node, group.flavors[0])))
    return tuple(sorted(found, key=lambda one: one.job.id))


def _run(job: Job, where: Placement) -> Running:
    started = NOW - 30 * MINUTE + int(job.id) % 1_000
    return Running(job, 1, started, (where,), (TaskTimes(started),))


@dataclass(frozen=True)
class Cold:
    """A snapshot and the rules to plan it by."""

    snapshot: Snapshot
    rules: Rules


def many_small(machines: int = 1_000, jobs: int = 32_000) -> Cold:
    """(a): an empty room, and so many small jobs that all have a place."""
    random = Random(1)
    queue = pending([small(n, random) for n in range(jobs)])
    snapshot = Snapshot(at=NOW, watermark=NOW, nodes=nodes(machines), pending=queue)
    return Cold(snapshot, rules(Quota.of({"cpu": 2_000_000, "gpu:h100": 8, "gpu:a100": 16})))


def busy(machines: int = 1_000, waiting: int = 10_000) -> Cold:
    """(c), (d), (e): a full room with so many jobs waiting."""
    random, machinery = Random(2), nodes(machines)
    held = machines * 4
    at_work = running([wide(n, random) for n in range(held)], machinery)
    queue = pending([wide(n, random) for n in range(held, held + waiting)])
    snapshot = Snapshot(NOW, NOW - HOUR, nodes=machinery, pending=queue, running=at_work)
    return Cold(snapshot, rules(Quota.of({f"gpu:{name}": machines * 8 // 5 // 42 for name in NAMES})))


def to_reclaim(machines: int = 500, waiting: int = 4_000) -> Cold:
    """(b): seven companies hold every device with a job each; all 21 want what they are guaranteed."""
    random, machinery = Random(3), nodes(machines)
    held = machines * 8
    at_work = running([wide(n, random, (1,), 7) for n in range(held * 3)], machinery)[:held]
    queue = pending([wide(n, random) for n in range(held * 3, held * 3 + waiting)])
    snapshot = Snapshot(NOW, NOW - HOUR, nodes=machinery, pending=queue, running=at_work)
    return Cold(snapshot, rules(Quota.of({f"gpu:{name}": machines * 8 // 5 // 21 for name in NAMES})))

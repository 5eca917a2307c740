"""An invented room of two nodes and what its backend and its planner would tell the ledger, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from dure.accounting.states import StateAccount
from dure.ledger import SqlLedger
from dure.model.change import Change, Ended, NodeSet, Starting, Submitted, TaskEnded, TaskStarted
from dure.model.instants import MINUTE, Instant
from dure.model.job import Job, Placement, TaskGroup
from dure.model.money import Money
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.resources import Resources
from dure.model.rules import CostPool, Measure, PriceVersion, Rate, Rules
from dure.model.tenant import Tenant
from dure.model.use import CapacityFact, Slice, State

T0: Instant = 1_793_500_000_000  # 2026-11-01 in Seoul, some hours in
MONTH = "2026-11"
POOL = "p"
NODES = (
    Node("n1", POOL, Resources(4_000, 8_192, (("a100", 2),))),
    Node("n2", POOL, Resources(2_000, 4_096)),
)
PRICES = PriceVersion(
    "2026-11",
    T0 - 365 * 24 * 60 * MINUTE,
    rates=(Rate("cpu", Money.won(37)), Rate("gpu:a100", Money.won(1_900))),
    pools=(
        CostPool("power", Money.won(1_000_000), Measure.GPU),
        CostPool("rent", Money.won(777), Measure.CPU),
    ),
)
RULES = Rules(
    room="small",
    version="v1",
    flavors=(GpuFlavor("a100"),),
    pools=(Pool(POOL, "local", NODES),),
    tenants=(Tenant("acme", projects=("P1",)), Tenant("bolt"), Tenant("calm")),
    prices=(PRICES,),
)


@dataclass(frozen=True, slots=True)
class Told:
    """One batch for `ingest`."""

    watermark: Instant
    slices: tuple[Slice, ...]
    planner: tuple[Slice, ...]
    capacity: tuple[CapacityFact, ...]


@dataclass(slots=True)
class _Task:
    job: Job
    node: Node
    devices: tuple[int, ...]
    start: Instant
    end: Instant

    @property
    def asks(self) -> Resources:
        return self.job.groups[0].request("a100" if self.devices else "")


@dataclass
class SmallRoom:
    """`minutes` of random single-task jobs; `tell` gives one batch per minute."""

    seed: int = 0
    minutes: int = 5
    start: Instant = T0
    tasks: list[_Task] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        at = self.start
        while at < self.start + self.minutes * MINUTE:
            at += rng.randrange(1, 15_000)
            self._try_start(rng, at)

    def _try_start(self, rng: random.Random, at: Instant) -> None:
        node = rng.choice(NODES)
        gpus = rng.choice((0, 1, 2)) if node.id == "n1" else 0
        group = TaskGroup(
            1, rng.randrange(1, 2_000), rng.randrange(1, 4_000), gpus, ("a100",) if gpus else ()
        )
        beside = [task for task in self.tasks if task.node == node and task.end > at]
        taken = {index for task in beside for index in task.devices}
        free = [index for index in range(2) if index not in taken]
        used = sum((task.asks for task in beside), Resources())
        if len(free) < gpus or not (used + group.request("a100" if gpus else "")).fits(node.capacity):
            return
        tenant = rng.choice(("acme", "bolt"))
        project = "P1" if tenant == "acme" else ""
        job = Job(f"j{len(self.tasks)}", tenant, "kim", at, (group,), ("true",), project=project)
        end = at + rng.randrange(1, 100_000)
        self.tasks.append(_Task(job, node, tuple(free[:gpus]), at, end))

    def tell(self) -> Iterator[Told]:
        """What backend and planner's account say, minute by minute."""
        account = StateAccount(POOL, self.start)
        changes = self._changes()
        before = self.start
        for minute in range(1, self.minutes + 1):
            watermark = self.start + minute * MINUTE
            while changes and changes[0].at < watermark:
                account.apply(changes.pop(0))
            planner = account.settle(watermark)
            yield Told(watermark, tuple(self._slices(before, watermark)), planner, account.facts())
            before = watermark

    def fill(self, ledger: SqlLedger) -> SqlLedger:
        """Everything into a ledger, under RULES."""
        ledger.record_policy(self.start, RULES.version, RULES)
        for told in self.tell():
            ledger.ingest("local", POOL, told.watermark, told.slices, told.planner, told.capacity)
        return ledger

    def _changes(self) -> list[Change]:
        changes: list[Change] = [NodeSet(self.start, node) for node in NODES]
        for task in self.tasks:
            job, place = task.job, (Placement(0, task.node.id, "a100" if task.devices else ""),)
            changes += [
                Submitted(task.start, job),
                Starting(task.start, job.id, 1, place),
                TaskStarted(task.start, job.id, 1, 0),
                TaskEnded(task.end, job.id, 1, 0),
                Ended(task.end, job.id, 1, succeeded=True),
            ]
        return sorted(changes, key=lambda change: change.at)

    def _slices(self, start: Instant, end: Instant) -> Iterator[Slice]:
        for task in self.tasks:
            first, last = max(task.start, start), min(task.end, end)
            if first < last:
                yield from _slices_of(task, first, last)


def _slices_of(task: _Task, start: Instant, end: Instant) -> Iterator[Slice]:
    job = task.job
    for resource, amount in task.asks.items():
        on_gpu = resource.startswith("gpu:")
        yield Slice(
            "local", POOL, f"{job.id}.0", 1, resource, start, end, amount, State.TENANT, task.node.id,
            job.tenant, job.user, job.project, job.id,
            flavor="a100" if on_gpu else "", devices=task.devices if on_gpu else (),
        )  # fmt: skip

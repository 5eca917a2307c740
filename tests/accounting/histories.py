"""Random histories of a small room: what its nodes were, what ran, what the backend would have metered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from hypothesis import strategies as st

from dure.accounting.occupied import Occupied
from dure.accounting.states import StateAccount
from dure.model.change import (
    Change,
    Ended,
    NodeGone,
    NodeSet,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
)
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import Node, NodeState
from dure.model.resources import Resources, flavor_of
from dure.model.use import CapacityFact, Slice, State

POOL = "p"
HORIZON = 80
CAPACITY = Resources.of(4, 6, {"a": 2, "b": 1})


@dataclass(frozen=True)
class Task:
    job: str
    tenant: str
    project: str
    node: str
    group: TaskGroup
    flavor: str
    devices: tuple[int, ...]
    started: int
    ended: int

    @property
    def resources(self) -> Resources:
        return self.group.request(self.flavor)

    def occupied(self, ended: int | None) -> Occupied:
        return Occupied(self.job, 1, 0, self.node, self.resources, self.started, ended)


@dataclass(frozen=True)
class History:
    """Nothing in it holds more than there is. `watermarks` end at the horizon."""

    steps: tuple[tuple[int, str, Node | None], ...]
    tasks: tuple[Task, ...]
    watermarks: tuple[int, ...]
    seed: int

    def node_at(self, name: str, at: int) -> Node | None:
        found = [node for since, step, node in self.steps if step == name and since <= at]
        return found[-1] if found else None

    def capacity_at(self, name: str, at: int) -> Resources:
        node = self.node_at(name, at)
        return node.capacity if node else Resources()


def _steps(random: Random) -> list[tuple[int, str, Node | None]]:
    steps: list[tuple[int, str, Node | None]] = []
    for name in ("n1", "n2")[: random.randint(1, 2)]:
        later = random.sample(range(12, HORIZON), random.randint(0, 3))
        for at in sorted([random.randint(0, 11), *later]):
            state = random.choice(list(NodeState))
            capacity = CAPACITY if random.random() < 0.8 else Resources.of(2, 6, {"a": 1})
            node = Node(name, POOL, capacity, state)
            steps.append((at, name, node if random.random() < 0.9 else None))
    return sorted(steps, key=lambda step: step[0])


def _task(random: Random, number: int) -> Task:
    start = random.randint(0, HORIZON)
    gpus = random.choice((0, 0, 1, 2))
    flavor = random.choice(("a", "b")) if gpus else ""
    group = TaskGroup(1, random.randint(0, 3), random.randint(0, 3), gpus, (flavor,) if gpus else ())
    tenant = random.choice(("t1", "t2", "t3"))
    project = random.choice(("", "x"))
    node = random.choice(("n1", "n2"))
    ended = start + random.randint(0, 40)
    return Task(f"j{number}", tenant, project, node, group, flavor, (), start, ended)


def _placed(task: Task, history: History) -> Task | None:
    """The task with devices, if it fits beside the others at every instant."""
    others = [other for other in history.tasks if other.node == task.node]
    free: set[int] = set()
    for at in range(task.started, task.ended):
        used = [other for other in others if other.started <= at < other.ended]
        held = sum((other.resources for other in used), task.resources)
        capacity = history.capacity_at(task.node, at)
        if not held.fits(capacity):
            return None
        numbers = device_numbers(capacity, task.flavor)
        now_free = numbers - {device for other in used for device in other.devices}
        free = now_free if at == task.started else free & now_free
    if task.ended > task.started and len(free) < task.group.gpus:
        return None
    return replace(task, devices=tuple(sorted(free)[: task.group.gpus]) if task.group.gpus else ())


def device_numbers(capacity: Resources, flavor: str) -> set[int]:
    numbered = [name for name, devices in capacity.gpus for _ in range(devices)]
    return {number for number, name in enumerate(numbered) if name == flavor}


def history_of(seed: int) -> History:
    """The same history for the same seed."""
    random = Random(seed)
    watermarks = (*sorted(random.sample(range(1, HORIZON), random.randint(0, 5))), HORIZON)
    history = History(tuple(_steps(random)), (), watermarks, seed)
    for number in range(random.randint(0, 30)):
        if placed := _placed(_task(random, number), history):
            history = replace(history, tasks=(*history.tasks, placed))
    return history


histories = st.integers(0, 2**32).map(history_of)


def changes_of(task: Task) -> list[Change]:
    job = Job(task.job, task.tenant, "u", 0, (task.group,), project=task.project)
    places = (Placement(0, task.node, task.flavor),)
    return [
        Submitted(max(0, task.started - 9), job),
        Starting(max(0, task.started - 3), task.job, 1, places),
        TaskStarted(task.started, task.job, 1, 0),
        TaskEnded(task.ended, task.job, 1, 0),
        Ended(task.ended, task.job, 1, succeeded=True),
    ]


def _streams(history: History) -> list[list[Change]]:
    nodes: list[list[Change]] = [
        [NodeSet(at, node) if node else NodeGone(at, name)] for at, name, node in history.steps
    ]
    return nodes + [changes_of(task) for task in history.tasks]


def merged(streams: Sequence[list[Change]], random: Random) -> Iterable[Change]:
    """Each stream in its own order, streams against each other in any."""
    waiting = [list(stream) for stream in streams if stream]
    while waiting:
        stream = random.choice(waiting)
        yield stream.pop(0)
        waiting = [left for left in waiting if left]


def planner_rows(history: History) -> tuple[list[Slice], list[CapacityFact], StateAccount]:
    """What the planner's account says, its changes late and out of order but for the watermarks."""
    random = Random(history.seed + 1)
    account = StateAccount(POOL, 0)
    streams = _streams(history)
    rows: list[Slice] = []
    facts: list[CapacityFact] = []
    for watermark in history.watermarks:
        early = watermark + random.choice((0, 0, 10))
        due = [[change for change in stream if change.at < early] for stream in streams]
        streams = [[change for change in stream if change.at >= early] for stream in streams]
        for change in merged(due, random):
            account.apply(change)
        rows.extend(account.settle(watermark))
        facts.extend(account.facts())
    return rows, facts, account


def task_rows(history: History) -> list[Slice]:
    """What a backend that meters to the millisecond says, cut at its watermarks."""
    rows: list[Slice] = []
    bounds = (0, *history.watermarks)
    for task in history.tasks:
        for since, until in pairwise(bounds):
            start, end = max(since, task.started), min(until, task.ended)
            if start < end:
                rows.extend(_cut(task, start, end))
    return rows


def _cut(task: Task, start: int, end: int) -> Iterable[Slice]:
    for name, amount in task.resources.items():
        flavor = flavor_of(name)
        yield Slice(
            "local", POOL, f"{task.job}.0", 1, name, start, end, amount, State.TENANT, task.node, task.tenant,
            "u", task.project, task.job, flavor, task.devices if flavor else (),
        )  # fmt: skip

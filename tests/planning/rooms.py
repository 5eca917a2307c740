"""Random rooms for the planner's tests: rules, nodes, jobs, and a world in which things happen to a room."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from dure.model.change import (
    Budgeted,
    Change,
    Checkpointed,
    Ended,
    Evicting,
    Held,
    NodeGone,
    NodeSet,
    Paused,
    Promised,
    StartFailed,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
    Watermark,
    Withdrawn,
)
from dure.model.instants import SECOND, Interval
from dure.model.job import Job, TaskGroup
from dure.model.node import GpuFlavor, Node, NodeState
from dure.model.plan import Eviction, Explanation, Plan, Start
from dure.model.resources import Quota, Resources
from dure.model.rules import BetweenBorrowers, Order, Planning, Rules, WithinTenant
from dure.model.snapshot import Snapshot
from dure.model.tenant import BudgetState, Tenant
from dure.planning.room import Room

FLAVORS = (GpuFlavor("a100", 1000), GpuFlavor("t4", 300))
NAMES = ("cpu", "memory", "gpu:a100", "gpu:t4")
ENOUGH = {"cpu": 20, "memory": 20, "gpu:a100": 6, "gpu:t4": 6}


def quotas(scale: int = 1) -> st.SearchStrategy[Quota]:
    """A quota over some of the resources."""
    amounts = {name: st.integers(0, ENOUGH[name] * scale) for name in NAMES}
    return st.builds(Quota.of, st.fixed_dictionaries({}, optional=amounts))


@st.composite
def tenants(draw: st.DrawFn) -> tuple[Tenant, ...]:
    """A tree of at most three levels; leaves are what jobs belong to."""
    made: list[Tenant] = []
    for number in range(draw(st.integers(1, 5))):
        parent = draw(st.sampled_from([None, *(t.id for t in made[:2])]))
        start = draw(st.integers(-5, 5)) * 20 * SECOND
        term = draw(st.sampled_from([None, None, None, Interval(max(0, start), 200 * SECOND)]))
        made.append(
            Tenant(
                f"t{number}",
                parent,
                weight=draw(st.integers(1, 3)),
                guarantee=draw(st.one_of(st.just(Quota()), quotas())),
                limit=draw(st.one_of(st.just(Quota()), quotas(2))),
                term=term,
            )
        )
    return tuple(made)


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    """Rules with quotas, terms, either order, with and without memory."""
    planning = Planning(
        order=draw(st.sampled_from([Order.FAIR, Order.FAIR, Order.FIFO])),
        memory=draw(st.sampled_from([0.0, 0.5, 0.9])),
        half_life=draw(st.sampled_from([10 * SECOND, 3600 * SECOND])),
        depth=draw(st.sampled_from([0, 1, 1, 2, None])),
        between_borrowers=draw(st.sampled_from(BetweenBorrowers)),
        within_tenant=draw(st.sampled_from(WithinTenant)),
        reclaim_within=draw(st.sampled_from([0, 0, 5 * SECOND])),
        claim_timeout=draw(st.sampled_from([20 * SECOND, 600 * SECOND])),
        min_runtime=draw(st.sampled_from([0, 0, 5 * SECOND])),
        eviction_budget=draw(st.sampled_from([None, None, 1])),
        backfill=draw(st.sampled_from([True, True, True, False])),
    )
    return Rules("room", planning=planning, flavors=FLAVORS, tenants=draw(tenants()))


@st.composite
def nodes(draw: st.DrawFn, name: str) -> Node:
    """A small node, with GPUs or without, in any state."""
    gpus = draw(st.dictionaries(st.sampled_from(["a100", "t4"]), st.integers(1, 4), max_size=2))
    state = draw(
        st.sampled_from([NodeState.UP, NodeState.UP, NodeState.UP, NodeState.DRAINING, NodeState.DOWN])
    )
    capacity = Resources.of(draw(st.integers(1, 12)), draw(st.integers(0, 12)), gpus)
    return Node(name, "pool", capacity, state)


@st.composite
def groups(draw: st.DrawFn) -> TaskGroup:
    """A task group, with GPUs of some flavors or none."""
    flavors = draw(st.sampled_from([(), (), ("a100",), ("t4", "a100"), ("a100", "t4")]))
    return TaskGroup(
        count=draw(st.integers(1, 4)),
        cpu=draw(st.integers(0, 4)),
        memory=draw(st.integers(0, 3)),
        gpus=draw(st.integers(1, 2)) if flavors else 0,
        flavors=flavors,
    )


@st.composite
def jobs(draw: st.DrawFn, number: int, now: int, names: list[str]) -> Job:
    """A job of some tenant; mostly one group."""
    return Job(
        id=str(number),
        tenant=draw(st.sampled_from([*names, *names, *names, "gone"])),
        user=draw(st.sampled_from(["u", "v"])),
        submitted=now - draw(st.sampled_from([0, 0, 0, 5 * SECOND])),
        groups=tuple(draw(st.lists(groups(), min_size=1, max_size=draw(st.sampled_from([1, 1, 1, 3]))))),
        priority=draw(st.sampled_from([0, 0, 0, 1])),
        preemptible=draw(st.sampled_from([True, True, False])),
        time_limit=draw(st.sampled_from([None, 0, 2 * SECOND, 10 * SECOND, 10 * SECOND, 60 * SECOND])),
    )


def canonical(plan: Plan) -> bytes:
    """A plan as bytes that do not depend on the order in which mappings were filled."""
    verdicts = sorted(plan.verdicts.items(), key=lambda item: repr(item[0]))
    return repr((replace(plan, verdicts={}, scores={}), verdicts, sorted(plan.scores.items()))).encode()


def explained(explanation: Explanation) -> bytes:
    """An explanation as bytes."""
    return repr(explanation).encode()


@dataclass
class World:
    """A room, and all that its backends would know of it."""

    rules: Rules
    room: Room
    now: int = 100 * SECOND
    watermark: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    running: dict[str, tuple[int, Start]] = field(default_factory=dict)
    told: list[Change] = field(default_factory=list)
    count: int = 0

    @classmethod
    def of(cls, rules: Rules) -> World:
        """An empty room."""
        return cls(rules, Room.of(Snapshot(), rules))

    def tell(self, change: Change) -> None:
        """Something happens to the room."""
        self.told.append(change)
        self.room.apply(change)

    def submit(self, job: Job, held: bool, after: set[str]) -> None:
        """A job is queued."""
        self.jobs[job.id] = job
        self.pending.add(job.id)
        self.tell(Submitted(self.now, job, held, frozenset(after)))

    def start(self, start: Start) -> None:
        """A decided start is carried out."""
        self.pending.discard(start.job)
        self.running[start.job] = (start.attempt, start)
        self.tell(Starting(self.now, start.job, start.attempt, start.placements, start.under))

    def promise(self, plan: Plan) -> None:
        """What a plan claims and reserves is put on record."""
        self.tell(Promised(self.now, plan.claims, plan.reservations))

    def evict(self, eviction: Eviction) -> None:
        """A running job is told to leave."""
        self.tell(Evicting(self.now, eviction))

    def checkpoint(self, job: str) -> None:
        """A running job reports a checkpoint."""
        self.tell(Checkpointed(self.now, job, self.running[job][0]))

    def budget(self, tenant: str, state: BudgetState) -> None:
        """A tenant's month stands otherwise against its budget."""
        self.tell(Budgeted(self.now, tenant, state))

    def task_started(self, job: str, task: int, ago: int) -> None:
        """A task has started, a little ago."""
        self.tell(TaskStarted(max(self.watermark, self.now - ago), job, self.running[job][0], task))

    def task_ended(self, job: str, task: int, ago: int) -> None:
        """A task has ended, a little ago."""
        self.tell(TaskEnded(max(self.watermark, self.now - ago), job, self.running[job][0], task))

    def end(self, job: str, succeeded: bool, requeue: bool, ago: int) -> None:
        """An attempt is over."""
        attempt, _ = self.running.pop(job)
        if requeue:
            self.pending.add(job)
        self.tell(Ended(max(self.watermark, self.now - ago), job, attempt, succeeded, requeue))

    def refuse(self, job: str) -> None:
        """The backend refused a start."""
        attempt, _ = self.running.pop(job)
        self.pending.add(job)
        self.tell(StartFailed(self.now, job, attempt, "stale"))

    def withdraw(self, job: str) -> None:
        """A pending job is cancelled."""
        self.pending.discard(job)
        self.tell(Withdrawn(self.now, job))

    def hold(self, job: str, held: bool) -> None:
        """A pending job is held or released."""
        self.tell(Held(self.now, job, held))

    def pause(self, tenant: str | None, paused: bool) -> None:
        """Starts are paused or resumed."""
        self.tell(Paused(self.now, tenant, paused))

    def node(self, node: Node, ago: int) -> None:
        """A node comes or changes."""
        self.tell(NodeSet(max(self.watermark, self.now - ago), node))

    def lose(self, node: str) -> None:
        """A node leaves."""
        self.tell(NodeGone(self.now, node))

    def settle(self, ago: int) -> None:
        """Nothing older will be told."""
        self.watermark = max(self.watermark, self.now - ago)
        self.tell(Watermark(self.watermark))

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.change import Change, Ended, NodeSet, Starting, Submitted, TaskEnded, TaskStarted, Watermark
from dure.model.instants import DAY, HOUR, SECOND, Interval
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import GpuFlavor, Node
from dure.model.resources import Quota, Resources
from dure.model.rules import Planning, QuotaChange, Rules, Window
from dure.model.snapshot import Dimension, History, Snapshot
from dure.model.tenant import Tenant
from dure.model.use import CapacityFact, Slice, State
from dure.planning.history import rebuild
from dure.planning.room import Room

SEEDS = st.integers(0, 2**32)
TENANTS = (
    Tenant("p", guarantee=Quota.of({"gpu:a100": 1})),
    Tenant("a", "p", guarantee=Quota.of({"cpu": 2})),
    Tenant("b", "p"),
    Tenant("c", weight=2),
)
RULES = Rules(
    "room", version="1", planning=Planning(half_life=HOUR), flavors=(GpuFlavor("a100"),), tenants=TENANTS
)
# Edges within the hundred seconds of a life: a tenancy begins and ends, and a window of one minute begins.
IN_TERM = replace(TENANTS[1], term=Interval(20 * SECOND, 70 * SECOND))
LOWER = QuotaChange("p", guarantee=Quota.of({"gpu:a100": 0}))
EDGES = replace(
    RULES,
    version="3",
    timezone="UTC",
    tenants=(TENANTS[0], IN_TERM, *TENANTS[2:]),
    windows=(Window("minute", (3,), 1, 2, (LOWER,)),),
)
SHORTER = replace(RULES, version="2", planning=Planning(half_life=HOUR // 2), tenants=TENANTS[2:])
NODE = Node("n", "p", Resources.of(64, 64, {"a100": 64}))


class Life:
    """Jobs that ran, and what was told of them: every change with its instant."""

    def __init__(self, seed: int, end: int = 100 * SECOND) -> None:
        random = Random(seed)
        self.end = end
        self.nodes = [NodeSet(0, NODE)]
        if random.random() < 0.5:
            bigger = replace(NODE, capacity=Resources.of(128, 64, {"a100": 64}))
            self.nodes.append(NodeSet(random.randrange(end), bigger))
        self.decided: list[Change] = []
        self.recorded: list[Change] = []
        self.slices: list[Slice] = []
        for number in range(random.randint(1, 8)):
            self._job(random, str(number))
        self.rules = random.choice([RULES, EDGES])

    def _job(self, random: Random, name: str) -> None:
        gpus = random.randint(0, 2)
        group = TaskGroup(2, random.randint(1, 3), random.randint(0, 2), gpus, ("a100",) if gpus else ())
        job = Job(name, random.choice("abc"), random.choice("uv"), 0, (group,))
        self.decided.append(Submitted(0, job))
        placement = Placement(0, "n", "a100" if gpus else "", 2)
        self.decided.append(Starting(0, name, 1, (placement,)))
        for task in range(2):
            self._task(random, job, task, group.request(placement.flavor))
        self.decided.append(Ended(self.end, name, 1, succeeded=True))

    def _task(self, random: Random, job: Job, task: int, held: Resources) -> None:
        first, last = sorted((random.randrange(self.end // 1000), random.randrange(self.end // 1000)))
        first, last = first * 1000, last * 1000
        self.recorded += [TaskStarted(first, job.id, 1, task), TaskEnded(last, job.id, 1, task)]
        cut = random.choice([first, last, (first + last) // 2])
        for begin, over in ((first, cut), (cut, last)):  # a slice may end anywhere: abutting ones are joined
            for name, amount in held.items():
                self.slices.append(
                    Slice(
                        "local", "p", f"{job.id}.{task}", 1, name, begin, over, amount, State.TENANT, "n",
                        job.tenant, job.user, job=job.id,
                    )
                )  # fmt: skip

    def room(self, order: list[Change], marks: list[int]) -> Room:
        """A room told in this order, settled at these marks as soon as they are true."""
        room = Room.of(Snapshot(), self.rules)
        for change in (*self.nodes[:1], *self.decided[:-1], *self.decided[-1:]):
            if not isinstance(change, Ended):
                room.apply(change)
        for position, change in enumerate(order):
            coming = min((later.at for later in order[position:]), default=self.end)
            for mark in marks:
                if mark <= coming:
                    room.apply(Watermark(mark))
            room.apply(change)
        return room

    def told(self) -> list[Change]:
        """What is recorded of tasks and nodes, by instant; each task's start before its end."""
        return sorted((*self.recorded, *self.nodes[1:]), key=lambda change: change.at)


def settled(room: Room, at: int) -> tuple[History, ...]:
    """The histories once everything up to an instant is known."""
    room.apply(Watermark(at))
    return room.snapshot().history


@settings(max_examples=60)
@given(SEEDS, st.lists(st.integers(0, 100).map(lambda s: s * SECOND), max_size=6))
def test_settling_early_late_or_all_at_once_gives_the_same_bits(seed: int, marks: list[int]) -> None:
    """When the watermark moves makes no difference."""
    life = Life(seed)
    often = life.room(life.told(), sorted(marks))
    once = life.room(life.told(), [])
    assert settled(often, life.end) == settled(once, life.end)


@settings(max_examples=60)
@given(SEEDS, SEEDS)
def test_late_changes_may_come_in_any_order(seed: int, shuffle: int) -> None:
    """What is told late, and in whatever order, counts from its own instant."""
    life = Life(seed)
    shuffled = life.told()
    Random(shuffle).shuffle(shuffled)
    early, late = life.room(life.told(), []), life.room(shuffled, [])
    assert settled(late, life.end) == settled(early, life.end)
    assert early.decide(life.end).scores == late.decide(life.end).scores


@settings(max_examples=60)
@given(SEEDS, st.lists(st.integers(0, 100).map(lambda s: s * SECOND), max_size=4))
def test_histories_rebuilt_from_the_ledger_are_those_that_were_live(seed: int, marks: list[int]) -> None:
    """From slices, facts of capacity and policy versions, bit for bit."""
    life = Life(seed)
    live = settled(life.room(life.told(), sorted(marks)), life.end)
    slices = [piece for piece in life.slices if piece.start < piece.end]
    Random(seed).shuffle(slices)
    facts = [CapacityFact(change.at, change.node.id, change.node) for change in life.nodes]
    assert rebuild(slices, facts, [(0, life.rules)], life.end) == live


def test_what_happens_at_an_edge_counts_net_with_it() -> None:
    """One device less at the instant from which one less is guaranteed: use above guarantee goes on unbroken."""
    edge, end = 60 * SECOND, 90 * SECOND
    slices = [used("x", 2, 30 * SECOND, edge), used("y", 1, edge, end)]
    found = rebuild(slices, [CapacityFact(0, "n", NODE)], [(0, EDGES)], end)
    (history,) = (one for one in found if (one.tenant, one.user, one.dimension) == ("p", "", Dimension.GPU))
    assert (history.at, history.value) == (30 * SECOND, 1 / 64)


def used(job: str, devices: int, start: int, end: int) -> Slice:
    """Devices used by tenant b, below p."""
    return Slice(
        "local", "p", f"{job}.0", 1, "gpu:a100", start, end, devices, State.TENANT, "n", "b", "u", job=job
    )  # fmt: skip


@settings(max_examples=60)
@given(SEEDS, st.integers(1, 99))
def test_new_rules_count_from_their_instant(seed: int, second: int) -> None:
    """A policy version applies from its instant, live and rebuilt, other half-lives and trees included."""
    life, at = Life(seed), second * SECOND
    told = life.told()
    before = [change for change in told if change.at < at]
    room = life.room(before, [])
    room = Room.of(room.snapshot(), SHORTER, since=at)
    for change in told[len(before) :]:
        room.apply(change)
    slices = [piece for piece in life.slices if piece.start < piece.end]
    facts = [CapacityFact(change.at, change.node.id, change.node) for change in life.nodes]
    assert rebuild(slices, facts, [(0, life.rules), (at, SHORTER)], life.end) == settled(room, life.end)


@settings(max_examples=40)
@given(SEEDS, st.integers(0, 100))
def test_a_room_begun_again_from_the_ledger_goes_on_the_same(seed: int, second: int) -> None:
    """After a restart at a watermark, told only of what still runs, histories end the same."""
    life, mark = Life(seed), second * SECOND
    told = life.told()
    live = life.room(told, [])
    facts = [CapacityFact(change.at, change.node.id, change.node) for change in life.nodes]
    cut = [replace(piece, end=min(piece.end, mark)) for piece in life.slices if piece.start < mark]
    history = rebuild([piece for piece in cut if piece.start < piece.end], facts, [(0, life.rules)], mark)
    node = max((c for c in life.nodes if c.at < mark), key=lambda c: c.at, default=life.nodes[0]).node
    again = Room.of(Snapshot(at=mark, watermark=mark, nodes=(node,), history=history), life.rules)
    for change in (*life.decided, *told):
        if not isinstance(change, Ended | NodeSet) or (isinstance(change, NodeSet) and change.at >= mark):
            again.apply(change)
    assert settled(again, life.end) == settled(live, life.end)


def test_history_decays_by_half_in_a_half_life() -> None:
    """h(now) = h(t0) x 2^(-d/H) + a x (1 - 2^(-d/H)), with numbers."""
    room = Room.of(Snapshot(), RULES)
    job = Job("1", "c", "u", 0, (TaskGroup(1, 16),))
    for change in (
        NodeSet(0, NODE), Submitted(0, job), Starting(0, "1", 1, (Placement(0, "n"),)), TaskStarted(0, "1", 1, 0),
        TaskEnded(HOUR, "1", 1, 0), Ended(HOUR, "1", 1, succeeded=True), Watermark(DAY),
    ):  # fmt: skip
        room.apply(change)
    tenant, user = room.snapshot().history
    assert (tenant.tenant, tenant.user, tenant.dimension) == ("c", "", Dimension.CPU)
    assert (tenant.at, tenant.settled, tenant.value) == (HOUR, 16 / 64 / 2, 0.0)
    assert user == replace(tenant, user="u")
    score = room.decide(3 * HOUR).scores["c"]
    assert score.share == pytest.approx(0.5 * 16 / 64 / 2 / 4)
    assert score.score == score.share / 2


def test_a_shorter_half_life_counts_from_its_instant_only() -> None:
    """All histories first advance under the old policy version."""
    facts = [CapacityFact(0, NODE.id, NODE)]
    used = Slice("local", "p", "1.0", 1, "cpu", 0, HOUR, 16, State.TENANT, "n", "c", "")
    (history,) = rebuild([used], facts, [(0, RULES), (2 * HOUR, SHORTER)], DAY)
    assert (history.at, history.settled) == (2 * HOUR, 16 / 64 / 2 / 2)


def test_what_is_held_counts_above_the_guarantee_that_is_in_force() -> None:
    """From the instant at which a tenancy ends its guarantee covers nothing, and what it holds is a share."""
    rules = replace(RULES, tenants=(replace(TENANTS[1], parent=None, term=Interval(0, HOUR)),))
    facts = [CapacityFact(0, NODE.id, NODE)]
    used = Slice("local", "p", "1.0", 1, "cpu", 0, 2 * HOUR, 2, State.TENANT, "n", "a", "")
    (history,) = rebuild([used], facts, [(0, rules)], DAY)
    assert (history.at, history.settled) == (2 * HOUR, 2 / 64 / 2)


def test_a_ledger_without_a_policy_is_refused() -> None:
    """Nothing says what a share would have been."""
    with pytest.raises(ValueError, match="policy"):
        rebuild([], [], [], 0)

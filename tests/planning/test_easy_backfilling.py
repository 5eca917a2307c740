from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.change import Ended, Starting, Submitted, TaskEnded, TaskStarted
from dure.model.instants import SECOND
from dure.model.job import Job, TaskGroup
from dure.model.node import GpuFlavor, Node
from dure.model.resources import Resources
from dure.model.rules import Order, Planning, Rules
from dure.model.snapshot import Snapshot
from dure.model.tenant import Tenant
from dure.planning.room import Room

FIFO = Rules(
    "easy",
    planning=Planning(order=Order.FIFO, memory=0.0),
    flavors=(GpuFlavor("a100"), GpuFlavor("t4", 300)),
    tenants=(Tenant("a"), Tenant("b")),
)


@dataclass(frozen=True)
class Work:
    """A job of a trace, in seconds: when it comes, how many cpus, what its user said, and the truth."""

    submit: int
    cpus: int
    estimate: int
    run: int


def works(exact: bool) -> st.SearchStrategy[list[Work]]:
    """Jobs for a machine of eight cpus; estimates are never too short, and are the truth where `exact`."""
    times = st.tuples(st.integers(1, 12), st.integers(0, 0 if exact else 8))
    one = st.builds(
        lambda submit, cpus, time: Work(submit, cpus, time[0] + time[1], time[0]),
        st.integers(0, 6), st.sampled_from([1, 1, 2, 2, 3, 5, 6, 8]), times,
    )  # fmt: skip
    return st.lists(one, min_size=1, max_size=20).map(lambda all_: sorted(all_, key=lambda w: w.submit))


def textbook(jobs: list[Work], cpus: int) -> dict[int, int]:
    """EASY as the literature has it, over numbers of free cpus only."""
    starts: dict[int, int] = {}
    now, waiting = 0, list(range(len(jobs)))
    while waiting:
        running = [n for n, at in starts.items() if at + jobs[n].run > now]
        free = cpus - sum(jobs[n].cpus for n in running)
        queue = [n for n in waiting if jobs[n].submit <= now]
        while queue and jobs[queue[0]].cpus <= free:
            free = _begin(queue[0], jobs, starts, running, waiting, free, now)
            queue.pop(0)
        if queue:
            shadow, extra = _shadow(jobs, starts, running, free, jobs[queue[0]].cpus)
            for n in queue[1:]:
                soon = now + jobs[n].estimate <= shadow
                if jobs[n].cpus <= free and (soon or jobs[n].cpus <= extra):
                    free = _begin(n, jobs, starts, running, waiting, free, now)
                    extra -= 0 if soon else jobs[n].cpus
        now += 1
    return starts


def _begin(
    n: int,
    jobs: list[Work],
    starts: dict[int, int],
    running: list[int],
    waiting: list[int],
    free: int,
    now: int,
) -> int:
    starts[n] = now
    running.append(n)
    waiting.remove(n)
    return free - jobs[n].cpus


def _shadow(
    jobs: list[Work], starts: dict[int, int], running: list[int], free: int, needed: int
) -> tuple[int, int]:
    for end in sorted({starts[n] + jobs[n].estimate for n in running}):
        there = free + sum(jobs[n].cpus for n in running if starts[n] + jobs[n].estimate <= end)
        if there >= needed:
            return end, there - needed
    raise AssertionError("every job fits the empty machine")


class Player:
    """Plays jobs through a room second by second, as the simulator does: ends, arrivals, one decision."""

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self.room = Room.of(Snapshot(nodes=nodes), FIFO)
        self.now = 0
        self.starts: dict[str, int] = {}
        self.promised: dict[str, list[int]] = {}
        self._ends: dict[int, list[tuple[str, int]]] = {}

    def second(self, arrivals: list[Job], run: dict[str, int]) -> None:
        """One second passes."""
        at = self.now * SECOND
        for job, tasks in self._ends.pop(self.now, []):
            for task in range(tasks):
                self.room.apply(TaskEnded(at, job, 1, task))
            self.room.apply(Ended(at, job, 1, succeeded=True))
        for coming in arrivals:
            self.room.apply(Submitted(at, coming))
        plan = self.room.decide(at)
        for start in plan.starts:
            self.room.apply(Starting(at, start.job, 1, start.placements))
            tasks = sum(placement.tasks for placement in start.placements)
            for task in range(tasks):
                self.room.apply(TaskStarted(at, start.job, 1, task))
            self.starts[start.job] = self.now
            self._ends.setdefault(self.now + run[start.job], []).append((start.job, tasks))
        for reservation in plan.reservations:
            self.promised.setdefault(reservation.job, []).append(reservation.at)
        self.now += 1


def played(jobs: list[Work], cpus: int) -> dict[int, int]:
    """The same jobs through the planner."""
    player = Player((Node("n", "p", Resources(cpu=cpus)),))
    run = {str(n): work.run for n, work in enumerate(jobs)}
    made = [
        Job(
            str(n),
            "ab"[n % 2],
            "u",
            w.submit * SECOND,
            (TaskGroup(1, w.cpus),),
            time_limit=w.estimate * SECOND,
        )
        for n, w in enumerate(jobs)
    ]
    while len(player.starts) < len(jobs):
        player.second([job for job in made if job.submitted == player.now * SECOND], run)
    return {int(job): at for job, at in player.starts.items()}


@settings(max_examples=150)
@given(works(exact=True))
def test_exact_estimates_give_the_starts_of_the_textbook(jobs: list[Work]) -> None:
    """On one machine with true estimates every job starts at the second at which EASY starts it."""
    assert played(jobs, 8) == textbook(jobs, 8)


@settings(max_examples=100)
@given(works(exact=False))
def test_too_long_estimates_give_the_starts_of_the_textbook(jobs: list[Work]) -> None:
    """So too where users ask for more time than they need."""
    assert played(jobs, 8) == textbook(jobs, 8)


NODES = st.lists(
    st.builds(
        lambda cpu, gpus: Resources.of(cpu, 0, gpus),
        st.integers(2, 8),
        st.dictionaries(st.sampled_from(["a100", "t4"]), st.integers(1, 4), max_size=2),
    ),
    min_size=1,
    max_size=4,
).map(lambda all_: tuple(Node(f"n{n}", "p", capacity) for n, capacity in enumerate(all_)))


@st.composite
def gangs(draw: st.DrawFn) -> tuple[Job, int]:
    """A gang and how long it runs: never longer than its limit."""
    gpus = draw(st.integers(0, 2))
    flavors = draw(st.sampled_from([("a100",), ("t4",), ("t4", "a100")])) if gpus else ()
    group = TaskGroup(draw(st.integers(1, 4)), draw(st.integers(0, 4)), 0, gpus, flavors)
    run, more = draw(st.integers(1, 10)), draw(st.sampled_from([0, 0, 3]))
    groups = (group, TaskGroup(1, draw(st.integers(1, 3)))) if draw(st.integers(0, 4)) == 0 else (group,)
    return Job("", draw(st.sampled_from("ab")), "u", 0, groups, time_limit=(run + more) * SECOND), run


@settings(max_examples=120)
@given(NODES, st.lists(st.tuples(st.integers(0, 15), gangs()), min_size=1, max_size=14))
def test_backfill_never_delays_a_reservation(
    nodes: tuple[Node, ...], coming: list[tuple[int, tuple[Job, int]]]
) -> None:
    """On many nodes and flavors too, whoever held a reservation starts no later than it said."""
    player = Player(nodes)
    made = [
        (replace(job, id=str(n), submitted=at * SECOND), run) for n, (at, (job, run)) in enumerate(coming)
    ]
    run_of = {job.id: run for job, run in made}
    for _ in range(200):
        player.second([job for job, _ in made if job.submitted == player.now * SECOND], run_of)
    for job, promises in player.promised.items():
        assert player.starts[job] * SECOND <= min(promises)

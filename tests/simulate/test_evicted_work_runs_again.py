from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from dure.forecast.engine import Arrival, Outcome, Ran, Replay, UnderWay
from dure.model.instants import DAY, SECOND, Interval
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.plan import Rule
from dure.model.resources import Quota, Resources
from dure.model.rules import BetweenBorrowers, Planning, Rules
from dure.model.snapshot import Running, Snapshot, TaskTimes
from dure.model.tenant import Tenant
from dure.planning.room import Room
from dure.simulate.played import Played
from dure.simulate.replay import play_work
from dure.simulate.report import report

GPUS = 2
NODE = Node("n", "main", Resources(gpus=(("g", GPUS),)))
RULES = Rules(
    room="two",
    planning=Planning(grace=10 * SECOND, memory=0.0),
    flavors=(GpuFlavor("g"),),
    pools=(Pool("main", "local", (NODE,)),),
    tenants=(Tenant("a", guarantee=Quota.of({"gpu:g": 2})), Tenant("b"), Tenant("c")),
)


def arrival(
    job: str, tenant: str, second: int, run: int, gpus: int = 2, checkpoints: int | None = None, limit: int = 1000
) -> Arrival:  # fmt: skip
    group = TaskGroup(1, gpus=gpus, flavors=("g",))
    asked = Job(
        job, tenant, "u", second * SECOND, (group,), time_limit=limit * SECOND,
        checkpoint_interval=None if checkpoints is None else checkpoints * SECOND,
    )  # fmt: skip
    return Arrival(asked, run * SECOND)


def ran(arrivals: Iterable[Arrival], rules: Rules = RULES) -> dict[str, list[tuple[int, int, Outcome, int]]]:
    """Job -> (start, end, outcome, lost) of each attempt, in seconds."""
    room = Room.of(Snapshot(nodes=(NODE,)), rules)
    found = defaultdict(list)
    for one in Replay(room, rules, arrivals).ran():
        found[one.job.id].append(_seconds(one))
    return dict(found)


def _seconds(one: Ran) -> tuple[int, int, Outcome, int]:
    return (one.started // SECOND, one.ended // SECOND, one.outcome, one.lost // SECOND)


def test_a_guarantee_is_reclaimed_and_the_borrower_begins_again() -> None:
    """B is told at 10, gone at 20; a starts there; when it has ended b does all its work again."""
    assert ran([arrival("b1", "b", 0, 100), arrival("a1", "a", 10, 30)]) == {
        "b1": [(0, 20, Outcome.EVICTED, 20), (50, 150, Outcome.DONE, 0)],
        "a1": [(20, 50, Outcome.DONE, 0)],
    }


def test_a_checkpoint_saves_what_was_done_before_it() -> None:
    """Every 4 s: at 10 s the work of 8 is saved, and 92 s are left."""
    assert ran([arrival("b1", "b", 0, 100, checkpoints=4), arrival("a1", "a", 10, 30)])["b1"] == [
        (0, 20, Outcome.EVICTED, 12),
        (50, 142, Outcome.DONE, 0),
    ]


def test_who_ends_within_the_grace_has_lost_nothing() -> None:
    """B would have ended at 15 anyway; the place is free then, not at 20."""
    assert ran([arrival("b1", "b", 0, 15), arrival("a1", "a", 10, 30)]) == {
        "b1": [(0, 15, Outcome.DONE, 0)],
        "a1": [(15, 45, Outcome.DONE, 0)],
    }


def test_without_grace_the_place_changes_hands_at_once() -> None:
    """Told and gone at 10, and a starts at 10."""
    rules = replace(RULES, planning=replace(RULES.planning, grace=0))
    found = ran([arrival("b1", "b", 0, 100), arrival("a1", "a", 10, 30)], rules)
    assert found["a1"] == [(10, 40, Outcome.DONE, 0)]
    assert found["b1"] == [(0, 10, Outcome.EVICTED, 10), (40, 140, Outcome.DONE, 0)]


def test_limits_end_attempts_where_they_are_kept() -> None:
    """An attempt that needs 100 s and may run for 20 ends at 20, and not well."""
    room = Room.of(Snapshot(nodes=(NODE,)), RULES)
    replay = Replay(room, RULES, [arrival("b1", "b", 0, 100, limit=20)], enforce_limits=True)
    assert [_seconds(one) for one in replay.ran()] == [(0, 20, Outcome.LIMIT, 0)]


def test_a_replay_may_begin_from_a_room_at_work() -> None:
    """B has run since 0 and would end at 100; a waits already at 30, when the replay begins."""
    b1, a1 = arrival("b1", "b", 0, 100), arrival("a1", "a", 5, 30)
    place = (Placement(0, "n", "g"),)
    running = Running(b1.job, 1, 0, place, (TaskTimes(0),))
    room = Room.of(Snapshot(at=30 * SECOND, nodes=(NODE,), running=(running,)), RULES)
    at_work = UnderWay(b1.job, 1, 0, 100 * SECOND, place)
    replay = Replay(room, RULES, [a1, arrival("c1", "c", 40, 7)][1:], under_way=[at_work], begin=30 * SECOND)
    assert [(one.job.id, *_seconds(one)) for one in replay.ran()] == [
        ("b1", 0, 100, Outcome.DONE, 0),
        ("c1", 100, 107, Outcome.DONE, 0),
    ]


def test_time_alone_opens_a_tenancy() -> None:
    """A job of a tenant whose term begins at 500 starts then, though nothing happens then."""
    term = Interval(500 * SECOND, DAY)
    rules = replace(RULES, tenants=(Tenant("a"), Tenant("b", term=term)))
    assert ran([arrival("b1", "b", 0, 10)], rules) == {"b1": [(500, 510, Outcome.DONE, 0)]}


def test_figures_count_what_was_lost_and_what_it_made_wait() -> None:
    """B was evicted once; of the 150 s until its end 100 brought it forward, two GPUs lost 20 s each."""
    figures = report(played([arrival("b1", "b", 0, 100), arrival("a1", "a", 10, 30)]))
    assert figures["evictions"] == figures["tenants"]["b"]["evictions"] == 1
    assert figures["tenants"]["b"]["mean_wait_s"] == 50
    assert figures["tenants"]["b"]["lost_hours"] == figures["lost_hours"] == round(2 * 20 / 3600, 6)
    assert figures["utilization"] == round(2 * 130 / (2 * 150), 6)


def played(arrivals: list[Arrival], rules: Rules = RULES) -> Played:
    return play_work(arrivals, rules, "by hand")


jobs = st.builds(
    arrival,
    job=st.uuids().map(str),
    tenant=st.sampled_from(("a", "b", "c")),
    second=st.integers(0, 60),
    run=st.integers(0, 40),
    gpus=st.integers(1, GPUS),
    checkpoints=st.none() | st.integers(1, 20),
    limit=st.integers(1, 50),
)
plannings = st.builds(
    Planning,
    grace=st.sampled_from((0, 5 * SECOND)),
    memory=st.sampled_from((0.0, 0.5)),
    between_borrowers=st.sampled_from(BetweenBorrowers),
    depth=st.sampled_from((0, 1, None)),
    min_runtime=st.sampled_from((0, 5 * SECOND)),
    eviction_budget=st.sampled_from((1, 3)),
)


@given(st.lists(jobs, max_size=14), plannings)
def test_all_work_is_done_whoever_gave_way(arrivals: list[Arrival], planning: Planning) -> None:
    """Every job comes to its end with exactly its run behind it, and the room is never over its capacity."""
    coming = sorted(arrivals, key=lambda one: one.job.submitted)
    replayed = played(coming, replace(RULES, planning=planning))
    done: dict[str, int] = defaultdict(int)
    edges: list[tuple[int, int]] = []
    for stint in replayed.stints:
        done[stint.work.id] += stint.ended - stint.started - stint.lost
        devices = stint.held.gpus[0][1]
        edges += [(stint.ended, -devices), (stint.started, devices)] if stint.ended > stint.started else []
        assert stint.started >= stint.work.submitted
        assert 0 <= stint.lost <= stint.ended - stint.started
    assert done == {one.job.id: one.run for one in coming}
    assert max(accumulate(change for _, change in sorted(edges)), default=0) <= GPUS
    assert {stint.work.id for stint in replayed.stints if not stint.gave_way} == set(replayed.times)


def test_why_a_job_gave_way_is_kept() -> None:
    """The rule, and the job that it was for."""
    room = Room.of(Snapshot(nodes=(NODE,)), RULES)
    first = next(iter(Replay(room, RULES, [arrival("b1", "b", 0, 100), arrival("a1", "a", 10, 30)]).ran()))
    assert first.eviction is not None
    assert (first.eviction.rule, first.eviction.by) == (Rule.RECLAIM, "a1")

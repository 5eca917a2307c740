from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.accounting.occupied import nodes_at, occupied
from dure.accounting.states import StateAccount
from dure.model.change import (
    Ended,
    NodeGone,
    NodeSet,
    StartFailed,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
    Withdrawn,
)
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import Node, NodeState
from dure.model.record import AttemptRecord, JobRecord, JobState, TaskRecord
from dure.model.resources import Resources
from dure.model.use import CapacityFact, Slice, State
from tests.accounting.histories import (
    HORIZON,
    POOL,
    History,
    changes_of,
    histories,
    planner_rows,
    task_rows,
)

NODE = Node("n1", POOL, Resources.of(4, 8, {"a": 2}))
JOB = Job("j", "t", "u", 0, (TaskGroup(2, 1, 2, 1, ("a",)),))
PLACES = (Placement(0, "n1", "a", 2),)


def amounts(rows: list[Slice]) -> Counter[tuple[str, str, int]]:
    """Amount by (node, resource, millisecond), counted one by one."""
    found: Counter[tuple[str, str, int]] = Counter()
    for row in rows:
        for at in range(row.start, row.end):
            found[row.node, row.resource, at] += row.amount
    return found


def capacities(history: History) -> Counter[tuple[str, str, int]]:
    return Counter(
        {
            (name, resource, at): amount
            for name in ("n1", "n2")
            for at in range(HORIZON)
            for resource, amount in history.capacity_at(name, at).items()
        }
    )


def of(rows: tuple[Slice, ...], resource: str = "cpu") -> list[tuple[int, int, int, State]]:
    return [(row.start, row.end, row.amount, row.state) for row in rows if row.resource == resource]


@given(histories)
def test_free_and_used_are_the_capacity_at_every_millisecond(history: History) -> None:
    """The planner's account and the tasks' slices, made apart, add up to what there was, never to more."""
    rows, _, _ = planner_rows(history)
    assert amounts(rows + task_rows(history)) == capacities(history)
    assert all(row.amount > 0 and row.start < row.end for row in rows)


@given(histories)
def test_no_two_slices_have_one_key(history: History) -> None:
    """Every slice can be written once and only once."""
    rows, _, _ = planner_rows(history)
    keys = [row.key for row in rows + task_rows(history)]
    assert len(keys) == len(set(keys))


@given(histories)
def test_watermarks_cut_slices_and_change_nothing_else(history: History) -> None:
    """However often the account is settled, every millisecond is in the same state."""
    once, facts, _ = planner_rows(replace(history, watermarks=(HORIZON,)))
    often, same_facts, _ = planner_rows(history)
    by_state = [
        {state: amounts([r for r in rows if r.state is state]) for state in State} for rows in (once, often)
    ]
    assert by_state[0] == by_state[1]
    assert facts == same_facts


@given(histories)
def test_facts_tell_what_every_node_was(history: History) -> None:
    """Folding the facts of capacity gives each node as it was, and no fact repeats the one before."""
    _, facts, _ = planner_rows(history)
    for at in range(HORIZON):
        nodes = (history.node_at(name, at) for name in ("n1", "n2"))
        assert nodes_at(facts, at, POOL) == tuple(node for node in nodes if node)
    for name in ("n1", "n2"):
        told = [fact.node for fact in facts if fact.node_id == name]
        assert all(one != other for one, other in pairwise([None, *told]))


@given(histories, st.integers(0, HORIZON), st.integers(0, 30))
def test_a_restart_loses_nothing_that_the_backend_recorded(history: History, at: int, away: int) -> None:
    """An account that begins anew at a watermark, from facts and records, adds up; unwatched time says so."""
    first, facts, _ = planner_rows(
        replace(history, watermarks=(at, HORIZON) if 0 < at < HORIZON else (HORIZON,))
    )
    began = at if 0 < at < HORIZON else 0
    back = min(HORIZON, began + away)
    ran = [
        task.occupied(task.ended if task.ended <= back else None)
        for task in history.tasks
        if task.started < back
    ]
    account = StateAccount(POOL, began, nodes_at([f for f in facts if f.at < began], began, POOL), ran)
    account.unobserved(back)
    for since, name, node in history.steps:
        if since >= began:
            account.apply(NodeSet(since, node) if node else NodeGone(since, name))
    for task in history.tasks:
        for change in changes_of(task) if task.ended > began else ():
            account.apply(change)
    rows = [row for row in first if row.end <= began] + list(account.settle(HORIZON))
    assert amounts(rows + task_rows(history)) == capacities(history)
    after = [row for row in rows if row.start >= began]
    assert all((row.state is State.UNOBSERVED) == (row.start < back) for row in after)


def test_a_decided_start_is_idle_until_the_recorded_one() -> None:
    """Holding a place is not use: from the decision to the start the capacity is idle."""
    account = StateAccount(POOL, 0, [NODE])
    for change in (Submitted(0, JOB), Starting(10, "j", 1, PLACES), TaskStarted(30, "j", 1, 0)):
        account.apply(change)
    assert of(account.settle(50)) == [(0, 30, 4, State.IDLE), (30, 50, 3, State.IDLE)]


def test_a_failed_start_used_nothing() -> None:
    """A start that the backend refused leaves no trace, and the next attempt counts as its own."""
    account = StateAccount(POOL, 0, [NODE])
    for change in (
        Submitted(0, JOB), Starting(1, "j", 1, PLACES), StartFailed(2, "j", 1, "stale"),
        Starting(3, "j", 2, PLACES), TaskStarted(5, "j", 2, 0), TaskEnded(7, "j", 2, 0),
        Ended(7, "j", 2, succeeded=False, requeue=True), Withdrawn(8, "j"),
    ):  # fmt: skip
        account.apply(change)
    assert of(account.settle(9)) == [(0, 5, 4, State.IDLE), (5, 7, 3, State.IDLE), (7, 9, 4, State.IDLE)]


def test_down_is_down_and_draining_is_idle() -> None:
    """What a node that is down has is down; the free part of one that drains is idle."""
    account = StateAccount(POOL, 0, [NODE])
    account.apply(NodeSet(10, replace(NODE, state=NodeState.DOWN)))
    account.apply(NodeSet(20, replace(NODE, state=NodeState.DRAINING)))
    expected = [(0, 10, 4, State.IDLE), (10, 20, 4, State.DOWN), (20, 30, 4, State.IDLE)]
    assert of(account.settle(30)) == expected


def test_devices_are_counted_flavor_by_flavor() -> None:
    """GPUs are accounted in devices of their flavor, apart from cpu and memory."""
    account = StateAccount(POOL, 0, [NODE])
    for change in (Submitted(0, JOB), Starting(1, "j", 1, PLACES), TaskStarted(5, "j", 1, 1)):
        account.apply(change)
    rows = account.settle(9)
    assert of(rows, "gpu:a") == [(0, 5, 2, State.IDLE), (5, 9, 1, State.IDLE)]
    assert {(row.resource, row.flavor, row.source, row.uid) for row in rows} == {
        ("cpu", "", "planner", "n1"), ("memory", "", "planner", "n1"), ("gpu:a", "a", "planner", "n1"),
    }  # fmt: skip


def test_an_end_older_than_the_watermark_gives_back_what_was_taken() -> None:
    """A true end before a written slice's end turns the rest into idle time, in slices of their own keys."""
    account = StateAccount(POOL, 0, [NODE])
    for change in (Submitted(0, JOB), Starting(1, "j", 1, PLACES), TaskStarted(5, "j", 1, 0)):
        account.apply(change)
    before = account.settle(20)
    account.apply(TaskEnded(12, "j", 1, 0))
    after = account.settle(30)
    assert of(after) == [(20, 30, 4, State.IDLE), (12, 20, 1, State.IDLE)]
    assert not {row.key for row in before} & {row.key for row in after}


def test_time_that_was_not_watched_says_so() -> None:
    """A gap in watching turns the free part of that time, and nothing else, into unobserved time."""
    account = StateAccount(POOL, 0, [NODE])
    account.unobserved(since=12, until=15)
    account.unobserved(until=4)
    account.unobserved(until=0)
    assert of(account.settle(20)) == [
        (0, 4, 4, State.UNOBSERVED), (4, 12, 4, State.IDLE), (12, 15, 4, State.UNOBSERVED), (15, 20, 4, State.IDLE),
    ]  # fmt: skip
    assert account.settled == 20


def test_a_task_that_never_started_used_nothing() -> None:
    """An end without a start, as of a task that was voided, holds nothing and is forgotten."""
    account = StateAccount(POOL, 0, [NODE])
    for change in (
        Submitted(0, JOB),
        Starting(1, "j", 1, PLACES),
        TaskEnded(6, "j", 1, 0),
        TaskEnded(7, "j", 1, 0),
    ):
        account.apply(change)
    assert of(account.settle(9)) == [(0, 9, 4, State.IDLE)]


def test_other_pools_are_other_accounts() -> None:
    """An account fed the Changes of the whole room tells only of its own pool."""
    account = StateAccount(POOL, 0, [NODE])
    account.apply(NodeSet(0, Node("far", "q", Resources(8))))
    account.apply(NodeGone(3, "far"))
    assert {row.node for row in account.settle(5)} == {"n1"}


def test_time_does_not_run_backwards() -> None:
    """Settling before the last watermark is a fault; settling at it again gives nothing."""
    account = StateAccount(POOL, 10, [NODE])
    assert account.settle(10) == ()
    with pytest.raises(ValueError, match="settled up to 10"):
        account.settle(9)


def test_a_shrunken_node_never_has_less_than_nothing_free() -> None:
    """A node that lost capacity under running tasks has nothing free, not a negative amount."""
    account = StateAccount(POOL, 0, [NODE])
    for change in (
        Submitted(0, JOB), Starting(1, "j", 1, PLACES), TaskStarted(5, "j", 1, 0), TaskStarted(5, "j", 1, 1),
        NodeSet(9, Node("n1", POOL, Resources(1, 8))),
    ):  # fmt: skip
        account.apply(change)
    assert of(account.settle(20)) == [(0, 5, 4, State.IDLE), (5, 9, 2, State.IDLE)]


def test_records_tell_what_was_occupied() -> None:
    """Tasks that ran at the instant or later are found in a backend's records, with what they held."""
    tasks = (TaskRecord("n1", "a", (0,), 5, 9), TaskRecord("n1", "a", (1,), 5, None))
    attempt = AttemptRecord(1, 3, PLACES, tasks)
    never = AttemptRecord(2, 3, PLACES, (TaskRecord("n1", "a"), TaskRecord("n1", "a")))
    record = JobRecord(JOB, JobState.RUNNING, attempts=(attempt, never))
    assert [task.task for task in occupied([record], 8)] == [0, 1]
    (running,) = occupied([record], 9)
    assert (running.task, running.ended, running.resources) == (1, None, Resources.of(1, 2, {"a": 1}))


def test_the_latest_fact_of_an_instant_holds() -> None:
    """Nodes at an instant are those of the last facts up to it, without those gone or of other pools."""
    other = Node("z", "q", Resources(1))
    facts = [CapacityFact(5, "n1", NODE), CapacityFact(5, "z", other), CapacityFact(9, "n1", None)]
    assert nodes_at(facts, 8, POOL) == (NODE,)
    assert nodes_at(facts, 9, POOL) == ()

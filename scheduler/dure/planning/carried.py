"""What a room carries over: a course taken up from a snapshot, and the snapshot of a course."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dure.model.instants import Instant, Interval
from dure.model.node import Node
from dure.model.resources import Flavor
from dure.model.rules import Rules
from dure.model.snapshot import Running, Snapshot, Used
from dure.model.use import CapacityFact
from dure.planning.axes import add
from dure.planning.course import Course
from dure.planning.history import Event, Histories, Policy, Use
from dure.planning.queue import Entry
from dure.planning.running import Active
from dure.planning.state import State
from dure.planning.windows import Timetable


def taken_up(
    snapshot: Snapshot, rules: Rules, since: Instant | None, also: Iterable[Flavor] = (),
    times: Timetable | None = None, now: Instant | None = None,
) -> Course:  # fmt: skip
    """The course of a room from a snapshot on, under rules in force from `since` where they are new.

    `times` is the timetable of these rules where it was made already; quotas are those in force at `now`.
    """
    times = Timetable(rules) if times is None else times
    at = max(snapshot.at, snapshot.watermark)
    policies = list(snapshot.policies) or [(snapshot.watermark, rules)]
    if policies[-1][1] != rules:
        policies.append((max(snapshot.watermark, snapshot.at if since is None else since), rules))
    in_force = times.in_force(at if now is None else now)
    flavors = (*_flavors(snapshot, policies), *also)
    state = State(in_force, flavors, times.open_at(at if now is None else now))
    course = Course(state, Histories(state.axes, policies[0], snapshot.watermark), times)
    course.at = at
    course.past = list(snapshot.past)
    _load(course, snapshot)
    course.histories.load(snapshot.history, list(_recorded(course, snapshot, policies[1:])))
    return course


def in_phase(course: Course, now: Instant) -> Course:
    """The course as it goes on at `now`: made anew where other windows, tenancies or entries are in force then."""
    times, state = course.times, course.state
    if times.in_force(now) is state.rules and {entry.name for entry in times.open_at(now)} == state.open:
        return course
    return taken_up(snapshot(course), course.times.rules, None, (), course.times, now)


def snapshot(course: Course) -> Snapshot:
    """All that decisions depend on, as a value."""
    state, histories = course.state, course.histories
    return Snapshot(
        at=course.at,
        watermark=histories.watermark,
        nodes=tuple(row.node for row in state.nodes),
        pending=tuple(
            entry.pending() for _, entry in sorted({**state.queue.entries, **state.claimed}.items())
        ),
        running=tuple(active.running() for _, active in sorted(state.active.jobs.items())),
        history=histories.settled(),
        past=tuple(sorted((*course.past, *_past(course)), key=_used)),
        capacity=histories.facts(),
        policies=histories.policies(),
        paused=tuple(sorted(state.paused)),
        room_paused=state.room_paused,
        claims=tuple(state.claims.values()),
        reservations=state.reservations,
        budgets=tuple(sorted(state.budgets.items())),
    )


def _past(course: Course) -> Iterator[Used]:
    axes, watermark = course.state.axes, course.histories.watermark
    for active in course.over:
        for task, (started, ended) in active.times.items():
            if started is not None and ended is not None and ended >= watermark:
                held = axes.zeros()
                add(held, active.place_of(task).amounts)
                interval = Interval(started, ended)
                yield Used(active.job.tenant, active.job.user, interval, axes.resources(held))


def _used(used: Used) -> tuple[Interval, str, str, tuple[tuple[str, int], ...]]:
    return (used.interval, used.tenant, used.user, tuple(used.resources.items()))


def _load(course: Course, snapshot: Snapshot) -> None:
    state = course.state
    for node in snapshot.nodes:
        state.put_node(node)
    for running in snapshot.running:
        state.begin(_active(running, state))
        for task, times in enumerate(running.tasks):
            if times.ended is not None:
                state.task_over(state.active.jobs[running.job.id], task)
    for pending in snapshot.pending:
        course.enqueue(Entry(pending))
    course.promise(snapshot.claims, snapshot.reservations)
    state.budgets.update(snapshot.budgets)
    state.paused |= set(snapshot.paused)
    state.room_paused = snapshot.room_paused


def _active(running: Running, state: State) -> Active:
    active = Active.of(running.job, running.attempt, running.since, running.placements, state.axes)
    for task, times in enumerate(running.tasks):
        if times.started is not None or times.ended is not None:
            active.times[task] = (times.started, times.ended)
    active.started = min((t.started for t in running.tasks if t.started is not None), default=None)
    active.vacating, active.vacating_since = running.vacating, running.vacating_since
    active.checkpoint, active.under, active.evictions = running.checkpoint, running.under, running.evictions
    return active


def _recorded(
    course: Course, snapshot: Snapshot, policies: Iterable[tuple[Instant, Rules]]
) -> Iterator[Event]:
    """All that history is to know besides what is settled: use that reaches past the watermark, nodes, rules."""
    axes = course.state.axes
    yield from (Policy(at, rules) for at, rules in policies)
    yield from _facts(snapshot)
    for active in course.state.active.jobs.values():
        for task, (started, ended) in active.times.items():
            if started is not None:
                amounts, job = active.place_of(task).amounts, active.job
                yield Use(started, job.tenant, job.user, amounts, 1)
                if ended is not None:
                    yield Use(ended, job.tenant, job.user, amounts, -1)
    for used in snapshot.past:
        yield Use(used.interval.start, used.tenant, used.user, axes.amounts(used.resources), 1)
        yield Use(used.interval.end, used.tenant, used.user, axes.amounts(used.resources), -1)


def _facts(snapshot: Snapshot) -> Iterator[CapacityFact]:
    """Nodes that did not change since the watermark stand as they are; the others as the facts say."""
    changed = {fact.node_id for fact in snapshot.capacity}
    before = snapshot.watermark - 1
    yield from (CapacityFact(before, node.id, node) for node in snapshot.nodes if node.id not in changed)
    yield from snapshot.capacity


def _flavors(snapshot: Snapshot, policies: Iterable[tuple[Instant, Rules]]) -> Iterator[Flavor]:
    jobs = (*(p.job for p in snapshot.pending), *(r.job for r in snapshot.running))
    yield from (flavor for job in jobs for group in job.groups for flavor in group.flavors)
    yield from (flavor for node in snapshot.nodes for flavor in _of(node))
    yield from (flavor for fact in snapshot.capacity if fact.node for flavor in _of(fact.node))
    yield from (flavor for used in snapshot.past for flavor, _ in used.resources.gpus)
    yield from (flavor.name for _, rules in policies for flavor in rules.flavors)


def _of(node: Node) -> Iterator[Flavor]:
    return (flavor for flavor, _ in node.capacity.gpus)

"""Explanations: every reason of one job, worked out when asked, the one that decides first."""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.plan import Code, Explanation, Numbers, Reason
from dure.planning import decision
from dure.planning.axes import Amounts
from dure.planning.backfill import beside
from dure.planning.claims import ends_at
from dure.planning.course import Course
from dure.planning.cycle import Cycle
from dure.planning.lines import Turn
from dure.planning.order import Key, Lineup
from dure.planning.placement import most, place
from dure.planning.preemptible import beyond, borrowed
from dure.planning.queue import Entry, Kind
from dure.planning.quota import over_limit
from dure.planning.running import Active
from dure.planning.shape import FOREVER
from dure.planning.standing import Standing
from dure.planning.state import State
from dure.planning.verdicts import outside_term


def explain(course: Course, job: JobId, now: Instant) -> Explanation:
    """All there is to say of a job at `now`. Raises KeyError for one that neither waits nor runs."""
    course.judge(now)
    state, lineup = course.state, course.lineup(now)
    standing = lineup.standing
    if (active := state.active.jobs.get(job)) is not None:
        return _running(state, standing, active, now)
    entry = state.claimed[job] if job in state.claimed else state.queue.entries[job]
    rank, ahead = _rank(state, lineup, entry)
    score = standing.score(state.quotas.account(entry.job.tenant))
    guaranteed = _within(state, _kind(entry))
    cycle = decision.run(course, now)
    start = next((start for start in cycle.trial.starts if start.job == job), None)
    promise = cycle.trial.promises.of(job)
    reasons = (Reason(Code.STARTS),) if start else _claimed(state, job)
    reasons = reasons or tuple(_reasons(state, cycle, entry, now))
    decision.finish(course, cycle)
    return Explanation(
        job, now, reasons, start.guaranteed if start else guaranteed, score, rank, ahead,
        start.placements if start else (), promise.reservation() if promise else None,
    )  # fmt: skip


def _kind(entry: Entry) -> Kind:
    assert entry.kind is not None  # noqa: S101 - queued entries have one
    return entry.kind


def _claimed(state: State, job: JobId) -> tuple[Reason, ...]:
    claim = state.claims.get(job)
    return (
        ()
        if claim is None
        else (Reason(Code.CLAIMED, "", (("since", claim.since), ("timeout", ends_at(state, claim)))),)
    )


def _running(state: State, standing: Standing, active: Active, now: Instant) -> Explanation:
    started = () if active.started is None else (("started", active.started),)
    end = () if active.end == FOREVER else (("until", active.end),)
    account = state.quotas.account(active.job.tenant)
    return Explanation(
        job=active.job.id,
        at=now,
        reasons=(Reason(Code.RUNNING, "", (("since", active.since), *started, *end)),),
        guaranteed=all(other is not active for other in borrowed(state)),
        score=standing.score(account),
        placements=active.placements,
    )


def _within(state: State, kind: Kind) -> bool:
    promises = state.quotas.promises
    return any(promises.within(kind.account.branch, demand.total) for demand in kind.shape.demands)


def _rank(state: State, lineup: Lineup, entry: Entry) -> tuple[int, int]:
    """The job's place among all that could be considered now (1: first), and how many tenants come before."""
    own = _kind(entry)
    mine = _place(state, lineup, own, entry)
    rank, tenants = 1, set()
    for kind in state.queue.kinds.values():
        if kind.verdict is not None and kind is not own:
            continue
        turn = _turn(state, kind)
        before = sum((turn is Turn.BORROWED, lineup.job_key(kind, age, turn)) < mine for age in kind.jobs)
        rank += before
        if before and kind.key.tenant != entry.job.tenant:
            tenants.add(kind.key.tenant)
    return rank, len(tenants)


def _place(state: State, lineup: Lineup, kind: Kind, entry: Entry) -> tuple[bool, Key]:
    turn = _turn(state, kind)
    return (turn is Turn.BORROWED, lineup.job_key(kind, entry.age, turn))


def _turn(state: State, kind: Kind) -> Turn:
    return Turn.GUARANTEED if _within(state, kind) else Turn.BORROWED


def _reasons(state: State, cycle: Cycle, entry: Entry, now: Instant) -> Iterator[Reason]:
    kind = _kind(entry)
    yield from _of_itself(entry)
    yield from _of_others(state, kind, now)
    if not kind.shape.fits_empty:
        yield Reason(Code.NEVER_FITS, "", kind.shape.numbers)
    yield from _of_quota(state, cycle, kind)
    yield from _of_place(state, cycle, entry, now)


def _of_itself(entry: Entry) -> Iterator[Reason]:
    if entry.held:
        yield Reason(Code.HELD)
    if entry.failed:
        yield Reason(Code.DEPENDENCY_FAILED, entry.failed)
    yield from (Reason(Code.WAITING, job) for job in sorted(entry.waiting_for - {entry.failed}))


def _of_others(state: State, kind: Kind, now: Instant) -> Iterator[Reason]:
    if state.room_paused:
        yield Reason(Code.PAUSED)
    yield from (
        Reason(Code.PAUSED, over.branch.id) for over in kind.account.path if over.branch.id in state.paused
    )
    for over in kind.account.path:
        if outside := outside_term(over, now):
            yield Reason(outside.code, over.branch.id, outside.numbers)
            return


def _of_quota(state: State, cycle: Cycle, kind: Kind) -> Iterator[Reason]:
    """Judged for the flavors that the job likes best; only where no choice of flavors is allowed."""
    demands = kind.shape.demands
    if demands and all(any(over_limit(kind.account, demand.total)) for demand in demands):
        for over, axis, by in over_limit(kind.account, demands[0].total):
            name, asked = state.axes.names[axis], dict(demands[0].total)[axis]
            held, limit = over.held[axis], over.branch.limit[axis]
            told = ((name, by), ("asks", asked), ("held", held), ("limit", limit))
            yield Reason(Code.OVER_LIMIT, over.branch.id, told)
    if demands and not kind.key.preemptible and not _within(state, kind):
        over_all = [beyond(state, cycle.allowance.kept(), demand.total) for demand in demands]
        if all(over_all):
            numbers = tuple((state.axes.names[axis], by) for axis, by in over_all[0])
            yield Reason(Code.NOT_PREEMPTIBLE, kind.key.tenant, numbers)


def _of_place(state: State, cycle: Cycle, entry: Entry, now: Instant) -> Iterator[Reason]:
    kind, promises = _kind(entry), cycle.trial.promises
    free = [d for d in kind.shape.demands if place(d, state.nodes, {}, state.values)]
    if not free and kind.shape.demands:
        fitting = max(most(demand, state.nodes, {}) for demand in kind.shape.demands)
        yield Reason(Code.NO_PLACE, "", (*kind.shape.numbers, ("placeable", fitting), *_spare(state, kind)))
    for promise in promises:
        if promise.job == entry.job.id:
            yield Reason(Code.RESERVED, "", (("at", promise.at),))
        elif free and now + kind.shape.limit > promise.at:
            view = beside((promise,), {})
            if not any(place(demand, state.nodes, view, state.values) for demand in free):
                yield Reason(Code.RESERVED, promise.job, (("at", promise.at),))
        else:
            yield Reason(Code.BEHIND, promise.job, (("at", promise.at),))


def _spare(state: State, kind: Kind) -> Numbers:
    asked: Amounts = kind.shape.demands[0].total
    return tuple((f"free:{state.axes.names[axis]}", state.nodes.spare[axis]) for axis, _ in asked)

"""A decision: the cycle run, and the plan that says what it came to."""

from __future__ import annotations

from dure.model.instants import Instant
from dure.model.plan import Code, Plan
from dure.planning.course import Course
from dure.planning.cycle import Cycle
from dure.planning.kept_out import KeptOut, kept, lent_less
from dure.planning.limits import ends, wake_at
from dure.planning.queue import Kind
from dure.planning.verdicts import CLAIMED, STARTS


def decide(course: Course, now: Instant) -> Plan:
    """The plan for `now`; the course is left as it was."""
    ended = ends(course.state, now)
    cycle = run(course, now)
    state, trial = course.state, cycle.trial
    _say(course, cycle)
    claims = tuple(state.claims.values())
    plan = Plan(
        at=now,
        starts=tuple(trial.starts),
        ends=ended,
        evictions=tuple(trial.evictions),
        claims=claims,
        reservations=tuple(promise.reservation() for promise in trial.promises),
        scores=cycle.lineup.standing.scores(state.quotas.changed),
        verdicts=course.verdicts.told(),
        wake_at=wake_at(state, course.times, now, [promise.at for promise in trial.promises]),
    )
    state.quotas.changed.clear()
    finish(course, cycle)
    return plan


def run(course: Course, now: Instant) -> Cycle:
    """A cycle that was run and is still to be finished."""
    course.judge(now)
    cycle = Cycle(
        course.state, course.lineup(now), course.refusals, course.outlook, course.borrowed, now
    )  # fmt: skip
    cycle.run()
    return cycle


def finish(course: Course, cycle: Cycle) -> None:
    """Leave the course as it was; what was refused stands for when these starts are applied."""
    cycle.undo()
    course.refusals.suppose(cycle.trial.starts)


def _say(course: Course, cycle: Cycle) -> None:
    """Bring the standing verdicts up to this decision."""
    touched = cycle.trial.touched
    unsaid = {
        **course.unsaid,
        **_firm(course, cycle),
        **_bounded(course),
        **_kept_out(course, cycle),
        **touched,
    }
    course.unsaid = dict.fromkeys(touched)
    others = KeptOut(cycle.trial)
    reserved = {promise.kind for promise in cycle.trial.promises if promise.guaranteed}
    for kind in unsaid:
        if kind.jobs:
            verdict = cycle.allowance.verdict(kind, kind in reserved)
            kept_out = others.verdict(kind) if verdict.code is Code.NO_PLACE else None
            course.verdicts.say(kind.key, kept_out or verdict)
        elif kind.claimed:
            course.verdicts.say(kind.key, CLAIMED)
        elif kind in touched:
            course.verdicts.say(kind.key, STARTS)


def _firm(course: Course, cycle: Cycle) -> dict[Kind, None]:
    """Classes that may not be preempted, where what they depend on is not what it was at the last decision.

    That is what cannot be taken back in the whole room, and how far the guarantees of their branch are used:
    reservations count there, too.
    """
    state, promises = course.state, cycle.trial.promises
    if not state.queue.firm:
        return {}
    before, roots = course.firm, {one.account.judged for one in promises if one.guaranteed}
    course.firm = (cycle.allowance.kept(), roots)
    if before is None or before[0] != course.firm[0] or state.rules.calendar:
        return state.queue.firm
    moved = {**state.quotas.changed, **dict.fromkeys(roots | before[1])}
    return {kind: None for kind in state.queue.firm if kind.account.judged in moved}


def _kept_out(course: Course, cycle: Cycle) -> dict[Kind, None]:
    """Classes against which others now keep something else than at the last decision, or anything by lending."""
    state, now_kept, now_lent = course.state, kept(cycle.trial), lent_less(course.state)
    before_kept, before_lent = course.kept_out
    course.kept_out = (now_kept, now_lent)
    if now_kept != before_kept:
        return dict.fromkeys(state.queue.kinds.values())
    return {kind: None for account in now_lent | before_lent for kind in account.kinds}


def _bounded(course: Course) -> dict[Kind, None]:
    """Classes whose tenants' limits, or limits above, now stand against other holdings than they did."""
    changed = course.state.quotas.changed
    below = (account for over in changed if over.branch.bounded for account in over.below)
    return {kind: None for account in below for kind in account.kinds}

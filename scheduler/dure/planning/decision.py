"""A decision: the cycle run, and the plan that says what it came to."""

from __future__ import annotations

from dure.model.instants import Instant
from dure.model.job import JobClass
from dure.model.plan import Plan, Verdict
from dure.planning.course import Course
from dure.planning.cycle import Cycle
from dure.planning.limits import ends, wake_at
from dure.planning.standing import Standing
from dure.planning.verdicts import STARTS


def decide(course: Course, now: Instant) -> Plan:
    """The plan for `now`; the course is left as it was."""
    course.judge(now)
    state = course.state
    kinds = list(state.queue.kinds.values())
    standing = Standing(state, course.histories, now)
    cycle = Cycle(state, standing, now)
    cycle.run()
    promise = cycle.promise
    verdicts: dict[JobClass, Verdict] = {k.key: cycle.verdict(k) if k.jobs else STARTS for k in kinds}
    plan = Plan(
        at=now,
        starts=tuple(cycle.starts),
        ends=tuple(ends(state, now)),
        reservations=(promise.reservation(),) if promise else (),
        scores=standing.scores(),
        verdicts=verdicts,
        wake_at=wake_at(state, now, [promise.at] if promise else []),
    )
    cycle.undo()
    return plan

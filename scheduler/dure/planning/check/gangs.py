"""No partial gang; flavors that were asked for; nobody twice; nobody who may not start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dure.model.job import Job, Placement
from dure.model.snapshot import Pending
from dure.planning.budgets import refused_by
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.picture import Given, Picture


def gangs_are_whole(picture: Picture) -> Iterator[Finding]:
    """Every start, claim and reservation places each task once, each group on one flavor that it names."""
    for one in picture.given:
        pending = picture.pending.get(one.job)
        for text in _broken(pending.job, one.placements) if pending else ():
            yield Finding(Invariant.GANG, one.job, text)


def _broken(job: Job, placements: tuple[Placement, ...]) -> Iterator[str]:
    if any(not 0 <= place.group < len(job.groups) or place.tasks < 1 for place in placements):
        yield "has a placement that belongs to no group"
    for number, group in enumerate(job.groups):
        placed = [place for place in placements if place.group == number]
        flavors = {place.flavor for place in placed}
        if (tasks := sum(place.tasks for place in placed)) != group.count:
            yield f"gets {tasks} of {group.count} tasks of group {number}"
        if len(flavors) > 1 or not flavors <= set(group.flavors if group.gpus else ("",)):
            yield f"gets flavors {sorted(flavors)} for group {number}, which names {list(group.flavors)}"


def everybody_once(picture: Picture) -> Iterator[Finding]:
    """Only a pending job is started, claims or holds a reservation, one of these; nobody starts and is evicted."""
    given = Counter(one.job for one in picture.given)
    for job, times in sorted(given.items()):
        if times > 1:
            yield Finding(Invariant.ONCE, job, "is given a place more than once", (("times", times),))
        if job not in picture.pending:
            yield Finding(Invariant.ONCE, job, "is given a place and is not pending")
    for job in sorted(picture.evicted & {start.job for start in picture.plan.starts}):
        yield Finding(Invariant.ONCE, job, "is both started and evicted")


def only_who_may_start_does(picture: Picture) -> Iterator[Finding]:
    """Nothing held, waiting, paused, outside its tenancy or out of budget is started or given a claim."""
    given: tuple[Given, ...] = (*picture.plan.starts, *picture.plan.claims)
    for one in given:
        pending = picture.pending.get(one.job)
        why = next(_barred(picture, pending), None) if pending else None
        if why:
            yield Finding(Invariant.MAY_START, one.job, f"is given a place and {why}")
    for start in picture.plan.starts:
        pending = picture.pending.get(start.job)
        if pending and start.attempt != pending.attempts + 1:
            numbers = (("attempt", start.attempt), ("attempts", pending.attempts))
            yield Finding(Invariant.MAY_START, start.job, "starts with a wrong attempt number", numbers)


def may_start(picture: Picture, pending: Pending) -> bool:
    """Whether only quota and place keep a job waiting."""
    return next(_barred(picture, pending), None) is None


def _barred(picture: Picture, pending: Pending) -> Iterator[str]:
    snapshot, job = picture.snapshot, pending.job
    path = list(picture.path(job.tenant))
    if pending.held:
        yield "is held"
    if pending.waiting_for or pending.failed_dependency:
        yield "comes after jobs that have not succeeded"
    if not path:
        yield "belongs to no tenant"
    if snapshot.room_paused or {one.id for one in path} & set(snapshot.paused):
        yield "is paused"
    if any(one.term is not None and picture.now not in one.term for one in path):
        yield "is outside its tenancy"
    if refused_by(dict(snapshot.budgets), [one.id for one in path], job.preemptible):
        yield "is beyond its budget"

"""Explanations: every reason of one job, worked out when asked, the one that decides first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from dure.model.instants import Instant
from dure.model.job import JobId
from dure.model.plan import Code, Explanation, Reason, Start
from dure.planning import decision
from dure.planning.course import Course
from dure.planning.cycle import Cycle
from dure.planning.queue import Entry, Kind
from dure.planning.reasons import changes
from dure.planning.reasons.of_job import of_job
from dure.planning.reasons.of_place import of_place
from dure.planning.reasons.of_quota import of_quota
from dure.planning.reasons.of_running import displaced, of_running
from dure.planning.reasons.rank import rank, within

_CHANGEABLE: Final = frozenset({Code.NEVER_FITS, Code.BUDGET})
"""What holds whatever is free, and may not for another request."""


def explain(course: Course, job: JobId, now: Instant) -> Explanation:
    """All there is to say of a job at `now`. Raises KeyError for one that neither waits nor runs."""
    course.judge(now)
    state, lineup = course.state, course.lineup(now)
    if (active := state.active.jobs.get(job)) is not None:
        return of_running(state, lineup.standing, active, now)
    entry = state.claimed[job] if job in state.claimed else state.queue.entries[job]
    kind = _kind(entry)
    place = rank(state, lineup, entry, kind)
    told = Explanation(
        job,
        now,
        (),
        within(state, kind),
        lineup.standing.score(kind.account),
        place.place,
        len(place.accounts),
    )
    ahead = tuple(place.reason(lineup, kind.account))
    cycle = decision.run(course, now)
    told, found, raised = _pending(told, cycle, entry, ahead)
    decision.finish(course, cycle)
    quota = changes.proved_quota(course, raised, entry.job, now) if raised else ()
    proved = (*quota, *changes.proved(course, found, entry.job, now))
    return replace(told, reasons=(*told.reasons, *proved)) if proved else told


def _pending(
    told: Explanation, cycle: Cycle, entry: Entry, ahead: tuple[Reason, ...]
) -> tuple[Explanation, list[changes.Change], changes.Raise | None]:
    """What the decision came to for the job, and what might be changed."""
    trial, kind, job = cycle.trial, _kind(entry), entry.job.id
    start = next((start for start in trial.starts if start.job == job), None)
    if start is not None:
        return _starting(told, start), [], None
    if job in trial.state.claims:
        return _making_room(told, cycle, entry), [], None
    own = trial.promises.of(job)
    standing = tuple(of_job(trial.state, entry, kind, trial.now))
    place = of_place(trial, kind, own) if kind.shape.fits_empty else ()
    told = replace(
        told,
        reasons=(*standing, *of_quota(trial, kind, own), *place, *ahead),
        reservation=own.reservation() if own else None,
    )
    raised = None if standing else changes.more_quota(trial, kind)
    may_change = all(reason.code in _CHANGEABLE for reason in standing)
    return told, changes.candidates(trial, kind, entry.job) if may_change else [], raised


def _starting(told: Explanation, start: Start) -> Explanation:
    return replace(
        told, reasons=(Reason(Code.STARTS),), guaranteed=start.guaranteed, placements=start.placements
    )


def _making_room(told: Explanation, cycle: Cycle, entry: Entry) -> Explanation:
    """A claim counts as given, and its job stands in no line."""
    claim = cycle.trial.state.claims[entry.job.id]
    reasons = tuple(_claimed(cycle, entry))
    return replace(told, reasons=reasons, guaranteed=claim.guaranteed, rank=None, ahead=None)


def _claimed(cycle: Cycle, entry: Entry) -> Iterator[Reason]:
    state = cycle.trial.state
    claim = state.claims[entry.job.id]
    yield Reason(Code.CLAIMED, "", (("since", claim.since), ("timeout", state.rules.planning.claim_timeout)))
    yield from displaced(state, entry.job.id, entry.job.tenant)


def _kind(entry: Entry) -> Kind:
    assert entry.kind is not None  # noqa: S101 - queued entries have one
    return entry.kind

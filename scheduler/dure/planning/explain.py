"""Explanations: every reason of one job, worked out when asked, the one that decides first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dure.model.instants import Instant
from dure.model.job import Job, JobId
from dure.model.plan import Code, Explanation, Reason, Start
from dure.planning import decision
from dure.planning.course import Course
from dure.planning.cycle import Cycle
from dure.planning.queue import Entry, Kind
from dure.planning.reasons import changes, making_room
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
    told, worth = _pending(told, cycle, entry, ahead)
    decision.finish(course, cycle)
    proved = tuple(worth.proved(course, entry.job, now))
    return replace(told, reasons=(*told.reasons, *proved)) if proved else told


@dataclass(frozen=True, slots=True)
class _WorthTrying:
    """What might be changed: by place that there is, by a higher limit, and by place that others leave."""

    found: Sequence[changes.Change] = ()
    raised: changes.Raise | None = None
    steps: Sequence[making_room.Steps] = ()

    def proved(self, course: Course, job: Job, now: Instant) -> Iterator[Reason]:
        """What really does."""
        if self.raised:
            yield from changes.proved_quota(course, self.raised, job, now)
        yield from changes.proved(course, self.found, job, now)
        yield from making_room.proved(course, self.steps, job, now)


def _pending(
    told: Explanation, cycle: Cycle, entry: Entry, ahead: tuple[Reason, ...]
) -> tuple[Explanation, _WorthTrying]:
    """What the decision came to for the job, and what might be changed."""
    trial, kind, job = cycle.trial, _kind(entry), entry.job.id
    start = next((start for start in trial.starts if start.job == job), None)
    if start is not None:
        return _starting(told, start), _WorthTrying()
    if job in trial.state.claims:
        return _making_room(told, cycle, entry), _WorthTrying()
    own = trial.promises.of(job)
    standing = tuple(of_job(trial.state, entry, kind, trial.now))
    place = of_place(trial, kind, own) if kind.shape.fits_empty else ()
    told = replace(
        told,
        reasons=(*standing, *of_quota(trial, kind, own), *place, *ahead),
        reservation=own.reservation() if own else None,
    )
    raised = None if standing else changes.more_quota(trial, kind)
    if any(reason.code not in _CHANGEABLE for reason in standing):
        return told, _WorthTrying(raised=raised)
    found = changes.candidates(trial, kind, entry.job)
    known = {reason.subject for reason, _ in found}
    return told, _WorthTrying(found, raised, making_room.steps(trial, kind, entry.job, known))


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

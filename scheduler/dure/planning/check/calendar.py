"""The calendar is kept: nodes that are out are given to nobody, and only its tenants start under an entry."""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.instants import Instant, Interval
from dure.model.job import Job, Placement
from dure.model.plan import Start
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.picture import Given, Picture


def nodes_in_maintenance_are_given_to_nobody(picture: Picture) -> Iterator[Finding]:
    """No start, new claim or reservation from grace before a maintenance to its end, and none that runs into it.

    A job that may be preempted may run into it: it is evicted in time.
    """
    given: list[tuple[Given, Instant]] = [(start, picture.now) for start in picture.plan.starts]
    given += [(claim, picture.now) for claim in picture.new_claims]
    given += [(reservation, reservation.at) for reservation in picture.plan.reservations]
    for one, at in given:
        pending = picture.pending.get(one.job)
        nodes = {place.node for place in one.placements}
        for out in picture.rules.maintenance if pending else ():
            if (
                pending
                and nodes & set(out.nodes)
                and _meets(picture, pending.job, one.placements, at, out.interval)
            ):
                text = f"is given a node that the maintenance {out.name} empties"
                yield Finding(Invariant.CALENDAR, one.job, text, (("at", at), ("from", out.interval.start)))


def _meets(
    picture: Picture, job: Job, placements: tuple[Placement, ...], at: Instant, out: Interval
) -> bool:  # fmt: skip
    """Whether a job that begins at this instant stands in the way."""
    if not out.length or at >= out.end:
        return False
    if at >= out.start or (at == picture.now and at >= out.start - picture.rules.planning.grace):
        return True
    limit = job.limit_under([placement.flavor for placement in placements])
    return not job.preemptible and (limit is None or at + limit > out.start)


def only_its_tenants_start_under_an_entry(picture: Picture) -> Iterator[Finding]:
    """An entry under which something starts is open, and for that tenant or one above; who stays ends in time."""
    for job, start in picture.known([start for start in picture.plan.starts if start.under]):
        assert isinstance(start, Start)  # noqa: S101 - of starts only starts are known
        for text in _not_its_own(picture, job, start):
            yield Finding(Invariant.CALENDAR, job.id, f"starts under the entry {start.under}, {text}")


def _not_its_own(picture: Picture, job: Job, start: Start) -> Iterator[str]:
    entry = next((one for one in picture.rules.calendar if one.name == start.under), None)
    if entry is None or picture.now not in entry.interval:
        yield "which is not open"
        return
    if not {over.id for over in picture.path(job.tenant)} & set(entry.tenants):
        yield "which is for others"
    limit = job.limit_under([placement.flavor for placement in start.placements])
    if not job.preemptible and (limit is None or picture.now + limit > entry.interval.end):
        yield "may not be preempted and does not end before it does"

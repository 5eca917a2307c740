"""No victim too many: with any one of them back, what it was for would not be there, or not be allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dure.model.plan import Claim, Rule, Start
from dure.model.snapshot import Running
from dure.planning.check.amounts import Amounts, Spots, add, lacking, spots, spread, still_held, together
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.picture import Picture

_FOR_A_PLACE = {Rule.RECLAIM, Rule.BETWEEN_BORROWERS, Rule.WITHIN_TENANT}


def every_victim_is_needed(picture: Picture) -> Iterator[Finding]:
    """For each job that evicts: no victim could have stayed beside the place it claims, and within its limits.

    Judged as it was at its turn: later victims still there, later claims not yet made; starts are all counted.
    Not judged where a reservation on the same nodes may have been the reason.
    """
    given: dict[str, Claim | Start] = {one.job: one for one in picture.plan.claims}
    given |= {one.job: one for one in picture.plan.starts}
    evictions = [e for e in picture.plan.evictions if e.rule in _FOR_A_PLACE and e.job in picture.running]
    for position, eviction in enumerate(evictions):
        place, by = given.get(eviction.by), picture.pending.get(eviction.by)
        if place is None or by is None or any(p.group >= len(by.job.groups) for p in place.placements):
            continue
        if eviction.rule is Rule.WITHIN_TENANT and not by.job.preemptible:
            continue  # what such jobs may hold beyond guarantee may have been the reason
        own = {e.job for e in evictions if e.by == eviction.by}
        before = {e.job for e in evictions[:position]} | own
        stays = [picture.running[e.job] for e in evictions if e.job not in before or e.job == eviction.job]
        if (
            not _beside_reservations(picture, place)
            and _fits(picture, place, stays)
            and not _beyond_limits(picture, place, stays)
        ):
            yield Finding(Invariant.MINIMAL, eviction.job, f"is evicted for {eviction.by} without need")


def _beside_reservations(picture: Picture, place: Claim | Start) -> bool:
    nodes = {placement.node for placement in place.placements}
    reserved = (*picture.snapshot.reservations, *picture.plan.reservations)
    return any(one.job != place.job and p.node in nodes for one in reserved for p in one.placements)


def _fits(picture: Picture, place: Claim | Start, stays: Iterable[Running]) -> bool:
    if isinstance(place, Start):
        return _starts_beside(picture, place, stays)
    job = picture.pending[place.job].job
    wanted, back = spots(job, place.placements), _held_by(stays)
    earlier = _earlier(picture, place)
    for node, amounts in wanted.items():
        free = picture.capacity(node)
        for held in (picture.staying, picture.started, earlier, back):
            add(free, held.get(node, {}).items(), -1)
        if lacking(amounts, free):
            return False
    return True


def _starts_beside(picture: Picture, start: Start, stays: Iterable[Running]) -> bool:
    """Whether it could have started there anyway; what vacates covers claims, so an eviction may open a place."""
    job, back = picture.pending[start.job].job, _held_by(stays)
    for node, amounts in spots(job, start.placements).items():
        free, vacating = picture.capacity(node), dict(picture.vacating.get(node, {}))
        for held in (picture.staying, picture.started, back):
            add(free, held.get(node, {}).items(), -1)
        add(vacating, back.get(node, {}).items(), -1)
        claimed = picture.claimed.get(node, {})
        if any(a and free.get(n, 0) < max(vacating.get(n, 0), claimed.get(n, 0)) for n, a in amounts.items()):
            return False
    return True


def _earlier(picture: Picture, place: Claim | Start) -> Spots:
    found: Spots = {}
    for job, one in picture.known(picture.plan.claims):
        if one == place:
            break
        spread(found, job, one.placements)
    return found


def _held_by(stays: Iterable[Running]) -> Spots:
    found: Spots = {}
    for one in stays:
        spread(found, one.job, still_held(one))
    return found


def _beyond_limits(picture: Picture, place: Claim | Start, stays: Iterable[Running]) -> bool:
    """Whether limits would be passed with these still there; so one of them had to go, wherever the place is."""
    job = picture.pending[place.job].job
    asked = together(spots(job, place.placements))
    for over in picture.path(job.tenant):
        if (
            over.user_limit.stated
            or over.max_running_jobs is not None
            or over.user_max_running_jobs is not None
        ):
            return True
        held: Amounts = dict(picture.under(over.id))
        for one in stays:
            if over in picture.path(one.job.tenant):
                add(held, together(spots(one.job, still_held(one))).items())
        if any(asked.get(name) and held.get(name, 0) > limit for name, limit in over.limit.stated):
            return True
    return False

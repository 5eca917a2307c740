"""No victim too many: with any one of them back, the place that was claimed would not be there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dure.model.plan import Claim, Rule
from dure.model.snapshot import Running
from dure.planning.check.amounts import Amounts, Spots, add, lacking, spots, spread, still_held, together
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.picture import Picture

_FOR_A_PLACE = {Rule.RECLAIM, Rule.BETWEEN_BORROWERS, Rule.WITHIN_TENANT}


def every_victim_is_needed(picture: Picture) -> Iterator[Finding]:
    """For each job that evicts: no victim could have stayed beside the place it claims, and within its limits.

    Judged as it was at its turn: later victims still there, later claims not yet made; starts are all counted.
    """
    claims = {claim.job: claim for claim in picture.plan.claims}
    evictions = [e for e in picture.plan.evictions if e.rule in _FOR_A_PLACE and e.job in picture.running]
    for position, eviction in enumerate(evictions):
        claim, by = claims.get(eviction.by), picture.pending.get(eviction.by)
        if claim is None or by is None or any(p.group >= len(by.job.groups) for p in claim.placements):
            continue
        own = {e.job for e in evictions if e.by == eviction.by}
        before = {e.job for e in evictions[:position]} | own
        stays = [picture.running[e.job] for e in evictions if e.job not in before or e.job == eviction.job]
        if _fits(picture, claim, stays) and not _beyond_limits(picture, claim, stays):
            yield Finding(Invariant.MINIMAL, eviction.job, f"is evicted for {eviction.by} without need")


def _fits(picture: Picture, claim: Claim, stays: Iterable[Running]) -> bool:
    job = picture.pending[claim.job].job
    wanted, back = spots(job, claim.placements), _held_by(stays)
    earlier = _earlier(picture, claim)
    for node, amounts in wanted.items():
        free = picture.capacity(node)
        for held in (picture.staying, picture.started, earlier, back):
            add(free, held.get(node, {}).items(), -1)
        if lacking(amounts, free):
            return False
    return True


def _earlier(picture: Picture, claim: Claim) -> Spots:
    found: Spots = {}
    for job, one in picture.known(picture.plan.claims):
        if one == claim:
            break
        spread(found, job, one.placements)
    return found


def _held_by(stays: Iterable[Running]) -> Spots:
    found: Spots = {}
    for one in stays:
        spread(found, one.job, still_held(one))
    return found


def _beyond_limits(picture: Picture, claim: Claim, stays: Iterable[Running]) -> bool:
    """Whether limits would be passed with these still there; so one of them had to go, wherever the place is."""
    job = picture.pending[claim.job].job
    asked = together(spots(job, claim.placements))
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

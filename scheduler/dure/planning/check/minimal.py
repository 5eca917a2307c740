"""No victim too many: with any one of them back, what it was for would not be there, or not be allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from dure.model.job import JobId, NodeId
from dure.model.plan import Claim, Eviction, Rule, Start
from dure.model.snapshot import Running
from dure.planning.check.amounts import Amounts, add, lacking, spots, still_held, together
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.picture import Picture

_FOR_A_PLACE = {Rule.RECLAIM, Rule.BETWEEN_BORROWERS, Rule.WITHIN_TENANT}
_Place: TypeAlias = Claim | Start


def every_victim_is_needed(picture: Picture) -> Iterator[Finding]:
    """For each job that evicts: no victim could have stayed beside the place it got, and within its limits.

    Judged as it was at its turn: later victims still there, later claims not yet made; starts are all counted.
    Not judged where a reservation on the same nodes may have been the reason, or what a job that may not be
    preempted may hold beyond guarantee.
    """
    turns = _Turns(picture)
    for eviction in turns.evictions:
        place, by = turns.places.get(eviction.by), picture.pending.get(eviction.by)
        if place is None or by is None or any(p.group >= len(by.job.groups) for p in place.placements):
            continue
        if eviction.rule is Rule.WITHIN_TENANT and not by.job.preemptible:
            continue
        if turns.beside_reservations(place) or not turns.fits(place, eviction):
            continue
        if not _beyond_limits(picture, place, turns.still_there(eviction)):
            yield Finding(Invariant.MINIMAL, eviction.job, f"is evicted for {eviction.by} without need")


class _Turns:
    """What was held on each node at the turn of each job that evicts."""

    def __init__(self, picture: Picture) -> None:
        self._picture, plan = picture, picture.plan
        self.places: dict[JobId, _Place] = {one.job: one for one in plan.claims}
        self.places |= {one.job: one for one in plan.starts}
        self.evictions = [e for e in plan.evictions if e.rule in _FOR_A_PLACE and e.job in picture.running]
        self._turn: dict[JobId, int] = {}
        self._victims: dict[NodeId, list[tuple[int, JobId, Amounts]]] = {}
        self._claims: dict[NodeId, list[tuple[JobId, Amounts]]] = {}
        reserved = (*picture.snapshot.reservations, *plan.reservations)
        self._reserved = {(p.node, one.job) for one in reserved for p in one.placements}
        self._reserved_nodes = {node for node, _ in self._reserved}
        for eviction in self.evictions:
            turn = self._turn.setdefault(eviction.by, len(self._turn))
            running = picture.running[eviction.job]
            for node, amounts in spots(running.job, still_held(running)).items():
                self._victims.setdefault(node, []).append((turn, eviction.job, amounts))
        for job, claim in picture.known(plan.claims):
            for node, amounts in spots(job, claim.placements).items():
                self._claims.setdefault(node, []).append((job.id, amounts))

    def beside_reservations(self, place: _Place) -> bool:
        """Whether another job's reservation stood or stands on one of its nodes."""
        nodes = {p.node for p in place.placements} & self._reserved_nodes
        return any(node in nodes and job != place.job for node, job in self._reserved) if nodes else False

    def still_there(self, eviction: Eviction) -> list[Running]:
        """The victim itself, and those of later turns."""
        turn, running = self._turn[eviction.by], self._picture.running
        later = (e for e in self.evictions if self._turn[e.by] > turn)
        return [running[eviction.job], *(running[e.job] for e in later)]

    def fits(self, place: _Place, eviction: Eviction) -> bool:
        """Whether the place was there with this victim and all later ones still in theirs."""
        job = self._picture.pending[place.job].job
        room = self._room_for_start if isinstance(place, Start) else self._room_for_claim
        return not any(
            lacking(amounts, room(node, place, self._back(node, eviction)))
            for node, amounts in spots(job, place.placements).items()
        )

    def _room_for_claim(self, node: NodeId, place: _Place, back: Amounts) -> Amounts:
        """`capacity - stays - starts - earlier claims`."""
        free = self._free(node, back)
        for job, amounts in self._claims.get(node, ()):
            if job == place.job:
                break
            add(free, amounts.items(), -1)
        return free

    def _room_for_start(self, node: NodeId, place: _Place, back: Amounts) -> Amounts:
        """`capacity - stays - other starts - max(vacating, claimed)`: so an eviction may open a place at once."""
        free, vacating = self._free(node, back), dict(self._picture.vacating.get(node, {}))
        add(vacating, back.items(), -1)
        claimed = self._picture.claimed.get(node, {})
        kept = {n: max(vacating.get(n, 0), claimed.get(n, 0)) for n in {*vacating, *claimed}}
        add(free, kept.items(), -1)
        own = spots(self._picture.pending[place.job].job, place.placements)
        add(free, own.get(node, {}).items())
        return free

    def _free(self, node: NodeId, back: Amounts) -> Amounts:
        free = self._picture.capacity(node)
        for held in (self._picture.staying, self._picture.started):
            add(free, held.get(node, {}).items(), -1)
        add(free, back.items(), -1)
        return free

    def _back(self, node: NodeId, eviction: Eviction) -> Amounts:
        back: Amounts = {}
        turn = self._turn[eviction.by]
        for other, job, amounts in self._victims.get(node, ()):
            if other > turn or job == eviction.job:
                add(back, amounts.items())
        return back


def _beyond_limits(picture: Picture, place: _Place, stays: Iterable[Running]) -> bool:
    """Whether limits would be passed with these still there; so one of them had to go, wherever the place is."""
    job = picture.pending[place.job].job
    asked = together(spots(job, place.placements))
    for over in picture.path(job.tenant):
        counted = over.max_running_jobs is not None or over.user_max_running_jobs is not None
        if over.user_limit.stated or counted:
            return True
        held: Amounts = dict(picture.under(over.id))
        for one in stays if over.limit.stated else ():
            if over in picture.path(one.job.tenant):
                add(held, together(spots(one.job, still_held(one))).items())
        if any(asked.get(name) and held.get(name, 0) > limit for name, limit in over.limit.stated):
            return True
    return False

"""Reservations can be met: at their instants, as far as time limits are kept, their places are free together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dure.model.instants import SECOND, Instant
from dure.model.job import Job, Placement
from dure.model.plan import Reservation
from dure.model.snapshot import Running
from dure.planning.check.amounts import Spots, add, spread, still_held
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.picture import Picture


def reservations_can_be_met(picture: Picture) -> Iterator[Finding]:
    """Where each begins, what still runs, is claimed, or is reserved over that instant leaves it its place."""
    for reservation in picture.plan.reservations:
        pending = picture.pending.get(reservation.job)
        if pending is None or any(p.group >= len(pending.job.groups) for p in reservation.placements):
            continue
        if reservation.at < picture.now:
            text = "has a reservation in the past"
            yield Finding(Invariant.RESERVATION, reservation.job, text, (("at", reservation.at),))
            continue
        nodes = {placement.node for placement in reservation.placements}
        held = _held_at(picture, reservation.at, nodes)
        for node in sorted(nodes):
            free = picture.capacity(node)
            add(free, held.get(node, {}).items(), -1)
            short = tuple(
                (n, -free[n]) for n in sorted(_asked_on(node, reservation, pending.job)) if free[n] < 0
            )
            if short:
                text = f"has a reservation that {node} cannot meet"
                numbers = (("at", reservation.at), *short)
                yield Finding(Invariant.RESERVATION, reservation.job, text, numbers)


def _asked_on(node: str, reservation: Reservation, job: Job) -> set[str]:
    mine: Spots = {}
    spread(mine, job, _on(reservation.placements, {node}))
    return {name for name, amount in mine.get(node, {}).items() if amount}


def _held_at(picture: Picture, at: Instant, nodes: set[str]) -> Spots:
    """What is held on these nodes at an instant to come, reservations that have begun by then included."""
    found: Spots = {}
    for running in picture.snapshot.running:
        if picture.stays(running) and not _over(_ends(picture, running), at):
            spread(found, running.job, _on(still_held(running), nodes))
    for job, start in picture.known(picture.plan.starts):
        if not _over(_limited(job, start.placements, picture.now), at):
            spread(found, job, _on(start.placements, nodes))
    for claim in picture.plan.claims:
        for job, _ in picture.known([claim]):
            ends = _limited(job, claim.placements, claim.since + picture.rules.planning.grace)
            if not _over(_at_last(picture, ends), at):
                spread(found, job, _on(claim.placements, nodes))
    for reservation, job in _reserved(picture):
        if reservation.at <= at and not _over(_limited(job, reservation.placements, reservation.at), at):
            spread(found, job, _on(reservation.placements, nodes))
    return found


def _reserved(picture: Picture) -> Iterator[tuple[Reservation, Job]]:
    for reservation in picture.plan.reservations:
        pending = picture.pending.get(reservation.job)
        if pending is not None and all(p.group < len(pending.job.groups) for p in reservation.placements):
            yield reservation, pending.job


def _on(placements: Iterable[Placement], nodes: set[str]) -> list[Placement]:
    return [placement for placement in placements if placement.node in nodes]


def _ends(picture: Picture, running: Running) -> Instant | None:
    started = [times.started for times in running.tasks if times.started is not None]
    ends = _limited(running.job, running.placements, min(started, default=running.since))
    return (
        ends if running.since == picture.now else _at_last(picture, ends)
    )  # nothing is late at its own instant


def _at_last(picture: Picture, ends: Instant | None) -> Instant | None:
    """What should have ended does so one second from now."""
    return ends if ends is None or ends > picture.now else picture.now + SECOND


def _limited(job: Job, placements: Iterable[Placement], since: Instant) -> Instant | None:
    limit = job.limit_under([placement.flavor for placement in placements])
    return None if limit is None else since + limit


def _over(ends: Instant | None, at: Instant) -> bool:
    return ends is not None and ends <= at

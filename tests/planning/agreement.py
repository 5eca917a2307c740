"""A plan beside what the reference planner says of the same room: what differs, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from dure.model.job import Placement
from dure.model.plan import Plan
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.planning.room import plan
from tests.planning.reference import Said, reference

_Told: TypeAlias = tuple[object, ...]
CLOSE = 1e-12


def differences(snapshot: Snapshot, rules: Rules, now: int) -> list[str]:
    """What plan and reference say differently; nothing where they agree."""
    return list(_compared(plan(snapshot, rules, now), reference(snapshot, rules, now)))


def _compared(decided: Plan, said: Said) -> Iterator[str]:
    for name, mine, theirs in (
        ("starts", _starts(decided), _starts(said)),
        ("evictions", _evictions(decided), _evictions(said)),
        ("claims", _claims(decided), _claims(said)),
        ("reservations", _reservations(decided), _sorted_reservations(said)),
    ):
        if mine != theirs:
            yield f"{name}: the plan has {mine}, the reference {theirs}"
    for tenant, (share, score) in said.scores.items():
        found = decided.scores[tenant]
        if abs(found.share - share) > CLOSE or abs(found.score - score) > CLOSE:
            yield f"score of {tenant}: the plan has {found}, the reference {(share, score)}"


def _starts(one: Plan | Said) -> list[_Told]:
    return [(s.job, s.attempt, places(s.placements), s.guaranteed, s.claimed) for s in one.starts]


def _evictions(one: Plan | Said) -> list[_Told]:
    return sorted((e.job, e.attempt, e.rule.value, e.by, e.lost) for e in one.evictions)


def _claims(one: Plan | Said) -> list[_Told]:
    return sorted((c.job, c.since, places(c.placements), c.guaranteed) for c in one.claims)


def _reservations(one: Plan) -> list[_Told]:
    return sorted((r.job, r.at, places(r.placements), r.guaranteed) for r in one.reservations)


def _sorted_reservations(one: Said) -> list[_Told]:
    return sorted((job, at, places(placed), guaranteed) for job, at, placed, guaranteed in one.reservations)


def places(placements: tuple[Placement, ...]) -> tuple[_Told, ...]:
    """Placements in one order, whoever says them."""
    return tuple(sorted((p.group, p.node, p.flavor, p.tasks) for p in placements))

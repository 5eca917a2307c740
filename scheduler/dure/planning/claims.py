"""Claims: capacity being vacated for a named job (DESIGN 3.3, step 1 and Claims).

A claim starts where its whole place is empty. It ends without a start by timeout, when its job may not start any
more, or when one of its nodes takes no jobs.
"""

from __future__ import annotations

from dure.model.instants import Instant
from dure.model.plan import Claim
from dure.planning.axes import Vector
from dure.planning.running import Active
from dure.planning.state import State
from dure.planning.trial import Trial


def settle(trial: Trial) -> None:
    """Start the claims whose place is empty and end those that are over, in the order in which they were made."""
    state = trial.state
    for job, claim in tuple(state.claims.items()):
        if _over(state, claim, trial.now):
            trial.unclaim(job)
        elif _is_empty(state, state.active.claims[job]):
            trial.start_claimed(job)


def ends_at(state: State, claim: Claim) -> Instant:
    """When a claim times out."""
    return claim.since + state.rules.planning.claim_timeout


def _over(state: State, claim: Claim, now: Instant) -> bool:
    kind = state.claimed[claim.job].kind
    refused = kind is None or kind.verdict is not None
    rows = (state.nodes.rows.get(placement.node) for placement in claim.placements)
    closed = any(row is None or not row.open for row in rows)
    return refused or closed or now >= ends_at(state, claim)


def _is_empty(state: State, claimed: Active) -> bool:
    """Whether nothing that is still there, and no claim made before, is in the way."""
    needed: dict[str, Vector] = {}
    for place in claimed.places:
        row = state.nodes.rows[place.node]
        left = needed.setdefault(place.node, row.empty())
        for axis, amount in place.amounts:
            left[axis] -= amount * place.left
    return all(min(left) >= 0 or _asks_nothing_there(claimed, node, left) for node, left in needed.items())


def _asks_nothing_there(claimed: Active, node: str, left: Vector) -> bool:
    """Axes that are overfull for other reasons do not concern a claim that asks for none of them."""
    asked = {axis for place in claimed.places if place.node == node for axis, _ in place.amounts}
    return all(left[axis] >= 0 for axis in asked)

"""Claims: capacity being vacated for a named job (DESIGN 3.3, step 1 and Claims).

A claim starts where its whole place is empty, and what others vacate is not all that is left of what the calendar
keeps. It ends without a start by timeout, when its job may not start any more, or when one of its nodes takes no
jobs.
"""

from __future__ import annotations

from dure.model.instants import Instant
from dure.model.plan import Claim
from dure.planning.axes import Vector, together
from dure.planning.calendar import Block, blocks, has_any
from dure.planning.nodes import Row
from dure.planning.running import Active
from dure.planning.state import State
from dure.planning.trial import Trial


def end(trial: Trial) -> None:
    """End the claims that are over."""
    for job, claim in tuple(trial.state.claims.items()):
        if _over(trial.state, claim, trial.now):
            trial.unclaim(job)


def start(trial: Trial) -> bool:
    """Start the claims whose place is empty, in the order in which they were made; whether there were any."""
    before = len(trial.starts)
    for job, claimed in tuple(trial.state.active.claims.items()):
        if _is_empty(trial.state, claimed) and _is_beside_what_leaves(trial, claimed):
            trial.start_claimed(job)
    return len(trial.starts) > before


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


def _is_beside_what_leaves(trial: Trial, claimed: Active) -> bool:
    """Whether what still vacates beside it leaves the calendar what it keeps: a start is judged so too."""
    rows = [trial.state.nodes.rows[place.node] for place in claimed.places]
    leaving = [row for row in rows if row in trial.state.nodes.leaving]
    if not leaving or not has_any(trial.state.rules, trial.now):
        return True
    closed = [block for block in blocks(trial.state, trial.now) if block.closed]
    return all(_leaves(block, row, claimed) for block in closed for row in leaving if row in block.extra)


def _leaves(block: Block, row: Row, claimed: Active) -> bool:
    """What is left beside the block has this claim taken off, as all others."""
    mine = together((place.amounts, place.left) for place in claimed.places if place.node == row.id)
    for axis, amount in mine:
        still_there = row.vacating[axis] - (row.claimed[axis] - amount)
        if still_there > 0 and block.extra[row][axis] < still_there:
            return False
    return True

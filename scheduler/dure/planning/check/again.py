"""Same input, same plan; and a plan that was applied leaves nothing to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dure.model.plan import Plan
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.planning.check.applied import applied
from dure.planning.check.finding import Finding, Invariant
from dure.planning.room import plan as plan_of


def same_input_same_plan(snapshot: Snapshot, rules: Rules, plan: Plan) -> Iterator[Finding]:
    """The plan of the snapshot, made once more, is this plan: `Room.decide` has kept the law.

    A reservation that yielded says so in the decision in which it did.
    """
    fresh = plan_of(snapshot, rules, plan.at)
    for name in ("starts", "ends", "evictions", "claims", "reservations", "scores", "verdicts", "wake_at"):
        here, again = getattr(plan, name), getattr(fresh, name)
        if here != again:
            yield Finding(Invariant.DETERMINISTIC, name, "differ when the plan is made again")


def nothing_is_left_to_do(snapshot: Snapshot, rules: Rules, plan: Plan) -> Iterator[Finding]:
    """The plan of the room to which the plan was applied starts and evicts nothing, and keeps all promises."""
    after = plan_of(applied(snapshot, rules, plan), rules, plan.at)
    for start in after.starts:
        yield Finding(
            Invariant.FIXED_POINT, start.job, "would start in the next decision of the same instant"
        )
    for eviction in after.evictions:
        text = f"would be evicted for {eviction.by} in the next decision of the same instant"
        yield Finding(Invariant.FIXED_POINT, eviction.job, text)
    if after.claims != plan.claims:
        yield Finding(Invariant.FIXED_POINT, "claims", "change in the next decision of the same instant")
    if [replace(one, yielded_to="") for one in after.reservations] != [
        replace(one, yielded_to="") for one in plan.reservations
    ]:
        yield Finding(
            Invariant.FIXED_POINT, "reservations", "change in the next decision of the same instant"
        )

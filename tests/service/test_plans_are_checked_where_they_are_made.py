from dataclasses import replace

from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import Node
from dure.model.plan import Claim
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.model.snapshot import Pending, Snapshot
from dure.model.tenant import Tenant
from dure.service import frames
from dure.service.room_child import Desk

RULES = Rules("r", tenants=(Tenant("t"),))
ROOM = Snapshot(
    at=2,
    nodes=(Node("n1", "p", Resources.of(4_000, 512)),),
    pending=(Pending(Job("j", "t", "kim", 1, (TaskGroup(1, 1_000, 0),))),),
)
FORGED = (Claim("j", 1, (Placement(0, "n1", "a100"),), guaranteed=True),)
"""A claim on a flavor that its job does not name, as no planner makes it."""


def decided(room: Snapshot, checked: bool) -> frames.Decided:
    desk = Desk()
    assert desk.answer(frames.Begin(room, RULES, 0)) is None
    answer = desk.answer(frames.Decide(3, checked))
    assert isinstance(answer, frames.Decided), answer
    return answer


def test_a_sound_plan_comes_without_findings() -> None:
    """Checked or not, it is the same plan."""
    assert decided(ROOM, checked=True) == decided(ROOM, checked=False)
    assert decided(ROOM, checked=True).plan.starts


def test_what_breaks_an_invariant_is_named_where_it_is_asked_for() -> None:
    """A room that was told of an impossible claim follows it, and the checker says so; unasked it is silent."""
    room = replace(ROOM, claims=FORGED)
    assert "gang: j" in "; ".join(decided(room, checked=True).found)
    assert decided(room, checked=False).found == ()

"""A view of a room with something of everything, in two tenants below a programme."""

from __future__ import annotations

from dure.model.money import Money
from dure.model.node import NodeState
from dure.model.plan import Score
from dure.model.resources import Quota
from dure.model.rules import Rules
from dure.model.tenant import BudgetState, Tenant
from dure.model.use import State
from dure.ports import Totals
from dure.telemetry import LoopLatency, RoomCollector, RoomView, exposition

NOW = 1_793_500_000_000

RULES = Rules(
    room="small",
    version="v1",
    tenants=(
        Tenant("programme"),
        Tenant(
            "acme",
            parent="programme",
            guarantee=Quota.of({"gpu:a100": 2, "cpu": 1_500}),
            limit=Quota.of({"memory": 2_048}),
        ),
        Tenant('od"d\\\n', parent="programme"),
    ),
)

VIEW = RoomView(
    rules=RULES,
    policy_since=NOW - 90_000,
    held={("acme", "gpu:a100"): 1, ("acme", "cpu"): 250, ("acme", "memory"): 512},
    pending={"acme": 3},
    oldest={"acme": NOW - 61_500},
    capacity={(NodeState.UP, "cpu"): 4_000, (NodeState.DOWN, "gpu:a100"): 2},
    scores={"acme": Score(0.25, 0.125)},
    entitlement={"acme": 1.5},
    cost_estimate={"acme": Money.won(1_234) + Money(500_000)},
    pools={"p": True},
    budgets={"acme": BudgetState.PREEMPTIBLE_ONLY},
    broken_plans=4,
)

TOTALS = Totals(
    use={
        ("acme", "cpu"): 1_500 * 2_000,
        ("acme", "memory"): 1_024 * 1_500,
        ('od"d\\\n', "gpu:a100"): 3 * 500,
    },
    states={(State.TENANT, "cpu"): 3_000_000, (State.IDLE, "cpu"): 2**70},
    corrections={("acme", "cpu"): 1_000},
    watermarks={("local", "p"): NOW - 2_500},
    quarantined=2,
)


def collector(totals: Totals = TOTALS, view: RoomView | None = VIEW) -> RoomCollector:
    """A collector over these two values, after three cycles."""
    latency = LoopLatency()
    for seconds in (0.001, 0.02, 60.0):
        latency.observe(seconds)
    return RoomCollector(lambda: totals, lambda: view, lambda: NOW, latency, "0.1.0")


def scraped(totals: Totals = TOTALS, view: RoomView | None = VIEW) -> str:
    return exposition(collector(totals, view)).decode()

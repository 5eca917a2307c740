"""What the metrics show of the room now: a value that the service makes anew after each cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dure.model.instants import Instant
from dure.model.job import TenantId
from dure.model.money import Money
from dure.model.node import NodeState
from dure.model.plan import Score
from dure.model.resources import ResourceName
from dure.model.rules import Rules
from dure.model.tenant import BudgetState


@dataclass(frozen=True, slots=True)
class RoomView:
    """The room after a cycle. Amounts are in millicores, MiB and devices; a tenant not named has none.

    `rules` in force since `policy_since`; `policy_refused`: a newer bundle was read and refused. `held`:
    (tenant, resource) -> amount, of the whole branch below a tenant. `pending` counts waiting jobs, `oldest` is
    when the first of them was submitted. `capacity`: (node state, resource) -> amount. `entitlement` in
    value-GPUs. `cost_estimate`: this month so far, before VAT. `budgets`: where tenants that have one stand.
    `pools`: pool -> whether its backend answers. `broken_plans` were refused since the server started.
    """

    rules: Rules
    policy_since: Instant
    policy_refused: bool = False
    held: Mapping[tuple[TenantId, ResourceName], int] = field(default_factory=dict)
    pending: Mapping[TenantId, int] = field(default_factory=dict)
    oldest: Mapping[TenantId, Instant] = field(default_factory=dict)
    capacity: Mapping[tuple[NodeState, ResourceName], int] = field(default_factory=dict)
    scores: Mapping[TenantId, Score] = field(default_factory=dict)
    entitlement: Mapping[TenantId, float] = field(default_factory=dict)
    cost_estimate: Mapping[TenantId, Money] = field(default_factory=dict)
    pools: Mapping[str, bool] = field(default_factory=dict)
    budgets: Mapping[TenantId, BudgetState] = field(default_factory=dict)
    broken_plans: int = 0

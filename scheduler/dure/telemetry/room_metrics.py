"""The room after its last cycle, as metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from dure.model.instants import SECOND, Instant
from dure.model.money import MICRO
from dure.model.resources import Quota, ResourceName
from dure.model.tenant import BudgetState, Tenant
from dure.telemetry.base_units import amount
from dure.telemetry.view import RoomView

_BUDGET_STATES = tuple(BudgetState)
_UNITS = "cores, bytes or devices"


def room_metrics(view: RoomView, now: Instant) -> Iterator[Metric]:
    """Policy, quota, holdings, standing, queue, capacity and estimates."""
    yield from _policy(view)
    yield from _quotas(view)
    yield from _standing(view)
    yield from _queue(view, now)
    yield _capacity(view)
    yield CounterMetricFamily(
        "dure_plans_broken",
        "Plans that did not fit the room or broke an invariant, and of which nothing was done.",
        view.broken_plans,
    )
    yield _by_name("dure_backend_up", "Whether the pool's backend answers.", "pool", view.pools.items())


def _policy(view: RoomView) -> Iterator[Metric]:
    info = GaugeMetricFamily("dure_policy_info", "The policy in force.", labels=["room", "version"])
    info.add_metric([view.rules.room, view.rules.version], 1)
    yield info
    yield GaugeMetricFamily(
        "dure_policy_since_timestamp_seconds",
        "Since when the policy is in force, in Unix time.",
        view.policy_since / SECOND,
    )
    yield GaugeMetricFamily(
        "dure_policy_refused", "1 while a newer bundle was read and refused, else 0.", view.policy_refused
    )


def _quotas(view: RoomView) -> Iterator[Metric]:
    stated: tuple[tuple[str, str, Callable[[Tenant], Quota]], ...] = (
        ("guarantee", "What the tenant can always have back", lambda tenant: tenant.guarantee),
        ("limit", "The most that the tenant may hold", lambda tenant: tenant.limit),
    )
    for name, text, quota in stated:
        lines = [(t.id, resource, n) for t in view.rules.tenants for resource, n in quota(t).stated]
        yield _amounts(f"dure_tenant_{name}", f"{text}: {_UNITS}.", "tenant", lines)
    held = [(tenant, resource, n) for (tenant, resource), n in sorted(view.held.items())]
    yield _amounts("dure_tenant_held", f"What the tenant's branch holds: {_UNITS}.", "tenant", held)


def _standing(view: RoomView) -> Iterator[Metric]:
    scores = view.scores
    yield _by_tenant(
        "dure_tenant_share",
        "Share of the room held above the guarantee, now and in decayed history, 0 to 1.",
        {tenant: score.share for tenant, score in scores.items()},
    )
    yield _by_tenant(
        "dure_tenant_score",
        "Share by weight: the lowest borrows first.",
        {tenant: score.score for tenant, score in scores.items()},
    )
    yield _by_tenant(
        "dure_tenant_entitlement", "What would be fair now, in GPUs weighed by value.", view.entitlement
    )
    yield _by_tenant(
        "dure_tenant_cost_estimate_won",
        "An estimate of this month's cost so far, before VAT; the bill may differ.",
        {tenant: cost.micro / MICRO for tenant, cost in view.cost_estimate.items()},
    )
    yield _by_tenant(
        "dure_tenant_budget_state",
        "Where the month is forecast to end against the budget: 0 fine, 1 warned, 2 preemptible only, 3 held.",
        {tenant: _BUDGET_STATES.index(state) for tenant, state in view.budgets.items()},
    )


def _queue(view: RoomView, now: Instant) -> Iterator[Metric]:
    yield _by_tenant("dure_queue_jobs", "Jobs that wait to start.", view.pending)
    yield _by_tenant(
        "dure_queue_oldest_seconds",
        "How long the longest waiting job has waited.",
        {tenant: max(0, now - at) / SECOND for tenant, at in view.oldest.items()},
    )


def _capacity(view: RoomView) -> Metric:
    lines = [(state.value, resource, n) for (state, resource), n in sorted(view.capacity.items())]
    return _amounts("dure_room_capacity", f"What the nodes have, by their state: {_UNITS}.", "state", lines)


def _amounts(name: str, text: str, label: str, lines: Iterable[tuple[str, ResourceName, int]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label, "resource"])
    for subject, resource, value in lines:
        family.add_metric([subject, resource], amount(resource, value))
    return family


def _by_tenant(name: str, text: str, values: Mapping[str, float]) -> Metric:
    return _by_name(name, text, "tenant", values.items())


def _by_name(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for subject, value in sorted(values):
        family.add_metric([subject], value)
    return family

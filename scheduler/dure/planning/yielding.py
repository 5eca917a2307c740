"""Guarantees that give way while an entry of the calendar is open (DESIGN 3.3, Also policy).

"Guarantees + reservations above capacity are refused unless the entry names whose guarantee yields": of each
resource the tenants named, in order, are promised less by what all promises together are more than the nodes that
policy declares. Where some pool's nodes are not declared, capacity is not known beforehand, and they yield all that
the entry keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dure.model.job import TenantId
from dure.model.resources import Quota, ResourceName, Resources
from dure.model.rules import CalendarEntry, Rules
from dure.model.tenant import Tenant


def yielding(rules: Rules, entries: Sequence[CalendarEntry]) -> Rules:
    """The rules while these entries are open; the very same where nothing yields."""
    excess = _excess(rules, entries)
    guarantees = {tenant.id: dict(tenant.guarantee.stated) for tenant in rules.tenants}
    for entry in entries:
        for name, amount in entry.resources.stated:
            _cut(guarantees, entry.yields, name, min(excess.get(name, 0), amount), excess)
    tenants = tuple(_promised(tenant, guarantees[tenant.id]) for tenant in rules.tenants)
    return rules if tenants == rules.tenants else replace(rules, tenants=tenants)


def _cut(
    guarantees: dict[TenantId, dict[ResourceName, int]], yields: Iterable[TenantId], name: ResourceName, most: int,
    excess: dict[ResourceName, int],
) -> None:  # fmt: skip
    for tenant in yields:
        stated = guarantees.get(tenant, {})
        less = min(most, stated.get(name, 0))
        if less > 0:
            stated[name] -= less
            most -= less
            excess[name] -= less


def _promised(tenant: Tenant, guarantee: dict[ResourceName, int]) -> Tenant:
    quota = Quota.of(guarantee)
    return tenant if quota == tenant.guarantee else replace(tenant, guarantee=quota)


def _excess(rules: Rules, entries: Iterable[CalendarEntry]) -> dict[ResourceName, int]:
    """By how much all that is promised is more than there is, of each resource that the entries keep."""
    kept: dict[ResourceName, int] = {}
    for entry in entries:
        for name, amount in entry.resources.stated:
            kept[name] = kept.get(name, 0) + amount
    if not rules.pools or any(not pool.nodes for pool in rules.pools):
        return kept
    whole = sum((node.capacity for pool in rules.pools for node in pool.nodes), Resources())
    return {name: _guaranteed(rules, name) + amount - whole.amount(name) for name, amount in kept.items()}


def _guaranteed(rules: Rules, name: ResourceName) -> int:
    """All guarantees together: a tenant's own statement, or else what is stated below it."""
    below: dict[TenantId | None, int] = {}
    for tenant in reversed(rules.tenants):
        stated = tenant.guarantee.get(name)
        own = below.get(tenant.id, 0) if stated is None else stated
        below[tenant.parent] = below.get(tenant.parent, 0) + own
    return below.get(None, 0)

"""Cases: for one resource, everything that windows state otherwise at some times of the week, and those times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from dure.model.resources import ResourceName
from dure_policies.checks.held import Held, amount, own
from dure_policies.checks.sweep import Limit, Steps
from dure_policies.checks.week import ALWAYS, Times, joined, open_at_once
from dure_policies.checks.windows import MOST
from dure_policies.draft import Draft
from dure_policies.reading import Read

_Quota: TypeAlias = tuple[int | None, int | None]
_Changed: TypeAlias = dict[str, tuple[Read | None, Read | None]]


@dataclass(frozen=True, slots=True)
class Case:
    """What holds instead of tenants' own, None where it is nothing at all. `windows` state it, at `times`.

    Without any change it is the case in which tenants' own quotas hold.
    """

    times: Times = ALWAYS
    windows: tuple[str, ...] = ()
    guarantees: dict[str, Read | None] = field(default_factory=dict)
    limits: dict[str, Limit] = field(default_factory=dict)
    unlimited: frozenset[str] = frozenset()


def cases(draft: Draft, steps: Steps) -> dict[ResourceName, list[Case]]:
    """The cases of each resource of which some window states something; tenants' own quotas come first."""
    if not draft.windows.reads or len(draft.windows.reads) > MOST:
        return {}
    own_quotas = {name: own(tenant) for name, tenant in draft.tenants.entries()}
    together = open_at_once(draft.windows)
    changed = {names: _changed(names, draft, own_quotas, steps) for names in together}
    resources = dict.fromkeys(resource for found in changed.values() for resource in found)
    return {resource: _of(resource, changed, together, own_quotas) for resource in resources}


def _changed(
    names: tuple[str, ...], draft: Draft, own_quotas: dict[str, Held], steps: Steps
) -> dict[ResourceName, _Changed]:
    """By resource and tenant the guarantee and limit, where they are others than the tenant's own."""
    held: dict[str, Held] = {}
    for name in names:
        for tenant, change in draft.windows.entry(name).entry("tenants").entries():
            steps.take()
            if tenant in own_quotas:
                held[tenant] = held.get(tenant, own_quotas[tenant]).under([change])
    found: dict[ResourceName, _Changed] = {}
    for tenant, then in held.items():
        base = own_quotas[tenant]
        for resource in base.guarantee | base.limit | then.guarantee | then.limit:
            steps.take()
            if _amounts(then, resource) != _amounts(base, resource):
                quota = (then.guarantee.get(resource), then.limit.get(resource))
                found.setdefault(resource, {})[tenant] = quota
    return found


def _amounts(held: Held, resource: ResourceName) -> _Quota:
    guarantee, limit = held.guarantee.get(resource), held.limit.get(resource)
    return (amount(guarantee) if guarantee else None, amount(limit) if limit else None)


def _of(
    resource: ResourceName,
    changed: dict[tuple[str, ...], dict[ResourceName, _Changed]],
    together: dict[tuple[str, ...], Times],
    own_quotas: dict[str, Held],
) -> list[Case]:
    groups: dict[tuple[tuple[str, _Quota], ...], list[tuple[str, ...]]] = {}
    for names, by_resource in changed.items():
        quotas = by_resource.get(resource, {})
        key = tuple((tenant, (_number(g), _number(limit))) for tenant, (g, limit) in quotas.items())
        groups.setdefault(tuple(sorted(key)), []).append(names)
    found = []
    for key in sorted(groups, key=len):
        sets = sorted(groups[key], key=len)
        times = joined(together[names] for names in sets)
        found.append(
            _case(resource, times, sets[0] if key else (), changed[sets[0]].get(resource, {}), own_quotas)
        )
    return found


def _number(read: Read | None) -> int | None:
    return amount(read) if read else None


def _case(
    resource: ResourceName,
    times: Times,
    names: tuple[str, ...],
    quotas: _Changed,
    own_quotas: dict[str, Held],
) -> Case:
    guarantees: dict[str, Read | None] = {}
    limits: dict[str, Limit] = {}
    for tenant, (guarantee, limit) in quotas.items():
        base = own_quotas[tenant]
        if guarantee is not base.guarantee.get(resource):
            guarantees[tenant] = guarantee
        if limit is not None and limit is not base.limit.get(resource):
            limits[tenant] = Limit(amount(limit), limit.place)
    unlimited = frozenset(tenant for tenant, (_, limit) in quotas.items() if limit is None)
    return Case(times, names, guarantees, limits, unlimited)

"""Who a trace's users are in the room: tenants of equal weight, or those that a map names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from dure.model.job import TenantId
from dure.model.tenant import Tenant
from dure.simulate.csv_rows import rows
from dure.simulate.lines import TraceError, refuse

_EVERYONE_ELSE: Final = "*"


@dataclass(frozen=True, slots=True)
class Tenancy:
    """The tenants of a replay, and to which of them each owner in the trace belongs."""

    tenants: tuple[Tenant, ...]
    of: Mapping[str, TenantId]


def equal_tenants(owners: Iterable[str]) -> Tenancy:
    """Each owner is a tenant of its own, all of equal weight, without guarantee or limit."""
    names = sorted(set(owners))
    return Tenancy(tuple(Tenant(name) for name in names), {name: name for name in names})


def mapped_tenants(owners: Iterable[str], chosen: Mapping[str, TenantId], known: Sequence[Tenant]) -> Tenancy:
    """The bundle's tenants, and those that only the map names, beside them, of weight 1.

    Terms of tenancy are set aside: a trace is of another time. Raises TraceError for an owner whom the map
    leaves out and for a tenant with tenants below it, which has no jobs of its own.
    """
    of = {owner: _chosen(owner, chosen) for owner in sorted(set(owners))}
    parents = {tenant.parent for tenant in known}
    if branches := sorted(parents & set(of.values()) - {None}, key=str):
        raise TraceError(f"tenant {branches[0]} of the map has tenants below it; name one of those")
    new = sorted(set(of.values()) - {tenant.id for tenant in known})
    kept = tuple(replace(tenant, term=None) for tenant in known)
    return Tenancy(kept + tuple(Tenant(name) for name in new), of)


def read_map(path: Path) -> dict[str, TenantId]:
    """Trace user or virtual cluster -> tenant, from a CSV with the header `user,tenant`; `*` is all others.

    Raises TraceError for a wrong or a repeated row.
    """
    chosen: dict[str, TenantId] = {}
    for row in rows(path, _check):
        user, tenant = row.text("user"), row.text("tenant")
        if not user or not tenant:
            row.refuse("an empty cell; write a user of the trace and a tenant")
        if user in chosen:
            row.refuse(f"user {user[:40]!r} came before; name each once")
        chosen[user] = tenant
    return chosen


def _chosen(owner: str, chosen: Mapping[str, TenantId]) -> TenantId:
    tenant = chosen.get(owner) or chosen.get(_EVERYONE_ELSE)
    if tenant is None:
        raise TraceError(f"user {owner} of the trace is not in the map; add a row for it, or one for *")
    return tenant


def _check(name: str, line: int, header: Sequence[str]) -> None:
    if tuple(header) != ("user", "tenant"):
        refuse(name, line, "the header is wrong; it is user,tenant")

"""Quotas as the API shows them: what is in force now, what is held of it, and what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from dure.model.job import TenantId
from dure.model.resources import CPU, MEMORY, ResourceName, gpu
from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.service import words
from dure.service.answers import Notes, QuotaRow
from dure.service.identity import Caller, branch
from dure.service.in_force import QuotasNow
from dure.service.instants import to_wire
from dure.service.live import Live
from dure.service.standing import Standing
from dure.service.words import OTHERS


async def quota_rows(live: Live, caller: Caller, only: TenantId) -> list[QuotaRow]:
    """Every resource of every tenant that the caller sees, and the rest of the room as one."""
    rules, standing = live.rules, await Standing.of(live.observed)
    shown = [t for t in rules.tenants if caller.sees(t.id, rules) and only in {"", t.id}]
    quotas = QuotasNow(rules, live.now())
    rows = [row for tenant in shown for row in _tenant_rows(live, tenant, standing, quotas)]
    if not caller.is_room_admin:
        unseen = [tenant for tenant in standing.tenants() if not caller.sees(tenant, rules)]
        held, pending = _sum(standing.held, unseen), _sum(standing.pending, unseen)
        rows += [_row(OTHERS, name, held, pending) for name in _names(rules) if _any(name, held, pending)]
    return rows


def _tenant_rows(live: Live, tenant: Tenant, standing: Standing, quotas: QuotasNow) -> list[QuotaRow]:
    members = branch(tenant.id, live.rules)
    held, pending = _sum(standing.held, members), _sum(standing.pending, members)
    score = live.plan.scores.get(tenant.id) if live.plan else None
    scores = {"share": score.share, "score": score.score} if score else {}
    return [
        _row(tenant.id, name, held, pending).model_copy(
            update={**_in_force(tenant, name, quotas, live.rules.timezone), **scores}
        )
        for name in _names(live.rules)
        if name in {CPU, MEMORY} or _any(name, held, pending) or _stated(tenant, name, quotas)
    ]


def _in_force(tenant: Tenant, name: ResourceName, quotas: QuotasNow, timezone: str) -> dict[str, object]:
    """What holds of a resource now, what policy states, and what is to be said where these differ."""
    now, top = quotas.tenant(tenant.id), quotas.on_top(tenant.id, name)
    guarantees = now.guarantee.get(name), tenant.guarantee.get(name)
    limits = now.limit.get(name), tenant.limit.get(name)
    differs = guarantees[0] != guarantees[1] or limits[0] != limits[1]
    until = quotas.until(tenant.id, name) if differs else None
    over = quotas.outside(tenant.id)
    said = [words.quota_now(name, guarantees, limits, until, over, timezone)] if differs else []
    if top:
        said.append(words.quota_on_top(name, top.amount, top.entries, top.until, top.others, timezone))
    return {
        "guarantee": guarantees[0], "stated_guarantee": guarantees[1],
        "limit": limits[0], "stated_limit": limits[1],
        "until": None if until is None else to_wire(until),
        "on_top": top.amount if top else 0, "on_top_until": to_wire(top.until) if top else None,
        "notes": Notes(en=[text.en for text in said], ko=[text.ko for text in said]),
    }  # fmt: skip


def _row(tenant: str, name: ResourceName, held: Mapping[str, int], pending: Mapping[str, int]) -> QuotaRow:
    return QuotaRow(
        tenant=tenant, resource=name, guarantee=None, limit=None,
        held=held.get(name, 0), pending=pending.get(name, 0), share=None, score=None,
    )  # fmt: skip


def _stated(tenant: Tenant, name: ResourceName, quotas: QuotasNow) -> bool:
    told = (one.get(name) for t in (tenant, quotas.tenant(tenant.id)) for one in (t.guarantee, t.limit))
    return any(amount is not None for amount in told) or quotas.on_top(tenant.id, name) is not None


def _any(name: ResourceName, held: Mapping[str, int], pending: Mapping[str, int]) -> bool:
    return bool(held.get(name) or pending.get(name))


def _names(rules: Rules) -> list[ResourceName]:
    return [CPU, MEMORY, *sorted(gpu(flavor.name) for flavor in rules.flavors)]


def _sum(amounts: Mapping[TenantId, Counter[ResourceName]], of: Iterable[TenantId]) -> Counter[ResourceName]:
    total: Counter[ResourceName] = Counter()
    for tenant in of:
        total.update(amounts.get(tenant, {}))
    return total

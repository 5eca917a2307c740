"""Where tenants and the room stand now: from what was observed and the last plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from dure.model.job import JobClass, NodeId, TenantId
from dure.model.plan import Verdict
from dure.model.record import JobRecord, JobState
from dure.model.resources import CPU, MEMORY, ResourceName, Resources, gpu
from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.service.answers import NodeAnswer, QuotaRow
from dure.service.identity import Caller, branch
from dure.service.live import Live
from dure.service.observed import Entry, Observed
from dure.service.words import OTHERS


def verdict_of(live: Live, record: JobRecord) -> Verdict | None:
    """The last plan's word on a waiting job, None where it has none yet."""
    entry = live.observed.jobs.get(record.job.id)
    if live.plan is None or entry is None or record.state is not JobState.PENDING:
        return None
    return live.plan.verdicts.get(_job_class(entry))


def quota_rows(live: Live, caller: Caller, only: TenantId) -> list[QuotaRow]:
    """Every resource of every tenant that the caller sees, and the rest of the room as one."""
    rules, jobs = live.rules, live.observed.jobs.values()
    shown = [t for t in rules.tenants if caller.sees(t.id, rules) and only in {"", t.id}]
    rows = [row for tenant in shown for row in _tenant_rows(live, tenant, jobs)]
    if not caller.is_room_admin:
        unseen = [entry for entry in jobs if not caller.sees(entry.job.tenant, rules)]
        held, pending = _held(unseen), _pending(unseen)
        rows += [_row(OTHERS, name, held, pending) for name in _names(rules) if _any(name, held, pending)]
    return rows


def held_by_node(room: Observed) -> dict[NodeId, Resources]:
    """What is held on each node."""
    held = dict.fromkeys(room.nodes, Resources())
    for entry in room.jobs.values():
        for task in entry.attempt.open_tasks() if entry.attempt else ():
            request = entry.job.groups[task.group].request(task.flavor)
            held[task.node] = held.get(task.node, Resources()) + request
    return held


def node_answers(room: Observed) -> list[NodeAnswer]:
    """Every node with what it has and what of it is held."""
    held = held_by_node(room)
    return [
        NodeAnswer(
            id=node.id,
            pool=node.pool,
            state=node.state.value,
            capacity=dict(node.capacity.items()),
            held=dict(held[node.id].items()),
        )
        for _, node in sorted(room.nodes.items())
    ]


def job_counts(records: Iterable[JobRecord]) -> dict[str, int]:
    """How many jobs there are in each state."""
    counts = Counter(record.state.value for record in records)
    return {state.value: counts.get(state.value, 0) for state in JobState}


def _job_class(entry: Entry) -> JobClass:
    job, waiting = entry.job, bool(entry.waiting_for or entry.failed_dependency)
    return JobClass(
        job.tenant, job.user, job.priority, job.preemptible, job.time_limit, job.groups, entry.held, waiting,
        job.time_limits,
    )  # fmt: skip


def _tenant_rows(live: Live, tenant: Tenant, jobs: Iterable[Entry]) -> list[QuotaRow]:
    members = branch(tenant.id, live.rules)
    own = [entry for entry in jobs if entry.job.tenant in members]
    held, pending = _held(own), _pending(own)
    score = live.plan.scores.get(tenant.id) if live.plan else None
    return [
        _row(tenant.id, name, held, pending).model_copy(
            update={
                "guarantee": tenant.guarantee.get(name),
                "limit": tenant.limit.get(name),
                "share": score.share if score else None,
                "score": score.score if score else None,
            }
        )
        for name in _names(live.rules)
        if name in {CPU, MEMORY} or _any(name, held, pending) or _stated(tenant, name)
    ]


def _row(tenant: str, name: ResourceName, held: Mapping[str, int], pending: Mapping[str, int]) -> QuotaRow:
    return QuotaRow(
        tenant=tenant, resource=name, guarantee=None, limit=None,
        held=held.get(name, 0), pending=pending.get(name, 0), share=None, score=None,
    )  # fmt: skip


def _stated(tenant: Tenant, name: ResourceName) -> bool:
    return tenant.guarantee.get(name) is not None or tenant.limit.get(name) is not None


def _any(name: ResourceName, held: Mapping[str, int], pending: Mapping[str, int]) -> bool:
    return bool(held.get(name) or pending.get(name))


def _names(rules: Rules) -> list[ResourceName]:
    return [CPU, MEMORY, *sorted(gpu(flavor.name) for flavor in rules.flavors)]


def _held(entries: Iterable[Entry]) -> dict[ResourceName, int]:
    total = Resources()
    for entry in entries:
        total += entry.holds()
    return dict(total.items())


def _pending(entries: Iterable[Entry]) -> dict[ResourceName, int]:
    """What waiting jobs ask for, each group on its best flavor."""
    total = Resources()
    for entry in entries:
        total += entry.asks() if entry.attempt is None else Resources()
    return dict(total.items())

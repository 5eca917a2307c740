"""Capacity planning: the same tenants and their load several times over, as when a second building moves in."""

from __future__ import annotations

from dataclasses import replace

from dure.model.instants import DAY, SECOND
from dure.model.job import TenantId
from dure.model.tenant import Tenant
from dure.simulate.tenancy import Tenancy
from dure.simulate.trace import Trace, TraceJob

_DAY = DAY // SECOND


def copied(trace: Trace, tenancy: Tenancy, copies: int) -> tuple[Trace, Tenancy]:
    """The trace with `copies` times the tenants (`NAME`, `NAME-2`, ...), each with quotas and jobs of the first.

    A copy's log begins on another day of the log and goes round, so that days keep their rhythm and the copies do
    not peak as one: copy k of n begins k/n of the log later, in whole days where it is that long.
    """
    numbers = range(1, copies)
    jobs = [job for number in numbers for job in _jobs(trace, number, copies)]
    tenants = [_tenant(tenant, number) for number in numbers for tenant in tenancy.tenants]
    of = {_name(owner, n): _name(tenant, n) for n in numbers for owner, tenant in tenancy.of.items()}
    return (
        replace(trace, jobs=(*trace.jobs, *jobs)),
        Tenancy((*tenancy.tenants, *tenants), {**tenancy.of, **of}),
    )


def _name(name: TenantId, number: int) -> str:
    return f"{name}-{number + 1}"


def _tenant(tenant: Tenant, number: int) -> Tenant:
    parent = None if tenant.parent is None else _name(tenant.parent, number)
    return replace(tenant, id=_name(tenant.id, number), parent=parent)


def _jobs(trace: Trace, number: int, copies: int) -> list[TraceJob]:
    first = min((job.submit for job in trace.jobs), default=0)
    length = max((job.submit for job in trace.jobs), default=0) - first + 1
    if length > copies * _DAY:
        length = -(-length // _DAY) * _DAY
        later = number * (length // _DAY // copies) * _DAY
    else:
        later = number * length // copies
    return [
        job._replace(
            id=_name(job.id, number), owner=_name(job.owner, number), user=_name(job.user, number),
            submit=first + (job.submit - first + later) % length,
        )
        for job in trace.jobs
    ]  # fmt: skip

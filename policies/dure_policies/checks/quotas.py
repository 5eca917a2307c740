"""The quotas of one tenant among themselves: limit, what it keeps, what a cohort may state, its users' share."""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.resources import ResourceName
from dure_policies.amounts import stated, written
from dure_policies.checks.held import Held, amount, known, own
from dure_policies.checks.room import check_flavors
from dure_policies.draft import Draft
from dure_policies.findings import Findings, Place
from dure_policies.reading import Entry, Read


def check(draft: Draft, findings: Findings) -> None:
    """Check what each tenant states for itself."""
    below = promised_below(draft.tenants)
    for name, tenant in draft.tenants.entries():
        for key in ("guarantee", "limit", "keep", "user_limit"):
            check_flavors(tenant.entry(key).entry("gpus"), draft, findings)
        if known(tenant):
            for place, message in misfits(name, own(tenant), below.get(name, set())):
                findings.add(place, message)
        if draft.tenants.complete:
            _check_cohort(name, tenant, below.get(name, set()), findings)
        _check_users(tenant, findings)


def misfits(name: str, held: Held, below: set[ResourceName]) -> Iterator[tuple[Place, str]]:
    """Limits and keeps that the guarantee contradicts; `below`: what is guaranteed to those under the tenant."""
    for resource, limit in held.limit.items():
        yield from _limit_misfits(name, held, resource, limit, below)
    for resource, keep in held.keep.items():
        yield from _keep_misfits(held, resource, keep)


def _limit_misfits(
    name: str, held: Held, resource: ResourceName, limit: Read, below: set[ResourceName]
) -> Iterator[tuple[Place, str]]:
    guarantee = held.guarantee.get(resource)
    promised, most = amount(guarantee), amount(limit)
    only_guarantee = "guarantee" in held.changed and "limit" not in held.changed
    least, said = written(resource, promised), f"the limit of {written(resource, most)} {resource}"
    if most < promised and guarantee and only_guarantee:
        right = f"write {written(resource, most)} or less, or a limit beside it"
        yield guarantee.place, f"the guarantee of {least} {resource} is above {name}'s limit; {right}"
    elif most < promised:
        yield limit.place, f"{said} is below the guarantee; write {least} or more"
    elif held.cohort and guarantee and most > promised:
        place = guarantee.place if only_guarantee else limit.place
        right = f"write {least}, or leave the limit out"
        yield place, f"{said} is above the guarantee, which is all that a cohort holds; {right}"
    elif held.cohort and not guarantee and resource in below:
        right = f"leave the limit out, or state a guarantee of {name}"
        yield limit.place, f"a cohort holds no more {resource} than is guaranteed below it; {right}"


def _keep_misfits(held: Held, resource: ResourceName, keep: Read) -> Iterator[tuple[Place, str]]:
    guarantee = held.guarantee.get(resource)
    promised, kept = amount(guarantee), amount(keep)
    most, said = written(resource, promised), f"{written(resource, kept)} {resource}"
    place = held.changed.get("guarantee")
    if place and kept > promised:
        where = guarantee.place if guarantee else place
        yield (
            where,
            f"{said} are kept, and {most} are guaranteed here; write {written(resource, kept)} or more",
        )
    elif guarantee is None and not place:
        yield keep.place, f"{said} are kept of no guarantee; state a guarantee of {resource}, or keep none"
    elif kept > promised:
        yield keep.place, f"{said} are kept of a guarantee of {most}; write {most} or less"
    elif held.cohort and kept < promised and not place:
        yield keep.place, f"a cohort lends nothing of its guarantee of {most} {resource}; leave keep out"


def promised_below(tenants: Entry) -> dict[str, set[ResourceName]]:
    """By tenant: all resources of which something is guaranteed to a tenant under it, at any depth."""
    found: dict[str, set[ResourceName]] = {}
    for name, tenant in tenants.entries():
        resources, above = set(stated(tenant.entry("guarantee"))), tenant.get("parent", "")
        seen = {name}
        while above in tenants.reads and above not in seen and not resources <= found.get(above, set()):
            found.setdefault(above, set()).update(resources)
            seen.add(above)
            above = tenants.entry(above).get("parent", "")
    return found


def _check_cohort(name: str, tenant: Entry, below: set[ResourceName], findings: Findings) -> None:
    if tenant.get("cohort", False) and not below and not own(tenant).guarantee:
        said = f"nothing is guaranteed to {name} or below it, so this cohort has nothing to borrow"
        findings.add(tenant.at("cohort"), f"{said}; state a guarantee, or leave cohort out")


def _check_users(tenant: Entry, findings: Findings) -> None:
    limits = stated(tenant.entry("limit"))
    for resource, read in stated(tenant.entry("user_limit")).items():
        most = limits.get(resource)
        if most and amount(read) > amount(most):
            said = f"one user's limit of {written(resource, amount(read))} {resource} is above the tenant's"
            findings.add(read.place, f"{said}; write {written(resource, amount(most))} or less, or none")
    jobs, each = (tenant.get(key, 0) for key in ("max_running_jobs", "user_max_running_jobs"))
    if jobs and each > jobs:
        said = f"one user's {each} running jobs are more than the tenant's"
        findings.add(tenant.at("user_max_running_jobs"), f"{said}; write {jobs} or less, or none")

"""Who was told to leave: preemptible jobs that run, by a rule that policy allows, for a job that gets a place."""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.instants import Instant
from dure.model.job import Job
from dure.model.plan import Claim, Eviction, Rule, Start
from dure.model.rules import BetweenBorrowers, WithinTenant
from dure.model.snapshot import Running
from dure.planning.check.amounts import Amounts, add, spots, still_held, together
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.guarantees import Guarantees
from dure.planning.check.lack import lacked
from dure.planning.check.picture import Picture

_BY_A_JOB = {Rule.RECLAIM, Rule.BETWEEN_BORROWERS, Rule.WITHIN_TENANT}


def victims_may_be_evicted(picture: Picture) -> Iterator[Finding]:
    """Every eviction names the running attempt of a preemptible job that does not leave already, each once."""
    seen: set[str] = set()
    for eviction in picture.plan.evictions:
        running = picture.running.get(eviction.job)
        if eviction.job in seen:
            yield Finding(Invariant.VICTIM, eviction.job, "is evicted twice")
        seen.add(eviction.job)
        if running is None or running.attempt != eviction.attempt:
            yield Finding(Invariant.VICTIM, eviction.job, "is evicted and does not run")
        else:
            for text in _unfit(picture, eviction, running):
                yield Finding(Invariant.VICTIM, eviction.job, text)


def _unfit(picture: Picture, eviction: Eviction, running: Running) -> Iterator[str]:
    if running.vacating is not None:
        yield "is evicted and already vacates"
    if not running.job.preemptible and eviction.rule is not Rule.MAINTENANCE:
        yield "is evicted and may not be preempted"
    if eviction.rule in _BY_A_JOB and running.since == picture.now:
        yield "is evicted at the instant at which it was started"


def evictions_follow_their_rule(picture: Picture) -> Iterator[Finding]:
    """Each rule is switched on, its job has a place, and victim and job stand to each other as it demands.

    A job that only quota kept waiting starts at once; any other claims.
    """
    given: dict[str, Claim | Start] = {one.job: one for one in picture.plan.claims}
    given |= {one.job: one for one in picture.plan.starts}
    for eviction in picture.plan.evictions:
        running, by = picture.running.get(eviction.job), picture.pending.get(eviction.by)
        if eviction.rule not in _BY_A_JOB or running is None:
            continue
        if by is None or eviction.by not in given:
            yield Finding(
                Invariant.VICTIM, eviction.job, f"is evicted for {eviction.by}, which gets no place"
            )
            continue
        if eviction.rule is Rule.RECLAIM and not given[eviction.by].guaranteed:
            text = f"is reclaimed for {eviction.by}, which is not within guarantee"
            yield Finding(Invariant.VICTIM, eviction.job, text)
        for text in _against(picture, eviction.rule, running, by.job):
            yield Finding(Invariant.VICTIM, eviction.job, f"{text} {eviction.by}")


def _against(picture: Picture, rule: Rule, victim: Running, by: Job) -> Iterator[str]:
    planning, same = picture.rules.planning, victim.job.tenant == by.tenant
    if (rule is Rule.WITHIN_TENANT) is not same:
        yield f"is evicted by rule {rule} for a job of " + ("the same tenant" if same else "another tenant")
    if rule is Rule.WITHIN_TENANT:
        if planning.within_tenant is WithinTenant.NEVER:
            yield "is evicted within its tenant, which policy does not allow, for"
        if victim.job.priority >= by.priority:
            yield "is evicted by a job of no higher priority:"
    if rule is Rule.BETWEEN_BORROWERS:
        if planning.between_borrowers is BetweenBorrowers.NEVER:
            yield "is evicted between borrowers, which policy does not allow, for"
        if picture.now - _begun(victim) < planning.min_runtime:
            yield "is evicted before its minimum runtime for"
        if planning.eviction_budget is not None and victim.evictions >= planning.eviction_budget:
            yield "is evicted more often than policy allows for"


def _begun(running: Running) -> Instant:
    started = [times.started for times in running.tasks if times.started is not None]
    return min(started, default=running.since)


def victims_are_above_guarantee(picture: Picture) -> Iterator[Finding]:
    """Whoever is taken from by another tenant held more than its guarantee of something that the job lacks.

    Judged with all victims of the plan still there: what was above guarantee after some had left was so before.
    """
    other = [e for e in picture.plan.evictions if e.rule in {Rule.RECLAIM, Rule.BETWEEN_BORROWERS}]
    guarantees = Guarantees(picture.rules.tenants, _before(picture)) if other else None
    for eviction in other:
        victim, by = picture.running.get(eviction.job), picture.pending.get(eviction.by)
        if victim is None or by is None or guarantees is None:
            continue
        names = set(together(spots(victim.job, still_held(victim)))) & lacked(picture, by.job)
        chain = _below_common(picture, victim.job.tenant, by.job.tenant)
        if not any(guarantees.overflow(tenant, name) > 0 for tenant in chain for name in names):
            text = f"is taken from {victim.job.tenant}, which is not above guarantee, for {eviction.by}"
            yield Finding(Invariant.VICTIM, eviction.job, text)


def _before(picture: Picture) -> dict[str, Amounts]:
    """Holdings with every victim still there, and with all that the plan gives: the most that anybody held."""
    held = {tenant: dict(amounts) for tenant, amounts in picture.held.items()}
    for name in picture.evicted:
        if (running := picture.running.get(name)) is not None:
            amounts = together(spots(running.job, still_held(running)))
            add(held.setdefault(running.job.tenant, {}), amounts.items())
    return held


def _below_common(picture: Picture, tenant: str, other: str) -> list[str]:
    above = {one.id for one in picture.path(other)}
    return [one for one in ([t.id for t in picture.path(tenant)] or [tenant]) if one not in above]

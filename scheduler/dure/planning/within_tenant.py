"""Preemption inside a tenant: a job of higher priority takes the place of its tenant's own (DESIGN 3.3).

Victims are running jobs of the same tenant with strictly lower priority: the lowest first, then the least work
lost. So nobody can be evicted by one whom it may evict in turn.
"""

from __future__ import annotations

from dure.model.plan import Rule
from dure.model.rules import WithinTenant
from dure.planning.clearing import Clearing
from dure.planning.placement import Spot
from dure.planning.queue import Kind
from dure.planning.running import Active
from dure.planning.trial import Trial
from dure.planning.victims import Herd, Seeker, herd, preempt


def allowed(trial: Trial) -> bool:
    """Whether policy lets jobs preempt inside their tenant."""
    return trial.state.rules.planning.within_tenant is WithinTenant.PRIORITY


def hopeful(trial: Trial, kind: Kind) -> bool:
    """Whether anything of the tenant's own that runs has a lower priority."""
    running = trial.state.active.priorities.get(kind.key.tenant, ())
    return any(priority < kind.key.priority for priority in running)


def displace(trial: Trial, kind: Kind, seeker: Seeker) -> list[Spot] | None:
    """Evict lower priorities of the own tenant until place and quota allow the job; where it goes, or None."""
    lower = _Lower(herd(trial, seeker.account), kind.key.priority)
    if not lower.jobs:
        return None
    binding = trial.promises.around_claim(seeker.demand, seeker.own)
    clearing = Clearing(trial.state, seeker.demand, binding)
    return preempt(
        trial, seeker, clearing, lower, Rule.WITHIN_TENANT,
        lambda: trial.allowance.may_hold(kind, seeker.demand, trial.promises, seeker.own),
    )  # fmt: skip


class _Lower:
    """Jobs of lower priority, the lowest first; see `victims.Candidates`."""

    def __init__(self, jobs: Herd, priority: int) -> None:
        lower = [active for active in jobs.jobs if active.job.priority < priority]
        self.jobs = sorted(lower, key=lambda active: active.job.priority, reverse=True)

    def next(self) -> Active | None:
        """See `Candidates`."""
        return self.jobs.pop() if self.jobs else None

"""Victims: which running jobs leave for one that may preempt them (decision 0026, The walk and The set).

The walk takes candidates in the order of who must leave first, each judged after the removal of those taken, until
the gang has a place. Then, from the last taken to the first, each is let stay if the place can do without it: the
set whose worst member is best, then the next worst; it is inclusion-minimal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from dure.model.job import JobId
from dure.model.plan import Eviction, Rule
from dure.planning.clearing import Clearing
from dure.planning.lines import Turn
from dure.planning.placement import Spot
from dure.planning.quota import Account
from dure.planning.reservation import Promise
from dure.planning.running import Active
from dure.planning.shape import Demand
from dure.planning.trial import Trial
from dure.planning.work_lost import lost_time, work_lost


@dataclass(frozen=True, slots=True)
class Seeker:
    """A pending job that looks for a place under one choice of flavors; `own` is its reservation."""

    job: JobId
    account: Account
    demand: Demand
    own: Promise | None


class Candidates(Protocol):
    """Who may have to leave in one round, in order."""

    def next(self) -> Active | None:
        """The next one, judged after the removal of those that were given before; None where nobody is left."""
        ...


@dataclass(slots=True)
class Herd:
    """Running jobs of one tenant, whoever must leave first last. One that is refused once is not asked again."""

    account: Account
    jobs: list[Active]

    def next(self, allowed: Callable[[Account, Active], bool]) -> Active | None:
        """The first that is allowed; it stays here until it is taken."""
        while self.jobs:
            if allowed(self.account, self.jobs[-1]):
                return self.jobs[-1]
            self.jobs.pop()
        return None


class BySlack:
    """Candidates of several tenants: of the tenant that comes last in the order of borrowers first."""

    def __init__(
        self, trial: Trial, herds: Sequence[Herd], allowed: Callable[[Account, Active], bool]
    ) -> None:
        self._trial, self._herds, self._allowed = trial, list(herds), allowed

    def next(self) -> Active | None:
        """See `Candidates`."""
        lineup = self._trial.lineup
        while self._herds:
            last = max(self._herds, key=lambda herd: lineup.path(herd.account, Turn.BORROWED))
            if victim := last.next(self._allowed):
                last.jobs.pop()
                return victim
            self._herds.remove(last)
        return None


def stays(trial: Trial, active: Active) -> bool:
    """Whether no rule lets this one be evicted: it may not be preempted, leaves already, or has just started."""
    firm = not active.job.preemptible or active.under in trial.state.open
    return firm or active.vacating is not None or active.since == trial.now


def herd(trial: Trial, account: Account) -> Herd:
    """The running jobs of a tenant's own that may have to leave: least work lost last, then the latest start."""
    known = trial.herds.get(account)
    if known is None:
        now, values = trial.now, trial.state.values
        jobs = trial.state.active.tenants.get(account.branch.id, {}).values()
        known = [active for active in jobs if not stays(trial, active)]
        known.sort(key=lambda active: (active.began, active.job.id))
        known.sort(key=lambda active: work_lost(active, now, values), reverse=True)
        trial.herds[account] = known
    return Herd(account, [active for active in known if active.vacating is None])


def preempt(
    trial: Trial, seeker: Seeker, clearing: Clearing, candidates: Candidates, rule: Rule,
    enough: Callable[[], bool] = lambda: True,
) -> list[Spot] | None:  # fmt: skip
    """Evict for the seeker, and say where it goes; None where no set of candidates makes place, and nothing moved.

    `enough` says, after each removal, whether what else stands in the way is out of it.
    """
    taken = _walk(trial, seeker, clearing, candidates, rule, enough)
    if not taken:
        return None
    for victim in _needed(trial, seeker, clearing, taken, rule, enough):
        trial.evict(victim, eviction(trial, seeker.job, victim, rule))
    return clearing.place()


def eviction(trial: Trial, job: JobId, victim: Active, rule: Rule) -> Eviction:
    """The eviction as the plan says it."""
    return Eviction(victim.job.id, victim.attempt, rule, job, lost_time(victim, trial.now))


def _walk(
    trial: Trial, seeker: Seeker, clearing: Clearing, candidates: Candidates, rule: Rule,
    enough: Callable[[], bool],
) -> list[Active] | None:  # fmt: skip
    """Those taken, in order; the state is as it was."""
    state, before, taken = trial.state, trial.state.tried(), list[Active]()
    while not (enough() and clearing.place()):
        victim = candidates.next()
        if victim is None:
            for one in taken:
                clearing.free(one, -1)
            state.undo(before)
            return None
        state.try_evict(victim, eviction(trial, seeker.job, victim, rule), trial.now)
        clearing.free(victim)
        taken.append(victim)
    state.undo(before)
    return taken


def _needed(
    trial: Trial, seeker: Seeker, clearing: Clearing, taken: Sequence[Active], rule: Rule,
    enough: Callable[[], bool],
) -> list[Active]:  # fmt: skip
    """Of those taken the ones that the place cannot do without, in the order of the walk."""
    needed = list(taken)
    for victim in reversed(taken):
        clearing.free(victim, -1)
        without = [one for one in needed if one is not victim]
        if clearing.place() and _would_do(trial, seeker, without, rule, enough):
            needed = without
        else:
            clearing.free(victim)
    return needed


def _would_do(
    trial: Trial, seeker: Seeker, victims: Sequence[Active], rule: Rule, enough: Callable[[], bool]
) -> bool:
    if rule is Rule.BETWEEN_BORROWERS:
        return True
    before = trial.state.tried()
    for victim in victims:
        trial.state.try_evict(victim, eviction(trial, seeker.job, victim, rule), trial.now)
    done = enough()
    trial.state.undo(before)
    return done

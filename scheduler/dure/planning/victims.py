"""Victims: which running jobs leave for one that may preempt them (decision 0026, The walk and The set).

The walk takes candidates in the order of who must leave first, each judged after the removal of those taken, until
the gang has a place. Then, from the last taken to the first, each is let stay if the place can do without it: the
set whose worst member is best, then the next worst; it is inclusion-minimal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from dure.model.job import JobId
from dure.model.plan import Eviction, Rule
from dure.planning.axes import Vector, add
from dure.planning.clearing import Clearing, amounts_on
from dure.planning.lines import Turn
from dure.planning.order import Rank
from dure.planning.placement import Spot
from dure.planning.quota import Account, Mark
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
    """Running jobs of one tenant, whoever must leave first last; of them the first `left` were not yet looked at.

    One that is refused once is not asked again.
    """

    account: Account
    jobs: Sequence[Active]
    left: int

    def next(self, allowed: Callable[[Account, Active], bool]) -> Active | None:
        """The next one that is allowed."""
        while self.left:
            self.left -= 1
            if allowed(self.account, self.jobs[self.left]):
                return self.jobs[self.left]
        return None


class BySlack:
    """Candidates of several tenants: of the tenant that comes last in the order of borrowers first."""

    def __init__(
        self, trial: Trial, herds: Sequence[Herd], allowed: Callable[[Account, Active], bool]
    ) -> None:
        self._lineup, self._allowed = trial.lineup, allowed
        self._herds = {herd.account: herd for herd in herds}
        self._below: dict[Account | None, dict[Account, None]] = {}
        for herd in herds:
            for over, above in zip(herd.account.path, (*herd.account.path[1:], None), strict=True):
                self._below.setdefault(above, {})[over] = None

    def next(self) -> Active | None:
        """See `Candidates`."""
        return self._last(None)

    def _last(self, over: Account | None) -> Active | None:
        """Down the tree, at each level to whoever comes last; a tenant's own jobs come before those below it."""
        below = self._below.get(over, {})
        while below:
            last = max(below, key=self._rank) if len(below) > 1 else next(iter(below))
            if victim := self._last(last):
                return victim
            del below[last]
        herd = self._herds.get(over) if over is not None else None
        return herd.next(self._allowed) if herd is not None else None

    def _rank(self, account: Account) -> Rank:
        return self._lineup.rank(account, Turn.BORROWED)


def stays(trial: Trial, active: Active) -> bool:
    """Whether no rule lets this one be evicted: it may not be preempted, leaves already, or has just started."""
    firm = not active.job.preemptible or active.under in trial.state.open
    return firm or active.vacating is not None or active.since == trial.now


def herd(trial: Trial, account: Account, lacking: Collection[int] = ()) -> Herd:
    """The running jobs of a tenant's own that may have to leave: least work lost last, then the latest start.

    Where a single resource is `lacking`, only those that hold some of it.
    """
    axis = _only(lacking)
    known = trial.herds.setdefault(account, {})
    if -1 not in known:
        known[-1] = _herd(trial, account)
    elif account in trial.thinned:
        known = trial.herds[account] = {
            one: [active for active in jobs if active.vacating is None] for one, jobs in known.items()
        }
    trial.thinned.discard(account)
    jobs = known.get(axis)
    if jobs is None:
        jobs = known[axis] = [active for active in known[-1] if amounts_on(active, lacking)]
    return Herd(account, jobs, len(jobs))


def borrowers(trial: Trial, account: Account, lacking: Collection[int] = ()) -> Herd:
    """Of these the ones that run beyond guarantee, as whole jobs: nobody else has to leave for another tenant."""
    ours = herd(trial, account, lacking).jobs
    borrowed, moves = trial.borrowed.of(account), trial.borrowed.moves(account)
    known = trial.lent.get((account, _only(lacking)))
    if known is None or known[0] is not ours or known[1] is not borrowed or known[2] != moves:
        jobs = [active for active in ours if active.job.id in borrowed]
        known = trial.lent[account, _only(lacking)] = (ours, borrowed, moves, jobs)
    return Herd(account, known[3], len(known[3]))


def _only(lacking: Collection[int]) -> int:
    return next(iter(lacking)) if len(lacking) == 1 else -1


def _herd(trial: Trial, account: Account) -> list[Active]:
    now, values = trial.now, trial.state.values
    jobs = trial.state.active.tenants.get(account.branch.id, {}).values()
    known = [active for active in jobs if not stays(trial, active)]
    known.sort(key=lambda active: (active.began, active.job.id))
    known.sort(key=lambda active: work_lost(active, now, values), reverse=True)
    return known


def always() -> bool:
    """Nothing but place stands in the way."""
    return True


def preempt(
    trial: Trial, seeker: Seeker, clearing: Clearing, candidates: Candidates, rule: Rule,
    enough: Callable[[], bool] = always,
) -> list[Spot] | None:  # fmt: skip
    """Evict for the seeker, and say where it goes; None where no set of candidates makes place, and nothing moved.

    `enough` says, after each removal, whether what else stands in the way is out of it.
    """
    taken = _walk(trial, seeker, clearing, candidates, rule, enough)
    spots = (
        clearing.place()
        if taken and (needed := _needed(trial, seeker, clearing, taken, rule, enough))
        else None
    )
    for victim in needed if spots else ():
        trial.evict(victim, eviction(trial, seeker.job, victim, rule))
    return spots


def eviction(trial: Trial, job: JobId, victim: Active, rule: Rule) -> Eviction:
    """The eviction as the plan says it."""
    return Eviction(victim.job.id, victim.attempt, rule, job, lost_time(victim, trial.now))


def _walk(
    trial: Trial, seeker: Seeker, clearing: Clearing, candidates: Candidates, rule: Rule,
    enough: Callable[[], bool],
) -> list[Active] | None:  # fmt: skip
    """Those taken, in order; the state is as it was."""
    taken: list[Active] = []
    with _Absence(trial, seeker, rule) as absence:
        while not (enough() and clearing.fits()):
            victim = candidates.next()
            if victim is None:
                clearing.restore(taken)
                return None
            clearing.free(victim)  # before the state moves: nodes are looked at as they stand
            absence.take(victim)
            taken.append(victim)
    return taken


def _needed(
    trial: Trial, seeker: Seeker, clearing: Clearing, taken: Sequence[Active], rule: Rule,
    enough: Callable[[], bool],
) -> list[Active]:  # fmt: skip
    """Of those taken the ones that the place cannot do without, in the order of the walk."""
    needed = dict.fromkeys(taken)
    for victim in reversed(taken):
        clearing.free(victim, -1)
        del needed[victim]
        if not (clearing.fits() and _would_do(trial, seeker, needed, rule, enough)):
            clearing.free(victim)
            needed[victim] = None
    return [victim for victim in taken if victim in needed]


def _would_do(
    trial: Trial, seeker: Seeker, victims: Iterable[Active], rule: Rule, enough: Callable[[], bool]
) -> bool:
    if enough is always:
        return True
    with _Absence(trial, seeker, rule) as absence:
        for victim in victims:
            absence.take(victim)
        return enough()


class _Absence:
    """The room as it is judged without some running jobs; afterwards it is as it was.

    Inside a tenant all of its quota is judged, so they are evicted there; elsewhere only scores, overflow and the
    limits of others are, and what tenants hold, and how many jobs they run, says it all.
    """

    def __init__(self, trial: Trial, seeker: Seeker, rule: Rule) -> None:
        self._trial, self._seeker, self._rule = trial, seeker, rule
        self._quotas = trial.state.quotas
        self._before = trial.state.tried()
        self._held: dict[Account, tuple[Vector, int]] = {}
        self._mark: Mark = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._trial.state.undo(self._before)
        for account, (held, jobs) in self._held.items():
            account.held[:], account.jobs = held, jobs
            account.version += 1
        self._quotas.promises.restore(self._mark)

    def take(self, active: Active) -> None:
        """One more is gone."""
        if self._rule is Rule.WITHIN_TENANT:
            told = eviction(self._trial, self._seeker.job, active, self._rule)
            self._trial.state.try_evict(active, told, self._trial.now)
        else:
            self._think_away(active)

    def _think_away(self, active: Active) -> None:
        account = self._quotas.account(active.job.tenant)
        for over in account.path:
            if over not in self._held:
                self._held[over] = (list(over.held), over.jobs)
            over.jobs -= 1
            for place in active.places:
                add(over.held, place.amounts, -place.left)
            over.version += 1
        for place in active.places:
            self._quotas.promises.give(account.branch, place.amounts, -place.left, self._mark)

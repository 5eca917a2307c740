"""Rank: a pending job's place in the order, and whose jobs come before it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from dure.model.plan import Code, Reason
from dure.planning.lines import Turn
from dure.planning.order import Key, Lineup
from dure.planning.queue import Entry, Kind
from dure.planning.quota import Account
from dure.planning.state import State

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Rank:
    """`place` counts from 1; `jobs` are those of other tenants (`accounts`) that come before."""

    place: int
    jobs: int
    accounts: tuple[Account, ...]

    def reason(self, lineup: Lineup, own: Account) -> Iterator[Reason]:
        """Who is ahead: one anonymous sum, with the span of scores against the own one, in millionths."""
        if not self.accounts:
            return
        scores = sorted(_at_the_fork(lineup, account, own) for account in self.accounts)
        ours = round(lineup.standing.score(own).score * _MILLION)
        told = (("jobs", self.jobs), ("tenants", len(self.accounts)), ("rank", self.place))
        yield Reason(
            Code.AHEAD, "", (*told, ("score", scores[0]), ("score_to", scores[-1]), ("own_score", ours))
        )


def rank(state: State, lineup: Lineup, entry: Entry, kind: Kind) -> Rank:
    """Among all that could be considered now."""
    turn = turn_of(state, kind)
    mine = (turn is Turn.BORROWED, lineup.job_key(kind, entry.age, turn))
    place, jobs, accounts = 1, 0, dict[Account, None]()
    for other in state.queue.kinds.values():
        if other.jobs and (other.verdict is None or other is kind):
            before = _before(state, lineup, other, mine)
            place += before
            if before and other.account is not kind.account:
                jobs += before
                accounts[other.account] = None
    return Rank(place, jobs, tuple(sorted(accounts, key=lambda account: account.branch.id)))


def turn_of(state: State, kind: Kind) -> Turn:
    """Which turn a class would have first."""
    return Turn.GUARANTEED if within(state, kind) else Turn.BORROWED


def within(state: State, kind: Kind) -> bool:
    """Whether the class is within guarantee under some choice of flavors."""
    promises = state.quotas.promises
    return any(promises.within(kind.account.branch, demand.total) for demand in kind.shape.demands)


def _before(state: State, lineup: Lineup, kind: Kind, mine: tuple[bool, Key]) -> int:
    """How many jobs of a class come before a place: they differ in age only, which their keys have last."""
    turn = turn_of(state, kind)
    ends = [(turn is Turn.BORROWED, lineup.job_key(kind, kind.jobs[n], turn)) for n in (0, -1)]
    if mine <= ends[0]:
        return 0
    if ends[1] < mine:
        return len(kind.jobs)
    borrowed = turn is Turn.BORROWED
    return bisect_left(kind.jobs, mine, key=lambda age: (borrowed, lineup.job_key(kind, age, turn)))


def _at_the_fork(lineup: Lineup, account: Account, own: Account) -> int:
    """The score, in millionths, of the tenant's side below the lowest common ancestor, where order is decided."""
    side, common = account, set(own.path)
    for over in account.path:
        if over in common:
            break
        side = over
    return round(lineup.standing.score(side).score * _MILLION)

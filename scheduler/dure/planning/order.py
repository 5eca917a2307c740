"""The order in which pending jobs are considered (DESIGN 3.2).

Jobs within guarantee first, by lowest held/guarantee (a tenant that states none by its score, after those that
do); borrowers by lowest score; descending the tree, ties by id. Inside a tenant: priority, then users by score,
then age, then id. Under `order: fifo` (submitted, id) over all tenants instead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from dure.model.job import TenantId, UserId
from dure.planning.lines import Age, Line, Lines, Turn
from dure.planning.queue import Kind
from dure.planning.quota import Account, used_of
from dure.planning.standing import Standing

Rank: TypeAlias = tuple[int, float, TenantId]
"""(0: by held/guarantee, or the only order; 1: by score after those), ratio or score, id."""

Key: TypeAlias = tuple[tuple[object, ...], ...]
"""Compares as the order does."""


class Lineup:
    """The order at one moment of a decision: it changes with every start."""

    __slots__ = ("_fair", "_paths", "_ranks", "standing")

    def __init__(self, standing: Standing, fair: bool) -> None:
        self.standing = standing
        self._fair = fair
        self._paths: dict[tuple[Account, Turn], tuple[int, Key]] = {}
        self._ranks: dict[Turn, dict[Account, tuple[int, Rank]]] = {turn: {} for turn in Turn}

    def first(self, lines: Lines, turn: Turn, dropped: Collection[Kind]) -> Kind | None:
        """Whose turn it is, of all that were not dropped."""
        lines.settle()
        if not self._fair:
            stand = lines.all.head(dropped)
            return stand[2] if stand else None
        return self._first_below(None, lines, turn, dropped)

    def _first_below(
        self, over: Account | None, lines: Lines, turn: Turn, dropped: Collection[Kind]
    ) -> Kind | None:
        """Down the tree, at each level to whoever comes first; a tenant's own jobs come before those below it."""
        if over is not None and (users := lines.tenants.get(over)):
            kind = self._first_inside(over, users, dropped)
            if kind is not None:
                return kind
        below = lines.below.get(over, ())
        if len(below) == 1:
            (only,) = below
            return self._first_below(only, lines, turn, dropped)
        ranked = self._ranked(below, turn)
        while ranked:
            best = min(ranked)
            kind = self._first_below(best[1], lines, turn, dropped)
            if kind is not None:
                return kind
            ranked.remove(best)
        return None

    def _ranked(self, accounts: Iterable[Account], turn: Turn) -> list[tuple[Rank, Account]]:
        """Siblings with their ranks, in any order."""
        ranks, found = self._ranks[turn], list[tuple[Rank, Account]]()
        for account in accounts:
            known = ranks.get(account)
            if known is None or known[0] != account.version:
                found.append((self.rank(account, turn), account))
            else:
                found.append((known[1], account))
        return found

    def _first_inside(
        self, account: Account, users: Mapping[UserId, Line], dropped: Collection[Kind]
    ) -> Kind | None:
        heads = [(user, stand) for user, line in users.items() if (stand := line.head(dropped))]
        if len(heads) < 2:
            return heads[0][1][2] if heads else None
        score = self.standing.user
        return min([(stand[0], score(account, user), stand[1], stand[2]) for user, stand in heads])[3]

    def heads(self, kinds: Iterable[Kind], turn: Turn) -> list[tuple[Key, Kind]]:
        """Where the oldest job of each class stands; no two stand in one place."""
        if not self._fair:
            return [((kind.jobs[0],), kind) for kind in kinds]
        return [(self.job_key(kind, kind.jobs[0], turn), kind) for kind in kinds]

    def job_key(self, kind: Kind, age: Age, turn: Turn) -> Key:
        """Where a job of the class stands."""
        if not self._fair:
            return (age,)
        inside = (-kind.key.priority, self.standing.user(kind.account, kind.user), age)
        return (*self.path(kind.account, turn), inside)

    def path(self, account: Account, turn: Turn) -> Key:
        """Where a tenant stands: its own jobs come before those of the tenants below it ((-1,) sorts first)."""
        version = account.path[-1].version
        known = self._paths.get((account, turn))
        if known is not None and known[0] == version:
            return known[1]
        key = (*(self.rank(over, turn) for over in reversed(account.path)), (-1,))
        self._paths[account, turn] = (version, key)
        return key

    def rank(self, account: Account, turn: Turn) -> Rank:
        """A tenant's place among its siblings; no two have one."""
        ranks, version = self._ranks[turn], account.version
        known = ranks.get(account)
        if known is not None and known[0] == version:
            return known[1]
        rank = self._due(account) if turn is Turn.GUARANTEED else self._scored(account)
        ranks[account] = (version, rank)
        return rank

    def _due(self, account: Account) -> Rank:
        branch = account.branch
        if branch.guarantee:
            return (0, used_of(account.held, branch.guarantee), branch.id)
        return (1, self.standing.share(account) / branch.weight, branch.id)

    def _scored(self, account: Account) -> Rank:
        return (0, self.standing.share(account) / account.branch.weight, account.branch.id)

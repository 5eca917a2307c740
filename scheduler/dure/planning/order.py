"""The order in which pending jobs are considered (DESIGN 3.2).

Jobs within guarantee first, by lowest held/guarantee (a tenant that states none by its score, after those that
do); borrowers by lowest score; descending the tree, ties by id. Inside a tenant: priority, then users by score,
then age, then id. Under `order: fifo` (submitted, id) over all tenants instead.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from dure.planning.queue import Age, Kind
from dure.planning.quota import Account, used_of
from dure.planning.standing import Standing

Key: TypeAlias = tuple[tuple[object, ...], ...]
"""Compares as the order does."""


class Turn(Enum):
    """Which of the two fillings of a cycle is on: jobs within guarantee (step 2), or borrowers (step 4)."""

    GUARANTEED = "guaranteed"
    BORROWED = "borrowed"


class Lineup:
    """The order at one moment of a decision: it changes with every start."""

    __slots__ = ("_fair", "_standing")

    def __init__(self, standing: Standing, fair: bool) -> None:
        self._standing = standing
        self._fair = fair

    def key(self, kind: Kind, turn: Turn) -> Key:
        """Where the class's oldest job stands."""
        return self.job_key(kind, kind.jobs[0], turn)

    def job_key(self, kind: Kind, age: Age, turn: Turn) -> Key:
        """Where a job of the class stands."""
        if not self._fair:
            return (age,)
        inside = (-kind.key.priority, self._standing.user(kind.account, kind.user), age)
        return (*self._path(kind.account, turn), inside)

    def _path(self, account: Account, turn: Turn) -> Key:
        """A tenant's own jobs come before those of the tenants below it: (-1,) sorts before any of them."""
        rank = self._due if turn is Turn.GUARANTEED else self._scored
        return (*(rank(over) for over in reversed(account.path)), (-1,))

    def _due(self, account: Account) -> tuple[object, ...]:
        branch = account.branch
        if branch.guarantee:
            return (0, used_of(account.held, branch.guarantee), branch.id)
        return (1, self._standing.score(account).score, branch.id)

    def _scored(self, account: Account) -> tuple[object, ...]:
        return (0, self._standing.score(account).score, account.branch.id)

"""Lines: who is next, kept in order as jobs come and go, so that a decision asks only for the first.

Inside a tenant: priority, then users by score, then age, then id (DESIGN 3.2): a line for each user, in order of
priority and age. Under `order: fifo` one line for all.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from dure.model.instants import Instant
from dure.model.job import JobId, UserId

if TYPE_CHECKING:
    from dure.planning.queue import Kind
    from dure.planning.quota import Account

Age: TypeAlias = tuple[Instant, int, int, JobId]
"""(submitted, 0 and the number for ids that are numbers, else 1 and 0, id): ids order as numbers, else as text."""

Stand: TypeAlias = "tuple[int, Age, Kind]"
"""(minus the priority, age of the oldest job, class)."""


class Turn(Enum):
    """Which of the two fillings of a cycle is on: jobs within guarantee (step 2), or borrowers (step 4)."""

    GUARANTEED = "guaranteed"
    BORROWED = "borrowed"


class Lines:
    """The classes that may have a turn, by tenant and user, or all in one line; `stands` says where each is.

    `below` leads down the tree to them: at a tenant (None: above all roots) those one level below it at or under
    which some class stands, with how many tenants there have a line.
    """

    __slots__ = ("_fair", "all", "below", "stands", "tenants")

    def __init__(self, fair: bool) -> None:
        self._fair = fair
        self.stands: dict[Kind, tuple[int, Age]] = {}
        self.tenants: dict[Account, dict[UserId, list[Stand]]] = {}
        self.below: dict[Account | None, dict[Account, int]] = {}
        self.all: list[Stand] = []

    def __contains__(self, kind: Kind) -> bool:
        return kind in self.stands

    def among(self, kinds: Iterable[Kind]) -> Lines:
        """Lines of these classes only, which change apart from these."""
        lines = Lines(self._fair)
        for kind in kinds:
            lines.enter(kind)
        return lines

    def enter(self, kind: Kind) -> None:
        """A class with a waiting job takes its stand."""
        stand = (-kind.key.priority if self._fair else 0, kind.jobs[0])
        self.stands[kind] = stand
        insort(self._line(kind), (*stand, kind))

    def leave(self, kind: Kind) -> bool:
        """A class gives up its stand; whether it had one."""
        stand = self.stands.pop(kind, None)
        if stand is None:
            return False
        line = self._line(kind)
        del line[bisect_left(line, stand)]
        if not line and self._fair:
            users = self.tenants[kind.account]
            del users[kind.user]
            if not users:
                del self.tenants[kind.account]
                self._close(kind.account)
        return True

    def moved(self, kind: Kind) -> None:
        """The oldest job of a class is another one: it stands there, or nowhere without jobs."""
        if not kind.jobs:
            self.leave(kind)
        elif (stand := self.stands.get(kind)) is not None:
            line = self._line(kind)
            del line[bisect_left(line, stand)]
            stand = self.stands[kind] = (stand[0], kind.jobs[0])
            insort(line, (*stand, kind))

    def _line(self, kind: Kind) -> list[Stand]:
        if not self._fair:
            return self.all
        users = self.tenants.get(kind.account)
        if users is None:
            users = self.tenants[kind.account] = {}
            self._open(kind.account)
        line = users.get(kind.user)
        if line is None:
            line = users[kind.user] = []
        return line

    def _open(self, account: Account) -> None:
        for over, above in zip(account.path, (*account.path[1:], None), strict=True):
            under = self.below.setdefault(above, {})
            under[over] = under.get(over, 0) + 1

    def _close(self, account: Account) -> None:
        for over, above in zip(account.path, (*account.path[1:], None), strict=True):
            under = self.below[above]
            under[over] -= 1
            if not under[over]:
                del under[over]


def head(line: Iterable[Stand], dropped: Collection[Kind]) -> Stand | None:
    """The first stand of a class that was not dropped."""
    for stand in line:
        if stand[2] not in dropped:
            return stand
    return None

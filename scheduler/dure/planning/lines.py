"""Lines: who is next, kept in order as jobs come and go, so that a decision asks only for the first.

Inside a tenant: priority, then users by score, then age, then id (DESIGN 3.2): a line for each user, in order of
priority and age. Under `order: fifo` one line for all.
"""

from __future__ import annotations

from bisect import bisect_left
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

    __hash__ = object.__hash__  # by identity: an enumeration's own is looked up by name every time


class Line:
    """Classes in order. `head` goes on from where it last was for the same dropped ones, which only grow."""

    __slots__ = ("_dropped", "_passed", "_stands")

    def __init__(self) -> None:
        self._stands: list[Stand] = []
        self._dropped: Collection[Kind] = ()
        self._passed = 0

    def __bool__(self) -> bool:
        return bool(self._stands)

    def insert(self, stand: Stand) -> None:
        """A class takes its stand."""
        place = bisect_left(self._stands, stand)
        self._stands.insert(place, stand)
        self._passed = min(self._passed, place)

    def remove(self, stand: tuple[int, Age]) -> None:
        """A class gives up its stand."""
        place = bisect_left(self._stands, stand)
        del self._stands[place]
        if place < self._passed:
            self._passed -= 1

    def head(self, dropped: Collection[Kind]) -> Stand | None:
        """The first stand of a class that was not dropped."""
        if self._dropped is not dropped:
            self._dropped, self._passed = dropped, 0
        stands, place = self._stands, self._passed
        while place < len(stands) and stands[place][2] in dropped:
            place += 1
        self._passed = place
        return stands[place] if place < len(stands) else None


class Lines:
    """The classes that may have a turn, by tenant and user, or all in one line; `stands` says where each is.

    `below` leads down the tree to them: at a tenant (None: above all roots) those one level below it at or under
    which some class stands, with how many tenants there have a line. `_late` are classes whose oldest job changed:
    they move when somebody asks, and not at all where it is the same job again by then.
    """

    __slots__ = ("_fair", "_late", "_stands", "all", "below", "tenants")

    def __init__(self, fair: bool) -> None:
        self._fair = fair
        self._stands: dict[Kind, tuple[int, Age]] = {}
        self._late: dict[Kind, None] = {}
        self.tenants: dict[Account, dict[UserId, Line]] = {}
        self.below: dict[Account | None, dict[Account, int]] = {}
        self.all = Line()

    def __contains__(self, kind: Kind) -> bool:
        return kind in self.stands

    @property
    def stands(self) -> dict[Kind, tuple[int, Age]]:
        """Where each class stands."""
        self.settle()
        return self._stands

    def among(self, kinds: Iterable[Kind]) -> Lines:
        """Lines of these classes only, which change apart from these."""
        lines = Lines(self._fair)
        for kind in kinds:
            lines.enter(kind)
        return lines

    def enter(self, kind: Kind) -> None:
        """A class with a waiting job takes its stand."""
        if kind in self._stands:
            self._late[kind] = None
            return
        stand = (-kind.key.priority if self._fair else 0, kind.jobs[0])
        self._stands[kind] = stand
        self._line(kind).insert((*stand, kind))

    def leave(self, kind: Kind) -> bool:
        """A class gives up its stand; whether it had one."""
        stand = self._stands.pop(kind, None)
        if stand is None:
            return False
        self._late.pop(kind, None)
        line = self._line(kind)
        line.remove(stand)
        if not line and self._fair:
            users = self.tenants[kind.account]
            del users[kind.user]
            if not users:
                del self.tenants[kind.account]
                self._close(kind.account)
        return True

    def moved(self, kind: Kind) -> None:
        """The oldest job of a class is another one: it stands there, or nowhere without jobs."""
        if kind in self._stands:
            self._late[kind] = None

    def settle(self) -> None:
        """Everyone stands where their oldest job says: to be asked before lines are read."""
        while self._late:
            kind, _ = self._late.popitem()
            if not kind.jobs:
                self.leave(kind)
            elif (stand := self._stands[kind])[1] != kind.jobs[0]:
                line = self._line(kind)
                line.remove(stand)
                stand = self._stands[kind] = (stand[0], kind.jobs[0])
                line.insert((*stand, kind))

    def _line(self, kind: Kind) -> Line:
        if not self._fair:
            return self.all
        users = self.tenants.get(kind.account)
        if users is None:
            users = self.tenants[kind.account] = {}
            self._open(kind.account)
        line = users.get(kind.user)
        if line is None:
            line = users[kind.user] = Line()
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

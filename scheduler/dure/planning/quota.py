"""Quota: what each tenant holds against its limits and guarantees, up the tree (DESIGN 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from dure.model.job import TenantId, UserId
from dure.planning.axes import Amounts, Axes, Vector, add
from dure.planning.lending import Lending
from dure.planning.tree import Branch, Stated, Tree

if TYPE_CHECKING:
    from dure.planning.lines import Turn
    from dure.planning.queue import Kind


class Account:
    """What a tenant and all below it hold, and by user what its own jobs hold.

    `version` counts changes of what is held, `moves` jobs that came or went. `kinds` are the classes of its own
    pending jobs. `judged` is the highest on its path at which anything is stated that may keep a job from a turn;
    those that quota does keep are `parked` there: what is given back elsewhere does not concern them. `below` are
    the accounts under it, itself included. `jobs` counts the running jobs of all of them, `user_jobs` its own by
    user. `limited`: something on the path is bounded.
    """

    __slots__ = ("below", "branch", "held", "jobs", "judged", "kinds", "limited", "moves", "parked", "path",
                 "user_jobs", "users", "version")  # fmt: skip

    def __init__(self, branch: Branch, above: tuple[Account, ...], axes: Axes) -> None:
        self.branch = branch
        self.path: tuple[Account, ...] = (self, *above)
        self.held: Vector = axes.zeros()
        self.users: dict[UserId, Vector] = {}
        self.kinds: dict[Kind, None] = {}
        self.parked: dict[tuple[Kind, Turn], None] = {}
        self.version = 0
        self.moves = 0
        self.jobs = 0
        self.user_jobs: dict[UserId, int] = {}
        stating = (over for over in reversed(self.path) if over.branch.guarantee or over.branch.bounded)
        self.judged: Account = next(stating, self)
        self.limited = any(over.branch.bounded for over in self.path)
        self.below: list[Account] = []
        for over in self.path:
            over.below.append(self)


Mark: TypeAlias = dict[tuple[TenantId, int], int]
"""What was counted by tenant and axis before something was thought away."""

Reserved: TypeAlias = "tuple[Account, UserId, Amounts]"
"""What a reservation will take: of this tenant, for this user."""


class Promises:
    """How far guarantees are used.

    "Use counts against the tenant's own part first; what overflows counts against the rest at each ancestor
    upward."

    For one resource and a tenant t that states guarantee g: into(t) = use of its own jobs + overflow of its
    children; rest(t) = g - what is stated below; overflow(t) = max(0, into(t) - rest(t)), or into(t) where t
    states nothing.
    """

    __slots__ = ("_into", "_rests", "_tree")

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._into: Mark = {}
        self._rests: dict[TenantId, list[tuple[TenantId, Stated]]] = {}

    def give(self, branch: Branch, amounts: Amounts, times: int = 1, mark: Mark | None = None) -> None:
        """Count use of a tenant's own jobs; take it back where `times` is negative. See `restore` for `mark`."""
        into, path = self._into, self._path(branch)
        for axis, amount in amounts:
            more = amount * times
            for tenant, rests in path:
                key = (tenant, axis)
                before = into.get(key, 0)
                after = into[key] = before + more
                if mark is not None:
                    mark.setdefault(key, before)
                if (rest := rests.get(axis)) is not None:
                    more = (after - rest if after > rest else 0) - (before - rest if before > rest else 0)
                    if not more:
                        break

    def restore(self, mark: Mark) -> None:
        """Take back all that was given with this mark."""
        self._into |= mark

    def within(self, branch: Branch, amounts: Amounts) -> bool:
        """Whether these amounts, added to the tenant, are within guarantee."""
        governed = False
        for axis, amount in amounts:
            over = self.over(branch, axis, amount)
            if over is None:
                continue
            if over:
                return False
            governed = True
        return governed

    def overflow(self, branch: Branch, axis: int) -> int:
        """By how much a tenant is above guarantee on an axis; all its use where it states none."""
        into = self._into.get((branch.id, axis), 0)
        rest = branch.rest.get(axis)
        return into if rest is None else max(0, into - rest)

    def over(self, branch: Branch, axis: int, amount: int) -> int | None:
        """What is added to the overflow at the highest tenant that states one; None where none states one."""
        over = None
        more = amount
        for tenant, rests in self._path(branch):
            rest = rests.get(axis)
            if rest is not None:
                room = rest - self._into.get((tenant, axis), 0)
                more = (more - room if more > room else 0) - (-room if room < 0 else 0)
                over = more
        return over

    def _path(self, branch: Branch) -> list[tuple[TenantId, Stated]]:
        """The tenants from this one up, each with its rests by axis."""
        path = self._rests.get(branch.id)
        if path is None:
            path = [(tenant, self._tree.branch(tenant).rest) for tenant in branch.path]
            self._rests[branch.id] = path
        return path


class Quotas:
    """All accounts of a room, and the judgement of limits and guarantees over them.

    `changed` are those whose holdings changed since someone last cleared it. `lending` is None where no tenant
    keeps anything back.
    """

    __slots__ = ("_axes", "accounts", "changed", "lending", "promises", "tree")

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._axes = tree.axes
        self.accounts: dict[TenantId, Account] = {}
        self.promises = Promises(tree)
        self.lending = Lending(tree) if tree.keeps else None
        self.changed: dict[Account, None] = {}
        for branch in tree.branches.values():
            self._open(branch)

    def account(self, tenant: TenantId) -> Account:
        """The tenant's account, made where the rules do not name the tenant."""
        account = self.accounts.get(tenant)
        return account if account is not None else self._open(self.tree.branch(tenant))

    def _open(self, branch: Branch) -> Account:
        above = self.accounts[branch.path[1]].path if len(branch.path) > 1 else ()
        account = self.accounts[branch.id] = Account(branch, above, self._axes)
        return account

    def hold(self, account: Account, user: UserId, amounts: Amounts, times: int = 1) -> None:
        """Count what a job of this user holds; give it back where `times` is negative."""
        changed = self.changed
        for over in account.path:
            held = over.held
            for axis, amount in amounts:
                held[axis] += amount * times
            over.version += 1
            changed[over] = None
        mine = account.users.get(user)
        if mine is None:
            mine = account.users[user] = self._axes.zeros()
        add(mine, amounts, times)
        if not any(mine):
            del account.users[user]
        if self.tree.governed:
            self.promises.give(account.branch, amounts, times)
        if self.lending is not None:
            self.lending.moved(account, amounts)

    def count(self, account: Account, user: UserId, times: int = 1) -> None:
        """Count a running job of this user; one that is over, or vacates, where `times` is negative."""
        for over in account.path:
            over.jobs += times
            over.moves += 1
            self.changed[over] = None
        account.user_jobs[user] = account.user_jobs.get(user, 0) + times
        if not account.user_jobs[user]:
            del account.user_jobs[user]


def over_limit(
    account: Account, amounts: Amounts, reserved: Iterable[Reserved] = ()
) -> Iterator[tuple[Account, int, int]]:
    """(tenant, axis, by how much) of every limit on the path that the amounts would pass.

    What is `reserved` is counted as held by its tenant and all above it.
    """
    for over in account.path:
        limit = over.branch.limit
        also = _sum(kept for other, _, kept in reserved if over in other.path) if limit else {}
        for axis, amount in amounts if limit else ():
            if axis in limit and (by := over.held[axis] + amount + also.get(axis, 0) - limit[axis]) > 0:
                yield over, axis, by


def over_user_limit(
    account: Account, user: UserId, amounts: Amounts, reserved: Iterable[Reserved] = ()
) -> Iterator[tuple[Account, int, int]]:
    """(tenant, axis, by how much) of every limit on single users on the path that the amounts would pass.

    What is stated above a tenant bounds each of its users too. What is `reserved` for the same user is counted as
    held.
    """
    held = account.users.get(user)
    also: dict[int, int] | None = None
    for over in account.path:
        limit = over.branch.user_limit
        if limit and also is None:
            also = _sum(kept for other, theirs, kept in reserved if (other, theirs) == (account, user))
        for axis, amount in amounts if limit else ():
            mine = (held[axis] if held else 0) + (also or {}).get(axis, 0)
            if axis in limit and (by := mine + amount - limit[axis]) > 0:
                yield over, axis, by


def _sum(all_amounts: Iterable[Amounts]) -> dict[int, int]:
    total: dict[int, int] = {}
    for amounts in all_amounts:
        for axis, amount in amounts:
            total[axis] = total.get(axis, 0) + amount
    return total


def used_of(held: Vector, guarantee: Stated) -> float:
    """Held / guarantee: the largest ratio over what is stated; a guarantee of nothing is full once used."""
    return max([_ratio(held[axis], amount) for axis, amount in guarantee.items()], default=0.0)


def _ratio(held: int, guarantee: int) -> float:
    if guarantee == 0:
        return float("inf") if held > 0 else 0.0
    return held / guarantee


def left_over(capacity: Vector, promised: Vector) -> Vector:
    """What all guarantees together leave over."""
    return [max(0, whole - kept) for whole, kept in zip(capacity, promised, strict=True)]

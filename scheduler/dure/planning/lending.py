"""Lending limits: what tenants keep back of their guarantees, even when idle (`Tenant.keep`, DESIGN 3.1).

For one resource and a tenant t that keeps k and holds h with all below it

    withheld(t) = max(0, k - h, sum of withheld(c) over its children c)

since what is kept below t lies inside what t keeps. What a borrower must leave free in the whole room is the sum
of withheld(s) over all siblings s of every tenant on its path, its own and those above it: nobody is refused for
what its own path keeps. Nothing is withheld from a job within guarantee.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dure.model.job import TenantId
from dure.planning.axes import Amounts, Vector

if TYPE_CHECKING:
    from dure.planning.quota import Account
    from dure.planning.tree import Branch, Tree


class Lending:
    """What is withheld, brought up to date with every change of what is held, in the depth of the tree."""

    __slots__ = ("_below", "_own", "_zeros")

    def __init__(self, tree: Tree) -> None:
        self._zeros: Vector = tree.axes.zeros()
        self._own = {tenant: tree.axes.zeros() for tenant in tree.branches}
        self._below: dict[TenantId, Vector] = {tenant: tree.axes.zeros() for tenant in ("", *tree.branches)}
        for branch in reversed(tree.branches.values()):
            for axis in range(len(self._zeros)):
                self._withhold(branch, axis, 0)

    def moved(self, account: Account, amounts: Amounts) -> None:
        """What the tenant holds, and with it all above it, has changed on these axes."""
        for over in account.path:
            if over.branch.known:
                for axis, _ in amounts:
                    self._withhold(over.branch, axis, over.held[axis])

    def withheld(self, branch: Branch, axis: int) -> int:
        """What a borrower of this tenant must leave free."""
        above = (*branch.path[1:], "")
        others = (self._below[over][axis] for over in above)
        return sum(others) - sum(self._own.get(tenant, self._zeros)[axis] for tenant in branch.path)

    def refuses(
        self, branch: Branch, amounts: Iterable[tuple[int, int]], free: Vector
    ) -> list[tuple[int, int]]:
        """(axis, by how much) of all where these amounts would take of the free ones what others keep back."""
        short = []
        for axis, amount in amounts:
            withheld = self.withheld(branch, axis)
            if withheld and (by := amount + withheld - free[axis]) > 0:
                short.append((axis, by))
        return short

    def _withhold(self, branch: Branch, axis: int, held: int) -> None:
        own = self._own[branch.id]
        withheld = max(0, branch.keep.get(axis, 0) - held, self._below[branch.id][axis])
        if more := withheld - own[axis]:
            own[axis] = withheld
            self._below[branch.path[1] if len(branch.path) > 1 else ""][axis] += more

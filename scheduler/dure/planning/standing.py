"""Standing: every tenant's and user's score at an instant, worked out when asked and kept while it stands."""

from __future__ import annotations

from collections.abc import Iterable

from dure.model.instants import Instant
from dure.model.job import TenantId, UserId
from dure.model.plan import Score
from dure.planning.history import Histories
from dure.planning.quota import Account
from dure.planning.score import NONE, ByDimension, above, parts, share, whole
from dure.planning.state import State

_IDLE = Score(0.0, 0.0)


class Standing:
    """Scores over a state: current use is what is held there, decided starts included (DESIGN 3.2)."""

    __slots__ = ("_before", "_histories", "_known", "_memory", "_now", "_room", "_scores", "_state", "_users",
                 "_values", "_zeros")  # fmt: skip

    def __init__(self, state: State, histories: Histories, now: Instant) -> None:
        self._state, self._histories, self._now = state, histories, now
        self._memory = state.rules.planning.memory
        self._values = state.values
        self._room = whole(state.nodes.capacity, state.values)
        self._zeros = state.axes.zeros()
        self._before: dict[tuple[TenantId, UserId], ByDimension] = {}
        self._known: dict[Account, tuple[int, float]] = {}
        self._users: dict[tuple[Account, UserId], tuple[list[int], float]] = {}
        self._scores: dict[TenantId, Score] | None = None

    def score(self, account: Account) -> Score:
        """A tenant's share above its guarantee, and the same by its weight."""
        part = self.share(account)
        return Score(part, part / account.branch.weight) if part else _IDLE

    def share(self, account: Account) -> float:
        """A tenant's share above its guarantee."""
        known = self._known.get(account)
        if known is not None and known[0] == account.version:
            return known[1]
        branch = account.branch
        part = self._share(account.held, branch.promised, branch.id, "")
        self._known[account] = (account.version, part)
        return part

    def user(self, account: Account, user: UserId) -> float:
        """A user's score inside the tenant: the same formula, without guarantee or weight."""
        held = account.users.get(user, self._zeros)
        known = self._users.get((account, user))
        if known is not None and known[0] == held:
            return known[1]
        score = self._share(held, self._zeros, account.branch.id, user)
        self._users[account, user] = (list(held), score)
        return score

    def scores(self, changed: Iterable[Account]) -> dict[TenantId, Score]:
        """Every tenant that the rules name. `changed` are those whose holdings did since this was last asked."""
        accounts = self._state.quotas.accounts
        if self._scores is None:
            self._scores = {tenant: self.score(accounts[tenant]) for tenant in self._state.tree.branches}
            return self._scores
        different = {a.branch.id: self.score(a) for a in changed if a.branch.known}
        if any(self._scores[tenant] != score for tenant, score in different.items()):
            self._scores = {**self._scores, **different}
        return self._scores

    def _share(self, held: list[int], promised: list[int], tenant: TenantId, user: UserId) -> float:
        current = parts(above(held, promised, self._values), self._room)
        return share(current, self._history(tenant, user), self._memory)

    def _history(self, tenant: TenantId, user: UserId) -> ByDimension:
        if not self._memory:
            return NONE
        known = self._before.get((tenant, user))
        if known is None:
            known = self._before[tenant, user] = self._histories.level(tenant, user, self._now)
        return known

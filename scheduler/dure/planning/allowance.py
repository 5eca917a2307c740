"""Allowance: the choices of flavors that quota allows a job, and how far its refusals last (DESIGN 3.1, 3.3)."""

from __future__ import annotations

from collections.abc import Sequence

from dure.model.instants import Instant
from dure.model.plan import Verdict
from dure.planning.axes import Amounts, Vector, within
from dure.planning.backfill import outlives
from dure.planning.job_counts import too_many
from dure.planning.lines import Turn
from dure.planning.preemptible import beyond, kept_from_all
from dure.planning.queue import Kind
from dure.planning.quota import Account, over_limit, over_user_limit
from dure.planning.reservation import Promise
from dure.planning.shape import Demand
from dure.planning.state import State
from dure.planning.verdicts import (
    kept_back_verdict,
    no_place_verdict,
    not_preemptible_verdict,
    over_limit_verdict,
    too_many_jobs_verdict,
)


class Allowance:
    """Quota's judgement at the moments of one decision."""

    __slots__ = ("_kept", "_now", "_state")

    def __init__(self, state: State, now: Instant) -> None:
        self._state, self._now = state, now
        self._kept: tuple[int, Vector] | None = None

    def demands(self, kind: Kind, turn: Turn, promise: Promise | None) -> list[Demand]:
        """The choices of flavors that quota allows in this turn, best first.

        A job that may still run when the reservation begins must leave its quota to the reserved job too.
        """
        fitting = list(kind.shape.demands)
        if kind.governed or turn is Turn.GUARANTEED:
            fitting = [d for d in fitting if self._within(kind, d) is (turn is Turn.GUARANTEED)]
        in_the_way = promise is not None and self._in_the_way(kind, promise)
        beside = promise if in_the_way else None
        if kind.account.limited:
            fitting = [d for d in fitting if _in_limit(kind, d, beside)]
        if turn is Turn.BORROWED and not kind.key.preemptible:
            also = beside.total if beside and not beside.guaranteed and not beside.preemptible else ()
            fitting = [d for d in fitting if not beyond(self._state, self.kept(), d.total, also)]
        return fitting

    def lent(
        self, kind: Kind, turn: Turn, demands: Sequence[Demand], free: Vector | None = None
    ) -> Sequence[Demand]:
        """Of these choices those that leave others, of all that is free, what they keep back.

        `free` is what the room has for it, by default what it has for a start.
        """
        if turn is Turn.GUARANTEED or self._state.quotas.lending is None:
            return demands
        return [d for d in demands if not kept_back(self._state, kind.account, d.total, free)]

    def lasting(self, kind: Kind, turn: Turn) -> bool:
        """Whether a turn that quota refuses stays refused until something is given back in the tenant's branch.

        Asked with no reservation in the way: being beyond a guarantee or a limit then lasts.
        """
        if turn is Turn.GUARANTEED:
            return True
        return kind.account.limited and not any(_in_limit(kind, d, None) for d in kind.shape.demands)

    def verdict(self, kind: Kind) -> Verdict:
        """Why the class's jobs do not start, now that the decision is made."""
        if kind.verdict is not None:
            return kind.verdict
        if any(too_many(kind.account, kind.user)):
            return too_many_jobs_verdict(kind)
        demands = kind.shape.demands
        fitting = [d for d in demands if _in_limit(kind, d, None)] if kind.account.limited else demands
        if not fitting:
            return over_limit_verdict(self._state, kind)
        if not kind.key.preemptible and not any(self._may_keep(kind, demand) for demand in fitting):
            return not_preemptible_verdict(self._state, kind)
        if all(self._is_kept_back(kind, demand) for demand in fitting):
            return kept_back_verdict(self._state, kind)
        return no_place_verdict(kind)

    def kept(self) -> Vector:
        """What cannot be taken back, at this moment of the decision."""
        version = self._state.active.version
        if self._kept is None or self._kept[0] != version:
            self._kept = (version, kept_from_all(self._state))
        return self._kept[1]

    def _may_keep(self, kind: Kind, demand: Demand) -> bool:
        return self._within(kind, demand) or not beyond(self._state, self.kept(), demand.total)

    def _within(self, kind: Kind, demand: Demand) -> bool:
        return kind.governed and self._state.quotas.promises.within(kind.account.branch, demand.total)

    def _is_kept_back(self, kind: Kind, demand: Demand) -> bool:
        """Whether enough is free in the room, were it not kept back for others."""
        state = self._state
        if self._within(kind, demand) or not within(demand.total, state.nodes.spare):
            return False
        return bool(kept_back(state, kind.account, demand.total))

    def _in_the_way(self, kind: Kind, promise: Promise) -> bool:
        return promise.job != kind.first and outlives(promise, kind.shape.limit, self._now)


def kept_back(
    state: State, account: Account, amounts: Amounts, free: Vector | None = None
) -> list[tuple[int, int]]:
    """(axis, by how much) of all where a borrower would take of what is free what others keep back."""
    lending = state.quotas.lending
    if lending is None:
        return []
    return lending.refuses(account.branch, amounts, state.nodes.spare if free is None else free)


def _in_limit(kind: Kind, demand: Demand, beside: Promise | None) -> bool:
    """Whether one more job with these amounts passes no limit, with what the reserved job will take counted too."""
    kept: Amounts = beside.total if beside else ()
    if any(over_limit(kind.account, demand.total, beside.account if beside else None, kept)):
        return False
    same = beside is not None and (beside.account, beside.kind.user) == (kind.account, kind.user)
    if any(over_user_limit(kind.account, kind.user, demand.total, kept if same else ())):
        return False
    return not any(too_many(kind.account, kind.user, beside.kind if beside else None))

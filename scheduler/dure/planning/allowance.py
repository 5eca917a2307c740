"""Allowance: the choices of flavors that quota allows a job, and how far its refusals last (DESIGN 3.1, 3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dure.model.instants import Instant
from dure.model.plan import Code, Verdict
from dure.model.rules import WithinTenant
from dure.planning.axes import Amounts, Vector, together
from dure.planning.backfill import Promises
from dure.planning.calendar import on_top
from dure.planning.job_counts import too_many
from dure.planning.lines import Turn
from dure.planning.preemptible import Borrowed, beyond
from dure.planning.queue import Kind
from dure.planning.quota import Account, over_limit, over_user_limit
from dure.planning.reservation import Promise
from dure.planning.shape import Demand
from dure.planning.state import State
from dure.planning.verdicts import (
    calendar_verdict,
    no_place_verdict,
    not_preemptible_verdict,
    over_limit_verdict,
    too_many_jobs_verdict,
)


class Allowance:
    """Quota's judgement at the moments of one decision."""

    __slots__ = ("_borrowed", "_kept", "_now", "_state")

    def __init__(self, state: State, borrowed: Borrowed, now: Instant) -> None:
        self._state, self._borrowed, self._now = state, borrowed, now
        self._kept: tuple[int, Vector] | None = None

    def demands(self, kind: Kind, turn: Turn, promises: Promises, own: Promise | None = None) -> list[Demand]:
        """The choices of flavors that quota allows in this turn, best first.

        A job that may still run when another's reservation begins must leave its quota to that job too.
        """
        fitting = list(kind.shape.demands)
        if kind.governed or turn is Turn.GUARANTEED:
            guaranteed = turn is Turn.GUARANTEED
            fitting = [d for d in fitting if self.within(kind, d, own) is guaranteed]
        fitting = [d for d in fitting if self.in_limit(kind, d, promises, own)]
        if turn is Turn.BORROWED and not kind.key.preemptible:
            fitting = [d for d in fitting if self._is_spare(d, promises.binding(d.limit, own))]
        return fitting

    def promised(self, kind: Kind, own: Promise | None = None) -> list[Demand]:
        """The choices of flavors under which a job is within guarantee, be it over some limit or not."""
        return [demand for demand in kind.shape.demands if self.within(kind, demand, own)]

    def in_limit(self, kind: Kind, demand: Demand, promises: Promises, own: Promise | None = None) -> bool:
        """Whether a job passes no limit, its own tenant's or one above it."""
        if not kind.account.limited:
            return True
        return in_limit(kind, demand, promises.binding(demand.limit, own))

    def lent(
        self, kind: Kind, turn: Turn, demands: Sequence[Demand], free: Vector | None = None
    ) -> Sequence[Demand]:
        """Of these choices those that leave others, of all that is free, what they keep back.

        `free` is what the room has for it, by default what it has for a start.
        """
        if turn is Turn.GUARANTEED or self._state.quotas.lending is None:
            return demands
        return [d for d in demands if not kept_back(self._state, kind.account, d.total, free)]

    def within(self, kind: Kind, demand: Demand, own: Promise | None = None) -> bool:
        """Whether a job with these amounts is within guarantee now; its own reservation is not counted."""
        if not kind.governed:
            return False
        promises, branch = self._state.quotas.promises, kind.account.branch
        if own is None or not own.guaranteed:
            return promises.within(branch, demand.total)
        promises.give(branch, own.total, -1)
        within = promises.within(branch, demand.total)
        promises.give(branch, own.total)
        return within

    def may_hold(self, kind: Kind, demand: Demand, promises: Promises, own: Promise | None) -> bool:
        """Whether quota allows a job these amounts, be they within guarantee or not."""
        binding = promises.binding(demand.limit, own)
        if not self.in_limit(kind, demand, promises, own):
            return False
        return kind.key.preemptible or self.within(kind, demand, own) or self._is_spare(demand, binding)

    def lasting(self, kind: Kind, turn: Turn) -> bool:
        """Whether a turn that quota refuses stays refused until something is given back in the tenant's branch.

        Asked with no reservation in the way: being beyond a guarantee or a limit then lasts.
        """
        if turn is Turn.GUARANTEED:
            # over a limit above it only, it may still reclaim
            return not (kind.account.limited and self.promised(kind))
        if self._state.rules.planning.within_tenant is WithinTenant.PRIORITY:
            return False  # a job of its tenant with lower priority may come, and leave for it
        return kind.account.limited and not any(in_limit(kind, d) for d in kind.shape.demands)

    def verdict(self, kind: Kind, reserved: bool = False) -> Verdict:
        """Why the class's jobs do not start, now that the decision is made.

        `reserved`: one of them holds a reservation within guarantee, which counts as given.
        """
        if kind.verdict is not None:
            return kind.verdict
        if any(too_many(kind.account, kind.user)):
            return too_many_jobs_verdict(kind)
        demands = kind.shape.demands
        fitting = [d for d in demands if in_limit(kind, d)] if kind.account.limited else demands
        if not fitting:
            return over_limit_verdict(self._state, kind)
        firm = not kind.key.preemptible and not reserved
        if firm and not any(self._may_keep(kind, demand) for demand in fitting):
            return self._kept_for_others(kind, fitting)
        return no_place_verdict(kind)

    def kept(self) -> Vector:
        """What cannot be taken back in time, at this moment of the decision."""
        version = self._state.active.version
        if self._kept is None or self._kept[0] != version:
            self._kept = (version, self._borrowed.kept(self._now))
        return self._kept[1]

    def _kept_for_others(self, kind: Kind, fitting: Sequence[Demand]) -> Verdict:
        """Guarantees need what may not be preempted asks for, or entries of the calendar do on top of them."""
        if all(self._over(demand) for demand in fitting):
            return not_preemptible_verdict(self._state, kind)
        until = self._now + max(demand.limit for demand in fitting)
        met = (one.interval for one in self._state.rules.calendar if one.interval.start < until)
        first = min(span for span in met if self._now < span.end)
        return calendar_verdict(Code.CALENDAR, first)

    def _over(self, demand: Demand) -> bool:
        return bool(beyond(self._state, self.kept(), demand.total))

    def beyond_spare(self, demand: Demand, binding: Iterable[Promise] = ()) -> list[tuple[int, int]]:
        """(axis, by how much) of all where what may not be preempted takes what guarantees, or entries, need."""
        if demand.limit <= self._state.rules.planning.reclaim_within:
            return []
        firm = [p.total for p in binding if not p.guaranteed and not p.preemptible]
        if self._state.rules.calendar:
            firm.append(on_top(self._state, self._now, self._now + demand.limit))
        also = together((total, 1) for total in firm)
        return beyond(self._state, self.kept(), demand.total, also)

    def _is_spare(self, demand: Demand, binding: Iterable[Promise] = ()) -> bool:
        return not self.beyond_spare(demand, binding)

    def _may_keep(self, kind: Kind, demand: Demand) -> bool:
        return self.within(kind, demand) or self._is_spare(demand)


def kept_back(
    state: State, account: Account, amounts: Amounts, free: Vector | None = None
) -> list[tuple[int, int]]:
    """(axis, by how much) of all where a borrower would take of what is free what others keep back."""
    lending = state.quotas.lending
    if lending is None:
        return []
    return lending.refuses(account.branch, amounts, state.nodes.spare if free is None else free)


def in_limit(kind: Kind, demand: Demand, binding: Sequence[Promise] = ()) -> bool:
    """Whether one more job with these amounts passes no limit; what these reservations will take counts too."""
    reserved = [(promise.account, promise.kind.user, promise.total) for promise in binding]
    return not (
        any(over_limit(kind.account, demand.total, reserved))
        or any(over_user_limit(kind.account, kind.user, demand.total, reserved))
        or any(too_many(kind.account, kind.user, reserved))
    )

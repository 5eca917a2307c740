"""Verdicts: why a class of identical pending jobs does not start, in terms that do not vary with what is free."""

from __future__ import annotations

from dure.model.instants import Instant, Interval
from dure.model.job import TenantId
from dure.model.plan import Code, Numbers, Verdict
from dure.model.tenant import BudgetState
from dure.planning.budgets import refused_by
from dure.planning.queue import Kind
from dure.planning.quota import Account
from dure.planning.state import State

STARTS = Verdict(Code.STARTS)
CLAIMED = Verdict(Code.CLAIMED, (), ("capacity", "time"))
_HELD = Verdict(Code.HELD, (), ("hold",))
_WAITING = Verdict(Code.WAITING, (), ("jobs",))
_FAILED = Verdict(Code.DEPENDENCY_FAILED, (), ("jobs",))
_PAUSED = Verdict(Code.PAUSED, (), ("pause",))


def standing_verdict(state: State, kind: Kind, now: Instant) -> Verdict | None:
    """Why the class waits whatever is free, or None where only quota and place decide."""
    key = kind.key
    if key.held:
        return _HELD
    if key.waiting:
        return _FAILED if all(age[3] in state.queue.failed for age in kind.jobs) else _WAITING
    if state.room_paused or any(over.branch.id in state.paused for over in kind.account.path):
        return _PAUSED
    if outside := outside_term(kind.account, now):
        return outside
    path = (over.branch.id for over in kind.account.path)
    if refused := refused_by(state.budgets, path, kind.key.preemptible):
        return over_budget_verdict(*refused)
    if not kind.shape.fits_empty:
        return Verdict(Code.NEVER_FITS, kind.shape.numbers, ("capacity",))
    return None


def outside_term(account: Account, now: Instant) -> Verdict | None:
    """Whether the tenant, or one above it, is outside its tenancy; so is one that the rules do not name."""
    for over in account.path:
        if not over.branch.known:
            return Verdict(Code.TERM, (), ("rules",))
        term = over.branch.term
        if term is not None and now not in term:
            until = term.start if now < term.start else None
            return Verdict(Code.TERM, (("from", term.start), ("until", term.end)), ("time", "rules"), until)
    return None


def over_limit_verdict(state: State, kind: Kind) -> Verdict:
    """A limit on the path, a tenant's or one on each of its users, stands in the way of every choice of flavors."""
    asked = kind.shape.demands[0].total if kind.shape.demands else ()
    limits: dict[str, int] = {}
    for over in kind.account.path:
        for what, limit in (("limit", over.branch.limit), ("user-limit", over.branch.user_limit)):
            for axis, _ in asked:
                if axis in limit:
                    name = f"{what}:{state.axes.names[axis]}"
                    limits[name] = min(limits.get(name, limit[axis]), limit[axis])
    return Verdict(Code.OVER_LIMIT, (*_asks(state, kind), *sorted(limits.items())), _bounded(kind.account))


def too_many_jobs_verdict(kind: Kind) -> Verdict:
    """As many jobs run as the tenant, one above it, or the user may run at once."""
    limits: dict[str, int] = {}
    for over in kind.account.path:
        for name, limit in (("limit", over.branch.max_jobs), ("user-limit", over.branch.user_max_jobs)):
            if limit is not None:
                limits[name] = min(limits.get(name, limit), limit)
    return Verdict(Code.TOO_MANY_JOBS, tuple(sorted(limits.items())), _bounded(kind.account))


def calendar_verdict(code: Code, span: Interval) -> Verdict:
    """An entry of the calendar, or a maintenance, over this time is in its way."""
    return Verdict(code, (("at", span.start), ("until", span.end)), ("time", "rules"), span.end)


def kept_back_verdict(state: State, kind: Kind) -> Verdict:
    """What is free is kept back by others, who lend it to nobody."""
    return Verdict(Code.KEPT_BACK, _asks(state, kind), ("capacity", "rules"))


def over_budget_verdict(tenant: TenantId, state: BudgetState) -> Verdict:
    """A month's budget lets nothing start, or only what may be preempted: `held` is 1, or 0."""
    held = int(state is BudgetState.HELD)
    return Verdict(Code.BUDGET, (("held", held),), ("budget", f"tenant:{tenant}"))


def _bounded(account: Account) -> tuple[str, ...]:
    return tuple(f"tenant:{over.branch.id}" for over in account.path if over.branch.bounded)


def not_preemptible_verdict(state: State, kind: Kind) -> Verdict:
    """Beyond guarantee it may hold only what all guarantees together leave over."""
    return Verdict(Code.NOT_PREEMPTIBLE, _asks(state, kind), ("capacity", "rules"))


def no_place_verdict(kind: Kind) -> Verdict:
    """There is no place for it beside what runs and what is reserved."""
    return Verdict(Code.NO_PLACE, kind.shape.numbers, ("capacity",))


def _asks(state: State, kind: Kind) -> Numbers:
    total = kind.shape.demands[0].total if kind.shape.demands else ()
    return tuple((f"asks:{state.axes.names[axis]}", amount) for axis, amount in total)

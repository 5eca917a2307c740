"""One decision: the steps of DESIGN 3.3, tried on the state itself and undone (decision 0026).

1. What is in the way of the calendar leaves; its tenants' jobs start on what it keeps. Claims whose place is empty
   start; those that are over end.
2. and 3. Jobs within guarantee, one by one in order: start, claim what vacates, preempt, reclaim, or reserve.
4. Borrowers walk once, in order: what fits and delays no reservation starts; up to `depth` of the others reserve.
5. Borrowers that did not start preempt others, where policy and fairness let them.
6. All again until nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.instants import Instant
from dure.model.job import JobId
from dure.planning import claims, entries, preemption, within_tenant
from dure.planning.backfill import spare_beside
from dure.planning.lines import Lines, Turn
from dure.planning.order import Lineup
from dure.planning.placement import fits_when_empty
from dure.planning.preemptible import Borrowed
from dure.planning.queue import Kind
from dure.planning.refusals import Refusals
from dure.planning.reservation import Outlook
from dure.planning.shape import FOREVER, Shape
from dure.planning.sizes import Gap, size_of
from dure.planning.state import State
from dure.planning.trial import Trial
from dure.planning.turns import Turns


class Cycle:
    """The trial of one decision. After `run` the state holds its starts, evictions and claims, until `undo`."""

    def __init__(
        self, state: State, lineup: Lineup, refusals: Refusals, outlook: Outlook, borrowed: Borrowed,
        now: Instant,
    ) -> None:  # fmt: skip
        self._state, self._refusals, self._now = state, refusals, now
        self.lineup = lineup
        self.trial = Trial(state, lineup, refusals, outlook, borrowed, now)
        self.allowance = self.trial.allowance
        self._turns = Turns(self.trial)
        self._sticky = [(reservation.job, reservation.guaranteed) for reservation in state.reservations]

    def run(self) -> None:
        """Pass after pass until one changes nothing, so that a room to which the plan was applied has no starts."""
        claims.end(self.trial)
        entries.clear(self.trial)
        if claims.start(self.trial):
            entries.clear(self.trial)  # who started ends sooner than he might have, and what is kept may move
        while self._pass():
            pass
        self.trial.give_back_reserved()

    def undo(self) -> None:
        """Leave the state as it was."""
        self.trial.lift()
        self._state.undo()

    def _pass(self) -> bool:
        """One pass; whether another may change anything.

        Without backfill and evictions it cannot: all that started did so before anything was blocked, the same job
        would be blocked first again, and what was refused beside its reservation still is. But a job for whose
        reservation there was no hour may find one at the end of what started after it.
        """
        trial = self.trial
        trial.lift()
        trial.again = trial.hourless = False
        entries.serve(trial)
        if trial.promises.blocks:
            trial.again = claims.start(trial)  # what is kept may have moved off their places
        if self._state.tree.governed:
            self._within_guarantee()
        self._borrowers()
        if preemption.allowed(trial):
            self._between_borrowers()
        self._sticky = [(promise.job, promise.guaranteed) for promise in trial.promises]
        return trial.again

    def _within_guarantee(self) -> None:
        """Steps 2 and 3."""
        for kind, job in self._stuck(guaranteed=True):
            self._turns.serve(kind, job, Turn.GUARANTEED, may_reserve=True)
        self._walk(Turn.GUARANTEED)

    def _borrowers(self) -> None:
        """Step 4."""
        for promise in tuple(self.trial.promises):
            if len(promise.kind.shape.demands) > 1:
                with self.trial.promises.aside(promise):
                    self._turns.serve(promise.kind, promise.job, Turn.BORROWED, may_reserve=False)
        for kind, job in self._stuck(guaranteed=False) if self._state.rules.planning.backfill else ():
            self._turns.serve(kind, job, Turn.BORROWED, self._may_reserve())
        self._walk(Turn.BORROWED)

    def _stuck(self, guaranteed: bool) -> Iterator[tuple[Kind, JobId]]:
        """Jobs whose reservations stood before, which still wait and may have a turn."""
        for job, of_guarantee in self._sticky:
            entry = self._state.queue.entries.get(job)
            kind = entry.kind if entry is not None else None
            if kind is not None and of_guarantee is guaranteed and kind in kind.shape.kinds:
                yield kind, job

    def _may_reserve(self) -> bool:
        depth = self._state.rules.planning.depth
        return depth is None or sum(not promise.guaranteed for promise in self.trial.promises) < depth

    def _walk(self, turn: Turn) -> None:
        """Consider the classes in order; once no more may reserve, the rest is backfill."""
        dropped: set[Kind] = set()
        self._turns.kept_out.clear()
        lines, backfill = self._state.queue.lines[turn], self._state.rules.planning.backfill
        while turn is Turn.GUARANTEED or not backfill or self._may_reserve():
            kind = self.lineup.first(lines, turn, dropped)
            if kind is None:
                return
            evicted = len(self.trial.evictions)
            if self._turns.serve(kind, kind.first, turn, may_reserve=backfill or turn is Turn.GUARANTEED):
                if relieved := self._turns.relieved(turn, evicted):
                    dropped = dropped - relieved  # another set: for the same one lines go on where they were
            else:
                dropped.add(kind)
                if turn is Turn.BORROWED and self._stops_all(kind):
                    return
        self._backfill(lines.among(self._hopeful(turn, dropped)), turn)

    def _stops_all(self, kind: Kind) -> bool:
        """Under strict order whom place alone refused stops all after it; what its own quota keeps back nobody."""
        state = self._state
        if state.rules.planning.backfill:
            return False
        allowed = self.allowance.demands(kind, Turn.BORROWED, self.trial.promises)
        return any(fits_when_empty(demand, state.nodes, state.values) for demand in allowed)

    def _backfill(self, line: Lines, turn: Turn) -> None:
        """Start what may start beside the reservations, until nothing does."""
        gap = self._gap()
        while kind := self.lineup.first(line, turn, ()):
            if self._is_hopeless(kind, gap) or not self._turns.serve(
                kind, kind.first, turn, may_reserve=False
            ):
                line.leave(kind)
            else:
                self.trial.again = True
                line.moved(kind)
                gap = self._gap()
                if not self._may_gain():
                    self._refusals.taken()
                    line = line.among(kind for kind in line.stands if self._may_start(kind.shape, gap))

    def _hopeful(self, turn: Turn, dropped: set[Kind]) -> list[Kind]:
        """The classes in line that may find a place beside the reservations."""
        stands, bare = self._state.queue.lines[turn].stands, self._refusals.bare
        standing = self._state.queue.standing
        untried = self._refusals.untried(standing) if self.trial.promises else standing
        gap = self._gap()
        shapes = dict.fromkeys(shape for shape in untried.fitting(gap) if shape not in bare)
        if self._state.nodes.leaving:
            shapes |= dict.fromkeys(shape for shape in standing if self.trial.may_claim(shape))
        if within_tenant.allowed(self.trial) and any(within_tenant.hopeful(self.trial, k) for k in stands):
            return [
                kind for kind in stands if kind not in dropped
            ]  # whoever leaves may leave something to anyone
        return [kind for shape in shapes for kind in shape.kinds if kind in stands and kind not in dropped]

    def _may_start(self, shape: Shape, gap: Gap) -> bool:
        return not gap.refuses(shape) and not self.trial.stands_refused(shape, None)

    def _may_gain(self) -> bool:
        """Whether a turn of a borrower may leave more to those after it: elsewhere what is free only shrinks."""
        return bool(self._state.nodes.leaving) or within_tenant.allowed(self.trial)

    def _is_hopeless(self, kind: Kind, gap: Gap) -> bool:
        """Whether what has started meanwhile refuses a class at a glance."""
        trial = self.trial
        return (
            gap.refuses(kind.shape)
            and not (self._state.nodes.leaving and trial.may_claim(kind.shape))
            and not (within_tenant.allowed(trial) and within_tenant.hopeful(trial, kind))
        )

    def _gap(self) -> Gap:
        spare, promises = self._state.nodes.spare, self.trial.promises
        if not promises:
            return Gap(FOREVER, size_of(spare), size_of(spare))
        first = min(promises, key=lambda promise: promise.at)
        return Gap(first.at - self._now, size_of(spare), size_of(spare_beside((first,), spare)))

    def _between_borrowers(self) -> None:
        """Step 5: first those that hold a reservation, then the others in order."""
        fairness = preemption.Fairness(self.trial)
        for promise in tuple(self.trial.promises):
            if not promise.guaranteed:
                with self.trial.promises.aside(promise):
                    self._turns.preempt(promise.kind, promise.job, fairness)
        accounts = (account for account in self._state.quotas.accounts.values() if account.kinds)
        strict = not self._state.rules.planning.backfill
        behind = {account for account in accounts if strict or fairness.behind(account)}
        lines, dropped = self._state.queue.lines[Turn.BORROWED], set[Kind]()
        line = lines.among(kind for kind in lines.stands if kind.account in behind)
        self._turns.kept_out.clear()
        while kind := self.lineup.first(line, Turn.BORROWED, ()):
            evicted = len(self.trial.evictions)
            if self._turns.preempt(kind, kind.first, fairness):
                dropped -= self._turns.relieved(Turn.BORROWED, evicted)
                line = lines.among(k for k in lines.stands if k.account in behind and k not in dropped)
            elif self._stops_all(kind):
                return
            else:
                line.leave(kind)
                dropped.add(kind)

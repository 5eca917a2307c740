"""The course of a room: how each change moves its state and its history."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from dure.model import change as happened
from dure.model.change import Change
from dure.model.instants import Instant
from dure.model.job import JobId, TenantId
from dure.model.plan import Claim, Eviction, Reservation, Rule
from dure.model.snapshot import Pending, Used
from dure.model.tenant import BudgetState
from dure.model.use import CapacityFact
from dure.planning.axes import Vector
from dure.planning.history import Histories, Use
from dure.planning.kept_out import Kept
from dure.planning.order import Lineup
from dure.planning.preemptible import Borrowed
from dure.planning.queue import Entry, Kind
from dure.planning.quota import Account
from dure.planning.refusals import Refusals
from dure.planning.reservation import Outlook
from dure.planning.running import Active, Place
from dure.planning.standing import Standing
from dure.planning.state import State
from dure.planning.told import Verdicts
from dure.planning.verdicts import standing_verdict
from dure.planning.windows import Timetable


class Course:
    """State, histories, and what stands of the last decision.

    `past` and `over` are the use of attempts that are over and that history has not settled to its end, as taken up
    from a snapshot and as it came since. `unsaid` are classes that changed since the last plan gave them a verdict.
    `times` says which quotas of the rules hold when; the state is made for those of one phase. `kept_out` is what
    the calendar kept, and from whom others kept something back, when the last plan was made; `firm` is what could
    not be taken back then, and whose branches held reservations within guarantee.
    """

    __slots__ = (
        "_lineup", "_phase", "_stale", "at", "borrowed", "firm", "histories", "kept_out", "outlook", "over",
        "past", "refusals", "state", "times", "unsaid", "verdicts",
    )  # fmt: skip

    def __init__(self, state: State, histories: Histories, times: Timetable) -> None:
        self.state, self.histories, self.times = state, histories, times
        self.at: Instant = histories.watermark
        self.past: list[Used] = []
        self.over: list[Active] = []
        self.unsaid: dict[Kind, None] = {}
        self.verdicts = Verdicts()
        self.refusals = Refusals()
        self.outlook = Outlook(state)
        self.borrowed = Borrowed(state)
        self.kept_out: tuple[Kept, set[Account]] = ((), set())
        self.firm: tuple[Vector, set[Account]] | None = None
        self._lineup: Lineup | None = None
        self._stale = True
        self._phase = 0

    def apply(self, change: Change | happened.AllStarted) -> None:
        """Something happened; see `Room.apply`."""
        self.at = max(self.at, change.at)
        match change:
            case happened.Submitted():
                self._submitted(change)
            case happened.TaskStarted(at, job, attempt, task):
                self._task_started(at, job, attempt, task)
            case happened.AllStarted():
                self._all_started(change)
            case happened.TaskEnded(at, job, attempt, task):
                self._task_ended(at, job, attempt, task)
            case happened.Ended():
                self._ended(change)
            case happened.Starting():
                self._starting(change)
            case _:
                self._rare(change)

    def _rare(self, change: Change) -> None:
        match change:
            case happened.StartFailed(at, job, attempt, _):
                self._start_failed(at, job, attempt)
            case happened.Withdrawn(_, job):
                self._withdrawn(job)
            case happened.Held(_, job, held):
                self._held(job, held)
            case happened.NodeSet(at, node):
                self._node(CapacityFact(at, node.id, node))
            case happened.NodeGone(at, node_id):
                self._node(CapacityFact(at, node_id, None))
            case happened.Watermark(at):
                self._settle(at)
            case _:
                self._ruled(change)

    def _ruled(self, change: Change) -> None:
        match change:
            case happened.Paused():
                self._paused(change)
            case happened.Promised(_, claims, reservations):
                self.promise(claims, reservations)
            case happened.Evicting(at, eviction):
                self._evicting(at, eviction)
            case happened.Checkpointed(at, job, attempt):
                self._checkpointed(at, job, attempt)
            case happened.Budgeted(_, tenant, budget):
                self._budgeted(tenant, budget)
            case _:
                raise TypeError(f"not a change: {change!r}")

    def judge(self, now: Instant) -> None:
        """Bring every class's standing verdict up to `now`."""
        phase = bisect_right(self.state.tree.edges, now)
        if self._stale or phase != self._phase:
            for shape in self.state.queue.shapes():
                shape.fits_empty = None
            self.unsaid = dict.fromkeys(self.state.queue.kinds.values())
        for kind in self.unsaid:
            if kind.jobs or kind.claimed:
                self._judge(kind, now)
        self._stale, self._phase = False, phase
        self.refusals.confirm(self.state.nodes.rows)

    def lineup(self, now: Instant) -> Lineup:
        """Scores and the order at `now`."""
        if self._lineup is None or self.state.rules.planning.memory:
            self._lineup = Lineup(Standing(self.state, self.histories, now), self.state.fair)
        return self._lineup

    def enqueue(self, entry: Entry) -> None:
        """Queue a job, and judge its class before the next decision."""
        self.unsaid[self.state.queue.put(entry)] = None

    def promise(self, claims: Sequence[Claim], reservations: Sequence[Reservation]) -> None:
        """All claims and reservations that stand from now on."""
        state = self.state
        wanted = {claim.job: claim for claim in claims}
        if tuple(wanted.values()) != tuple(state.claims.values()):
            for job in tuple(state.claims):
                self._unclaim(job)
            for job, claim in wanted.items():
                if job in state.queue.entries:
                    state.claim(claim)
                    self._changed(state.claimed[job], claim)
        state.reservations = tuple(reservations)

    def _unclaim(self, job: JobId) -> None:
        if job in self.state.claims:
            claim = self.state.claims[job]
            self._changed(self.state.unclaim(job), claim)

    def _changed(self, entry: Entry, claim: Claim) -> None:
        assert entry.kind is not None  # noqa: S101 - queued entries have one
        self.unsaid[entry.kind] = None
        self.refusals.grew(placement.node for placement in claim.placements)

    def _dequeue(self, job: JobId) -> Entry:
        self._unclaim(job)
        entry, kind = self.state.queue.take(job)
        self.unsaid[kind] = None
        if not kind.jobs and not kind.claimed:
            self.verdicts.drop(kind.key)
            if not kind.shape.kinds:
                self.refusals.went(kind.shape)
        return entry

    def withdrawn(self, job: JobId) -> Entry:
        """Take a job out of the queue, to be put back or not."""
        return self._dequeue(job)

    def _judge(self, kind: Kind, now: Instant) -> None:
        shape = kind.shape
        if shape.fits_empty is None:
            shape.fits_empty = self.state.fits_empty(shape)
        self.state.queue.judge(kind, standing_verdict(self.state, kind, now))
        if shape.kinds:
            self.refusals.came(shape)
        else:
            self.refusals.went(shape)

    def _submitted(self, change: happened.Submitted) -> None:
        state, job = self.state, change.job
        if not self._queued(job.id) and job.id not in state.active.jobs:
            waiting = change.waiting_for
            self.enqueue(Entry(Pending(job, change.held, waiting, "", change.attempts, change.evictions)))

    def _starting(self, change: happened.Starting) -> None:
        if self._queued(change.job):
            entry = self._dequeue(change.job)
            active = Active.of(entry.job, change.attempt, change.at, change.placements, self.state.axes)
            active.under, active.evictions = change.under, entry.evictions
            self.state.begin(active)
            self.refusals.began(entry.job.id, change.placements)

    def _queued(self, job: JobId) -> bool:
        return job in self.state.queue.entries or job in self.state.claims

    def _active(self, job: JobId, attempt: int) -> Active | None:
        active = self.state.active.jobs.get(job)
        return active if active is not None and active.attempt == attempt else None

    def _task_started(self, at: Instant, job: JobId, attempt: int, task: int) -> None:
        active = self._active(job, attempt)
        if active is None or task >= active.tasks:
            return
        started, ended = active.times.get(task, (None, None))
        if started is not None:
            return
        active.times[task] = (at, None if ended is None else max(at, ended))
        self.state.active.began(active, at)
        self._use(active, task, at, 1)
        if ended is not None:
            self._use(active, task, max(at, ended), -1)

    def _all_started(self, change: happened.AllStarted) -> None:
        """Place by place, where nothing of it was told before."""
        active = self._active(change.job, change.attempt)
        if active is None or not active.tasks:
            return
        if active.times:
            for task in range(active.tasks):
                self._task_started(change.at, change.job, change.attempt, task)
            return
        active.times = dict.fromkeys(range(active.tasks), (change.at, None))
        self.state.active.began(active, change.at)
        for place in active.places:
            self._used(active, place, change.at, place.tasks)

    def _task_ended(self, at: Instant, job: JobId, attempt: int, task: int) -> None:
        active = self._active(job, attempt)
        if active is None or task >= active.tasks:
            return
        started, ended = active.times.get(task, (None, None))
        if ended is not None:
            return
        active.times[task] = (started, at if started is None else max(at, started))
        self.state.task_over(active, task)
        self.refusals.grew((active.place_of(task).node,))
        if started is not None:
            self._use(active, task, max(at, started), -1)

    def _use(self, active: Active, task: int, at: Instant, times: int) -> None:
        self._used(active, active.place_of(task), at, times)

    def _used(self, active: Active, place: Place, at: Instant, times: int) -> None:
        self.histories.record(Use(at, active.job.tenant, active.job.user, place.amounts, times))

    def _ended(self, change: happened.Ended) -> None:
        active = self._active(change.job, change.attempt)
        if active is None:
            return
        self._give_back(active, change.at)
        if change.requeue:
            self.enqueue(Entry(Pending(active.job, attempts=active.attempt, evictions=_evictions(active))))
        else:
            self._release(change.job, change.succeeded)

    def _start_failed(self, at: Instant, job: JobId, attempt: int) -> None:
        active = self._active(job, attempt)
        if active is not None:
            self._give_back(active, at)
            self.enqueue(Entry(Pending(active.job, attempts=attempt - 1, evictions=active.evictions)))

    def _give_back(self, active: Active, at: Instant) -> None:
        """An attempt is over; a task that started and was not told to have ended did so now."""
        ends: dict[tuple[int, Instant], int] = {}
        for task, (started, ended) in active.times.items():
            if started is not None and ended is None:
                place, end = active.number_of(task), max(at, started)
                active.times[task] = (started, end)
                ends[place, end] = ends.get((place, end), 0) + 1
        for (place, end), tasks in ends.items():
            self._used(active, active.places[place], end, -tasks)
        self.refusals.grew(place.node for place in active.places if place.left)
        self.state.over(active.job.id)
        self.over.append(active)

    def _evicting(self, at: Instant, eviction: Eviction) -> None:
        active = self._active(eviction.job, eviction.attempt)
        if active is not None and active.vacating is None:
            self.state.evict(active, eviction, at)
            self.refusals.grew(place.node for place in active.places)

    def _checkpointed(self, at: Instant, job: JobId, attempt: int) -> None:
        active = self._active(job, attempt)
        if active is not None and (active.checkpoint is None or active.checkpoint < at):
            active.checkpoint = at

    def _budgeted(self, tenant: TenantId, budget: BudgetState) -> None:
        self._stale = True
        self.state.budgets.pop(tenant, None)
        if budget is not BudgetState.FINE:
            self.state.budgets[tenant] = budget

    def _withdrawn(self, job: JobId) -> None:
        if self._queued(job):
            self._dequeue(job)
            self._release(job, succeeded=False)

    def _release(self, job: JobId, succeeded: bool) -> None:
        """Jobs after this one wait for it no longer, or can never start."""
        for later in list(self.state.queue.after.get(job, ())):
            entry = self._dequeue(later)
            if succeeded:
                entry.waiting_for.discard(job)
            else:
                entry.failed = min(filter(None, (entry.failed, job)))
            self.enqueue(entry)

    def _held(self, job: JobId, held: bool) -> None:
        if self._queued(job):
            entry = self._dequeue(job)
            entry.held = held
            self.enqueue(entry)

    def _node(self, fact: CapacityFact) -> None:
        latest = self.histories.latest_fact(fact.node_id)
        self.histories.record(fact)
        if latest is not None and fact.at < latest:
            return
        self._stale, self._lineup = True, None
        self.outlook.forget()
        self.refusals.grew((fact.node_id,))
        if fact.node is None:
            self.state.nodes.remove(fact.node_id)
        else:
            self.state.put_node(fact.node)

    def _paused(self, change: happened.Paused) -> None:
        self._stale = True
        if change.tenant is None:
            self.state.room_paused = change.paused
        elif change.paused:
            self.state.paused.add(change.tenant)
        else:
            self.state.paused.discard(change.tenant)

    def _settle(self, watermark: Instant) -> None:
        self.histories.settle(watermark)
        watermark = self.histories.watermark
        self.past = [used for used in self.past if used.interval.end >= watermark]
        self.over = [active for active in self.over if active.last_end >= watermark]


def _evictions(active: Active) -> int:
    """How often borrowers evicted the job, now that an attempt is over."""
    by_borrower = active.vacating is not None and active.vacating.rule is Rule.BETWEEN_BORROWERS
    return active.evictions + by_borrower

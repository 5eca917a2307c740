"""The Room: one decider, incremental, yet a pure function of its snapshot (DESIGN 2)."""

from __future__ import annotations

from collections.abc import Iterable

from dure.model.change import AllStarted, Change, NodeSet, Submitted
from dure.model.instants import Instant
from dure.model.job import JobId, TenantId
from dure.model.plan import Explanation, Plan
from dure.model.resources import Flavor, Resources
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.planning import carried, decision
from dure.planning.course import Course
from dure.planning.explain import explain


class Room:
    """A room as it stands. It changes only by `apply`; `decide` and `explain` leave it as it was.

    Law: after any changes `room.decide(now) == plan(room.snapshot(), rules, now)`, byte for byte.
    """

    __slots__ = ("_course",)

    def __init__(self, course: Course) -> None:
        self._course = course

    @classmethod
    def of(cls, snapshot: Snapshot, rules: Rules, since: Instant | None = None) -> Room:
        """A room that goes on from a snapshot under these rules.

        Where they are not those last in force in the snapshot they come into force at `since`, an instant not
        before its watermark; by default at the snapshot's own. New rules always mean a new Room.
        """
        return cls(carried.taken_up(snapshot, rules, since))

    def apply(self, change: Change | AllStarted) -> None:
        """Something happened. What is already so, or concerns what the room does not know, changes nothing."""
        if isinstance(change, Submitted | NodeSet) and not self._course.state.axes.covers(_flavors(change)):
            times = self._course.times
            self._course = carried.taken_up(self.snapshot(), times.rules, None, _flavors(change), times)
        self._course.apply(change)

    def decide(self, now: Instant) -> Plan:
        """What to do at `now`, by the filling steps of DESIGN 3.3."""
        self._course = carried.in_phase(self._course, now)
        return decision.decide(self._course, now)

    def explain(self, job: JobId, now: Instant) -> Explanation:
        """Why a job is where it is, every reason with its numbers. Raises KeyError for an unknown job."""
        self._course = carried.in_phase(self._course, now)
        return explain(self._course, job, now)

    def snapshot(self) -> Snapshot:
        """All that decisions depend on, as a value."""
        return carried.snapshot(self._course)

    def held(self) -> dict[TenantId, Resources]:
        """What each tenant that the rules name holds, with all below it."""
        state = self._course.state
        return {t: state.axes.resources(state.quotas.accounts[t].held) for t in state.tree.branches}

    def wanted(self) -> dict[TenantId, Resources]:
        """What the pending jobs of each tenant that has some ask for, under the flavors they like best."""
        wanted: dict[TenantId, Resources] = {}
        for kind in self._course.state.queue.kinds.values():
            for group in kind.key.groups:
                asked = group.request(group.flavors[0] if group.flavors else "") * (
                    group.count * len(kind.jobs)
                )
                wanted[kind.key.tenant] = wanted.get(kind.key.tenant, Resources()) + asked
        return wanted


def plan(snapshot: Snapshot, rules: Rules, now: Instant) -> Plan:
    """The decision for a snapshot: the definition that everything incremental is measured against."""
    return Room.of(snapshot, rules).decide(now)


def _flavors(change: Submitted | NodeSet) -> Iterable[Flavor]:
    if isinstance(change, NodeSet):
        return [flavor for flavor, _ in change.node.capacity.gpus]
    return [flavor for group in change.job.groups for flavor in group.flavors]

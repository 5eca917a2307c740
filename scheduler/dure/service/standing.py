"""Where tenants and the room stand now: from what was observed and the last plan."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from dure.model.job import JobClass, NodeId, TenantId
from dure.model.plan import Verdict
from dure.model.record import JobRecord, JobState
from dure.model.resources import ResourceName, Resources
from dure.service.answers import NodeAnswer
from dure.service.live import Live
from dure.service.observed import Entry, Observed
from dure.turns import in_turns


def verdict_of(live: Live, record: JobRecord) -> Verdict | None:
    """The last plan's word on a waiting job, None where it has none yet."""
    entry = live.observed.jobs.get(record.job.id)
    if live.plan is None or entry is None or record.state is not JobState.PENDING:
        return None
    return live.plan.verdicts.get(_job_class(entry))


class Standing:
    """What the jobs of each tenant hold, and what those that wait ask for, each group on its best flavor."""

    def __init__(self) -> None:
        self.held: defaultdict[TenantId, Counter[ResourceName]] = defaultdict(Counter)
        self.pending: defaultdict[TenantId, Counter[ResourceName]] = defaultdict(Counter)

    @classmethod
    async def of(cls, room: Observed) -> Standing:
        """As the room is now; a long queue is gone through in turns."""
        standing = cls()
        async for entry in in_turns(tuple(room.jobs.values())):
            into = standing.held if entry.attempt else standing.pending
            amounts = entry.holds() if entry.attempt else entry.asks()
            for name, amount in amounts.items():
                into[entry.job.tenant][name] += amount
        return standing

    def tenants(self) -> set[TenantId]:
        """Whose jobs there are."""
        return {*self.held, *self.pending}


def held_by_node(room: Observed) -> dict[NodeId, Resources]:
    """What is held on each node."""
    held = dict.fromkeys(room.nodes, Resources())
    for entry in room.jobs.values():
        for task in entry.attempt.open_tasks() if entry.attempt else ():
            request = entry.job.groups[task.group].request(task.flavor)
            held[task.node] = held.get(task.node, Resources()) + request
    return held


def node_answers(room: Observed) -> list[NodeAnswer]:
    """Every node with what it has and what of it is held."""
    held = held_by_node(room)
    return [
        NodeAnswer(
            id=node.id,
            pool=node.pool,
            state=node.state.value,
            capacity=dict(node.capacity.items()),
            held=dict(held[node.id].items()),
        )
        for _, node in sorted(room.nodes.items())
    ]


def job_counts(counts: Mapping[JobState, int]) -> dict[str, int]:
    """How many jobs there are in each state, by the states' names."""
    return {state.value: counts.get(state, 0) for state in JobState}


def _job_class(entry: Entry) -> JobClass:
    job, waiting = entry.job, bool(entry.waiting_for or entry.failed_dependency)
    return JobClass(
        job.tenant, job.user, job.priority, job.preemptible, job.time_limit, job.groups, entry.held, waiting,
        job.time_limits,
    )  # fmt: skip

"""Use of tenants from the records of tasks: what was held, between which instants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dure.backends.local.kept import Attempt, Kept, Task
from dure.model.instants import Interval
from dure.model.resources import flavor_of
from dure.model.use import Slice, State


@dataclass(frozen=True, slots=True)
class Meter:
    """Turns tasks into slices of one source and cluster."""

    source: str
    cluster: str

    def slices(self, jobs: Iterable[Kept], asked: Interval) -> Iterator[Slice]:
        """What every task held within the interval; a running task is taken to run through its end."""
        for kept in jobs:
            for attempt in kept.attempts:
                for number in range(len(attempt.tasks)):
                    yield from self._task(kept, attempt, number, asked)

    def _task(self, kept: Kept, attempt: Attempt, number: int, asked: Interval) -> Iterator[Slice]:
        task = attempt.tasks[number]
        for part, grace in _parts(attempt, task, asked):
            request = kept.job.groups[task.placement.group].request(task.placement.flavor)
            for resource, amount in request.items():
                flavor = flavor_of(resource)
                yield Slice(
                    source=self.source,
                    cluster=self.cluster,
                    uid=f"{kept.job.id}.{number}",
                    attempt=attempt.number,
                    resource=resource,
                    start=part.start,
                    end=part.end,
                    amount=amount,
                    state=State.TENANT,
                    node=task.placement.node,
                    tenant=kept.job.tenant,
                    user=kept.job.user,
                    project=kept.job.project,
                    job=kept.job.id,
                    flavor=flavor,
                    devices=task.devices if flavor else (),
                    grace=grace,
                )


def _parts(attempt: Attempt, task: Task, asked: Interval) -> Iterator[tuple[Interval, bool]]:
    """A task's life within the interval, before and after it was told to end; (part, whether it is grace)."""
    if task.started is None:
        return
    end = max(task.started, asked.end if task.ended is None else task.ended)
    told = min(max(task.started, attempt.ending.at if attempt.ending else end), end)
    for part, grace in ((Interval(task.started, told), False), (Interval(told, end), True)):
        if within := part.meet(asked):
            yield within, grace

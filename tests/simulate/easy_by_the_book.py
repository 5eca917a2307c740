"""EASY backfilling written once more, as plainly as possible and without dure: what replays are held against.

First come, first served by (submit, id). The head starts while it fits. Then it gets a reservation: `shadow` is
the earliest time by which enough processors are free by the estimated ends, `extra` what is free then beyond
its own. Later jobs start if they fit now and end (estimated) by the shadow, or fit in what is left of extra.
Source: Mu'alem and Feitelson, IEEE TPDS 12(6), 2001; ties as in shared/traces/ref-easy-kth.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    id: int
    submit: int
    run: int
    limit: int
    procs: int


def easy_starts(jobs: list[Asked], processors: int) -> dict[int, int]:
    """Start second of every job."""
    coming = sorted(jobs, key=lambda job: (job.submit, job.id), reverse=True)
    queue: list[Asked] = []
    running: list[tuple[Asked, int]] = []
    starts: dict[int, int] = {}
    while coming or running:
        now = min([start + job.run for job, start in running] + [job.submit for job in coming[-1:]])
        running = [(job, start) for job, start in running if start + job.run > now]
        while coming and coming[-1].submit == now:
            queue.append(coming.pop())
        for job in one_pass(queue, running, processors, now):
            queue.remove(job)
            running.append((job, now))
            starts[job.id] = now
    return starts


def one_pass(
    queue: list[Asked], running: list[tuple[Asked, int]], processors: int, now: int
) -> list[Asked]:  # fmt: skip
    """The jobs that start now, given what runs."""
    held = [(estimated_end(job, start, now), job.procs) for job, start in running]
    waiting = list(queue)
    chosen: list[Asked] = []
    while waiting and waiting[0].procs <= processors - sum(procs for _, procs in held):
        job = waiting.pop(0)
        held.append((now + job.limit, job.procs))
        chosen.append(job)
    if not waiting:
        return chosen
    shadow, extra = reservation(waiting[0].procs, held, processors)
    free = processors - sum(procs for _, procs in held)
    for job in waiting[1:]:
        if job.procs > free or not (now + job.limit <= shadow or job.procs <= extra):
            continue
        free -= job.procs
        if now + job.limit > shadow:
            extra -= job.procs
        chosen.append(job)
    return chosen


def estimated_end(job: Asked, start: int, now: int) -> int:
    """Of a job that ran before now: by its limit; past it, it may end any moment: next second."""
    return start + job.limit if start + job.limit > now else now + 1


def reservation(procs: int, held: list[tuple[int, int]], processors: int) -> tuple[int, int]:
    """When enough is free for the head, and what is free then beyond it."""
    free = processors - sum(each for _, each in held)
    shadow = 0
    for end, each in sorted(held):
        if free >= procs and end > shadow:
            break
        free, shadow = free + each, end
    return shadow, free - procs

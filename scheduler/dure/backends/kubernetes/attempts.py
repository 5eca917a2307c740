"""An attempt as its pods tell it: level-triggered, the same story from everything at once or from news bit by bit.

Instants are the API's own, to the second. A task's place is held from the binding of its first pod to the end of
its last one: where a pod is replaced, its place is kept for the next, and is the tenant's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dure.backends.kubernetes.kept import Attempted, Ending, Fate, PodSpan, Sealed
from dure.backends.kubernetes.pods import PodSeen
from dure.backends.kubernetes.reading import Queued
from dure.model.instants import SECOND, Instant, Millis
from dure.model.job import NodeId, Placement, task_placements
from dure.model.plan import EndCause
from dure.model.record import AttemptRecord, JobState, TaskRecord

SETTLE: Millis = 10 * SECOND
"""So long after an attempt was told to end no pod of it can come any more, should its controller not say so."""


@dataclass(frozen=True, slots=True)
class TaskSeen:
    """One task and its pods, in order. `told`: its pod's deletion was asked for.

    `unsure`: while it is not over, the instant at which its end may yet be found to lie, should nothing of it ever
    have run; None where only a container's end, or its node's silence, can tell.
    """

    number: int
    record: TaskRecord
    spans: tuple[PodSpan, ...] = ()
    lost: bool = False
    told: bool = False
    unsure: Instant | None = None

    @property
    def void(self) -> bool:
        """Whether it never had a place."""
        return self.record.started is None

    @property
    def failed(self) -> bool:
        """Whether it had a place and did not end well."""
        return self.record.ended is not None and self.record.exit_code != 0


@dataclass(frozen=True, slots=True)
class AttemptSeen:
    """An attempt that is not sealed yet: its tasks by number, and whether it is over."""

    attempted: Attempted
    tasks: tuple[TaskSeen, ...]
    ending: Ending | None
    checkpoint: Instant | None
    over: bool
    ran: bool

    @property
    def end(self) -> Instant:
        """When its last task ended; the decision where none started."""
        ends = [task.record.ended for task in self.tasks if task.record.ended is not None]
        return max(ends, default=self.attempted.decided)

    @property
    def record(self) -> AttemptRecord:
        """As every backend tells of it."""
        made, ending = self.attempted, self.ending
        return AttemptRecord(
            made.attempt,
            made.decided,
            made.placements,
            tuple(task.record for task in self.tasks),
            ending.reason if ending else "",
            ending.at if ending else None,
            ending.eviction if ending else None,
            self.checkpoint,
            made.under,
        )


def attempt_seen(
    queued: Queued, pods: Iterable[PodSeen], alive: Mapping[NodeId, Instant], now: Instant,
    told: AttemptSeen | None = None,
) -> AttemptSeen | None:  # fmt: skip
    """The attempt that an object makes and that is not sealed yet, None where there is none.

    `pods` are those of the object; `alive` says when each node last proved alive; `now` is the API server's time.
    `told` is what was last made of the same attempt: an end that was told stands, whatever its node says later.
    """
    made = queued.kept.live
    if made is None:
        return None
    mine = [pod for pod in pods if pod.attempt == made.attempt]
    ending = _ending(queued, made)
    by_task = _by_task(queued, mine)
    over = is_over(queued, mine, ending, now)
    places = task_placements(made.placements)
    known = told.tasks if told and told.attempted == made else ()
    tasks = tuple(
        _as_told(known, _task(number, place, by_task.get(number, []), made, over or queued.single, alive))
        for number, place in enumerate(places)
    )
    checkpoint = queued.kept.checkpoint
    at = checkpoint[1] if checkpoint and checkpoint[0] == made.attempt else None
    return AttemptSeen(made, tasks, ending, at, over, any(pod.ran for pod in mine))


def _ending(queued: Queued, made: Attempted) -> Ending | None:
    """What dure wrote; else that the object was deleted under it."""
    ending = queued.kept.ending
    if ending and ending.attempt == made.attempt:
        return ending
    done = queued.finished
    if queued.deleting is not None and (done is None or done.at >= queued.deleting):
        return Ending(made.attempt, queued.deleting, "deleted from Kubernetes", requeue=False)
    return None


def task_of(queued: Queued, pod: PodSeen) -> int | None:
    """Which task of its attempt a pod is, None where it has not been placed yet."""
    tasks = queued.job.tasks
    if tasks == 1:
        return 0
    number = (
        pod.task if pod.task is not None else pod.index if queued.written and queued.kind.pinned else None
    )
    return number if number is not None and number < tasks else None


def _by_task(queued: Queued, pods: Sequence[PodSeen]) -> dict[int, list[PodSeen]]:
    """Pods that had a place, by task, in the order in which they had it."""
    found: dict[int, list[PodSeen]] = {}
    for pod in sorted(pods, key=lambda pod: (pod.started or 0, pod.uid)):
        number = task_of(queued, pod)
        if number is not None and pod.started is not None:
            found.setdefault(number, []).append(pod)
    return found


def is_over(queued: Queued, pods: Sequence[PodSeen], ending: Ending | None, now: Instant) -> bool:
    """Whether an attempt holds nothing any more and no pod of it can come: its pods may lag behind its object."""
    if any(not pod.over for pod in pods):
        return False
    if queued.finished:
        return _all_seen(queued, pods) or now >= queued.finished.at + SETTLE
    if queued.deleting is not None:
        return _all_seen(queued, pods) or now >= queued.deleting + SETTLE
    if not queued.suspended or ending is None:
        return False
    if queued.settled is None:  # a lost pod keeps its controller waiting; no other attempt does
        return any(pod.lost for pod in pods) and not ending.requeue and _all_seen(queued, pods)
    return _all_seen(queued, pods) or queued.settled > ending.at or now >= ending.at + SETTLE


def _all_seen(queued: Queued, pods: Sequence[PodSeen]) -> bool:
    """Whether these are all the pods that the attempt can have had, or those that decided how it ended."""
    tasks, done = queued.job.tasks, queued.finished
    if queued.single:
        return len({task_of(queued, pod) for pod in pods} - {None}) == tasks
    if done and done.succeeded:
        return sum(pod.phase == "Succeeded" for pod in pods) >= tasks
    return done is not None and any(pod.phase == "Failed" for pod in pods)


def _task(
    number: int, place: Placement, pods: list[PodSeen], made: Attempted, closed: bool,
    alive: Mapping[NodeId, Instant],
) -> TaskSeen:  # fmt: skip
    """`closed`: once its last pod is over, no other one follows."""
    if not pods:
        return TaskSeen(number, TaskRecord(place.node, place.flavor))
    starts = _starts(pods, made.decided)
    last = pods[-1]
    over = closed and last.over
    ended = max(ended_at(last, alive), starts[-1]) if over else None
    record = TaskRecord(
        place.node, place.flavor, (), starts[0], ended,
        last.exit_code if over and not last.lost else None, last.reason if over else "",
    )  # fmt: skip
    spans = tuple(zip((pod.uid for pod in pods), starts, strict=True))
    unsure = None if over or last.ran else last.told
    return TaskSeen(number, record, spans, over and last.lost, last.told is not None, unsure)


def _as_told(known: Sequence[TaskSeen], task: TaskSeen) -> TaskSeen:
    """An end that was told stays, as does all that was told with it."""
    told = known[task.number] if known else None
    return told if told and told.record.ended is not None else task


def _starts(pods: list[PodSeen], decided: Instant) -> list[Instant]:
    """When each had its place: never before the decision, nor before the one that it follows."""
    starts: list[Instant] = []
    for pod in pods:
        starts.append(max(pod.started or 0, decided, *starts[-1:]))
    return starts


def ended_at(pod: PodSeen, alive: Mapping[NodeId, Instant]) -> Instant:
    """When a pod that is over let go of its node.

    The last container's end; for one of which nobody saw the end, the last proof of life of its node, at most when
    its deletion was asked for; for one that never ran, when its deletion was asked for.
    """
    if pod.ended is not None and not pod.lost:
        return pod.ended
    proofs = [at for at in (pod.told, alive.get(pod.node) if pod.lost else None) if at is not None]
    return max(min(proofs, default=pod.started or pod.created), pod.started or pod.created)


# What the end of an attempt means


def fate(seen: AttemptSeen, queued: Queued) -> Fate:
    """What becomes of the job now that the attempt is over, whatever else is decided about it.

    A controller's word that the job is over is final: pods that end after they were told do not count for it, and
    it makes no others.
    """
    done, told = queued.finished, seen.ending
    if done and done.succeeded:
        return Fate(JobState.SUCCEEDED, 0)
    if any(task.lost for task in seen.tasks) and not (told and told.cause == "asked"):
        return Fate(JobState.LOST, None, _failure_text(seen))
    if told and told.requeue and not done:
        return Fate(JobState.PENDING, None, told.reason)
    worst = first_failure(seen.tasks)
    code = worst.record.exit_code if worst else None
    if told and not told.requeue:
        failed = told.cause != "asked" or told.reason == EndCause.TIME_LIMIT
        return Fate(JobState.FAILED if failed else JobState.CANCELLED, code, told.reason)
    return Fate(JobState.FAILED, code, _why_failed(seen, queued))


def _why_failed(seen: AttemptSeen, queued: Queued) -> str:
    """What a task says; else what the object's controller says."""
    done = queued.finished
    if done and done.reason == EndCause.TIME_LIMIT:
        return done.reason
    worst = first_failure(seen.tasks)
    if worst and worst.record.reason == EndCause.TIME_LIMIT:
        return worst.record.reason
    return _failure_text(seen) or (done.reason if done else "")


def first_failure(tasks: Iterable[TaskSeen]) -> TaskSeen | None:
    """The task that ended badly of itself before the others did; with one second's resolution ties are common."""
    failed = [task for task in tasks if task.failed]
    return min(failed, key=lambda task: (task.told, task.record.ended, task.number), default=None)


def _failure_text(seen: AttemptSeen) -> str:
    worst = first_failure(seen.tasks)
    if worst is None:
        return ""
    if len(seen.tasks) == 1:
        return worst.record.reason
    others = any(task.told for task in seen.tasks if task is not worst)
    return f"task {worst.number} {worst.record.reason}" + ("; the others were ended" if others else "")


def to_seal(seen: AttemptSeen | None, queued: Queued) -> Sealed | None:
    """What is to be kept of an attempt that is over; None where it is not over yet."""
    if seen is None or not seen.over:
        return None
    tasks = tuple(_spoken(task, seen) for task in seen.tasks)
    whole = AttemptSeen(seen.attempted, tasks, seen.ending, seen.checkpoint, True, seen.ran)
    cause = seen.ending.cause if seen.ending else ""
    return Sealed(whole.record, tuple(task.spans for task in tasks), fate(seen, queued), cause)


def _spoken(task: TaskSeen, seen: AttemptSeen) -> TaskSeen:
    """A task that never started says why."""
    if not task.void or task.record.reason:
        return task
    why = "was told to end before it had started" if seen.ending else "was never started"
    place = task.record
    return TaskSeen(task.number, TaskRecord(place.node, place.flavor, reason=why))


def broken(seen: AttemptSeen) -> str:
    """Why a gang has to be ended whole: what was lost of it, "" where nothing was.

    The controller does not see a node's loss as an end, so it is dure that suspends (an `Ending` of cause `gang`).
    """
    lost = next((task for task in seen.tasks if task.lost), None)
    return "" if lost is None or seen.ending else _failure_text(seen) or lost.record.reason


def waiting(seen: AttemptSeen, pods: Iterable[PodSeen]) -> str:
    """Why its pods do not come up, of the first one that says so, "" where none does."""
    mine = (pod for pod in pods if pod.attempt == seen.attempted.attempt and pod.waiting)
    return min((f"{pod.name}: {pod.waiting}" for pod in mine), default="")


def placeable(queued: Queued, pods: Iterable[PodSeen]) -> tuple[tuple[PodSeen, int], ...]:
    """Gated pods of the live attempt, each with a task that has no pod now: what is to be let go."""
    made = queued.kept.live
    if made is None or queued.suspended:
        return ()
    mine = sorted(
        (pod for pod in pods if pod.attempt == made.attempt), key=lambda pod: (pod.created, pod.name)
    )
    taken = {task_of(queued, pod) for pod in mine if not pod.over and not pod.gated}
    found = []
    for pod in mine:
        if pod.gated and not pod.over:
            number = next((n for n in _wanted(queued, pod) if n not in taken), None)
            if number is not None:
                taken.add(number)
                found.append((pod, number))
    return tuple(found)


def _wanted(queued: Queued, pod: PodSeen) -> Iterable[int]:
    """The tasks that a pod may be: its own by index where dure wrote the Job, else any of its template's group."""
    job = queued.job
    if queued.written and queued.kind.pinned and pod.index is not None:
        return (pod.index,) if pod.index < job.tasks else ()
    if len(queued.parts) != len(job.groups) or pod.part not in queued.parts:
        return range(job.tasks)
    group = queued.parts.index(pod.part)
    first = sum(each.count for each in job.groups[:group])
    tasks = range(first, first + job.groups[group].count)
    own = first + pod.index if queued.written and pod.index is not None else None
    return tasks if own is None else (own,) if own in tasks else ()

"""How an attempt and its job stand, worked out from what its files say and from nothing else."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from dure.backends.local.kept import Attempt, Ending, Kept, Task
from dure.model.instants import Instant
from dure.model.plan import EndCause, Rule
from dure.model.record import AttemptRecord, JobRecord, JobState, TaskRecord

_STARTS_TRIED = 3
"""So many attempts may fail before any task runs; then the job has failed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job stands; `at` is None while it is not final."""

    state: JobState
    at: Instant | None = None
    exit_code: int | None = None
    reason: str = ""


def outcome(kept: Kept) -> Outcome:
    """How a job stands."""
    if attempt := kept.live:
        return Outcome(_live_state(attempt))
    if kept.attempts and (final := _final(kept)):
        return final
    if kept.withdrawn:
        at = max([kept.withdrawn.at, *(_end(attempt) for attempt in kept.attempts)])
        return Outcome(JobState.CANCELLED, at, None, kept.withdrawn.reason)
    return Outcome(JobState.PENDING, reason=_again(kept.attempts[-1]) if kept.attempts else "")


def state_of(kept: Kept) -> JobState:
    """How a job stands, and no more."""
    if kept.attempts:
        return outcome(kept).state
    return JobState.CANCELLED if kept.withdrawn else JobState.PENDING


def evictions(kept: Kept, *rules: Rule) -> int:
    """How many attempts that are over had to leave by one of these rules."""
    endings = (_ending(attempt) for attempt in kept.attempts if attempt.over)
    return sum(bool(ending and ending.eviction and ending.eviction.rule in rules) for ending in endings)


def record(kept: Kept) -> JobRecord:
    """All that is known of a job."""
    stands = outcome(kept)
    attempts = tuple(_attempt_record(attempt) for attempt in kept.attempts)
    return JobRecord(
        kept.job, stands.state, kept.held, attempts, stands.at, stands.exit_code, stands.reason
    )  # fmt: skip


def task_reason(task: Task) -> str:
    """Why a task ended as it did, "" if well or not over."""
    if task.void or not task.over:
        return task.void
    kind, _, detail = task.reason.partition(" ")
    if kind == "memory":
        return f"memory: it held {detail} MiB, more than it asked for"
    if kind == "spawn":
        number, _, path = detail.partition(" ")
        return f"could not be run: {_errno_text(number)}: {path}"
    if kind == "lost":
        return "lost: its shim is gone and left no exit status; the end is the last proof of life"
    return _code_text(task.code)


def _code_text(code: int | None) -> str:
    if code is None or code == 0:
        return ""
    if code > 0:
        return f"exited with {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"


def _errno_text(number: str) -> str:
    return os.strerror(int(number)) if number.isdigit() and number != "0" else "the shim failed"


def _live_state(attempt: Attempt) -> JobState:
    if attempt.ending:
        return JobState.ENDING
    started = any(task.started is not None for task in attempt.tasks)
    return JobState.RUNNING if started else JobState.STARTING


def _end(attempt: Attempt) -> Instant:
    return max(task.ended or attempt.decided for task in attempt.tasks)


def _ending(attempt: Attempt) -> Ending | None:
    """The order to end, if it came before the attempt was over by itself."""
    return attempt.ending if attempt.ending and attempt.ending.at <= _end(attempt) else None


def _final(kept: Kept) -> Outcome | None:
    """How the last attempt decided its job, None where the job is pending again."""
    attempt = kept.attempts[-1]
    ending, end = _ending(attempt), _end(attempt)
    worst = first_failure(attempt)
    code = worst[1].code if worst else 0
    lost = any(task.lost for task in attempt.tasks)
    whole = not any(task.void for task in attempt.tasks)
    if whole and not worst and not ending:
        return Outcome(JobState.SUCCEEDED, end, 0)
    if lost and not (ending and ending.cause == "asked"):
        return Outcome(JobState.LOST, end, None, failure_text(attempt))
    if ending and ending.cause in {"asked", "limit", "signal"} and not ending.requeue:
        failed = ending.cause != "asked" or ending.reason == EndCause.TIME_LIMIT
        return Outcome(JobState.FAILED if failed else JobState.CANCELLED, end, code, ending.reason)
    if (ending and ending.requeue) or not worst:
        return _given_up(kept, end)
    return Outcome(JobState.FAILED, end, code, failure_text(attempt))


def _given_up(kept: Kept, end: Instant) -> Outcome | None:
    tried = sum(attempt.never_started for attempt in kept.attempts)
    if tried < _STARTS_TRIED:
        return None
    return Outcome(JobState.FAILED, end, None, f"{_again(kept.attempts[-1])}; tried {tried} times")


def _again(attempt: Attempt) -> str:
    """Why the job is pending again after this attempt."""
    if (ending := _ending(attempt)) and ending.requeue:
        return ending.reason
    return next((f"task {n} {task.void}" for n, task in enumerate(attempt.tasks) if task.void), "")


def first_failure(attempt: Attempt) -> tuple[int, Task] | None:
    """The task that ended badly before the others did, with its number."""
    failed = [(number, task) for number, task in enumerate(attempt.tasks) if task.failed]
    return min(failed, key=lambda found: (found[1].ended, found[0]), default=None)


def failure_text(attempt: Attempt) -> str:
    """What went wrong, naming the task where there are several."""
    worst = first_failure(attempt)
    if worst is None:
        return ""
    text = task_reason(worst[1])
    if len(attempt.tasks) == 1:
        return text
    return f"task {worst[0]} {text}" + ("; the others were ended" if attempt.ending else "")


def _attempt_record(attempt: Attempt) -> AttemptRecord:
    ending = attempt.ending
    return AttemptRecord(
        attempt.number,
        attempt.decided,
        attempt.placements,
        tuple(_task_record(task) for task in attempt.tasks),
        ending.reason if ending else "",
        ending.at if ending else None,
        ending.eviction if ending else None,
        attempt.checkpoint,
        attempt.under,
    )


def _task_record(task: Task) -> TaskRecord:
    return TaskRecord(
        node=task.placement.node,
        flavor=task.placement.flavor,
        devices=task.devices,
        started=task.started,
        ended=None if task.void else task.ended,
        exit_code=task.code,
        reason=task_reason(task),
        peak_memory=task.peak,
    )

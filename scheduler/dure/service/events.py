"""What becomes of jobs, as events of the log: each with the job and its tenant, none with what the job runs."""

from __future__ import annotations

from structlog.stdlib import BoundLogger

from dure.model.change import Change, Ended, Held, Submitted, TaskStarted, Withdrawn
from dure.model.job import JobId
from dure.service.observed import Observed
from dure.telemetry import job_logger, logger

_NAME = "dure.service"


def of_job(room: Observed, job: JobId) -> BoundLogger:
    """A logger of events about one job, with its tenant where the room still knows it."""
    entry = room.jobs.get(job)
    return job_logger(_NAME, entry.job) if entry else logger(_NAME, job=job)


def tell(room: Observed, change: Change) -> None:
    """Log what this change means for a job; the room has not taken it in yet."""
    match change:
        case Submitted(job=job) if job.id not in room.jobs:
            job_logger(_NAME, job).info("submitted", user=job.user, tasks=job.tasks, held=change.held)
        case Withdrawn():
            of_job(room, change.job).info("withdrawn before it started")
        case Held():
            of_job(room, change.job).info("put on hold" if change.held else "released")
        case TaskStarted() if _is_first(room, change):
            of_job(room, change.job).info("running", attempt=change.attempt)
        case Ended():
            of_job(room, change.job).info(
                "ended", attempt=change.attempt, succeeded=change.succeeded, requeued=change.requeue
            )


def _is_first(room: Observed, change: TaskStarted) -> bool:
    entry = room.jobs.get(change.job)
    attempt = entry.attempt if entry else None
    return attempt is not None and all(times.started is None for times in attempt.times)

"""What every route about jobs does: find a job that the caller may see, and answer with it."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path

from dure.model.job import JobId
from dure.model.record import JobRecord
from dure.service import views
from dure.service.answers import JobAnswer
from dure.service.errors import not_found
from dure.service.hall import Hall
from dure.service.identity import Caller
from dure.service.standing import verdict_of

JobPath = Annotated[str, Path(max_length=128, description="A job's id.")]

_JOB_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


async def record_of(hall: Hall, caller: Caller, job: JobId) -> JobRecord:
    """A job that the caller may see. Raises ApiError 404 for any other."""
    record = await known_job(hall, job)
    if record is None or not caller.sees(record.job.tenant, hall.live.rules):
        raise not_found(f"job {job[:64]}")
    return record


async def known_job(hall: Hall, job: JobId) -> JobRecord | None:
    """The job's record, None where there is no such job."""
    if not _JOB_ID.fullmatch(job):
        return None
    try:
        return await hall.live.backend.record(job)
    except KeyError:
        return None


def job_answer(hall: Hall, record: JobRecord) -> JobAnswer:
    """The job as it is now, with the last plan's word on it, and the last forecast of its start."""
    live = hall.live
    claims = live.plan.claims if live.plan else ()
    claim = next((claim for claim in claims if claim.job == record.job.id), None)
    estimate = hall.forecasts.of(record.job.id)
    forecast = views.forecast_answer(estimate) if estimate else None
    return views.job_answer(record, live.rules, verdict_of(live, record), claim, forecast)

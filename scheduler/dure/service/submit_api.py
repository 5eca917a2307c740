"""Submitting a job over HTTP: read, judged by policy, asked of the planner, queued once."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from dure.model.job import Job, JobId
from dure.model.plan import Explanation
from dure.model.record import JobRecord, JobState
from dure.model.tenant import Tenant
from dure.ports import KeyReused, Refused
from dure.service import views
from dure.service.anonymous import for_the_eyes_of
from dure.service.answers import JobAnswer
from dure.service.errors import ApiError, bad_input, forbidden, nearest, refused
from dure.service.hall import Hall, Person, Serving
from dure.service.identity import Caller
from dure.service.refusals import check_policy, check_possible, tenant_of
from dure.service.requests import JobRequest, Line
from dure.service.seen_jobs import job_answer, known_job
from dure.service.submission import job_of, same_again

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.post(
    "",
    status_code=201,
    responses={200: {"model": JobAnswer, "description": "The same key and request again, or a dry run."}},
)
async def submit(
    body: JobRequest, response: Response, hall: Serving, caller: Person,
    dry_run: bool = False, idempotency_key: Line = "", file: Line = "",
) -> JobAnswer:  # fmt: skip
    """Queue a job; with `dry_run` only say what the planner would say of it now.

    A body of type application/yaml is a job file; `file` is its name, for what is said of it.
    """
    del file  # `bodies` has used it
    if idempotency_key:
        body = body.model_copy(update={"idempotency_key": body.idempotency_key or idempotency_key})
    job, tenant = asked_for(body, hall, caller)
    known = await known_job(hall, job.id)
    if known is not None:
        response.status_code = 200
        return job_answer(hall, await _enqueue(hall, same_again(job, body, known.job), hold=False))
    waiting = await allowed(job, tenant, hall)
    if dry_run:
        response.status_code = 200
        return views.supposed_answer(job, await supposed(job, waiting, hall, caller), hall.live.rules)
    return job_answer(hall, await _enqueue(hall, job, hold=body.hold))


def asked_for(body: JobRequest, hall: Hall, caller: Caller) -> tuple[Job, Tenant]:
    """The job that is asked for, and whose it is. Raises ApiError where it cannot be read, or is not theirs."""
    rules = hall.live.rules
    tenant = tenant_of(_acts_for(body, caller, hall), rules)
    user = body.user if body.user and caller.is_room_admin else caller.user
    return job_of(body, tenant, user, rules, hall.live.clock.now()), tenant


async def allowed(job: Job, tenant: Tenant, hall: Hall) -> frozenset[JobId]:
    """Which jobs it waits for, where nothing speaks against it. Raises ApiError where something does."""
    live = hall.live
    check_policy(job, tenant, live.rules, live.observed, live.settings.data / "secrets")
    waiting = await _waiting_for(hall, job)
    nodes = tuple(live.observed.nodes.values())
    await asyncio.to_thread(check_possible, job, nodes, live.rules, job.submitted)
    return waiting


async def supposed(job: Job, waiting: frozenset[JobId], hall: Hall, caller: Caller) -> Explanation:
    """What the planner would say of the job now, as the caller may see it."""
    told = await hall.live.child().suppose(job, waiting, hall.live.now())
    return await for_the_eyes_of(caller, told, job.tenant, hall)


def _acts_for(body: JobRequest, caller: Caller, hall: Hall) -> str:
    name = body.tenant or caller.tenant
    if not name:
        raise bad_input("name a tenant: this token belongs to none", "for example --tenant NAME")
    if not caller.sees(name, hall.live.rules):
        raise forbidden(f"this token may not submit for {name!r}", f"its own tenant is {caller.tenant}")
    return name


async def _enqueue(hall: Hall, job: Job, *, hold: bool) -> JobRecord:
    live = hall.live
    if hold:
        live.kept.add(job.id)
    try:
        record = await live.backend.enqueue(job)
        if hold:
            await live.backend.hold(job.id, True)
            record = await live.backend.record(job.id)
    except KeyReused as reused:
        raise ApiError(409, "key-reused", reused.reason, "take another idempotency key") from reused
    except Refused as refusal:
        raise refused(refusal.reason) from refusal
    finally:
        live.kept.discard(job.id)
    if not record.state.final:
        hall.listing.follow(live.observed)
        hall.listing.add(record.job)
    hall.loop.wake()
    return record


async def _waiting_for(hall: Hall, job: Job) -> frozenset[JobId]:
    """Those of the jobs it comes after that are not over. Raises ApiError for an unknown or failed one."""
    waiting = set()
    for name in job.after:
        record = await known_job(hall, name)
        if record is None or record.job.tenant != job.tenant:
            own = [entry for entry, e in hall.live.observed.jobs.items() if e.job.tenant == job.tenant]
            raise refused(f"there is no job {name} to come after", nearest(name, own))
        if record.state.final and record.state is not JobState.SUCCEEDED:
            raise refused(f"job {name}, which it would come after, ended as {record.state.value}")
        if not record.state.final:
            waiting.add(name)
    return frozenset(waiting)

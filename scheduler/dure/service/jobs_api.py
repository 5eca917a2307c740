"""Jobs over HTTP: submit, look, cancel, hold, explain, wait."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from dure.model.job import Job, JobId
from dure.model.plan import Explanation
from dure.model.record import JobRecord, JobState
from dure.ports import KeyReused, Refused
from dure.service import views, words
from dure.service.answers import ExplanationAnswer, JobAnswer
from dure.service.errors import ApiError, bad_input, forbidden, nearest, not_found, refused
from dure.service.hall import Hall, Person, Serving
from dure.service.identity import Caller
from dure.service.refusals import check_policy, check_possible, tenant_of
from dure.service.requests import JobRequest, Line
from dure.service.standing import verdict_of
from dure.service.submission import job_of, same_again

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_JOB_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_LONGEST_WAIT_S = 300.0

JobPath = Annotated[str, Path(max_length=128, description="A job's id.")]
StateName = Literal["pending", "starting", "running", "ending", "succeeded", "failed", "cancelled", "lost"]


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
    rules = hall.live.rules
    tenant = tenant_of(_acts_for(body, caller, hall), rules)
    user = body.user if body.user and caller.is_room_admin else caller.user
    job = job_of(body, tenant, user, rules, hall.live.clock.now())
    known = await _known(hall, job.id)
    if known is not None:
        response.status_code = 200
        return _answer(hall, await _enqueue(hall, same_again(job, body, known.job), hold=False))
    check_policy(job, tenant, rules, hall.live.observed, hall.live.settings.data / "secrets")
    waiting = await _waiting_for(hall, job)
    await asyncio.to_thread(
        check_possible, job, tuple(hall.live.observed.nodes.values()), rules, job.submitted
    )
    if dry_run:
        response.status_code = 200
        told = await hall.live.child().suppose(job, waiting, hall.live.now())
        return views.supposed_answer(job, _for_the_eyes_of(caller, told, hall), rules.timezone)
    return _answer(hall, await _enqueue(hall, job, hold=body.hold))


@router.get("")
async def list_jobs(
    hall: Serving, caller: Person, state: StateName | None = None, tenant: Line = "",
    all: bool = False, limit: Annotated[int, Query(ge=1, le=100_000)] = 1_000,  # noqa: A002 - its name on the wire
) -> list[JobAnswer]:  # fmt: skip
    """Jobs that the caller may see, the newest last; ended ones only if asked for."""
    rules = hall.live.rules
    seen = [
        record
        for record in await hall.live.backend.records()
        if (all or state or not record.state.final)
        and (state is None or record.state.value == state)
        and (not tenant or record.job.tenant == tenant)
        and caller.sees(record.job.tenant, rules)
    ]
    return [_answer(hall, record) for record in seen[-limit:]]


@router.get("/{job}")
async def show(job: JobPath, hall: Serving, caller: Person) -> JobAnswer:
    """One job."""
    return _answer(hall, await record_of(hall, caller, job))


@router.delete("/{job}")
async def cancel(job: JobPath, hall: Serving, caller: Person) -> JobAnswer:
    """End a running job with grace, or withdraw a waiting one; one that is over is left alone."""
    await _changeable(hall, caller, job)
    await hall.live.backend.end(job, words.cancelled_by(caller.user))
    hall.loop.wake()
    return _answer(hall, await hall.live.backend.record(job))


@router.post("/{job}/hold")
async def hold(job: JobPath, hall: Serving, caller: Person) -> JobAnswer:
    """Keep a waiting job from starting."""
    return await _set_held(hall, caller, job, held=True)


@router.post("/{job}/release")
async def release(job: JobPath, hall: Serving, caller: Person) -> JobAnswer:
    """Let a held job start again."""
    return await _set_held(hall, caller, job, held=False)


@router.get("/{job}/explain")
async def explain(job: JobPath, hall: Serving, caller: Person) -> ExplanationAnswer:
    """Every reason why a job is where it is."""
    record = await record_of(hall, caller, job)
    timezone = hall.live.rules.timezone
    try:
        told = await _explained(hall, job)
    except KeyError:  # it ended meanwhile, or long ago
        record = await hall.live.backend.record(job)
        return views.final_answer(record, hall.live.now(), timezone)
    told = _for_the_eyes_of(caller, told, hall)
    return views.explanation_answer(told, record.state.value, timezone)


@router.get("/{job}/wait")
async def wait(
    job: JobPath, hall: Serving, caller: Person,
    timeout: Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S)] = 60.0,  # noqa: ASYNC109 - its name on the wire
) -> JobAnswer:  # fmt: skip
    """The job once it is final, or as it is when the time is over."""
    record = await record_of(hall, caller, job)
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout
    while not record.state.final and (left := until - loop.time()) > 0:
        if hall.live.stopping.is_set():
            break
        await hall.live.news(min(left, 1.0))
        record = await hall.live.backend.record(job)
    return _answer(hall, record)


async def record_of(hall: Hall, caller: Caller, job: JobId) -> JobRecord:
    """A job that the caller may see. Raises ApiError 404 for any other."""
    record = await _known(hall, job)
    if record is None or not caller.sees(record.job.tenant, hall.live.rules):
        raise not_found(f"job {job[:64]}")
    return record


def _for_the_eyes_of(caller: Caller, told: Explanation, hall: Hall) -> Explanation:
    """Other tenants' jobs stand in the way without their names."""
    jobs, rules = hall.live.observed.jobs, hall.live.rules
    unseen = {job for job, entry in jobs.items() if not caller.sees(entry.job.tenant, rules)}
    hidden = (replace(r, subject=words.OTHERS) if r.subject in unseen else r for r in told.reasons)
    return replace(told, reasons=tuple(hidden))


async def _known(hall: Hall, job: JobId) -> JobRecord | None:
    if not _JOB_ID.fullmatch(job):
        return None
    try:
        return await hall.live.backend.record(job)
    except KeyError:
        return None


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
    hall.loop.wake()
    return record


async def _waiting_for(hall: Hall, job: Job) -> frozenset[JobId]:
    """Those of the jobs it comes after that are not over. Raises ApiError for an unknown or failed one."""
    waiting = set()
    for name in job.after:
        record = await _known(hall, name)
        if record is None or record.job.tenant != job.tenant:
            own = [entry for entry, e in hall.live.observed.jobs.items() if e.job.tenant == job.tenant]
            raise refused(f"there is no job {name} to come after", nearest(name, own))
        if record.state.final and record.state is not JobState.SUCCEEDED:
            raise refused(f"job {name}, which it would come after, ended as {record.state.value}")
        if not record.state.final:
            waiting.add(name)
    return frozenset(waiting)


async def _changeable(hall: Hall, caller: Caller, job: JobId) -> JobRecord:
    record = await record_of(hall, caller, job)
    if not caller.may_change(record.job, hall.live.rules):
        raise forbidden(f"job {job} belongs to {record.job.user}", "ask them, or an admin of the tenant")
    return record


async def _set_held(hall: Hall, caller: Caller, job: JobId, *, held: bool) -> JobAnswer:
    record = await _changeable(hall, caller, job)
    if record.state is not JobState.PENDING:
        raise ApiError(409, "not-pending", f"job {job} is {record.state.value}", "only waiting jobs are held")
    await hall.live.backend.hold(job, held)
    hall.loop.wake()
    return _answer(hall, await hall.live.backend.record(job))


async def _explained(hall: Hall, job: JobId) -> Explanation:
    """Asked twice: a job that was queued a moment ago reaches the Room with the loop's next turn."""
    try:
        return await hall.live.child().explain(job, hall.live.now())
    except KeyError:
        await hall.loop.ask(_nothing)
        return await hall.live.child().explain(job, hall.live.now())


async def _nothing() -> None:
    """A turn of the loop, and no more."""


def _answer(hall: Hall, record: JobRecord) -> JobAnswer:
    return views.job_answer(record, verdict_of(hall.live, record), hall.live.rules.timezone)

"""Jobs over HTTP: look, cancel, hold, explain, wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from dure.model.job import JobId, TenantId
from dure.model.plan import Code, Explanation
from dure.model.record import JobRecord, JobState
from dure.ports import Refused
from dure.service import explanations, words
from dure.service.anonymous import Eyes, for_the_eyes_of
from dure.service.answers import EvictionAnswer, ExplanationAnswer, JobAnswer, Notes
from dure.service.errors import ApiError, forbidden
from dure.service.evictions import displaced, evicted
from dure.service.hall import Hall, Person, Serving, seen_tenant
from dure.service.identity import Caller
from dure.service.requests import CheckpointRequest, Line
from dure.service.seen_jobs import JobPath, job_answer, known_job, record_of
from dure.turns import in_turns

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_LONGEST_WAIT_S = 300.0

StateName = Literal["pending", "starting", "running", "ending", "succeeded", "failed", "cancelled", "lost"]


@router.get("")
async def list_jobs(
    hall: Serving, caller: Person, state: StateName | None = None, tenant: Line = "",
    all: bool = False, limit: Annotated[int, Query(ge=1, le=100_000)] = 1_000,  # noqa: A002 - its name on the wire
) -> list[JobAnswer]:  # fmt: skip
    """Jobs that the caller may see, the newest last; ended ones only if asked for."""
    wanted = None if state is None else JobState(state)
    if all or tenant or (wanted is not None and wanted.final):
        seen = await _among_all(hall, caller, tenant, wanted, ended=all)
    else:
        seen = await _waiting_or_running(hall, caller, wanted, limit)
    return [job_answer(hall, record) async for record in in_turns(seen[-limit:])]


async def _among_all(
    hall: Hall, caller: Caller, tenant: TenantId, wanted: JobState | None, *, ended: bool
) -> list[JobRecord]:
    records = await hall.live.backend.records()
    seen_tenant(hall, caller, tenant, gone={record.job.tenant for record in records} if tenant else ())
    mine = _visible(hall, caller, {record.job.tenant for record in records})
    return [
        record
        for record in records
        if record.job.tenant in mine
        and tenant in {"", record.job.tenant}
        and (record.state is wanted or (wanted is None and (ended or not record.state.final)))
    ]


async def _waiting_or_running(
    hall: Hall, caller: Caller, wanted: JobState | None, limit: int
) -> list[JobRecord]:
    """The newest of them: a long queue is not read for a short list."""
    hall.listing.follow(hall.live.observed)
    names = hall.listing.newest(_visible(hall, caller, hall.listing.tenants()))
    if wanted not in {None, JobState.PENDING}:
        held = {name for name, entry in hall.live.observed.jobs.items() if entry.attempt}
        names = (name for name in names if name in held)
    records = [await known_job(hall, name) for name in list(islice(names, limit))]
    seen = [r for r in records if r and not r.state.final and wanted in {None, r.state}]
    return seen[::-1]


def _visible(hall: Hall, caller: Caller, tenants: Iterable[TenantId]) -> set[TenantId]:
    """Of these tenants those that the caller sees."""
    return {tenant for tenant in tenants if caller.sees(tenant, hall.live.rules)}


@router.get("/{job}")
async def show(job: JobPath, hall: Serving, caller: Person) -> JobAnswer:
    """One job."""
    return job_answer(hall, await record_of(hall, caller, job))


@router.delete("/{job}")
async def cancel(job: JobPath, hall: Serving, caller: Person) -> JobAnswer:
    """End a running job with grace, or withdraw a waiting one; one that is over is left alone."""
    await _changeable(hall, caller, job)
    await hall.live.backend.end(job, words.cancelled_by(caller.user))
    hall.loop.wake()
    return job_answer(hall, await hall.live.backend.record(job))


@router.post("/{job}/hold")
async def hold(job: JobPath, hall: Serving, caller: Person) -> JobAnswer:
    """Keep a waiting job from starting."""
    return await _set_held(hall, caller, job, held=True)


@router.post("/{job}/release")
async def release(job: JobPath, hall: Serving, caller: Person) -> JobAnswer:
    """Let a held job start again."""
    return await _set_held(hall, caller, job, held=False)


@router.post("/{job}/checkpoint")
async def checkpoint(
    job: JobPath, hall: Serving, caller: Person, body: CheckpointRequest | None = None
) -> JobAnswer:
    """A running job has saved its state: what it did before is not lost should it be evicted."""
    record = await _changeable(hall, caller, job)
    attempt = (body.attempt if body else None) or len(record.attempts)
    try:
        await hall.live.backend.checkpointed(job, attempt, hall.live.now())
    except Refused as refusal:
        raise ApiError(
            409, "not-running", refusal.reason, "only a running attempt makes checkpoints"
        ) from refusal
    hall.loop.wake()
    return job_answer(hall, await hall.live.backend.record(job))


@router.get("/{job}/explain")
async def explain(job: JobPath, hall: Serving, caller: Person) -> ExplanationAnswer:
    """Every reason why a job is where it is."""
    record = await record_of(hall, caller, job)
    try:
        told = await _explained(hall, job)
    except KeyError:  # it ended meanwhile, or long ago
        record = await hall.live.backend.record(job)
        answer = explanations.final_answer(
            job_answer(hall, record), hall.live.now(), hall.live.rules.timezone
        )
    else:
        record = await hall.live.backend.record(job)
        told = await _with_displaced(hall, told, record)
        told = await for_the_eyes_of(caller, told, record.job.tenant, hall)
        about = job_answer(hall, record)
        answer = explanations.explanation_answer(told, record, about, hall.live.rules)
    return answer.model_copy(
        update={"evictions": await _evictions(hall, caller, record), "expected": _expected(hall, record)}
    )


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
    return job_answer(hall, record)


async def _changeable(hall: Hall, caller: Caller, job: JobId) -> JobRecord:
    record = await record_of(hall, caller, job)
    if not caller.may_change(record.job, hall.live.rules):
        raise forbidden(f"job {job} belongs to {record.job.user}", "ask them, or an admin of the tenant")
    return record


async def _set_held(hall: Hall, caller: Caller, job: JobId, *, held: bool) -> JobAnswer:
    record = await _changeable(hall, caller, job)
    if record.state is not JobState.PENDING:
        raise ApiError(409, "not-pending", f"job {job} is {record.state.value}", _instead(record, held=held))
    await hall.live.backend.hold(job, held)
    hall.loop.wake()
    return job_answer(hall, await hall.live.backend.record(job))


def _instead(record: JobRecord, *, held: bool) -> str:
    """What is right for a job that waits no more."""
    if record.state.final:
        return "it is over; submit it again to have it run again"
    if held:
        return f"only a waiting job can be held; to end this one: dure cancel {record.job.id}"
    return "it has started: nothing holds it, and there is nothing to release"


async def _with_displaced(hall: Hall, told: Explanation, record: JobRecord) -> Explanation:
    """What it displaced is in the records of those that left: the planner forgets it when they are gone."""
    codes = {reason.code for reason in told.reasons}
    if record.state is JobState.PENDING or Code.DISPLACED in codes:
        return told
    found = displaced(await hall.live.backend.records(tried=True), record.job.id)
    return replace(told, reasons=(*told.reasons, *found))


async def _evictions(hall: Hall, caller: Caller, record: JobRecord) -> list[EvictionAnswer]:
    eyes = Eyes(hall, caller, record.job.tenant)
    return [
        explanations.eviction_answer(attempt, eviction, await eyes.by(eviction.rule.value, eviction.by))
        for attempt, eviction in evicted(record)
    ]


def _expected(hall: Hall, record: JobRecord) -> Notes:
    estimate = hall.forecasts.of(record.job.id) if record.state is JobState.PENDING else None
    return explanations.expected(estimate, hall.live.now(), hall.live.rules) if estimate else Notes()


async def _explained(hall: Hall, job: JobId) -> Explanation:
    """Asked twice: a job that was queued a moment ago reaches the Room with the loop's next turn."""
    try:
        return await hall.live.child().explain(job, hall.live.now())
    except KeyError:
        await hall.loop.ask(_nothing)
        return await hall.live.child().explain(job, hall.live.now())


async def _nothing() -> None:
    """A turn of the loop, and no more."""

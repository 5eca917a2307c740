"""Estimates over HTTP: when a job would start and what it would cost, without queueing anything."""

from __future__ import annotations

from fastapi import APIRouter

from dure.forecast.estimate import Estimate
from dure.model.instants import Instant
from dure.model.money import MICRO, Money
from dure.model.plan import Explanation
from dure.model.rules import Rules
from dure.service import explanations, views
from dure.service.answers import EstimateAnswer, Notes
from dure.service.hall import Person, Serving
from dure.service.instants import to_wire
from dure.service.requests import JobRequest, Line
from dure.service.submit_api import allowed, asked_for, supposed

router = APIRouter(prefix="/v1/estimate", tags=["jobs"])


@router.post("")
async def estimate(body: JobRequest, hall: Serving, caller: Person, file: Line = "") -> EstimateAnswer:
    """When such a job would start, were it submitted now, and what it would cost; refused as a submit would be.

    A body of type application/yaml is a job file; `file` is its name, for what is said of it.
    """
    del file  # `bodies` has used it
    job, tenant = asked_for(body, hall, caller)
    waiting = await allowed(job, tenant, hall)
    told = await supposed(job, waiting, hall, caller)
    found = await hall.forecasts.one(job, waiting)
    return _answer(told, found, hall.live.now(), hall.live.rules)


def _answer(told: Explanation, found: Estimate | None, now: Instant, rules: Rules) -> EstimateAnswer:
    return EstimateAnswer(
        verdict=next((views.texted(reason, rules.timezone) for reason in told.reasons), None),
        start=views.forecast_answer(found) if found else None,
        cost_low_won=_won(found.cost_low) if found else None,
        cost_high_won=_won(found.cost_high) if found else None,
        as_of=to_wire(found.at if found else now),
        expected=explanations.expected(found, now, rules) if found else Notes(),
    )


def _won(money: Money) -> int:
    """Whole won, halves up: no bill, but what one will be near."""
    return (money.micro + MICRO // 2) // MICRO

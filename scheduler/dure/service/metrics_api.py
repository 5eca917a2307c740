"""Health, readiness and the numbers that Prometheus scrapes."""

from __future__ import annotations

import time
from dataclasses import replace
from importlib.metadata import version

from fastapi import APIRouter, Response

from dure.ledger import SqlLedger
from dure.service.answers import HealthAnswer
from dure.service.errors import unavailable
from dure.service.hall import InHall, Monitor, Serving
from dure.service.metrics_view import room_view, this_month
from dure.telemetry import CONTENT_TYPE, RoomCollector, exposition

router = APIRouter(tags=["operations"])


@router.get("/healthz")
async def healthz() -> HealthAnswer:
    """Whether the process lives."""
    return HealthAnswer(status="ok")


@router.get("/readyz")
async def readyz(hall: InHall) -> HealthAnswer:
    """Whether the room is known and the loop decides."""
    if not hall.live.ready:
        raise unavailable("the server is starting or stopping")
    return HealthAnswer(status="ready")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(hall: Serving, _: Monitor) -> Response:
    """Committed totals of the ledger and the room after its last cycle, for Prometheus."""
    live = hall.live
    view, month, at = await room_view(live), this_month(live), live.now()

    def scraped(ledger: SqlLedger) -> bytes:
        whole = replace(view, cost_estimate=hall.cost.of(ledger, month, time.monotonic()))
        latency = live.stats.latency
        return exposition(RoomCollector(ledger.totals, lambda: whole, lambda: at, latency, version("dure")))

    return Response(await hall.books.read(scraped), media_type=CONTENT_TYPE)

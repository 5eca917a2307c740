"""Health, readiness and the numbers that Prometheus scrapes."""

from __future__ import annotations

from fastapi import APIRouter

from dure.service.answers import HealthAnswer
from dure.service.errors import unavailable
from dure.service.hall import InHall

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

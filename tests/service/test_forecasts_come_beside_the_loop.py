"""Forecasts in a served room: in a child of their own, with their age, and never in the way of anything."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rig.room import ServedRoom, served_room, submit, until, until_state

pytestmark = pytest.mark.slow

GPU = {"cpu": "500m", "memory": "64Mi", "gpu": "a100:1"}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoom]:
    with served_room(tmp_path_factory.mktemp("room")) as served:
        yield served


@pytest.fixture(scope="module")
def bee(room: ServedRoom) -> httpx.Client:
    """A user whose jobs hold every GPU for the next ten minutes, by their limit."""
    client = room.client("bee")
    for _ in range(4):
        until_state(client, submit(client, "sleep", "600", time="10m", **GPU)["id"], "running")
    return client


def forecasting(room: ServedRoom) -> set[int]:
    """The processes that forecast: one for the queue, one for single jobs."""
    assert room.process is not None
    children = Path(f"/proc/{room.process.pid}/task/{room.process.pid}/children").read_text().split()
    return {int(pid) for pid in children if b"forecast_child" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def forecast_of(client: httpx.Client, job: str) -> dict[str, Any]:
    """The forecast in a job's answer, empty while there is none."""
    told: dict[str, Any] = client.get(f"/v1/jobs/{job}").json()["forecast"] or {}
    return told


def minutes_from_now(instant: str, now: str) -> float:
    return (datetime.fromisoformat(instant) - datetime.fromisoformat(now)).total_seconds() / 60


def test_a_waiting_job_has_its_start_with_the_age_of_the_forecast(bee: httpx.Client) -> None:
    """Some minutes from now, as what is in its way has limits; in the explanation too; gone with the job."""
    job = submit(bee, "sleep", "1", time="10m", **GPU)["id"]
    told = until(lambda: forecast_of(bee, job))
    assert told["as_of"] <= told["median"] <= told["p90"]
    assert 1 < minutes_from_now(told["p90"], told["as_of"]) < 60
    explained = bee.get(f"/v1/jobs/{job}/explain").json()
    assert explained["about"]["forecast"]["p90"]
    assert "nine times out of ten by" in explained["expected"]["en"][0]
    assert "열에 아홉" in explained["expected"]["ko"][0]
    bee.delete(f"/v1/jobs/{job}")
    assert not forecast_of(bee, job)


def test_an_estimate_says_start_and_cost_and_queues_nothing(bee: httpx.Client) -> None:
    """The verdict now, half and nine in ten, won by rate card; the same body as a submit, and no job."""
    before = bee.get("/v1/jobs", params={"all": True}).json()
    body = {"command": ["true"], "time": "1h", **GPU}
    told = bee.post("/v1/estimate", json=body)
    assert told.status_code == 200
    answer = told.json()
    assert answer["verdict"]["code"] in {"no-place", "behind", "reserved"}
    assert answer["start"]["median"] <= answer["start"]["p90"]
    assert 1 < minutes_from_now(answer["start"]["p90"], answer["as_of"]) < 60
    hour = 18_000 + 3_600 // 16 + 360_000  # half a core, 64 MiB and an a100, for the hour of its limit
    assert answer["cost_low_won"] <= answer["cost_high_won"] == hour
    assert bee.get("/v1/jobs", params={"all": True}).json() == before


def test_an_estimate_of_what_is_free_starts_at_once(bee: httpx.Client) -> None:
    """A job that needs no GPU finds its place now."""
    told = bee.post("/v1/estimate", json={"command": ["true"], "cpu": "0", "memory": "64Mi"}).json()
    assert told["verdict"]["code"] == "starts-now"
    assert told["start"]["median"] == told["start"]["p90"] == told["as_of"]


@pytest.mark.parametrize(
    ("more", "status"), [({"gpu": "h100:1"}, 403), ({"cpu": "200"}, 403), ({"time": "soon"}, 422)]
)
def test_an_estimate_is_refused_as_a_submit_would_be(
    bee: httpx.Client, more: dict[str, Any], status: int
) -> None:
    """The same refusals, in the same words."""
    body = {"command": ["true"], "cpu": "1", "memory": "64Mi", **more}
    estimate, submitted = bee.post("/v1/estimate", json=body), bee.post("/v1/jobs", json=body)
    assert estimate.status_code == submitted.status_code == status
    assert estimate.json() == submitted.json()


def test_the_child_yields_to_everything_and_is_started_again(room: ServedRoom, bee: httpx.Client) -> None:
    """Both have the lowest priority; killed, the room goes on, and others forecast as before."""
    job = submit(bee, "sleep", "1", time="10m", **GPU)["id"]
    until(lambda: forecast_of(bee, job))
    until(lambda: bee.post("/v1/estimate", json={"command": ["true"], **GPU}).json()["start"])
    children = forecasting(room)
    assert len(children) == 2
    for child in children:
        assert os.getpriority(os.PRIO_PROCESS, child) == 19
        os.kill(child, signal.SIGKILL)
    until_state(bee, submit(bee, "true", cpu="0", memory="64Mi")["id"], "succeeded")
    until(lambda: bee.post("/v1/estimate", json={"command": ["true"], **GPU}).json()["start"])
    assert until(lambda: len(forecasting(room)) == 2)
    assert not forecasting(room) & children
    assert "cycle failed" not in room.log()


def test_a_job_after_another_is_estimated_behind_it(bee: httpx.Client) -> None:
    """It cannot start while the other runs, though there is a place for it."""
    first = bee.get("/v1/jobs", params={"state": "running"}).json()[0]["id"]
    body = {"command": ["true"], "cpu": "0", "memory": "64Mi", "after": [first]}
    told = until(lambda: bee.post("/v1/estimate", json=body).json()["start"])
    assert told["median"] > told["as_of"]

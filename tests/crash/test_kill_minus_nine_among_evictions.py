"""The server is killed again and again while owners displace borrowers; then everything is counted."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dure.ledger import open_ledger
from tests.crash import own_records
from tests.crash.falling import (
    every_job_ran_once_or_says_why_not,
    killed_at,
    killed_at_random,
    ledger_holds,
    same_history,
)
from tests.crash.killing import kill_server_and_children
from tests.crash.workload import Workload
from tests.rig.room import PATIENCE_S, ServedRoom, until_state, write_bundle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

POINTS = ["promised-recorded", "eviction-recorded", "evicted", "before-claimed-start"]
RANDOM_KILLS = 6
CPUS = 8

ROOM = """\
room: crowded
timezone: Asia/Seoul
planning: {memory: 0.5, half_life: 1h, default_time_limit: 10m, grace: 1s, claim_timeout: 10m}
flavors: {}
pools:
  main:
    backend: local
    nodes:
      n1: {cpu: 4, memory: 4Gi}
      n2: {cpu: 4, memory: 4Gi}
"""
TENANTS = """\
tenants:
  owner: {guarantee: {cpu: 6}}
  guest: {}
"""
PRICES = """\
prices:
  opening: {start: 2026-01-01, rates: {cpu: 36_000, memory: 3_600}}
"""
_STAY = 'echo "$DURE_JOB $DURE_ATTEMPT $DURE_TASK" >> "$MARKS"; until [ -e "$RELEASE" ]; do sleep 0.1; done'
_PASS = 'echo "$DURE_JOB $DURE_ATTEMPT $DURE_TASK" >> "$MARKS"; sleep {seconds}'


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ServedRoom]:
    policy = write_bundle(tmp_path / "policy", room=ROOM, tenants=TENANTS, prices=PRICES)
    served = ServedRoom(tmp_path / "data", policy, options=("--check-plans",))
    try:
        yield served
    finally:
        served.close()


def _work(room: ServedRoom, tenant: str, marks: Path, seed: int) -> Workload:
    token = room.client(tenant).headers["Authorization"].removeprefix("Bearer ")
    return Workload(room, token, marks, seed)


def _borrowers(work: Workload, name: str, count: int, release: Path) -> list[dict[str, Any]]:
    """Jobs that stay until they are released, in every attempt."""
    return [_request(work, f"{name}-{n}", _STAY, 1, {"RELEASE": str(release)}) for n in range(count)]


def _owners(work: Workload, name: str, count: int) -> list[dict[str, Any]]:
    """Gangs that pass, of as many tasks as the owner may always have back, or fewer."""
    dice = random.Random(f"{work.seed}{name}")
    return [
        _request(
            work, f"{name}-{n}", _PASS.format(seconds=f"{dice.random():.2f}"), dice.choice((1, 3, 6)), {}
        )
        for n in range(count)
    ]


def _request(work: Workload, key: str, script: str, tasks: int, more: dict[str, str]) -> dict[str, Any]:
    return {
        "command": ["sh", "-c", script], "name": key, "idempotency_key": key, "tasks": tasks, "cpu": "1",
        "memory": "32Mi", "environment": {"MARKS": str(work.marks), **more},
    }  # fmt: skip


def _until_full(room: ServedRoom, guests: Workload) -> None:
    """Wait until borrowers run in all of the room."""
    until = time.monotonic() + 2 * PATIENCE_S
    while time.monotonic() < until:
        jobs = room.admin.get("/v1/jobs").raise_for_status().json()
        if sum(job["state"] == "running" and job["tenant"] == "guest" for job in jobs) == CPUS:
            return
        time.sleep(0.1)
    raise AssertionError(f"borrowers never filled the room: {room.log()}")


def _evicted(data: Path, work: Workload) -> int:
    """How many attempts of these jobs were told to leave, by what stands on disk."""
    told = (data.glob(f"local/*/jobs/{job}/*/end.json") for job in work.ids.values())
    return sum('"rule"' in path.read_text(encoding="utf-8") for found in told for path in found)


def _nothing_is_promised_any_more(room: ServedRoom) -> None:
    ledger = open_ledger(room.data / "ledger.db", read_only=True)
    try:
        made = ledger.control.promises("main")
        assert (made.claims, made.reservations) == ((), ())
    finally:
        ledger.close()


def test_killed_among_evictions_every_job_runs_to_its_end_and_is_metered_to_the_millisecond(
    room: ServedRoom, tmp_path: Path
) -> None:
    """Kills at random instants and at each step of a reclaim; no plan of any server breaks an invariant."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # a failure shows it
    room.start()
    marks, release = tmp_path / "marks", tmp_path / "release"
    marks.touch()
    guests, owners = (_work(room, tenant, marks, seed) for tenant in ("guest", "owner"))
    guests.submit_all(_borrowers(guests, "stay", CPUS + 4, release))
    dice = random.Random(seed)
    for point in POINTS:
        _until_full(room, guests)
        kill_server_and_children(room)
        coming = owners.in_background(_owners(owners, point, 2), pause_s=0.0)
        killed_at(room, point)
        room.start()
        coming.join(5 * PATIENCE_S)
    coming = owners.in_background(_owners(owners, "pass", 16), pause_s=0.5)
    kill_server_and_children(room)
    for _ in range(RANDOM_KILLS):
        killed_at_random(room, dice)
    room.start()
    coming.join(5 * PATIENCE_S)
    release.touch()
    assert len(owners.ids) == 16 + 2 * len(POINTS)
    for job in (*owners.ids.values(), *guests.ids.values()):
        assert until_state(room.admin, job)["state"] in {"succeeded", "failed", "lost"}
    assert _evicted(room.data, guests) >= len(POINTS)
    same_history(room)
    for work in (guests, owners):
        every_job_ran_once_or_says_why_not(room, work)
    assert own_records.unfinished(room.data) == []
    assert room.stop() == 0
    assert own_records.metered(room.data) == own_records.lives(room.data)
    ledger_holds(room)
    _nothing_is_promised_any_more(room)
    assert "BrokenPlan" not in (room.data / "server.log").read_text(errors="replace")

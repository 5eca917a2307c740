"""The server is killed again and again while two hundred jobs come and run; then everything is counted."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dure.ledger import open_ledger
from tests.crash import own_records
from tests.crash.killing import kill_server_and_children
from tests.crash.workload import Workload
from tests.rig.room import PATIENCE_S, ServedRoom, until_state, write_bundle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

POINTS = [
    "job-file-written", "decision-taken", "attempt-written", "forked", "exit-written", "before-commit",
    "after-commit",
]  # fmt: skip
RANDOM_KILLS = 30
JOBS = 200
LONGEST_LIFE_S = 3.0

ROOM = """\
room: crash
timezone: Asia/Seoul
planning: {memory: 0.5, half_life: 1h, default_time_limit: 5m, grace: 1s}
flavors: {}
pools:
  main:
    backend: local
    nodes:
      n1: {cpu: 6, memory: 4Gi}
      n2: {cpu: 6, memory: 4Gi}
"""
TENANTS = """\
tenants:
  ant: {guarantee: {cpu: 2}, projects: [p1]}
  bee: {}
"""
PRICES = """\
prices:
  opening: {start: 2026-01-01, rates: {cpu: 36_000, memory: 3_600}}
"""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ServedRoom]:
    policy = write_bundle(tmp_path / "policy", room=ROOM, tenants=TENANTS, prices=PRICES)
    served = ServedRoom(tmp_path / "data", policy)
    try:
        yield served
    finally:
        served.close()


def _killed_at_random(room: ServedRoom, dice: random.Random) -> None:
    room.launch()
    alive_until = time.monotonic() + dice.uniform(0, LONGEST_LIFE_S)
    assert room.process is not None
    while time.monotonic() < alive_until:
        assert room.process.poll() is None, room.log()
        room._ready(room.process.pid)  # learns the new port as soon as there is one
        time.sleep(0.02)
    kill_server_and_children(room)


def _killed_at(room: ServedRoom, point: str) -> None:
    room.launch(DURE_CRASH_AT=point)
    assert room.process is not None
    until = time.monotonic() + PATIENCE_S
    while room.process.poll() is None:
        assert time.monotonic() < until, f"the server never came to {point}: {room.log()}"
        room._ready(room.process.pid)
        time.sleep(0.02)
    assert room.process.returncode == -9, f"{point}: {room.process.returncode}: {room.log()}"


def _every_job_ran_once_or_says_why_not(room: ServedRoom, work: Workload) -> None:
    runs = work.runs()
    assert max(runs.values()) == 1, "a task ran twice in one attempt"
    for key, job in work.ids.items():
        told = room.admin.get(f"/v1/jobs/{job}").raise_for_status().json()
        ran = {(attempt, task) for (of, attempt, task) in runs if of == job}
        if told["state"] == "succeeded":
            last = {task for attempt, task in ran if attempt == told["attempt"]}
            assert last == set(range(work.asked[key]["tasks"])), (told, ran)
        else:
            assert told["state"] in {"lost", "failed"}, told
            assert told["reason"]["en"], told
        for attempt in {attempt for attempt, _ in ran} - {told["attempt"]}:
            told_why = own_records.why_stopped(room.data, job, attempt)
            assert told_why, f"attempt {attempt} of {job} was left without a word"


def _same_history(room: ServedRoom) -> None:
    told = room.admin.get("/v1/debug/history").raise_for_status().json()
    assert told["live"], "a room with use has a history"
    assert told["live"] == told["rebuilt"]


def _ledger_holds(room: ServedRoom) -> None:
    ledger = open_ledger(room.data / "ledger.db", read_only=True)
    try:
        assert [str(finding) for finding in ledger.check().findings] == []
    finally:
        ledger.close()


def test_killed_at_any_instant_every_job_runs_once_and_is_metered_to_the_millisecond(
    room: ServedRoom, tmp_path: Path
) -> None:
    """Thirty kills at random instants and one at each named point, during two hundred jobs and gangs."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # a failure shows it
    room.start()
    token = room.client("ant").headers["Authorization"].removeprefix("Bearer ")
    work = Workload(room, token, tmp_path / "marks", seed)
    work.marks.touch()
    work.marks.chmod(0o666)
    kill_server_and_children(room)
    submitting = work.in_background(work.requests(JOBS), pause_s=0.05)
    dice = random.Random(seed)
    for _ in range(RANDOM_KILLS):
        _killed_at_random(room, dice)
    for point in POINTS:
        more = work.in_background(work.requests(3, point), pause_s=0.0)
        _killed_at(room, point)
        room.start()
        more.join(PATIENCE_S)
        kill_server_and_children(room)
    room.start()
    submitting.join(5 * PATIENCE_S)
    assert len(work.ids) == JOBS + 3 * len(POINTS)
    assert len(set(work.ids.values())) == len(work.ids), "a key stands for one job"
    for job in work.ids.values():
        until_state(room.admin, job)
    _same_history(room)
    _every_job_ran_once_or_says_why_not(room, work)
    assert own_records.unfinished(room.data) == []
    assert room.stop() == 0
    assert own_records.metered(room.data) == own_records.lives(room.data)
    _ledger_holds(room)

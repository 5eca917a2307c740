"""The server is killed again and again while two hundred jobs come and run; then everything is counted."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

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

POINTS = [
    "job-file-written", "decision-taken", "attempt-written", "forked", "exit-written", "before-commit",
    "after-commit",
]  # fmt: skip
RANDOM_KILLS = 30
JOBS = 200

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
        killed_at_random(room, dice)
    for point in POINTS:
        more = work.in_background(work.requests(3, point), pause_s=0.0)
        killed_at(room, point)
        room.start()
        more.join(PATIENCE_S)
        kill_server_and_children(room)
    room.start()
    submitting.join(5 * PATIENCE_S)
    assert len(work.ids) == JOBS + 3 * len(POINTS)
    assert len(set(work.ids.values())) == len(work.ids), "a key stands for one job"
    for job in work.ids.values():
        until_state(room.admin, job)
    same_history(room)
    every_job_ran_once_or_says_why_not(room, work)
    assert own_records.unfinished(room.data) == []
    assert room.stop() == 0
    assert own_records.metered(room.data) == own_records.lives(room.data)
    ledger_holds(room)

"""A room whose server falls, and what must hold of it afterwards."""

from __future__ import annotations

import random
import time

from dure.ledger import open_ledger
from tests.crash import own_records
from tests.crash.killing import kill_server_and_children
from tests.crash.workload import Workload
from tests.rig.room import PATIENCE_S, ServedRoom

LONGEST_LIFE_S = 3.0


def killed_at_random(room: ServedRoom, dice: random.Random) -> None:
    """Start the server and kill it, with its children, within LONGEST_LIFE_S."""
    room.launch()
    alive_until = time.monotonic() + dice.uniform(0, LONGEST_LIFE_S)
    assert room.process is not None
    while time.monotonic() < alive_until:
        assert room.process.poll() is None, room.log()
        room._ready(room.process.pid)  # learns the new port as soon as there is one
        time.sleep(0.02)
    kill_server_and_children(room)


def killed_at(room: ServedRoom, point: str) -> None:
    """Start the server so that it falls at a named point; it must come there."""
    room.launch(DURE_CRASH_AT=point)
    assert room.process is not None
    until = time.monotonic() + PATIENCE_S
    while room.process.poll() is None:
        assert time.monotonic() < until, f"the server never came to {point}: {room.log()}"
        room._ready(room.process.pid)
        time.sleep(0.02)
    assert room.process.returncode == -9, f"{point}: {room.process.returncode}: {room.log()}"


def every_job_ran_once_or_says_why_not(room: ServedRoom, work: Workload) -> None:
    """Every task of a job that succeeded ran once in its last attempt; every attempt before says why it ended."""
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


def same_history(room: ServedRoom) -> None:
    """Histories as they are live are those that the ledger alone gives."""
    told = room.admin.get("/v1/debug/history").raise_for_status().json()
    assert told["live"], "a room with use has a history"
    assert told["live"] == told["rebuilt"]


def ledger_holds(room: ServedRoom) -> None:
    """Nothing is wrong with the ledger."""
    ledger = open_ledger(room.data / "ledger.db", read_only=True)
    try:
        assert [str(finding) for finding in ledger.check().findings] == []
    finally:
        ledger.close()

import json
import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from dure.ledger import open_ledger
from tests.rig.room import PATIENCE_S, ServedRoom, submit, until_state

pytestmark = pytest.mark.slow


def room_child(room: ServedRoom) -> int:
    """The process id of the server's one child: its Room."""
    assert room.process is not None
    children = Path(f"/proc/{room.process.pid}/task/{room.process.pid}/children").read_text().split()
    named = [pid for pid in children if b"room_child" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(named) == 1
    return int(named[0])


def until_gone(pid: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until, f"process {pid} is still there"
        time.sleep(0.02)


def same_history(room: ServedRoom) -> None:
    """Live histories equal those rebuilt from the ledger, to the last bit."""
    told = room.admin.get("/v1/debug/history").raise_for_status().json()
    assert told["live"] == told["rebuilt"]
    assert told["equal"]
    assert told["live"], "a room with use has a history"


def whole_ledger(room: ServedRoom) -> None:
    ledger = open_ledger(room.data / "ledger.db", read_only=True)
    try:
        assert [str(finding) for finding in ledger.check().findings] == []
    finally:
        ledger.close()


def test_running_jobs_go_on_while_the_server_restarts(fresh_room: ServedRoom) -> None:
    """A server told to stop leaves jobs running; the next one adopts them, and nothing is metered twice."""
    ant = fresh_room.client("ant")
    token = {"Authorization": ant.headers["Authorization"]}
    done = submit(ant, "sleep", "0.3", cpu="1", memory="64Mi")["id"]
    until_state(ant, done)
    runs = submit(ant, "sh", "-c", "sleep 3; echo survived", cpu="1", memory="64Mi")["id"]
    until_state(ant, runs, "running")
    waits = submit(ant, "true", cpu="1", memory="64Mi", hold=True)["id"]
    child = room_child(fresh_room)
    assert fresh_room.stop() == 0
    until_gone(child)
    assert not (fresh_room.data / "server.json").exists()
    fresh_room.start()
    again = httpx.Client(base_url=fresh_room.url, headers=token, timeout=60, trust_env=False)
    assert until_state(again, runs)["state"] == "succeeded"
    assert again.get(f"/v1/jobs/{runs}/logs").text == "survived\n"
    assert again.get(f"/v1/jobs/{done}").json()["state"] == "succeeded"
    assert again.get(f"/v1/jobs/{waits}").json()["held"]
    again.close()
    same_history(fresh_room)
    assert fresh_room.stop() == 0
    whole_ledger(fresh_room)


def test_a_server_killed_with_9_loses_nothing(fresh_room: ServedRoom) -> None:
    """After kill -9 the Room child is gone with its server, jobs ran on, and their true times are metered."""
    ant = fresh_room.client("ant")
    jobs = [submit(ant, "sleep", "1", cpu="1", memory="64Mi")["id"] for _ in range(4)]
    until_state(ant, jobs[0], "running")
    child = room_child(fresh_room)
    fresh_room.kill()
    until_gone(child)
    fresh_room.start()
    for job in jobs:
        assert until_state(fresh_room.admin, job)["state"] == "succeeded"
    same_history(fresh_room)
    rows = fresh_room.admin.get("/v1/usage").json()["rows"]
    assert {row["resource"] for row in rows} == {"cpu", "memory"}
    assert fresh_room.stop() == 0
    whole_ledger(fresh_room)


def test_a_room_child_that_dies_is_started_again(fresh_room: ServedRoom) -> None:
    """The server goes on without its Room child and begins a new one with the same histories."""
    ant = fresh_room.client("ant")
    until_state(ant, submit(ant, "sleep", "0.3", cpu="4", memory="64Mi")["id"])
    same_history(fresh_room)
    child = room_child(fresh_room)
    os.kill(child, signal.SIGKILL)
    until_gone(child)
    assert until_state(ant, submit(ant, "true", cpu="1", memory="64Mi")["id"])["state"] == "succeeded"
    assert room_child(fresh_room) != child
    same_history(fresh_room)


def test_a_second_server_waits_for_the_first(fresh_room: ServedRoom) -> None:
    """Only one server serves a data directory: the next says that it waits, and begins when it may."""
    assert fresh_room.process is not None
    second = ServedRoom(fresh_room.data, fresh_room.policy)
    second.launch()
    until = time.monotonic() + PATIENCE_S
    while "waiting for it to end" not in fresh_room.log():
        assert time.monotonic() < until
        time.sleep(0.05)
    assert json.loads((fresh_room.data / "server.json").read_text())["pid"] == fresh_room.process.pid
    try:
        assert fresh_room.stop() == 0
        second.until_ready()
    finally:
        second.close()
    assert second.process is not None
    assert second.process.returncode == 0


def test_a_bundle_that_cannot_be_served_ends_with_2(tmp_path: Path) -> None:
    """Without a good bundle there is no room: the findings are told, and the exit code is that of bad input."""
    served = ServedRoom(tmp_path / "data", tmp_path / "nothing")
    served.launch()
    assert served.process is not None
    assert served.process.wait(PATIENCE_S) == 2
    assert "Traceback" not in served.log()
    assert "room.yaml" in served.log()

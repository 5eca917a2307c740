"""A served room with `--check-plans`: a borrower fills it, the owner comes, and both get their due."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dure.ledger import open_ledger
from dure.model.instants import Interval
from dure.model.use import Slice, State
from tests.rig.room import ServedRoom, submit, until_state, write_bundle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOM = """\
room: shared
timezone: Asia/Seoul
planning: {default_time_limit: 5m, grace: 3s, claim_timeout: 1m}
flavors: {a100: {value: 1}}
pools:
  main:
    backend: local
    nodes:
      n1: {cpu: 4, memory: 4Gi, gpus: {a100: 4}}
"""
TENANTS = """\
tenants:
  owner: {guarantee: {cpu: 2, gpus: {a100: 2}}}
  guest: {}
"""
FOUR = {"cpu": "4", "memory": "256Mi", "gpu": "a100:4"}
TWO = {"cpu": "2", "memory": "64Mi", "gpu": "a100:2"}
UNTIL_TOLD = (
    'trap \'echo "told $DURE_ATTEMPT" >> "$MARKS"; sleep 1; exit 0\' TERM; echo "up $DURE_ATTEMPT" >> "$MARKS"; '
    '[ "$DURE_ATTEMPT" -gt 1 ] || while :; do sleep 0.05; done; echo "done $DURE_ATTEMPT" >> "$MARKS"'
)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ServedRoom]:
    policy = write_bundle(tmp_path / "policy", room=ROOM, tenants=TENANTS)
    served = ServedRoom(tmp_path / "data", policy, options=("--check-plans",))
    try:
        served.start()
        yield served
    finally:
        served.close()


def _until_marked(room: ServedRoom, client: httpx.Client, job: str, marks: Path, text: str) -> None:
    until_state(client, job, "running", "ending", "succeeded", "failed")
    for _ in range(2_000):
        if marks.exists() and text in marks.read_text():
            return
        client.get(f"/v1/jobs/{job}/wait", params={"timeout": 0.05})
    raise AssertionError(f"{text} was never marked: {room.log()}")


def _no_plan_was_broken(room: ServedRoom) -> None:
    loop = room.admin.get("/v1/room").raise_for_status().json()["loop"]
    assert loop["failures"] == 0, room.log()


def _slices(room: ServedRoom) -> tuple[list[Slice], list[Slice]]:
    """What tenants used and what the planner's account says, of devices; the whole ledger must hold."""
    ledger = open_ledger(room.data / "ledger.db", read_only=True)
    try:
        assert [str(finding) for finding in ledger.check().findings] == []
        every = Interval(0, 2**52)
        used, states = ledger.slices(every), ledger.states(every)
        return [one for one in used if one.devices], [one for one in states if one.resource == "gpu:a100"]
    finally:
        ledger.close()


def test_the_borrower_is_told_leaves_and_finishes_later(room: ServedRoom, tmp_path: Path) -> None:
    """SIGTERM with grace; the owner runs in its place; the borrower runs again and ends well; the ledger holds."""
    marks = tmp_path / "marks"
    guest, owner = room.client("guest", "lee"), room.client("owner")
    borrower = submit(
        guest, "sh", "-c", UNTIL_TOLD, name="borrower", environment={"MARKS": str(marks)}, **FOUR
    )
    _until_marked(room, guest, borrower["id"], marks, "up 1")
    mine = submit(owner, "sh", "-c", "sleep 1", name="mine", **TWO)
    done = until_state(owner, mine["id"])
    assert (done["state"], done["attempt"]) == ("succeeded", 1)
    again = until_state(guest, borrower["id"])
    assert (again["state"], again["attempt"]) == ("succeeded", 2)
    assert marks.read_text().split("\n")[:-1] == ["up 1", "told 1", "up 2", "done 2"]
    _no_plan_was_broken(room)
    assert room.stop() == 0
    used, states = _slices(room)
    grace = sorted((s.start, s.end) for s in used if s.job == borrower["id"] and s.grace)
    assert grace, "use after the telling is marked"
    assert sum(end - start for start, end in grace) >= 1_000
    left = max(end for _, end in grace)
    began = min(s.start for s in used if s.job == mine["id"])
    assert left <= began
    kept = [s for s in states if s.state is State.VACATING]
    assert all(left <= s.start and s.end <= began and s.amount == 2 for s in kept)


def test_who_is_evicted_stays_so_through_a_restart(room: ServedRoom, tmp_path: Path) -> None:
    """Killed while the borrower is on its way out, the server goes on: the claim stands against all others."""
    marks = tmp_path / "marks"
    slow = UNTIL_TOLD.replace("sleep 1;", "sleep 2.5;")
    guest, owner = room.client("guest", "lee"), room.client("owner")
    guest_token, owner_token = (c.headers["Authorization"].removeprefix("Bearer ") for c in (guest, owner))
    borrower = submit(guest, "sh", "-c", slow, name="borrower", environment={"MARKS": str(marks)}, **FOUR)
    _until_marked(room, guest, borrower["id"], marks, "up 1")
    mine = submit(owner, "sh", "-c", "sleep 0.5", name="mine", **TWO)
    _until_marked(room, guest, borrower["id"], marks, "told 1")
    room.kill()
    room.start()
    guest, owner = room.with_token(guest_token), room.with_token(owner_token)
    thief = submit(guest, "true", name="thief", **{**TWO, "gpu": "a100:3"})
    assert until_state(owner, mine["id"])["attempt"] == 1
    for job in (borrower, thief):
        assert until_state(guest, job["id"])["state"] == "succeeded"
    assert marks.read_text().split("\n")[:-1] == ["up 1", "told 1", "up 2", "done 2"]
    _no_plan_was_broken(room)
    assert room.stop() == 0
    used, _ = _slices(room)
    first = {job["name"]: min(s.start for s in used if s.job == job["id"]) for job in (mine, thief)}
    assert first["mine"] <= first["thief"]

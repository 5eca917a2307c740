"""A served room in which a demo day goes on: what it keeps for its tenants is reserved, not idle."""

from collections import defaultdict
from pathlib import Path

import pytest

from dure.ledger import open_ledger
from dure.model.instants import Interval
from dure.model.use import State
from tests.rig.room import ServedRoom, submit, until_state, write_bundle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CALENDAR = """\
calendar:
  Demo day:
    start: 2026-01-01
    end: 2099-01-01
    tenants: [bee]
    resources: {gpus: {a100: 2}}
"""


def test_devices_that_an_entry_keeps_are_reserved(tmp_path: Path) -> None:
    """Two of four devices at every instant, while jobs of others come and go beside them; the accounts hold."""
    policy = write_bundle(tmp_path / "policy")
    (policy / "calendar.yaml").write_text(CALENDAR, encoding="utf-8")
    room = ServedRoom(tmp_path / "data", policy, options=("--check-plans",))
    try:
        room.start()
        ant = room.client("ant")
        job = submit(ant, "sleep", "0.5", gpu="a100:1", cpu="1")
        assert until_state(ant, job["id"])["state"] == "succeeded"
        assert room.stop() == 0
    finally:
        room.close()
    ledger = open_ledger(room.data / "ledger.db", read_only=True)
    try:
        assert [str(finding) for finding in ledger.check().findings] == []
        every = Interval(0, 2**52)
        devices = [s for s in ledger.states(every) if s.resource == "gpu:a100"]
        used = [s for s in ledger.slices(every) if s.job == job["id"] and s.devices]
    finally:
        ledger.close()
    time_in = defaultdict[State, int](int)
    for each in devices:
        time_in[each.state] += each.amount * (each.end - each.start)
    whole = (sum(time_in.values()) + sum(s.end - s.start for s in used)) // 4
    assert time_in[State.RESERVED] == 2 * whole
    assert time_in[State.IDLE] > 0

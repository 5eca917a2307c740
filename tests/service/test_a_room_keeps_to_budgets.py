"""A served room in which a tenant has spent its month: what its budget says then holds, and is shown."""

from pathlib import Path

import pytest

from tests.rig.room import ServedRoom, submit, until_state, write_bundle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TENANTS = """\
tenants:
  thrifty: {budget: {monthly: 1, warn: never, hold: 100}}
  free: {}
"""
LATER = TENANTS.replace("hold: 100", "warn: 50").replace("warn: never, ", "")


def _budget_state(room: ServedRoom) -> str:
    told = room.admin.get("/metrics").raise_for_status().text.splitlines()
    return next(line for line in told if line.startswith("dure_tenant_budget_state{")).rpartition(" ")[2]


def test_who_has_spent_the_month_starts_nothing_until_policy_says_otherwise(tmp_path: Path) -> None:
    """Judged at a start from the ledger; others go on; new rules are judged at once."""
    policy = write_bundle(tmp_path / "policy", tenants=TENANTS)
    room = ServedRoom(tmp_path / "data", policy)
    try:
        room.start()
        thrifty, free = room.client("thrifty"), room.client("free")
        tokens = [client.headers["Authorization"].removeprefix("Bearer ") for client in (thrifty, free)]
        spent = submit(thrifty, "sleep", "0.5", cpu="4")
        assert until_state(thrifty, spent["id"])["state"] == "succeeded"
        assert _budget_state(room) == "0.0"
        assert room.stop() == 0
        room.start()
        thrifty, free = (room.with_token(token) for token in tokens)
        waits, runs = submit(thrifty, "true"), submit(free, "true")
        assert until_state(free, runs["id"])["state"] == "succeeded"
        held = thrifty.get(f"/v1/jobs/{waits['id']}").json()
        assert (held["state"], held["reason"]["code"]) == ("pending", "budget")
        assert _budget_state(room) == "3.0"
        why = thrifty.get(f"/v1/jobs/{waits['id']}/explain").json()["reasons"][0]
        assert (why["code"], why["subject"]) == ("budget", "held:thrifty")
        assert why["numbers"]["budget"] == 1
        assert why["numbers"]["forecast"] >= why["numbers"]["spent"]
        assert why["numbers"]["percent"] >= why["numbers"]["step"] == 100
        assert "Of 1 won" in why["en"]
        write_bundle(policy, tenants=LATER)
        room.admin.post("/v1/policy/reload").raise_for_status()
        assert until_state(thrifty, waits["id"])["state"] == "succeeded"
        assert _budget_state(room) == "1.0"
    finally:
        room.close()

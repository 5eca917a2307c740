from pathlib import Path

import pytest

from tests.rig.room import ServedRoom, served_room, submit, until_state

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def _states(room: ServedRoom) -> dict[str, str]:
    nodes = room.admin.get("/v1/room").raise_for_status().json()["nodes"]
    return {node["id"]: node["state"] for node in nodes}


def test_a_drained_node_is_drained_after_kill_minus_nine_until_it_is_returned(tmp_path: Path) -> None:
    """It is kept beside the ledger: the new server starts nothing there, and one that returned it does."""
    with served_room(tmp_path) as room:
        room.admin.post("/v1/nodes/n1/drain").raise_for_status()
        room.kill()
        room.start()
        assert _states(room) == {"n1": "draining", "n2": "up"}
        ant = room.client("ant")
        jobs = [submit(ant, "true", cpu="2") for _ in range(3)]
        assert [until_state(ant, job["id"])["nodes"] for job in jobs] == [["n2"]] * 3
        room.admin.post("/v1/nodes/n1/return").raise_for_status()
        room.kill()
        room.start()
        assert _states(room) == {"n1": "up", "n2": "up"}

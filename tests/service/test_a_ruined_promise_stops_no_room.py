import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.rig.room import served_room, submit, until_state

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_the_room_decides_anew(tmp_path: Path) -> None:
    """Whatever stands where the promises of the last server stood, the next one says so and goes on."""
    with served_room(tmp_path) as room:
        room.kill()
        with closing(sqlite3.connect(room.data / "ledger.db")) as plain, plain:
            plain.execute("INSERT OR REPLACE INTO promises VALUES ('main', 1, 'ruined')")
        room.start()
        ant = room.client("ant")
        assert until_state(ant, submit(ant, "true")["id"])["state"] == "succeeded"
        assert "cannot be read" in room.log()

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dure.ledger import open_ledger
from dure.model.instants import MINUTE
from tests.ledger.small_room import POOL, RULES, T0, SmallRoom

ROOT = Path(__file__).resolve().parents[2]

ONE_BATCH = """
import sys
from dure.ledger import open_ledger
from tests.ledger.small_room import POOL, RULES, T0, SmallRoom

ledger = open_ledger(sys.argv[1])
ledger.record_policy(T0, RULES.version, RULES)
told = next(SmallRoom().tell())
ledger.ingest("local", POOL, told.watermark, told.slices, told.planner, told.capacity)
print("not reached")
"""


def die_at(point: str, path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ONE_BATCH, str(path)],
        cwd=ROOT,
        env={**os.environ, "DURE_CRASH_AT": point, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert "not reached" not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("point", "stands"), [("before-commit", False), ("after-commit", True)])
def test_killed_around_the_commit(path: Path, point: str, stands: bool) -> None:
    """Slices, totals and cursor stand together or not at all, and the batch sent again makes it whole."""
    die_at(point, path)
    ledger = open_ledger(path)
    told = next(SmallRoom().tell())
    written = len(told.slices) + len(told.planner)
    assert ledger.watermark("local", POOL) == (T0 + MINUTE if stands else None)
    assert bool(ledger.totals().states) is stands
    assert bool(ledger.capacity()) is stands
    again = ledger.ingest("local", POOL, told.watermark, told.slices, told.planner, told.capacity)
    assert (again.new, again.known) == ((0, written) if stands else (written, 0))
    assert ledger.check().findings == ()
    assert ledger.policies() == ((T0, RULES),)
    ledger.close()

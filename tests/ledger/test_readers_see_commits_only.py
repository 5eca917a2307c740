import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from dure.ledger import LedgerUnusable, SqlLedger, open_ledger
from dure.model.instants import MINUTE, Interval
from tests.ledger.small_room import POOL, RULES, T0, SmallRoom

ROOT = Path(__file__).resolve().parents[2]
ALL = Interval(T0 - MINUTE, T0 + 10_000 * MINUTE)

READ_ON = """
import sys
from dure.ledger import open_ledger

ledger = open_ledger(sys.argv[1], read_only=True)
seen = set()
print("reading", flush=True)
while len(seen) < int(sys.argv[2]):
    totals = ledger.totals()
    cpu = sum(n for (state, resource), n in totals.states.items() if resource == "cpu")
    minutes, rest = divmod(cpu, 6_000 * 60_000)
    mark = max(totals.watermarks.values(), default=0)
    assert rest == 0 and (mark - int(sys.argv[3])) == minutes * 60_000, (cpu, mark)
    assert ledger.check().findings == ()
    seen.add(minutes)
print("saw", len(seen))
"""


@pytest.mark.slow
def test_another_process_reads_whole_batches_while_the_writer_writes(ledger: SqlLedger, path: Path) -> None:
    """A reader is never blocked and never sees a batch in part: totals, cursor and rows are of one commit."""
    ledger.record_policy(T0, RULES.version, RULES)
    batches = list(SmallRoom(minutes=60).tell())
    first = batches.pop(0)
    ledger.ingest("local", POOL, first.watermark, first.slices, first.planner, first.capacity)
    with subprocess.Popen(
        [sys.executable, "-c", READ_ON, str(path), "3", str(T0)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
        for told in batches:
            ledger.ingest("local", POOL, told.watermark, told.slices, told.planner, told.capacity)
            if reader.poll() is not None:
                break
        out, err = reader.communicate(timeout=60)
    assert (reader.returncode, out) == (0, "saw 3\n"), err


def test_a_read_begun_before_a_commit_does_not_see_it(filled: SqlLedger, path: Path) -> None:
    """An iteration over slices is of one moment, however long it takes."""
    reader = open_ledger(path, read_only=True)
    before = list(reader.slices(ALL))
    slow = reader.slices(ALL)
    read = [next(slow)]
    extra = list(SmallRoom(minutes=6).tell())[-1]
    assert filled.ingest("local", POOL, extra.watermark, extra.slices, extra.planner).new > 0
    assert [*read, *slow] == before
    assert len(list(reader.slices(ALL))) > len(before)
    reader.close()


def test_a_reader_can_change_nothing(filled: SqlLedger, path: Path) -> None:
    """Opened to be read, the file itself refuses."""
    reader = open_ledger(path, read_only=True)
    with pytest.raises(LedgerUnusable, match="read only"):
        reader.ingest("local", POOL, T0, [])
    with reader.database.read() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM cursors")
    reader.close()


def test_the_ledger_is_read_with_its_server_down(path: Path) -> None:
    """After a clean end it is one file; after a kill its log beside it is read as well."""
    ledger = SmallRoom(minutes=1).fill(open_ledger(path))
    totals = ledger.totals()
    ledger.close()
    assert [file.name for file in path.parent.iterdir()] == ["ledger.db"]
    reader = open_ledger(path, read_only=True)
    assert reader.totals() == totals
    reader.close()


def test_the_database_keeps_its_promises(ledger: SqlLedger) -> None:
    """Write-ahead log, every commit on disk, references held, and writers that wait for each other."""
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    with ledger.database.write() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
    assert found == wanted


def test_a_backup_is_one_moment_and_never_overwrites(filled: SqlLedger, path: Path) -> None:
    """A copy is made while the ledger is open; it holds together and is for its owner only."""
    target = path.with_name("copy.db")
    filled.backup(target)
    copy = open_ledger(target, read_only=True)
    assert copy.check().findings == ()
    assert copy.totals() == filled.totals()
    copy.close()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        filled.backup(target)


@pytest.mark.parametrize("name", ["a b.db", "50%.db", "what?.db", "#1.db", "원장.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    """The path is a path, whatever signs it has, and tokens lie in it: nobody else may read it."""
    path = tmp_path / name
    SmallRoom(minutes=1).fill(open_ledger(path)).close()
    reader = open_ledger(f"sqlite:///{path}", read_only=True)
    assert reader.check().findings == ()
    reader.close()
    files = list(tmp_path.iterdir())
    assert all(file.name.startswith(name) for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_another_database_is_refused_by_name() -> None:
    """What is not supported is said, and not taken for a file name."""
    with pytest.raises(LedgerUnusable, match="postgresql is not supported"):
        open_ledger("postgresql://localhost/dure")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong data directory is one clear error, and nothing is made."""
    with pytest.raises(LedgerUnusable, match="No such file or directory"):
        open_ledger(tmp_path / "gone" / "ledger.db")


def test_a_form_that_this_version_does_not_know_is_left_alone(ledger: SqlLedger, path: Path) -> None:
    """A newer version's ledger is neither read wrongly nor changed."""
    ledger.close()
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("UPDATE alembic_version SET version_num = '9999'")
        plain.commit()
    for read_only in (True, False):
        with pytest.raises(LedgerUnusable, match="9999"):
            open_ledger(path, read_only)

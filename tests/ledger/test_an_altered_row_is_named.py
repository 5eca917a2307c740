import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from dure.ledger import chain, open_ledger
from dure.ledger.tables import metadata
from dure_cli.local.ledger import ledger as command
from tests.ledger.small_room import MONTH, POOL, T0, SmallRoom

MUTATIONS = 200
FORGERIES = 60

UNITS = {
    "slices": ("start_ms", "end_ms", "amount", "devices"),
    "states": ("start_ms", "end_ms", "amount"),
    "charges": ("micro", "quantity"),
}
"""One unit of these columns is 1 ms, 1 millicore, MiB or device, 1 micro-won, or 1 amount x ms; of a list
of devices one device more or less, or one number off by one.
"""


class Change(NamedTuple):
    """One column of one row, as it was written and as it is altered."""

    table: str
    column: str
    number: int
    written: object
    altered: object


@pytest.fixture(scope="session")
def booked_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of a few minutes with its charges booked twice over; nobody has it open."""
    file = tmp_path_factory.mktemp("booked") / "ledger.db"
    ledger = SmallRoom(seed=7, minutes=2).fill(open_ledger(file))
    ledger.book(T0 + 70_000)
    ledger.book()
    assert ledger.check().findings == ()
    ledger.close()
    return file


@pytest.fixture
def file(booked_file: Path, path: Path) -> Path:
    shutil.copy(booked_file, path)
    return path


def drop_triggers(plain: sqlite3.Connection) -> None:
    for (trigger,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        plain.execute(f"DROP TRIGGER {trigger}")


def alter(file: Path, table: str, column: str, number: int, value: object) -> None:
    """Change one column of one row by force: the triggers are dropped first."""
    with closing(sqlite3.connect(file)) as plain:
        plain.execute("PRAGMA synchronous = OFF")
        drop_triggers(plain)
        plain.execute(f"UPDATE {table} SET {column} = ? WHERE seq = ?", [value, number])
        plain.commit()


def findings(file: Path) -> list[str]:
    ledger = open_ledger(file, read_only=True)
    try:
        return [str(finding) for finding in ledger.check().findings]
    finally:
        ledger.close()


def rows_of(file: Path, table: str) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(file)) as plain:
        plain.row_factory = sqlite3.Row
        return plain.execute(f"SELECT * FROM {table} ORDER BY seq").fetchall()


def other_devices(written: str) -> list[str]:
    """The list with one device more, one less, and each number in turn one off."""
    devices = [int(part) for part in written.split(",")]
    lists = [[*devices, devices[-1] + 1], devices[:-1]]
    for place, device in enumerate(devices):
        lists += [[*devices[:place], device + by, *devices[place + 1 :]] for by in (-1, 1)]
    return [",".join(map(str, made)) for made in lists]


def mutation(file: Path, rng: random.Random) -> Change:
    """One unit in one row, of a column that has something in it."""
    table = rng.choice(tuple(UNITS))
    column = rng.choice(UNITS[table])
    row = rng.choice([row for row in rows_of(file, table) if row[column] != ""])
    written = row[column]
    if column == "devices":
        return Change(table, column, row["seq"], written, rng.choice(other_devices(written)))
    altered = int(written) + rng.choice((-1, 1))
    return Change(table, column, row["seq"], written, type(written)(altered))


def test_one_unit_in_one_random_row_never_goes_unseen(file: Path) -> None:
    """Whichever row of either account or of the charges changes by one unit, the check fails and names it."""
    reader, rng = open_ledger(file, read_only=True), random.Random(1)
    for change in [mutation(file, rng) for _ in range(MUTATIONS)]:
        alter(file, *change[:3], change.altered)
        found = [str(finding) for finding in reader.check().findings]
        assert any(f"{change.table} #{change.number}" in line for line in found), (change, found)
        alter(file, *change[:3], change.written)
    assert reader.check().findings == ()
    reader.close()


def forge(file: Path) -> None:
    """Work every digest out again, as one could who knows how they are made."""
    ledger = open_ledger(file)
    with ledger.database.write() as connection:
        for name in UNITS:
            table = metadata.tables[name]
            before = chain.START
            for row in connection.execute(table.select().order_by(table.c.seq)).all():
                before = chain.digest(table, before, row._asdict())
                connection.execute(table.update().where(table.c.seq == row.seq).values(digest=before))
            connection.exec_driver_sql(f"UPDATE heads SET digest = '{before}' WHERE name = '{name}'")
    ledger.close()


def tells(change: Change) -> bool:
    """Whether the accounts hold what was altered.

    A list of devices that became another free one, or none at all, only its digest tells.
    """
    if change.column != "devices":
        return True
    written, altered = (str(text).split(",") for text in (change.written, change.altered))
    return altered != [""] and (
        len(altered) != len(written) or len(set(altered)) < len(altered) or not set(altered) <= {"0", "1"}
    )


def test_even_with_forged_digests_the_accounts_disagree(file: Path) -> None:
    """The accounts and the money hold each other: a row altered with its digests is still found by its key."""
    rng = random.Random(2)
    changes = [change for change in (mutation(file, rng) for _ in range(2 * FORGERIES)) if tells(change)]
    for change in changes[:FORGERIES]:
        alter(file, *change[:3], change.altered)
        forge(file)
        row = rows_of(file, change.table)[change.number - 1]
        name = (
            row["tenant"] if change.table == "charges" else f"{row['uid']}/{row['attempt']}/{row['resource']}"
        )
        found = findings(file)
        assert any(name in line for line in found), (change, found)
        alter(file, *change[:3], change.written)
    forge(file)
    assert findings(file) == []


@pytest.mark.parametrize("table", ["slices", "states", "charges", "capacity", "policies", "bookings"])
@pytest.mark.parametrize("last", [True, False])
def test_a_removed_row_is_missed(file: Path, table: str, last: bool) -> None:
    """A row taken out by force is noticed, wherever it stood."""
    numbers = [row["seq"] for row in rows_of(file, table)]
    number = numbers[-1] if last else numbers[0]
    alter(file, table, "seq", number, number)
    with closing(sqlite3.connect(file)) as plain:
        plain.execute(f"DELETE FROM {table} WHERE seq = {number}")
        plain.commit()
    assert any(line.startswith(f"{table} #") for line in findings(file))


def test_an_altered_total_or_cursor_is_named(file: Path) -> None:
    """What moves is held as well: by the sums of the rows, and by the accounts that must reach the watermark."""
    for change, named in (
        (
            "totals SET total = total + 1 WHERE kind='use' AND who='acme' AND resource='cpu'",
            "total use/acme/cpu",
        ),
        ("cursors SET watermark_ms = watermark_ms + 1", f"watermark {POOL}"),
        (
            "totals SET total = 'many' WHERE kind='use' AND who='bolt' AND resource='cpu'",
            "total use/bolt/cpu",
        ),
    ):
        with closing(sqlite3.connect(file)) as plain:
            plain.execute(f"UPDATE {change}")
            plain.commit()
        assert any(named in line for line in findings(file)), change


@pytest.mark.parametrize(
    "ruin",
    [
        "UPDATE slices SET state = 'asleep' WHERE seq = 3",
        "UPDATE slices SET devices = 'left' WHERE seq = 3",
        "UPDATE states SET corrects = '[1]' WHERE seq = 3",
        "UPDATE capacity SET content = '{' WHERE seq = 1",
        "UPDATE policies SET content = '[]' WHERE seq = 1",
        "UPDATE charges SET quantity = 'much' WHERE seq = 1",
        "UPDATE charges SET micro = 'none' WHERE seq = 1",
        "UPDATE slices SET amount = 'few' WHERE seq = 3",
        "UPDATE slices SET end_ms = x'00' WHERE seq = 3",
        "UPDATE bookings SET until_ms = 'soon' WHERE seq = 2",
        "UPDATE totals SET who = who || '?'",
    ],
)
def test_a_row_that_is_no_value_any_more_is_a_finding_not_a_fault(file: Path, ruin: str) -> None:
    """However a row was ruined, the check still says what it found."""
    table = ruin.split()[1]
    with closing(sqlite3.connect(file)) as plain:
        plain.execute("PRAGMA ignore_check_constraints = ON")
        drop_triggers(plain)
        plain.execute(ruin)
        plain.commit()
    found = findings(file)
    assert any(table.removesuffix("s") in line for line in found), found


def test_the_command_says_ok_with_counts_or_every_finding(file: Path) -> None:
    """It works on the file alone; findings go to stderr, one a line, and end it with 1."""
    run = CliRunner().invoke
    good = run(command, ["check", "--data", str(file.parent)])
    assert good.exit_code == 0
    assert "ok: " in good.stdout
    assert f"{len(rows_of(file, 'slices'))} slices" in good.stdout
    alter(file, "slices", "end_ms", 1, rows_of(file, "slices")[0]["end_ms"] + 1)
    bad = run(command, ["check", "--data", str(file.parent)])
    assert bad.exit_code == 1
    assert bad.stdout == ""
    assert "slices #1; " in bad.stderr
    assert bad.stderr.count("\n") == len(findings(file)) + 1


@pytest.mark.parametrize(
    "content", [None, b"", b"not a database, but long enough to be read as a header" * 9]
)
def test_what_is_no_ledger_is_one_clear_error(tmp_path: Path, content: bytes | None) -> None:
    """No traceback, exit 2, and nothing is made where nothing was."""
    if content is not None:
        (tmp_path / "ledger.db").write_bytes(content)
    before = sorted(tmp_path.iterdir())
    done = CliRunner().invoke(command, ["check", "--data", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stderr.startswith("dure: ")
    assert done.stderr.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_months_charges_are_those_of_the_bill(file: Path) -> None:
    """What was booked in two steps is what the month's use comes to at once."""
    ledger = open_ledger(file, read_only=True)
    booked = ledger.booked(MONTH)
    lines = [line for s in (*ledger.bill(MONTH).statements, ledger.bill(MONTH).absorbed) for line in s.lines]
    assert sum(line.charge.amount.micro for line in lines) == sum(c.amount.micro for c in booked) > 0
    assert {line.charge for line in lines} == set(booked)
    ledger.close()

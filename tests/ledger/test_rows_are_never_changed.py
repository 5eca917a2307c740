import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dure.ledger import SqlLedger
from dure.ledger.tables import APPEND_ONLY

NAMES = [table.name for table in APPEND_ONLY]


@pytest.fixture
def full(filled: SqlLedger, path: Path) -> Path:
    """A ledger with at least one row in every append-only table."""
    with closing(sqlite3.connect(path)) as plain:
        for name in NAMES:
            columns = [row[1] for row in plain.execute(f"PRAGMA table_info({name})")]
            if plain.execute(f"SELECT count(*) FROM {name}").fetchone()[0] == 0:
                values = ",".join("1" for _ in columns)
                plain.execute(f"INSERT INTO {name} ({','.join(columns)}) VALUES ({values})")
        plain.commit()
    return path


STATEMENTS = [
    "UPDATE {} SET digest = 'x'",
    "UPDATE {} SET seq = seq + 1000",
    "DELETE FROM {}",
    "REPLACE INTO {0} SELECT * FROM {0} LIMIT 1",
    "INSERT OR REPLACE INTO {0} SELECT * FROM {0} LIMIT 1",
    "INSERT INTO {0} SELECT * FROM {0} WHERE true ON CONFLICT DO UPDATE SET digest = 'x'",
]


@pytest.mark.parametrize("name", NAMES)
def test_plain_sql_cannot_change_a_row(full: Path, name: str) -> None:
    """Triggers hold against any client, not only against ours."""
    with closing(sqlite3.connect(full)) as plain:
        before = plain.execute(f"SELECT * FROM {name}").fetchall()
        assert before
        for statement in STATEMENTS:
            with pytest.raises(sqlite3.IntegrityError, match=f"{name} is append-only"):
                plain.execute(statement.format(name))
            assert plain.execute(f"SELECT * FROM {name}").fetchall() == before


@pytest.mark.parametrize("name", ["slices", "states"])
def test_a_replaced_key_does_not_slip_past_the_triggers(full: Path, name: str) -> None:
    """SQLite removes what REPLACE meets without asking a delete trigger, so the insert itself is refused."""
    with closing(sqlite3.connect(full)) as plain:
        columns = [row[1] for row in plain.execute(f"PRAGMA table_info({name})") if row[1] != "seq"]
        names = ",".join(columns)
        changed = names.replace("amount", "amount + 1")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            plain.execute(f"REPLACE INTO {name} ({names}) SELECT {changed} FROM {name} LIMIT 1")


def test_no_number_that_is_not_bounded_is_stored(full: Path) -> None:
    """Whatever a client writes into an account is an integer that every reader holds exactly."""
    with closing(sqlite3.connect(full)) as plain:
        columns = [row[1] for row in plain.execute("PRAGMA table_info(slices)")]
        for bad in ("9007199254740993", "'many'", "1e300"):
            values = {"seq": "99999", "uid": "'new'", "amount": bad}
            chosen = ",".join(values.get(column, column) for column in columns)
            with pytest.raises(sqlite3.IntegrityError, match="amount_bounded"):
                plain.execute(f"INSERT INTO slices SELECT {chosen} FROM slices LIMIT 1")

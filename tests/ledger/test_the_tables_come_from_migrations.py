import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from dure.ledger import SqlLedger, open_ledger
from dure.ledger.tables import APPEND_ONLY, metadata


def test_migrated_from_nothing_the_tables_are_those_of_the_code(ledger: SqlLedger) -> None:
    """What the code believes of the database is what the migrations make."""
    with ledger.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_every_append_only_table_has_its_triggers(ledger: SqlLedger, path: Path) -> None:
    """A table that the code calls append-only is held so by the database."""
    with closing(sqlite3.connect(path)) as plain:
        triggers = {
            name for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        }
    kinds = ("no_update", "no_delete", "no_replace")
    assert triggers == {f"{table.name}_{kind}" for table in APPEND_ONLY for kind in kinds}


def test_opened_again_nothing_is_migrated(ledger: SqlLedger, path: Path) -> None:
    """Two openings at once, and any number after, leave the same database."""

    def schema() -> list[str]:
        with closing(sqlite3.connect(path)) as plain:
            return [sql for (sql,) in plain.execute("SELECT sql FROM sqlite_master ORDER BY name")]

    before = schema()
    second = open_ledger(path)
    second.close()
    assert schema() == before

"""`released_0001.sql` is a ledger as the release of form 0001 wrote it: three minutes of a small room, booked."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from dure.ledger import LedgerUnusable, Promises, open_ledger
from dure.ledger.tables import metadata

RELEASED = Path(__file__).with_name("released_0001.sql").read_text(encoding="utf-8")


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as plain:
        names = [name for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: plain.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}


@pytest.fixture
def released(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as plain:
        plain.executescript(RELEASED)
    return path


def test_every_row_is_as_it_was(released: Path) -> None:
    """The new form adds tables and changes nothing that stands."""
    before = _rows(released)
    open_ledger(released).close()
    after = _rows(released)
    assert before.pop("alembic_version") == [("0001",)]
    assert after.pop("alembic_version") != [("0001",)]
    assert {name: after[name] for name in before} == before
    assert len(before["slices"]) > 20
    assert before["charges"]


def test_what_it_says_is_what_it_said(released: Path) -> None:
    """The accounts, the money and the chains hold, and the tables are those of the code."""
    ledger = open_ledger(released)
    try:
        assert ledger.check().findings == ()
        assert ledger.book() == ()
        assert ledger.control.pauses().tenants == ("acme",)
        with ledger.database.read() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    finally:
        ledger.close()


def test_nothing_is_promised_or_drained_in_it(released: Path) -> None:
    """The room goes on from there with new promises."""
    ledger = open_ledger(released)
    try:
        assert ledger.control.promises("p") == Promises()
        assert ledger.control.drained() == ()
    finally:
        ledger.close()


def test_opened_to_be_read_it_is_left_as_it_is(released: Path) -> None:
    """A reader says what would bring it up, and does not."""
    with pytest.raises(LedgerUnusable, match="starting the server"):
        open_ledger(released, read_only=True)
    assert _rows(released)["alembic_version"] == [("0001",)]

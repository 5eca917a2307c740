"""The database file: how it is opened, brought to the newest form, and copied while in use."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool

BUSY_MS = 10_000
"""How long a writer waits for another one."""

_OWNER_ONLY = 0o600
"""Hashes of tokens, bills and names lie in it."""

_MIGRATIONS = Path(__file__).parent / "migrations"


class LedgerUnusable(Exception):  # noqa: N818 - it says what the file is, not that we failed
    """The file is no ledger, or not of a form that this version reads; the text says what to do."""


class Database:
    """One SQLite file. `write` and `read` give a connection in one transaction; a read sees one moment."""

    def __init__(self, path: Path, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._writer = None if read_only else _engine(path, "rwc", "BEGIN IMMEDIATE")
        self._reader = _engine(path, "ro", "BEGIN")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection that holds the only writer's place; commits at the end, rolls back on any exception.

        Raises LedgerUnusable where the ledger was opened to be read.
        """
        if self._writer is None:
            raise LedgerUnusable(f"{self.path} was opened to be read only")
        with self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees the last commit and nothing that is committed later."""
        with self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of the file; the writer last, so that it can leave everything in the one file."""
        for engine in (self._reader, self._writer):
            if engine is not None:
                engine.dispose()

    def backup(self, target: Path) -> None:
        """Copy one moment of the ledger to a new file, while it is in use. Raises FileExistsError."""
        target.touch(_OWNER_ONLY, exist_ok=False)
        source, copy = sqlite3.connect(_uri(self.path, "ro"), uri=True), sqlite3.connect(target)
        with closing(source), closing(copy):
            source.backup(copy)


def open_database(url: str | Path, read_only: bool = False) -> Database:
    """Open the ledger at a path or a `sqlite:///PATH` URL; made, or brought to the newest form, if need be.

    Read-only opening changes nothing. Raises LedgerUnusable for another database, a file that is none or, read
    only, is missing or of another form.
    """
    path = _path(str(url))
    if read_only and not path.is_file():
        raise LedgerUnusable(f"{path} does not exist; a ledger is made when the server first starts")
    if not read_only:
        _make(path)
    database = Database(path, read_only)
    try:
        _check_form(database) if read_only else _upgrade(database)
    except DatabaseError as error:
        database.close()
        raise LedgerUnusable(f"{path} cannot be used as a ledger: {error.orig}") from error
    except LedgerUnusable:
        database.close()
        raise
    return database


def _make(path: Path) -> None:
    try:
        path.touch(_OWNER_ONLY)
    except OSError as error:
        raise LedgerUnusable(f"{path}: {error.strerror}") from error


def _path(url: str) -> Path:
    plain = url.removeprefix("sqlite:///")
    if "://" in plain:
        scheme = plain.partition("://")[0]
        raise LedgerUnusable(f"{scheme} is not supported; give a path or sqlite:///PATH")
    return Path(plain)


def _engine(path: Path, mode: str, begin: str) -> Engine:
    def connect() -> sqlite3.Connection:
        opened = sqlite3.connect(
            _uri(path, mode), uri=True, timeout=BUSY_MS / 1000, isolation_level=None,
            check_same_thread=False,
        )  # fmt: skip
        for pragma in ("foreign_keys=ON", "synchronous=FULL", f"busy_timeout={BUSY_MS}"):
            opened.execute(f"PRAGMA {pragma}")
        if mode != "ro":
            opened.execute("PRAGMA journal_mode=WAL")
        return opened

    # One connection stays open: closing the last one would copy the whole log back at every commit.
    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=20)
    event.listen(engine, "begin", lambda connection: _begin(connection, begin))
    return engine


def _uri(path: Path, mode: str) -> str:
    text = str(path)
    for sign in "%?#":
        text = text.replace(sign, f"%{ord(sign):02x}")
    return f"file:{text}?mode={mode}"


def _begin(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def _form(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _check_form(database: Database) -> None:
    with database.read() as connection:
        form = _form(connection)
    if form != _head():
        raise LedgerUnusable(
            f"{database.path} has form {form}, this version reads {_head()}; starting the server brings it there"
        )


def _upgrade(database: Database) -> None:
    with database.write() as connection:
        form, config = _form(connection), _alembic()
        if form == _head():
            return
        _refuse_newer(database.path, form)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _refuse_newer(path: Path, form: str | None) -> None:
    known: Any = {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}
    if form is not None and form not in known:
        raise LedgerUnusable(f"{path} has form {form}, which a newer version made; use that one")

"""A ledger in a file of its own, empty or with a small room's few minutes in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dure.ledger import SqlLedger, open_ledger
from tests.ledger.small_room import SmallRoom


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger file to copy, with its tables and nothing in them."""
    file = tmp_path_factory.mktemp("empty") / "ledger.db"
    open_ledger(file).close()
    return file


@pytest.fixture
def ledger(empty_file: Path, path: Path) -> Iterator[SqlLedger]:
    shutil.copy(empty_file, path)
    opened = open_ledger(path)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger file to copy; nobody has it open."""
    file = tmp_path_factory.mktemp("filled") / "ledger.db"
    ledger = SmallRoom().fill(open_ledger(file))
    ledger.close()
    return file


@pytest.fixture
def filled(filled_file: Path, path: Path) -> Iterator[SqlLedger]:
    shutil.copy(filled_file, path)
    opened = open_ledger(path)
    yield opened
    opened.close()

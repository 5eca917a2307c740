import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dure.ledger import SqlLedger, open_ledger
from dure.model.instants import MINUTE, Interval
from dure_cli.local.ledger import ledger as command
from tests.ledger.small_room import POOL, T0

END = T0 + 5 * MINUTE


@pytest.fixture
def data(filled: SqlLedger, path: Path) -> Path:
    """A data directory whose server is still writing, with two slices in quarantine."""
    item = next(filled.slices(Interval(0, END)))
    far = replace(item, uid="far\x1b[2J", start=2**80, end=2**80 + 1)
    filled.ingest("local", POOL, END, [replace(item, amount=item.amount + 1), far])
    return path.parent


def run(*words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def test_the_quarantine_is_listed_and_ruled_on(data: Path) -> None:
    """What waits is visible with its reason; a ruling is made once, says who and why, and is on record."""
    listed = json.loads(run("quarantine", "--data", data, "-o", "json").stdout)
    assert [(row["number"], row["reason"], row["ruling"]) for row in listed] == [
        (1, "same-key-other-content", "open"),
        (2, f"has a number beyond {2**53}", "open"),
    ]
    assert listed[1]["start"] == str(2**80)
    assert "\x1b" not in run("quarantine", "--data", data).stdout
    refused = run("rule", "--data", data, 1, "--accept", "--why", "it was so")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "another slice stands" in refused.stderr
    assert run("rule", "--data", data, 1, "--dismiss", "--why", "sent twice").stdout == "1: dismissed\n"
    assert run("rule", "--data", data, 1, "--dismiss", "--why", "again").exit_code == 4
    open_rows = json.loads(run("quarantine", "--data", data, "-o", "json").stdout)
    assert [row["number"] for row in open_rows] == [2]
    every = json.loads(run("quarantine", "--data", data, "--all", "-o", "json").stdout)
    assert [row["ruling"] for row in every] == ["dismissed", "open"]
    with closing(sqlite3.connect(data / "ledger.db")) as plain:
        ((who, why),) = plain.execute("SELECT who, why FROM rulings").fetchall()
    assert who
    assert why == "sent twice"
    assert run("check", "--data", data).exit_code == 0


def test_a_backup_is_a_ledger_and_is_never_overwritten(data: Path, tmp_path: Path) -> None:
    """The copy can be checked on its own."""
    (tmp_path / "safe").mkdir()
    copy = tmp_path / "safe" / "ledger.db"
    assert run("backup", "--data", data, copy).exit_code == 0
    assert run("check", "--data", copy.parent).exit_code == 0
    again = run("backup", "--data", data, copy)
    assert (again.exit_code, again.stderr) == (2, f"dure: {copy}: File exists\n")
    reader = open_ledger(copy, read_only=True)
    assert reader.totals().quarantined == 2
    reader.close()


@pytest.mark.parametrize(
    "words", [["check"], ["quarantine"], ["backup", "copy.db"], ["rule", "1", "--dismiss", "--why", "x"]]
)
def test_without_a_ledger_nothing_is_made(tmp_path: Path, words: list[str]) -> None:
    """A mistyped directory is one clear error, not a new and empty ledger."""
    done = run(*words, "--data", tmp_path)
    assert done.exit_code == 2
    assert "does not exist" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_ruling_says_which(data: Path) -> None:
    """Neither way is a default."""
    assert run("rule", "--data", data, 1, "--why", "x").exit_code == 2

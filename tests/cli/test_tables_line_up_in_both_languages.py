"""Tables: aligned by terminal cells, not by letters, and safe to print."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dure_cli.remote.output import Column, as_yaml, show, table, width

_ROWS = [{"name": "누리영상", "held": 12}, {"name": "maru", "held": 3}]
_COLUMNS = [Column("name"), Column("held", right=True)]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_line_of_a_table_ends_in_the_same_cell(lang: str) -> None:
    """Korean letters take two cells, so columns stay under their headers."""
    assert len({width(line) for line in table(_ROWS, _COLUMNS, lang)}) == 1


def test_headers_are_spoken_in_korean() -> None:
    """The same table reads in Korean when asked."""
    assert table(_ROWS, _COLUMNS, "ko")[0].split() == ["이름", "사용중"]


def test_a_jobs_name_cannot_steer_the_terminal() -> None:
    """Control characters in data are shown as question marks."""
    assert "\x1b" not in "\n".join(table([{"name": "a\x1b[2Jb", "held": 1}], _COLUMNS))


@given(st.text(max_size=30))
def test_any_text_makes_exactly_one_line(name: str) -> None:
    """No value, whatever it holds, breaks a row in two."""
    assert all("\n" not in line for line in table([{"name": name, "held": 1}], _COLUMNS))


def test_csv_carries_every_column_and_no_decoration(capsys: pytest.CaptureFixture[str]) -> None:
    """What programs read is plain: keys, then values."""
    show(_ROWS, _COLUMNS, "csv")
    assert capsys.readouterr().out == "name,held\n누리영상,12\nmaru,3\n"


def test_json_is_what_the_room_answered(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON keeps every key, shown in the table or not."""
    rows = [{"name": "a", "held": 1, "more": [1, {"x": None}]}]
    show(rows, _COLUMNS, "json")
    assert json.loads(capsys.readouterr().out) == rows


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), _VALUES, max_size=4))
def test_yaml_reads_back_as_what_was_shown(value: dict[str, object]) -> None:
    """The YAML that `-o yaml` prints is the same value to a YAML reader."""
    assert yaml.safe_load(as_yaml(value)) == value


_JOBS = [{"id": "a" * 16, "tenant": "maru-voice", "tasks": 1, "reason": "No free place for it now. " * 4}]
_JOB_COLUMNS = [
    Column("id"), Column("tenant", spare=True), Column("tasks", right=True, spare=True), Column("reason"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("terminal", "shown"),
    [
        (None, "ID TENANT TASKS REASON"),
        (200, "ID TENANT TASKS REASON"),
        (64, "ID TENANT REASON"),
        (50, "ID REASON"),
    ],
)
def test_a_narrow_terminal_loses_spare_columns_before_its_lines_wrap(
    terminal: int | None, shown: str
) -> None:
    """What says most stays; a file or a pipe has room for everything."""
    head, row = table(_JOBS, _JOB_COLUMNS, terminal=terminal)
    assert head.split() == shown.split()
    assert width(row) <= (terminal or 1_000)


def test_yaml_reads_as_people_write_it() -> None:
    """Plain keys stand without quotes, and a list's item begins on its own line."""
    assert (
        as_yaml([{"id": "a", "held": {"cpu": 1}, "no": []}]) == '- id: "a"\n  held:\n    cpu: 1\n  "no": []\n'
    )

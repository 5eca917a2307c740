import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.simulate.lines import TraceError
from dure.simulate.swf import read_swf
from tests.simulate.small_traces import refusal, swf_row, swf_text, write_swf


def test_plain_and_gzip_are_the_same_trace(tmp_path: Path) -> None:
    """What a file is, its first bytes say, not its name."""
    plain = write_swf(tmp_path, [swf_row(1, 0, 5, 2), swf_row(2, 3, 5, 1, limit=60, user=7)])
    packed = tmp_path / "small"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_swf(packed).jobs == read_swf(plain).jobs
    second = read_swf(plain).jobs[1]
    assert (second.id, second.user, second.submit, second.run, second.limit) == ("2", "7", 3, 5, 60)


@pytest.mark.parametrize(
    ("row", "tasks"),
    [
        ("1 0 -1 5 4 -1 -1 8 -1 -1 1 1 -1 -1 -1 -1 -1 -1", 8),
        ("1 0 -1 5 4 -1 -1 -1 -1 -1 1 1 -1 -1 -1 -1 -1 -1", 4),
        ("1 0 -1 5 4 12.5 -1 0 -1 -1 1 1 -1 -1 -1 -1 -1 -1", 4),
    ],
)
def test_processors_are_those_requested_else_those_used(tmp_path: Path, row: str, tasks: int) -> None:
    """Column 8, and column 5 where 8 is unknown."""
    assert read_swf(write_swf(tmp_path, [row])).jobs[0].tasks.count == tasks


def test_rows_without_length_place_or_time_are_counted_and_left_out(tmp_path: Path) -> None:
    """A job whose run time, submit time or size nobody knows cannot be replayed."""
    rows = [swf_row(1, 0, -1, 2), swf_row(2, 0, 5, -1), swf_row(3, -1, 5, 1), swf_row(4, 0, 0, 1)]
    trace = read_swf(write_swf(tmp_path, rows))
    assert [job.id for job in trace.jobs] == ["4"]
    assert trace.unusable == 3


@pytest.mark.parametrize(
    ("header", "processors"),
    [
        ("; MaxNodes: 16\n;  MaxProcs:   128 (of two kinds)", 128),
        ("; MaxNodes: 16\n; MaxProcs: -1", 16),
        ("; Computer: unknown", None),
    ],
)
def test_the_header_names_the_machine(tmp_path: Path, header: str, processors: int | None) -> None:
    """MaxProcs, or MaxNodes of an older header, or nothing."""
    path = tmp_path / "headed.swf"
    path.write_text(header + "\n\n" + swf_row(1, 0, 5, 1) + "\n", encoding="utf-8")
    assert read_swf(path).processors == processors


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("1 2 3", "3 columns"),
        (swf_row(2, 0, 5, 1) + " 1", "19 columns"),
        (swf_row(2, 0, 5, 1).replace(" 5 ", " five "), "column 4 is not a number"),
        (swf_row(2, 0, 10**15, 1), "column 4 is too large"),
        (swf_row(2, 0, 5, 1).replace(" 5 ", " 5" + "0" * 5000 + " "), "column 4 is too large"),
        (swf_row(2, 0, 5, 10**9), "column 8 is too large"),
        (swf_row(1, 0, 5, 1), "job 1 came before"),
        ("x" * 100_000, "longer than"),
        ("{}", "1 columns"),
    ],
)
def test_a_wrong_row_is_named_by_file_and_line(tmp_path: Path, row: str, what: str) -> None:
    """One line: where, what, and what would be right."""
    path = write_swf(tmp_path, [swf_row(1, 0, 5, 1), row])
    with pytest.raises(TraceError) as caught:
        read_swf(path)
    assert str(caught.value).startswith("small.swf:3: ")
    assert what in str(caught.value)
    assert "; " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    """A gzip file cut short is no trace."""
    path = tmp_path / "cut.swf.gz"
    path.write_bytes(gzip.compress(swf_text([swf_row(n, 0, 5, 1) for n in range(999)]).encode())[:-20])
    with pytest.raises(TraceError, match=r"cut\.swf\.gz:[0-9]+: cannot be read"):
        read_swf(path)


def test_a_line_that_unpacks_without_end_is_refused_while_it_unpacks(tmp_path: Path) -> None:
    """A gigabyte of nothing in a small archive ends at the first line, not at the last byte."""
    path = tmp_path / "bomb.swf.gz"
    path.write_bytes(gzip.compress(b"1 " * 50_000_000, compresslevel=1))
    with pytest.raises(TraceError, match=r"bomb\.swf\.gz:1: the line is longer"):
        read_swf(path)


@given(st.lists(st.binary(max_size=80) | st.text("0123456789 .-;\n\t", max_size=80).map(str.encode)))
def test_no_bytes_make_the_reader_fail_otherwise(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    """Anything is either a trace or one clear refusal."""
    path = tmp_path_factory.getbasetemp() / "any.swf"
    path.write_bytes(b"\n".join(lines))
    refused = refusal(read_swf, path)
    assert not refused or refused.startswith("any.swf:")

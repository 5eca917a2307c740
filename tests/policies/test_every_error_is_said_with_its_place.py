from pathlib import Path

import pytest

from tests.policies.small_bundle import TENANTS, changed, refused, write

TABLE = Path(__file__).parent / "mistakes.txt"


def mistakes() -> list[tuple[str, str, str, str]]:
    """(file, old, new, line) of every mistake in the table."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    found = []
    for change, line in zip(lines[::2], lines[1::2], strict=True):
        file, _, texts = change.partition(": ")
        old, new = (text.replace("\\n", "\n").replace("\\\\", "\\") for text in texts.split(" => "))
        found.append((file, old, new, line.strip()))
    return found


@pytest.mark.parametrize(("file", "old", "new", "line"), mistakes())
def test_one_mistake_gets_exactly_one_line(tmp_path: Path, file: str, old: str, new: str, line: str) -> None:
    """The line says file, line, column, what is wrong and what would be right, and nothing else is said."""
    assert refused(write(tmp_path / "b", **changed(file, old, new))) == [line]


def test_what_is_not_yaml_is_said_where_reading_stopped(tmp_path: Path) -> None:
    """A bracket left open is found later; the line says where it was opened."""
    [line] = refused(write(tmp_path / "b", **changed("room", "room: small", "room: [a")))
    assert line.startswith("room.yaml:2:13: this is not YAML (")
    assert "begun on line 1" in line


def test_a_skipped_hour_is_an_error(tmp_path: Path) -> None:
    """Where clocks go forward, an hour of that night does not exist."""
    texts = changed("room", "room: small", "room: small\ntimezone: Europe/Berlin")
    texts |= changed("calendar", "2026-12-10 13:00", "2026-03-29 02:30")
    expected = "calendar.yaml:3:12: clocks in Europe/Berlin skip 2026-03-29 02:30; write an hour later"
    assert refused(write(tmp_path / "b", **texts)) == [expected]


def test_a_node_belongs_to_one_pool(tmp_path: Path) -> None:
    """Places are named by node alone, so no two nodes of a room share an id."""
    other = "pools:\n  other: {backend: local, nodes: {n1: {cpu: 1, memory: 1Gi}}}\n"
    line = "room.yaml:13:7: the node n1 is in another pool too, on line 9; give each node an id of its own"
    assert refused(write(tmp_path / "b", **changed("room", "pools:\n", other))) == [line]


def test_a_file_of_a_bundle_must_be_there(tmp_path: Path) -> None:
    """Prices and calendar may be missing, room and tenants may not."""
    folder = write(tmp_path / "b")
    for name in ("tenants", "prices", "calendar"):
        (folder / f"{name}.yaml").unlink()
    assert refused(folder) == ["tenants.yaml:1:1: the file is missing; write it, with the keys tenants"]


def test_a_file_under_another_name_is_noticed(tmp_path: Path) -> None:
    """A misnamed file would silently not be read."""
    folder = write(tmp_path / "b")
    (folder / "calendar.yaml").rename(folder / "calender.yaml")
    expected = "calender.yaml:1:1: 'calender.yaml' is not a file of a bundle; did you mean calendar.yaml?"
    assert refused(folder) == [expected]


def test_no_directory_is_said_as_that(tmp_path: Path) -> None:
    """A path that is no directory is one finding, not one for each file."""
    for name in ("nowhere", "x" * 5_000):
        [line] = refused(tmp_path / name)
        assert line.endswith(f"{name}:1:1: this is no directory; name the directory that holds room.yaml")


def test_bytes_that_are_not_text_are_placed(tmp_path: Path) -> None:
    """Invalid UTF-8, a byte order mark, and characters that cannot be seen have a line and a column."""
    tenants = TENANTS.encode()
    assert refused(write(tmp_path / "a", tenants=tenants.replace(b"Bob", b"B\xffb"))) == [
        "tenants.yaml:6:12: the byte 0xff here is not UTF-8; save the file as UTF-8"
    ]
    assert refused(write(tmp_path / "b", tenants=b"\xef\xbb\xbf" + tenants)) == [
        "tenants.yaml:1:1: the file begins with a byte order mark; save it as UTF-8 without one"
    ]
    hidden = tenants.replace(b"Bob", "B\u202eo\0b".encode())
    assert refused(write(tmp_path / "c", tenants=hidden)) == [
        "tenants.yaml:6:12: the character U+202E here cannot be seen; remove it",
        "tenants.yaml:6:14: the character U+0000 here cannot be seen; remove it",
    ]


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    """A file of comments alone is more likely lost than meant."""
    folder = write(tmp_path / "b", prices="# later\n")
    assert refused(folder) == ["prices.yaml:1:1: there is nothing here but comments or space; write its keys"]

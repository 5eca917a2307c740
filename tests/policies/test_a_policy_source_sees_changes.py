import os
from pathlib import Path

import pytest

from dure.ports import PolicyRefused
from dure_policies import DirectoryPolicy
from tests.policies.small_bundle import TENANTS, write


def test_a_source_has_changed_until_it_is_read(tmp_path: Path) -> None:
    """Reading settles it; nothing else does."""
    source = DirectoryPolicy(write(tmp_path / "b"))
    assert source.changed()
    assert source.changed()
    assert source.read().room == "small"
    assert not source.changed()


@pytest.mark.parametrize("change", ["written", "replaced", "gone", "came"])
def test_whatever_happens_to_a_file_is_a_change(tmp_path: Path, change: str) -> None:
    """Written in place, replaced by another of the same size and time, removed, or added."""
    folder = write(tmp_path / "b")
    prices = folder / "prices.yaml"
    text = prices.read_bytes()
    if change == "came":
        prices.unlink()
    source = DirectoryPolicy(folder)
    source.read()
    if change == "written":
        (folder / "tenants.yaml").write_text(TENANTS.replace("weight: 2", "weight: 3 "))
    elif change == "replaced":
        found = prices.stat()
        (folder / "other").write_bytes(prices.read_bytes().replace(b"300", b"400"))
        os.utime(folder / "other", ns=(found.st_atime_ns, found.st_mtime_ns))
        (folder / "other").replace(prices)
    elif change == "gone":
        prices.unlink()
    else:
        prices.write_bytes(text)
    assert source.changed()
    source.read()
    assert not source.changed()


def test_a_refused_bundle_is_not_read_again_and_again(tmp_path: Path) -> None:
    """It has been read, and refused; only a change makes another attempt worth while."""
    folder = write(tmp_path / "b", tenants="tenants: no\n")
    source = DirectoryPolicy(folder)
    with pytest.raises(PolicyRefused):
        source.read()
    assert not source.changed()
    (folder / "tenants.yaml").write_text(TENANTS)
    assert source.changed()
    assert len(source.read().tenants) == 3


def test_files_behind_links_are_followed(tmp_path: Path) -> None:
    """Mounted configuration is a link that is exchanged: the change is seen."""
    old, new = (
        write(tmp_path / "old"),
        write(tmp_path / "new", tenants="tenants: {}\n", calendar="calendar: {}\n"),
    )
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    for path in old.iterdir():
        (mounted / path.name).symlink_to(f"../data/{path.name}")
    (tmp_path / "data").symlink_to(old)
    source = DirectoryPolicy(mounted)
    assert len(source.read().tenants) == 3
    (tmp_path / "data").unlink()
    (tmp_path / "data").symlink_to(new)
    assert source.changed()
    assert source.read().tenants == ()

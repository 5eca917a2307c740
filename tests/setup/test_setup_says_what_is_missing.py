import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Only what setup reads, without any environment."""
    for folder in ("tools", "requirements"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def setup(checkout: Path, *words: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, checkout / "tools/setup.py", *words],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        timeout=60,
    )


def test_a_machine_that_is_not_debian_is_told_what_it_lacks(checkout: Path) -> None:
    """Without apt-get, setup names the programs and stops before it makes anything."""
    done = setup(checkout, "test", path=str(checkout))
    assert done.returncode == 1
    assert "promtool" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (checkout / ".venv").exists()


def test_an_unknown_purpose_is_refused(checkout: Path) -> None:
    """Setup sets up for running or for testing, and for nothing else."""
    done = setup(checkout, "everything", path=os.environ["PATH"])
    assert done.returncode == 2
    assert "run|test" in done.stderr


def test_a_failed_apt_shows_its_own_words(checkout: Path) -> None:
    """What apt-get or pip said reaches the person who has to act on it."""
    programs = checkout / "bin"
    programs.mkdir()
    broken = programs / "apt-get"
    broken.write_text("#!/bin/sh\necho 'E: no space left' >&2\nexit 100\n")
    broken.chmod(0o755)
    done = setup(checkout, "test", path=str(programs))
    assert done.returncode == 1
    assert ("no space left" if os.geteuid() == 0 else "sudo apt-get") in done.stderr
    assert "Traceback" not in done.stderr

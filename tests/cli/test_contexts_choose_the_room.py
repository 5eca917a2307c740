"""Which room a command talks to: options, then environment, then the current context."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

_NOWHERE = "http://127.0.0.1:9"


def _dure(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DURE_")}
    return subprocess.run(
        [sys.executable, "-m", "dure_cli.main", *arguments],
        env=kept | {"XDG_CONFIG_HOME": str(home)} | environment,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_without_a_room_the_message_says_how_to_choose_one(tmp_path: Path) -> None:
    """Exit code 2 and one line that names both ways."""
    done = _dure(tmp_path, "ps")
    assert (done.returncode, done.stdout) == (2, "")
    assert "DURE_SERVER" in done.stderr
    assert "context set" in done.stderr


def test_a_context_is_kept_for_its_user_alone(tmp_path: Path) -> None:
    """The file with tokens is mode 0600, and listing does not show them."""
    _dure(tmp_path, "context", "set", "lab", "--server", _NOWHERE, "--token", "s3cret")
    listed = _dure(tmp_path, "context", "list", "-o", "json")
    mode = (tmp_path / "dure" / "contexts.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert "lab" in listed.stdout
    assert "s3cret" not in listed.stdout


def test_a_room_that_is_down_is_exit_code_5(tmp_path: Path) -> None:
    """An unreachable server is told apart from every other failure."""
    done = _dure(tmp_path, "ps", DURE_SERVER=_NOWHERE)
    assert done.returncode == 5
    assert _NOWHERE in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("address", ["nonsense", "http://", "ftp://x", "http://[::1", "http://a b"])
def test_an_address_that_is_none_is_bad_input(tmp_path: Path, address: str) -> None:
    """No traceback for any text in DURE_SERVER."""
    done = _dure(tmp_path, "ps", DURE_SERVER=address)
    assert done.returncode in {2, 5}
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("dure: ")


def test_a_broken_contexts_file_is_named(tmp_path: Path) -> None:
    """The message names the file to mend."""
    (tmp_path / "dure").mkdir()
    (tmp_path / "dure" / "contexts.json").write_text("[1", encoding="utf-8")
    done = _dure(tmp_path, "ps")
    assert done.returncode == 2
    assert "contexts.json" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("submit",), ("submit", "--env", "X", "--", "true"), ("submit", "--mount", "a", "--", "true"),
     ("submit", "-f", "missing.yaml"), ("ps", "--limit", "0"), ("wait",), ("nonsense",)],
)  # fmt: skip
def test_bad_arguments_are_exit_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """What can be refused without the room is refused without it."""
    done = _dure(tmp_path, *arguments, DURE_SERVER=_NOWHERE)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.room import BUNDLE, PATIENCE_S, ServedRoom, write_bundle

pytestmark = pytest.mark.slow


def refused(policy: Path, data: Path, *more: str) -> str:
    """What a server says that must end with 2 before it serves."""
    command = [sys.executable, "-m", "dure_cli.main", "serve", "--policy", str(policy), "--data", str(data)]
    ended = subprocess.run(
        [*command, *(more or ("--port", "0"))],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=os.environ,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr
    assert "[Errno" not in ended.stderr
    return ended.stderr


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "policy")


def test_a_bundle_with_errors_makes_no_room(tmp_path: Path) -> None:
    """Its findings are told, and there is no data directory."""
    bad = write_bundle(tmp_path / "policy", tenants="tenants:\n  ant: {weight: heavy}\n")
    assert "tenants.yaml:2:" in refused(bad, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_pool_that_this_server_does_not_run_makes_no_room(tmp_path: Path) -> None:
    """A bundle may be good and yet be for another server."""
    other = BUNDLE["room.yaml"].replace(
        "  main:\n", "  spare: {backend: local, nodes: {n9: {cpu: 1, memory: 1Gi}}}\n  main:\n"
    )
    policy = write_bundle(tmp_path / "policy", room=other)
    assert "this server runs one pool" in refused(policy, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_taken_port_makes_no_room_and_is_named(tmp_path: Path, bundle: Path) -> None:
    """The port, and what to do about it; an address that is not here is named too."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused(bundle, tmp_path / "data", "--port", port)
    assert f"port {port} of 127.0.0.1 is taken" in said
    assert "--port" in said
    elsewhere = refused(bundle, tmp_path / "data", "--port", "0", "--host", "192.0.2.1")
    assert "192.0.2.1 is no address of this machine" in elsewhere
    assert not (tmp_path / "data").exists()


def test_a_file_is_no_data_directory(tmp_path: Path, bundle: Path) -> None:
    """A file where the directory should be, or above it, is said to be one and stays as it was."""
    file = tmp_path / "file"
    file.write_text("mine")
    assert "it is a file; name a directory" in refused(bundle, file)
    assert "a part of this path is a file" in refused(bundle, file / "data")
    assert file.read_text() == "mine"


def test_a_room_whose_port_is_taken_can_be_served_later(fresh_room: ServedRoom) -> None:
    """The next start of a room finds its port taken, says so, and leaves the room as it was."""
    assert fresh_room.stop() == 0
    kept = (fresh_room.data / "ledger.db").read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port}" in refused(fresh_room.policy, fresh_room.data, "--port", port)
    assert (fresh_room.data / "ledger.db").read_bytes() == kept
    fresh_room.start()
    assert fresh_room.admin.get("/readyz").status_code == 200

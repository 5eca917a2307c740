import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.kubernetes.build import provide
from tests.rig.kubernetes.control_plane import PROGRAMS
from tests.rig.kubernetes.failures import RigError
from tests.rig.kubernetes.keeper import CHECKOUT
from tests.rig.kubernetes.leftovers import cgroups, contained, marked, mount_points, sweep
from tests.rig.kubernetes.objects import pod
from tests.rig.kubernetes.rig import Rig
from tests.rig.kubernetes.slot import MARK, Slot, home, lock
from tests.rig.room import until
from tests.rig_kubernetes.seen import pod_in_phase, pods

pytestmark = pytest.mark.slow
OWNER = """\
import time
from tests.rig.kubernetes.objects import pod
from tests.rig.kubernetes.rig import Rig
from tests.rig_kubernetes.seen import pod_in_phase, pods
with Rig(with_node=True) as rig:
    rig.add_namespace("space")
    rig.api.post(pods("space"), pod("sum", "sleep", "600", node="real-0"))
    pod_in_phase(rig, "space", "Running")
    print("slot", rig.slot.number, flush=True)
    time.sleep(600)
"""


def left(slot: Slot) -> list[object]:
    """Everything that shows that a rig is or was in this slot."""
    return [
        *marked(slot),
        *contained(slot),
        *cgroups(slot),
        *[place for place, _ in mount_points() if place.is_relative_to(slot.folder)],
        *([slot.folder] if slot.folder.exists() else []),
    ]


def routes(slot: Slot) -> list[str]:
    """Routes to this slot's pods: each is there as long as the pod's network namespace."""
    octets = reversed([int(part) for part in slot.pod_subnet.split(".")[:3]])
    network = "".join(f"{octet:02X}" for octet in octets)
    lines = Path("/proc/net/route").read_text().splitlines()
    return [line for line in lines if re.search(rf"\s[0-9A-F]{{2}}{network}\s", line)]


def assert_nothing_is_left(slot: Slot) -> None:
    assert left(slot) == []
    until(lambda: not routes(slot))  # the kernel takes a network namespace down in its own time


def test_two_rigs_run_at_once_and_one_stops_without_leftovers(real: Rig, space: str) -> None:
    """Two real nodes run pods beside each other; one ends with all that is its own, and nothing of the other."""
    with Rig(with_node=True) as other:
        assert other.slot.number != real.slot.number
        other.add_namespace("space")
        for rig, place in ((other, "space"), (real, space)):
            rig.api.post(pods(place), pod("sum", "sleep", "600", node="real-0"))
        pod_in_phase(other, "space", "Running")
        pod_in_phase(real, space, "Running")
        assert left(other.slot)
        assert routes(other.slot)
    assert_nothing_is_left(other.slot)
    pod_in_phase(real, space, "Running")
    assert set(contained(real.slot))


@pytest.fixture
def owner() -> Iterator[subprocess.Popen[str]]:
    """A process that has a rig with a running pod."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_a_killed_test_run_leaves_nothing(owner: subprocess.Popen[str]) -> None:
    """Kill -9 on whoever started a rig ends the rig, with the pod in it."""
    assert owner.stdout is not None
    slot = Slot(int(owner.stdout.readline().removeprefix("slot ")), home())
    assert left(slot)
    assert routes(slot)
    owner.send_signal(signal.SIGKILL)
    until(lambda: is_given_back(slot))
    assert_nothing_is_left(slot)


def is_given_back(slot: Slot) -> bool:
    held = lock(slot)
    if held is not None:
        os.close(held)
    return held is not None


def test_a_program_that_does_not_start_is_named_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed start is an error with the program's own words, and leaves nothing; a given program is run."""
    for name, place in provide(PROGRAMS).items():
        (tmp_path / name).symlink_to(place)
    broken = tmp_path / "kube-apiserver"
    broken.unlink()
    broken.write_text("#!/bin/sh\necho no place to stand on\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    rig = Rig()
    with pytest.raises(RigError) as failed, rig:
        raise AssertionError("it started without an API server")
    assert "apiserver ended with 3" in str(failed.value)
    assert "no place to stand on" in str(failed.value)
    assert_nothing_is_left(rig.slot)


def test_the_next_rig_sweeps_what_a_killed_keeper_left(tmp_path: Path) -> None:
    """With the keeper gone too, the lock is free and everything still there: the next taker clears it away."""
    slot = Slot(63, tmp_path)
    slot.lock_file.touch()
    slot.folder.mkdir()
    (slot.folder / "etcd.log").write_text("cut off in mid-")
    with subprocess.Popen(["sleep", "600"], env={MARK: slot.mark}, start_new_session=True) as orphan:
        until(lambda: list(marked(slot)) == [orphan.pid])
        sweep(slot)
        assert orphan.wait(10) == -signal.SIGKILL
    assert_nothing_is_left(slot)

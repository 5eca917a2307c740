import os
import pwd
from pathlib import Path

import pytest

from dure.model.job import Mount
from dure.model.record import JobState
from dure.model.tenant import Tenant, Volume
from dure.ports import Refused
from tests.backends.conftest import Desks
from tests.backends.desk import Desk, room

VALUE = "tell-no-one"


def put_secret(desk: Desk, name: str, tenant: str = "lab") -> Path:
    folder = desk.data / "secrets" / tenant
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(VALUE + "\n")
    return folder / name


def test_a_secret_reaches_the_job_and_nothing_else(desk: Desk) -> None:
    """Its value is in the task's environment, and in no file, record or command line of ours."""
    put_secret(desk, "HF_TOKEN")
    job = desk.submit("sh", "-c", "echo ${#HF_TOKEN}; exec sleep 60", secrets=("HF_TOKEN",))
    desk.start(job)
    desk.logged(job, str(len(VALUE)))
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.parent.exists()]
    assert not [line for line in lines if VALUE.encode() in line]
    desk.end(job)
    desk.ended(job)
    assert VALUE not in repr(desk.call(desk.backend.records()))
    files = [path for path in (desk.data / "local").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if VALUE.encode() in path.read_bytes()]


def test_a_secret_of_another_tenant_is_not_there(desk: Desk) -> None:
    """Names are looked up in the tenant's own folder only."""
    put_secret(desk, "KEY", tenant="other")
    with pytest.raises(Refused, match="KEY"):
        desk.submit(secrets=("KEY",))


def test_a_secret_that_is_gone_when_the_job_starts_fails_it(desk: Desk) -> None:
    """It does not start without what it asked for, and says what was missing."""
    secret = put_secret(desk, "KEY")
    job = desk.submit("true", secrets=("KEY",))
    secret.unlink()
    desk.start(job)
    record = desk.ended(job)
    assert record.state is JobState.FAILED
    assert "secrets/lab/KEY" in record.reason


def test_a_volume_of_the_tenant_or_one_above_is_seen_below_the_directory(
    desks: Desks, tmp_path: Path
) -> None:
    """What is written there is in the volume."""
    (tmp_path / "volume").mkdir()
    company = Tenant("company", volumes=(Volume("data", str(tmp_path / "volume")),))
    desk = desks(room(company, Tenant("lab", parent="company")))
    record = desk.run("sh", "-c", "echo kept > in/data/file", mounts=(Mount("data", "in/data"),))
    assert record.state is JobState.SUCCEEDED
    assert (tmp_path / "volume/file").read_text() == "kept\n"


@pytest.mark.parametrize(
    "mount",
    [Mount("data", "/data"), Mount("data", "../data"), Mount("data", "d", read_only=True), Mount("x", "d")],
)
def test_a_mount_that_cannot_be_had_is_refused(desks: Desks, tmp_path: Path, mount: Mount) -> None:
    """Rather than half given: outside the job's directory, read-only, or not the tenant's."""
    desk = desks(room(Tenant("lab", volumes=(Volume("data", str(tmp_path)),))))
    with pytest.raises(Refused):
        desk.submit(mounts=(mount,))


def test_jobs_run_as_their_tenants_unix_user(desks: Desks) -> None:
    """Where the server is root: with that user's groups, in a directory of its own. Elsewhere it is refused."""
    user = pwd.getpwnam("nobody")
    desk = desks(room(Tenant("company", unix_user="nobody"), Tenant("lab", parent="company")))
    if os.geteuid() != 0:
        with pytest.raises(Refused, match="nobody"):
            desk.submit()
        return
    record = desk.run("sh", "-c", "id -u; id -g; touch file; kill -9 $PPID; exit 3")
    assert record.exit_code == 3
    uid, gid, *_ = desk.log(record.job).splitlines()
    assert (int(uid), int(gid)) == (user.pw_uid, user.pw_gid)
    made = desk.data / "local/pool/jobs" / record.job.id / "work/file"
    assert (made.stat().st_uid, made.stat().st_gid) == (user.pw_uid, user.pw_gid)


def test_a_unix_user_that_does_not_exist_is_said(desks: Desks) -> None:
    """At the door, not when the job would start."""
    desk = desks(room(Tenant("lab", unix_user="no-such-user")))
    with pytest.raises(Refused, match="no-such-user"):
        desk.submit()


def test_an_image_is_refused(desk: Desk) -> None:
    """What runs here are programs of this machine; the job is told to leave it out."""
    with pytest.raises(Refused, match="leave the image out"):
        desk.submit("true", image="some/image:1")
    assert desk.call(desk.backend.records()) == ()

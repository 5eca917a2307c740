"""The commands of docs/engineer/first-job.md against a served room: what they print, and how they exit."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.desk import Desk, desk_of
from tests.rig.room import PATIENCE_S, ServedRoom, served_room, until_state, write_bundle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoom]:
    with served_room(tmp_path_factory.mktemp("room")) as served:
        yield served


@pytest.fixture(scope="module")
def admin(room: ServedRoom) -> Desk:
    return Desk(room, (room.data / "admin-token").read_text().strip())


@pytest.fixture(scope="module")
def ant(room: ServedRoom, admin: Desk) -> Desk:
    return desk_of(room, "ant")


def test_a_job_is_submitted_waited_for_and_read(ant: Desk) -> None:
    """Submit prints the id alone; wait exits 0; logs are what it wrote; ps and explain name it."""
    sent = ant.type(
        "submit", "--cpu", "1", "--memory", "64Mi", "--time", "1m", "--name", "first", "--env", "WORD=hello",
        "--project", "p1", "--", "sh", "-c", "echo $WORD",
    )  # fmt: skip
    job = sent.stdout.strip()
    assert (sent.returncode, sent.stderr) == (0, "")
    assert ant.type("wait", job).returncode == 0
    assert ant.type("logs", job).stdout == "hello\n"
    assert ["first" in ant.type("ps", *more).stdout for more in ([], ["--all"])] == [False, True]
    assert ant.type("explain", job).stdout.startswith(f"{job}: succeeded")


def test_a_failed_job_is_exit_code_1_or_its_own(ant: Desk) -> None:
    """--watch and wait tell failure; --propagate-exit-code passes the job's own code on."""
    watched = ant.type("submit", "--watch", "--", "sh", "-c", "exit 7")
    assert watched.returncode == 1
    assert "Exited with code 7." in watched.stderr
    job = watched.stdout.strip()
    assert ant.type("wait", job).returncode == 1
    assert ant.type("wait", "--propagate-exit-code", job).returncode == 7


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("submit", "--cpu", "lots", "--", "true"), 2, "cpu"),
        (("submit", "--idempotency-key", "", "--", "true"), 2, "--idempotency-key is empty"),
        (("submit", "--cpu", "200", "--", "true"), 3, "even when empty"),
        (("submit", "--gpu", "h100:1", "--", "true"), 3, "a100"),
        (("submit", "--project", "p9", "--", "true"), 3, "did you mean p"),
        (("submit", "--tenant", "bee", "--", "true"), 3, "bee"),
        (("token", "list"), 3, "admin"),
        (("logs", "nope"), 4, "there is no job nope"),
        (("cancel", "nope"), 4, "there is no job nope"),
        (("logs", "../../metrics"), 4, "there is no job"),
        (("wait", ""), 4, "there is no job"),
        (("submit", "--", "caf\udce9"), 2, "UTF-8"),
        (("quota", "--tenant", "bee"), 4, "there is no tenant bee"),
    ],
)
def test_each_refusal_has_its_exit_code_and_one_reason(
    ant: Desk, words: tuple[str, ...], code: int, said: str
) -> None:
    """2 bad input, 3 refused, 4 not there: nothing on stdout, and one line on stderr that says why."""
    done = ant.type(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_every_finding_of_a_job_file_is_said_once(ant: Desk, tmp_path: Path) -> None:
    """Two mistakes are two lines with their places, and no job."""
    (tmp_path / "job.yaml").write_text("comand: [x]\ncpu: lots\n", encoding="utf-8")
    done = ant.type("submit", "-f", str(tmp_path / "job.yaml"))
    assert done.returncode == 2
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == ["job.yaml:1:1", "job.yaml:2:6"]


def test_a_job_file_makes_a_gang_of_unlike_tasks(ant: Desk, tmp_path: Path) -> None:
    """Each task runs its own group's command."""
    (tmp_path / "job.yaml").write_text(
        "name: pair\ngroups:\n  - {name: a, command: [echo, one]}\n  - {name: b, command: [echo, two]}\n",
        encoding="utf-8",
    )
    sent = ant.type("submit", "--watch", "-f", str(tmp_path / "job.yaml"))
    assert sent.returncode == 0
    logs = [ant.type("logs", "--task", task, sent.stdout.strip()).stdout for task in ("0", "1")]
    assert logs == ["one\n", "two\n"]


def test_anothers_job_is_not_there(room: ServedRoom, admin: Desk, ant: Desk) -> None:
    """Every command that names it exits 4, as for an id that never was."""
    job = ant.type("submit", "--hold", "--", "true").stdout.strip()
    bee = desk_of(room, "bee")
    commands = ("logs", "explain", "cancel", "wait", "hold", "release")
    assert [bee.type(command, job).returncode for command in commands] == [4] * len(commands)
    assert bee.type("ps", "--all", "-o", "csv").stdout.count("\n") == 1
    assert ant.type("release", job).stderr == f"{job}: pending\n"
    assert ant.type("wait", job).returncode == 0


def test_ctrl_c_leaves_the_job_running(room: ServedRoom, ant: Desk) -> None:
    """--watch says how to come back; wait says nothing of success."""
    watching = ant.begin("submit", "--watch", "--", "sleep", "60")
    assert watching.stdout is not None
    job = watching.stdout.readline().strip()
    until_state(room.admin, job, "running")
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=PATIENCE_S)
    assert f"dure wait {job}" in err
    waiting = ant.begin("wait", job)
    time.sleep(1)  # until it has asked; were it earlier, the same must hold
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=PATIENCE_S)
    assert waiting.returncode != 0
    assert room.admin.get(f"/v1/jobs/{job}").json()["state"] == "running"
    assert ant.type("cancel", job).returncode == 0


def test_waiting_and_following_outlast_a_restart(ant: Desk, tmp_path: Path) -> None:
    """A server that is killed and started again at its address costs neither the wait nor a line of the log."""
    served = ServedRoom(tmp_path / "data", write_bundle(tmp_path / "policy"))
    try:
        served.start()
        served.port = served.url.rpartition(":")[2]
        desk = Desk(served, (served.data / "admin-token").read_text().strip())
        job = desk.type(
            "submit",
            "--tenant",
            "ant",
            "--",
            "sh",
            "-c",
            "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 1; done",
        ).stdout.strip()
        until_state(served.admin, job, "running")
        with desk.begin("wait", job) as waiting, desk.begin("logs", "-f", job) as following:
            assert following.stdout is not None
            first = following.stdout.readline()
            served.kill()
            served.start()
            assert (first + following.stdout.read()).split() == list("12345678")
            assert waiting.stderr is not None
            told = waiting.stderr.read()
        assert (waiting.returncode, following.returncode) == (0, 0), told + served.log()
    finally:
        served.close()


def test_the_shell_completes_ids_of_jobs(room: ServedRoom, ant: Desk) -> None:
    """What bash asks for is answered from the room; where there is none, with nothing."""
    job = ant.type("submit", "--hold", "--", "true").stdout.strip()
    asked = {"_DURE_COMPLETE": "bash_complete", "COMP_WORDS": f"dure logs {job[:6]}", "COMP_CWORD": "2"}
    assert f"plain,{job}" in ant.type(**asked).stdout.splitlines()
    nowhere = ant.type(**asked, DURE_SERVER="http://127.0.0.1:9")
    assert (nowhere.stdout.strip(), nowhere.stderr) == ("", "")
    assert ant.type("cancel", job).returncode == 0


@pytest.mark.parametrize("form", ["json", "csv", "yaml"])
def test_programs_get_plain_data_on_stdout(ant: Desk, form: str) -> None:
    """Nothing but data, in Korean as in English."""
    told = ant.type("quota", "-o", form, DURE_LANG="ko")
    assert (told.returncode, told.stderr) == (0, "")
    assert "guarantee" in told.stdout
    assert form != "json" or json.loads(told.stdout)[0]["tenant"] == "ant"


@pytest.mark.parametrize("token", ["two\nlines", "토큰", "a b"])
def test_a_token_that_is_none_is_said_to_be_none(ant: Desk, token: str) -> None:
    """It is bad input, and nothing is sent; the token is not repeated."""
    done = ant.type("ps", DURE_TOKEN=token)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("dure: the token holds")
    assert token not in done.stderr

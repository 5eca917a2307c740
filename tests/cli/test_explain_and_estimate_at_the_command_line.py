"""`dure explain`, `estimate`, `ps -o wide`, `checkpoint` and `node` against a served room."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig.desk import Desk, desk_of
from tests.rig.room import ServedRoom, served_room, until, until_state

pytestmark = pytest.mark.slow

GPU = ("--cpu", "500m", "--memory", "64Mi", "--gpu", "a100:1")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoom]:
    with served_room(tmp_path_factory.mktemp("room")) as served:
        yield served


@pytest.fixture(scope="module")
def bee(room: ServedRoom) -> Desk:
    """A user whose jobs hold every GPU."""
    desk = desk_of(room, "bee")
    for _ in range(4):
        job = desk.type("submit", *GPU, "--time", "10m", "--", "sleep", "600").stdout.strip()
        until_state(room.admin, job, "running")
    return desk


@pytest.fixture(scope="module")
def waiting(room: ServedRoom, bee: Desk) -> str:
    """A job of bee that waits."""
    limits = ("--time", "20m", "--time", "a100=5m")
    job = bee.type("submit", *GPU, *limits, "--name", "tune", "--", "true").stdout.strip()
    until(lambda: room.admin.get(f"/v1/jobs/{job}").json()["forecast"])
    return job


def asked(desk: Desk, *words: str) -> Any:
    """What a command answers as JSON."""
    done = desk.type(*words, "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_explain_says_first_what_decides_and_last_when_it_may_start(bee: Desk, waiting: str) -> None:
    """State and name, the decisive sentence, the job in numbers, the forecast: in this order."""
    told = bee.type("explain", waiting).stdout
    reasons = asked(bee, "explain", waiting)["reasons"]
    parts = [
        f"{waiting}: pending (tune)\n", f"\n\n{reasons[0]['en']}\n", "\nThe job\n",
        "time limit 20m00s (a100 5m00s)", "\nWhen it may start\n", "nine times out of ten by",
    ]  # fmt: skip
    places = [told.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_explain_speaks_korean(bee: Desk, waiting: str) -> None:
    """The same parts, and no word of English but names and units."""
    told = bee.type("explain", waiting, DURE_LANG="ko").stdout
    for part in (f"{waiting}: 대기 (tune)", "시간 제한 20m00s", "예상 시작"):
        assert part in told
    assert "expected" not in told.lower()


def test_a_job_that_is_over_says_how_it_ended(room: ServedRoom, bee: Desk) -> None:
    """A failed one by its exit code, one that ran well by nothing but its state."""
    jobs = [
        bee.type("submit", "--cpu", "100m", "--", "sh", "-c", f"exit {code}").stdout.strip()
        for code in (0, 3)
    ]
    for job in jobs:
        until_state(room.admin, job)
    well, badly = (bee.type("explain", job).stdout for job in jobs)
    assert well.startswith(f"{jobs[0]}: succeeded\n")
    assert "Exited with code 3." in badly


def test_ps_wide_shows_the_forecast_with_its_age_and_limits_by_flavor(bee: Desk, waiting: str) -> None:
    """In both languages; the narrow table has neither."""
    wide = bee.type("ps", "-o", "wide").stdout
    row = next(line for line in wide.splitlines() if line.startswith(waiting))
    assert "EXPECTED START" in wide
    assert " ago)" in row
    assert "20m00s (a100 5m00s)" in row
    assert "예상 시작" in bee.type("ps", "-o", "wide", DURE_LANG="ko").stdout
    assert "EXPECTED START" not in bee.type("ps").stdout


def test_estimate_takes_what_submit_takes_and_creates_nothing(bee: Desk, tmp_path: Path) -> None:
    """Verdict, start and won; from options, from a job file, without a command, as text or JSON."""
    before = bee.type("ps", "--all", "-o", "json").stdout
    text = bee.type("estimate", *GPU, "--time", "1h", "--time", "a100=30m", "--", "python3", "x.py")
    assert text.returncode == 0
    assert "Expected start" in text.stdout
    assert "won." in text.stdout
    (tmp_path / "job.yaml").write_text("command: [x]\ngpu: a100:1\ntime: 1h\ntime_limits: {a100: 30m}\n")
    by_file = asked(bee, "estimate", "-f", str(tmp_path / "job.yaml"))
    assert by_file["start"]["p90"] >= by_file["start"]["median"]
    assert by_file["cost_high_won"] >= by_file["cost_low_won"] >= 0
    assert "원" in bee.type("estimate", *GPU, DURE_LANG="ko").stdout
    assert bee.type("ps", "--all", "-o", "json").stdout.count('"id"') == before.count('"id"')


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("estimate", "--gpu", "h100:1"), 3, "h100"),
        (("estimate", "--time", "1h", "--time", "2h"), 2, "twice"),
        (("submit", "--time", "a100=1h", "--time", "a100=2h", "--", "true"), 2, "twice"),
        (("submit", "--time", "a100=1h", "--", "true"), 2, "asks for no GPU"),
        (("checkpoint",), 2, "DURE_JOB"),
        (("checkpoint", "nope"), 4, "there is no job nope"),
        (("node", "drain", "n1"), 3, "room admin"),
    ],
)
def test_each_refusal_says_why_in_one_line(bee: Desk, words: tuple[str, ...], code: int, said: str) -> None:
    """Bad input is 2, what policy or a role refuses 3, what is not there 4."""
    done = bee.type(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_job_tells_of_its_own_checkpoint(room: ServedRoom, bee: Desk) -> None:
    """Inside a job nothing need be named: the job's own environment says which it is."""
    script = f"{bee.program} checkpoint && sleep 60"
    token = bee.environment["DURE_TOKEN"]
    job = bee.type(
        "submit", "--cpu", "100m", "--env", f"DURE_SERVER={room.url}", "--env", f"DURE_TOKEN={token}",
        "--", "sh", "-c", script,
    ).stdout.strip()  # fmt: skip
    until(lambda: room.admin.get(f"/v1/jobs/{job}").json()["checkpoint"])
    assert "last checkpoint" in bee.type("explain", job).stdout
    assert bee.type("cancel", job).returncode == 0


def test_an_admin_drains_a_node_and_takes_it_back(room: ServedRoom) -> None:
    """Its state is said, and seen in the room."""
    admin = Desk(room, (room.data / "admin-token").read_text().strip())
    drained = admin.type("node", "drain", "n2")
    assert (drained.returncode, drained.stderr) == (0, "node n2: draining\n")
    until(lambda: "draining" in admin.type("room").stdout)
    assert admin.type("node", "return", "n2").stderr == "node n2: up\n"
    assert admin.type("node", "drain", "n9").returncode == 4

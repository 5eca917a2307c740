import csv
import gzip
import io
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.simulate.small_traces import swf_row, swf_text, write_swf

ROOT = Path(__file__).resolve().parents[2]
EASY_BUNDLE = ROOT / "policies/easy"
KEYS = {"jobs", "mean_wait_s", "mean_bounded_slowdown", "utilization", "makespan_s", "tenants", "decides"}


def run(*arguments: object, seed: str = "0") -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own."""
    command = [sys.executable, "-m", "dure_cli.main", "simulate", *map(str, arguments)]
    environment = os.environ | {"PYTHONHASHSEED": seed}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=120, env=environment
    )


def random_rows(seed: int, jobs: int) -> list[str]:
    random = Random(seed)
    return [
        swf_row(
            n, random.randrange(999), random.randrange(60), random.randint(1, 4), 30, random.randint(1, 5)
        )
        for n in range(jobs)
    ]


@pytest.mark.slow
def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    """Standard output and the jobs' file, whatever the process's hash seed and the order of rows."""
    rows = random_rows(1, 200)
    files = []
    for seed, order in (("1", rows), ("2", rows), ("3", rows[::-1])):
        trace, jobs = write_swf(tmp_path, order), tmp_path / f"jobs{seed}.csv"
        done = run(trace, "--policy", EASY_BUNDLE, "-o", "json", "--jobs", jobs, seed=seed)
        assert done.returncode == 0, done.stderr
        files.append((done.stdout, jobs.read_bytes()))
    assert files[0] == files[1] == files[2]


@pytest.mark.slow
def test_json_and_csv_hold_what_is_promised(tmp_path: Path) -> None:
    """Two jobs on four processors, one after the other, by hand."""
    rows = [swf_row(1, 0, 100, 4, user=5), swf_row(2, 10, 20, 2, user=6), swf_row(3, 0, -1, 2)]
    jobs = tmp_path / "jobs.csv"
    done = run(write_swf(tmp_path, rows), "--policy", EASY_BUNDLE, "--jobs", jobs, "-o", "json")
    figures = json.loads(done.stdout)
    assert figures.keys() >= KEYS
    assert jobs.read_text() == "job,tenant,submit,start,end\n1,5,0,0,100\n2,6,10,100,120\n"
    assert (figures["jobs"], figures["unusable"], figures["unstarted"]) == (2, 1, 0)
    assert (figures["mean_wait_s"], figures["makespan_s"], figures["decides"]) == (45, 120, 3)
    assert figures["mean_bounded_slowdown"] == pytest.approx((1 + 110 / 20) / 2)
    assert figures["utilization"] == pytest.approx((400 + 40) / 480, abs=1e-6)
    assert figures["tenants"]["6"]["mean_wait_s"] == 90
    assert "left out: 1" in done.stderr


@pytest.mark.slow
def test_policies_of_other_half_lives_are_measured_alike(tmp_path: Path) -> None:
    """Each over an hour, a day, and the half-life of either: no cell of the comparison is empty."""
    bundles = []
    for half_life in ("2d", "5d"):
        copied = shutil.copytree(EASY_BUNDLE, tmp_path / half_life)
        room = (copied / "room.yaml").read_text(encoding="utf-8").replace("memory: 0", "memory: 0.5", 1)
        room = room.replace("order: fifo", f"order: fair\n  half_life: {half_life}")
        (copied / "room.yaml").write_text(room, encoding="utf-8")
        bundles += ["--policy", copied]
    trace = write_swf(tmp_path, random_rows(3, 30))
    done = run(trace, *bundles, "-o", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["policies"].values()
    assert [list(figures["fairness_error"]) for figures in told] == [["1h", "1d", "2d", "5d"]] * 2
    alone = json.loads(run(trace, *bundles[:2], "-o", "json").stdout)
    assert list(alone["fairness_error"]) == ["1h", "1d", "2d"]


@pytest.mark.slow
def test_the_table_is_for_people_and_nothing_moves_where_nobody_watches(tmp_path: Path) -> None:
    """Table on stdout; a bar only on a terminal."""
    done = run(write_swf(tmp_path, random_rows(2, 50)), "--policy", EASY_BUNDLE)
    assert "mean_bounded_slowdown" in done.stdout
    assert done.stderr == ""


@pytest.mark.slow
def test_a_bar_moves_on_a_terminal(tmp_path: Path) -> None:
    """Long work shows how far it is."""
    trace = write_swf(tmp_path, random_rows(3, 50))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dure_cli.main", "simulate", str(trace), "--policy", str(EASY_BUNDLE)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=theirs, cwd=ROOT, timeout=120)
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert "jobs" in shown
    assert "100%" in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.swf", "1 2 3\n", "bad.swf:1: 3 columns"),
        ("bad.swf.gz", gzip.compress(b"; MaxProcs: 4\nnothing\n", mtime=0), "bad.swf.gz:2: 1 columns"),
        ("cut.swf.gz", gzip.compress(swf_text([swf_row(1, 0, 1, 1)]).encode(), mtime=0)[:-9], "cut.swf.gz:"),
        ("none.swf", swf_row(1, 0, 1, 1), "none.swf does not say how many processors"),
        ("bad.csv", "job,submit\n", "bad.csv:1: no column duration"),
        ("bad.csv", b"\xff\xfe\x00", "bad.csv:1: not UTF-8"),
    ],
)
def test_a_bad_trace_is_one_line_and_exit_code_2(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    """No traceback, nothing on stdout, no half of a result."""
    trace, jobs = tmp_path / name, tmp_path / "jobs.csv"
    trace.write_bytes(content.encode() if isinstance(content, str) else content)
    done = run(trace, "--policy", EASY_BUNDLE, "--jobs", jobs)
    assert done.returncode == 2
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert not jobs.exists()


@pytest.mark.slow
def test_a_gpu_trace_plays_in_the_bundles_room_with_its_tenants(tmp_path: Path) -> None:
    """Nodes, flavors and tenants are those of the demo; users are mapped to its tenants."""
    trace, owners = tmp_path / "gpus.csv", tmp_path / "map.csv"
    rows = [f"{n},kim,{n},30,60,2,1,a100" for n in range(6)] + ["9,lee,0,30,60,1,2,t4"]
    trace.write_text("\n".join(["job,user,submit,duration,limit,tasks,gpu,flavor", *rows]) + "\n")
    owners.write_text("user,tenant\nkim,haneul-bio\n*,maru-voice\n")
    done = run(trace, "--policy", ROOT / "policies/demo", "--tenants", owners, "-o", "json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert {tenant: row["jobs"] for tenant, row in figures["tenants"].items()} == {"haneul-bio": 6}
    assert figures["unstarted"] == 1
    assert "never start under this policy: 1" in done.stderr
    assert figures["mean_wait_s"] > 0


@pytest.mark.slow
def test_a_bad_bundle_or_place_is_refused_before_the_trace_is_played(tmp_path: Path) -> None:
    """A folder that is no bundle, and a file in a folder that is not there."""
    trace = write_swf(tmp_path, [swf_row(1, 0, 1, 1)])
    for arguments in (("--policy", tmp_path), ("--policy", EASY_BUNDLE, "--jobs", tmp_path / "no/jobs.csv")):
        done = run(trace, *arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


@pytest.mark.slow
def test_policies_stand_side_by_side(tmp_path: Path) -> None:
    """One column of totals for each, and a row for each tenant under each; as CSV also for all tenants."""
    trace = write_swf(tmp_path, random_rows(5, 80))
    both = ("--policy", EASY_BUNDLE, "--policy", "demo")
    told = json.loads(run(trace, *both, "-o", "json").stdout)["policies"]
    assert list(told) == [str(EASY_BUNDLE), "demo"]
    assert told["demo"]["mean_wait_s"] != told[str(EASY_BUNDLE)]["mean_wait_s"]
    rows = list(csv.DictReader(io.StringIO(run(trace, *both, "-o", "csv").stdout)))
    assert [row["policy"] for row in rows[:2]] == [str(EASY_BUNDLE), "demo"]
    assert {row["tenant"] for row in rows} == {"*", "1", "2", "3", "4", "5"}
    assert "P95 WAIT S" in run(trace, *both).stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--policy", "demo", "--policy", "demo"), "a policy is named twice"),
        (("--policy", "demo", "--policy", "easy", "--jobs", "out.csv"), "--jobs goes with one policy"),
        (("--policy", "demo", "--room", "bundle", "--add-nodes", "4xv100:8"), "has no flavor 'v100'"),
        (("--policy", "demo", "--add-nodes", "4xt4:8"), "use --room bundle"),
    ],
)
def test_what_cannot_be_tried_is_refused(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    """One line, exit code 2."""
    done = run(write_swf(tmp_path, [swf_row(1, 0, 1, 1)]), *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_more_nodes_shorten_waits_of_twice_the_tenants(tmp_path: Path) -> None:
    """The second building: two copies of the load wait less with more nodes than without."""
    rows = [swf_row(n, submit=n, run=600, procs=2, limit=600, user=n % 2) for n in range(40)]
    asked = (write_swf(tmp_path, rows), "--policy", "demo", "--room", "bundle", "--copies", "2", "-o", "json")
    few = json.loads(run(*asked).stdout)
    many = json.loads(run(*asked, "--add-nodes", "2xa100:2", "--add-nodes", "1xcpu:8,memory:2Gi").stdout)
    assert few["jobs"] == many["jobs"] == 80
    assert set(few["tenants"]) == {"0", "1", "0-2", "1-2"}
    assert many["mean_wait_s"] < few["mean_wait_s"]

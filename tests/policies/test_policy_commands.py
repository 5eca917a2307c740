import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.policies.small_bundle import changed, write

POLICIES = Path(__file__).resolve().parents[2] / "policies"


def dure(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """`dure policy ...` as a process."""
    command = [sys.executable, "-m", "dure_cli.main", "policy", *map(str, arguments)]
    env = os.environ | environment
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)


def test_a_good_bundle_is_said_to_be_good_in_one_line() -> None:
    """Data goes to stdout; the exit code is 0."""
    done = dure("validate", POLICIES / "demo")
    counts = "3 tenants, 3 that run jobs, 2 nodes, 2 GPU flavors, 1 price version, 0 calendar entries"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{POLICIES / 'demo'}: {counts}: ok\n", "")


def test_a_bundle_that_comes_with_dure_is_known_by_its_name() -> None:
    """As for `serve`; a name that is neither path nor bundle is a finding."""
    assert dure("validate", "biohub").returncode == 0
    assert dure("validate", "no-such-bundle").stderr.startswith("no-such-bundle:1:1: ")


def test_findings_go_to_stderr_unwrapped_and_uncoloured(tmp_path: Path) -> None:
    """A line stays one line, however narrow the terminal, and plain, whatever colours are asked for."""
    long = "x" * 300
    folder = write(tmp_path / "b", **changed("tenants", "name: Ada", f"{long}: 1"))
    done = dure("validate", folder, COLUMNS="40", FORCE_COLOR="1", TERM="xterm-256color")
    keys = "the keys here are budget, business_number, cohort, default_image, default_time_limit, guarantee, "
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"{folder}/tenants.yaml:3:5: there is no key '{'x' * 40}…' in a tenant; {keys}"
        "keep, limit, max_pending_jobs, max_running_jobs, name, name_ko, …\n"
    )


def test_all_errors_of_all_files_come_at_once_in_order(tmp_path: Path) -> None:
    """One run shows everything that is wrong, sorted by file, line and column."""
    texts = changed("room", "order: fair", "order: no\n  memory: 0.99\n  memory: 0.5\n  dept: 1")
    texts |= changed(
        "tenants",
        "weight: 2\n",
        "weight: 010\n    parent: adda\n    term: {first_day: 2026-03-01, last_day: 2026-02-01}\n",
    )
    texts["tenants"] = texts["tenants"].replace(
        "cpu: 4, gpus: {a100: 4}", "cpu: 44, gpus: {a100: 40, h100: 1}"
    )
    texts |= changed("prices", "measure: gpu", "measure: gpus") | {"calendar": "calendar: [a]\n"}
    folder = write(tmp_path / "b", **texts)
    done = dure("validate", folder)
    assert done.returncode == 2
    assert [line.removeprefix(f"{folder}/") for line in done.stderr.splitlines()] == [
        "calendar.yaml:1:11: this is a list; write a mapping from text to an entry",
        "prices.yaml:6:42: 'gpus' is none of the choices; did you mean gpu?",
        "room.yaml:4:10: YAML reads 'no' as false; write one of fair, fifo",
        "room.yaml:5:11: 0.99 is out of range; write 0 to 0.9",
        "room.yaml:6:3: the key 'memory' is here again, first on line 5; keep one",
        "room.yaml:7:3: there is no key 'dept' in planning; did you mean depth?",
        "tenants.yaml:4:22: the guarantees add up to 44 cpu, the room has 16; promise 28 less",
        "tenants.yaml:4:39: the guarantees add up to 40 gpu:a100, the room has 8; promise 32 less",
        "tenants.yaml:4:43: there is no flavor 'h100'; did you mean a100?",
        "tenants.yaml:7:13: YAML reads '010' as the number 8; write 10 if that is meant, or 8",
        "tenants.yaml:8:13: there is no tenant 'adda'; did you mean ada?",
        "tenants.yaml:9:45: the term ends on 2026-02-01, before it begins; write 2026-03-01 or later",
    ]


def test_warnings_refuse_nothing(tmp_path: Path) -> None:
    """What is allowed but probably not meant is said on stderr, and the bundle is fine."""
    folder = write(tmp_path / "b", **changed("prices", ", t4: 0.5", ""))
    done = dure("validate", folder)
    line = "prices.yaml:4:5: v1 has no rate for t4: its use costs nothing by rate; write 0 if that is meant"
    assert (done.returncode, done.stderr) == (0, f"{folder}/{line}\n")


@pytest.mark.parametrize("form", ["table", "json", "yaml", "csv"])
def test_a_difference_is_shown_in_every_form(tmp_path: Path, form: str) -> None:
    """People read the table, programs the rest; all say the same."""
    old, new = write(tmp_path / "a"), write(tmp_path / "b", **changed("tenants", "weight: 2", "weight: 3"))
    done = dure("diff", old, new, "-o", form)
    assert (done.returncode, done.stderr) == (0, "")
    if form == "table":
        row = "tenant ada share among siblings 33.3% 25.0% loses"
        assert done.stdout.splitlines()[1].split() == row.split()
    elif form == "yaml":
        assert done.stdout.count("\n-") + done.stdout.startswith("-") == 3
    else:
        rows = json.loads(done.stdout) if form == "json" else list(csv.DictReader(io.StringIO(done.stdout)))
        assert [(row["subject"], row["what"], row["effect"]) for row in rows] == [
            ("ada", "share among siblings", "loses"),
            ("bob", "weight", "gains"),
            ("bob", "share among siblings", "gains"),
        ]


def test_a_bundle_differs_in_nothing_from_itself() -> None:
    """Then there are no rows, and a word on stderr."""
    done = dure("diff", POLICIES / "biohub", POLICIES / "biohub", "-o", "json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "no differences\n")


def test_a_bad_bundle_is_not_compared(tmp_path: Path) -> None:
    """Findings of both sides are shown; the exit code is 2."""
    one, other = (write(tmp_path / name, **changed("room", "room: small", "room: no")) for name in "ab")
    done = dure("diff", one, other)
    assert (done.returncode, done.stdout) == (2, "")
    assert {line.split("/room.yaml")[0] for line in done.stderr.splitlines()} == {str(one), str(other)}

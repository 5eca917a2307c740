import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.policies.hostile import bundles

ROOT = Path(__file__).resolve().parents[2]
FINDING = re.compile(r"[^\n]+:\d+:\d+: [^\n]+; [^\n]+")


@pytest.mark.slow
def test_two_hundred_hostile_bundles_get_findings_within_bounds(tmp_path: Path) -> None:
    """Whatever is in the files: an answer in 20 s and 512 MiB, never a fault; each finding is one clean line."""
    made = list(bundles(tmp_path, 200, seed=3))
    command = [sys.executable, "-m", "tests.policies.reads_hostile", *[str(one.folder) for one in made]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    answers = {answer["folder"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert done.stderr == ""
    assert [answer for answer in answers.values() if "fault" in answer] == []
    assert len(answers) == len(made)
    for one in made:
        findings = answers[str(one.folder)].get("findings", [])
        assert findings or not one.must_fail, one
        assert [line for line in findings if not FINDING.fullmatch(line) or not line.isprintable()] == []


@pytest.mark.slow
def test_the_command_refuses_hostile_bundles_without_a_traceback(tmp_path: Path) -> None:
    """One of each kind through the real command: exit code 2, findings on stderr, nothing on stdout."""
    for one in bundles(tmp_path, 20, seed=4):
        command = [sys.executable, "-m", "dure_cli.main", "policy", "validate", str(one.folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (2, ""), (one, done)
        assert "Traceback" not in done.stderr
        assert all(FINDING.fullmatch(line) for line in done.stderr.splitlines()), (one, done.stderr)

"""The demo's jobs: who submits what, and how each one should end."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

FILES = Path(__file__).with_name("files")
BEATS = FILES / "beats.csv"

USERS = {"haneul-bio": "jisoo", "nuri-imaging": "minjun", "maru-voice": "seoyeon"}


@dataclass(frozen=True, slots=True)
class DemoJob:
    """One job: the options and program to submit, and what must be true of it when all is over.

    `log` must be found in the log of task 0; `reason` in the reason why it ended, or was refused.
    """

    tenant: str
    name: str
    options: tuple[str, ...]
    program: tuple[str, ...]
    state: str = "succeeded"
    exit_code: int | None = 0
    log: str = "result "
    reason: str = ""
    after: str = ""

    @property
    def command(self) -> list[str]:
        """The program with its files, as the job runs it."""
        script, *arguments = self.program
        return [sys.executable, str(FILES / script), str(BEATS), *arguments]


def beats_in_all() -> int:
    """The sum that the gangs must find, worked out here from the same file."""
    rows = BEATS.read_text(encoding="utf-8").splitlines()[1:]
    return sum(int(row.split(",")[2]) for row in rows)


def _ecg(number: int) -> DemoJob:
    options = (
        "--gpu",
        "a100:1",
        "--cpu",
        "1",
        "--memory",
        "128Mi",
        "--time",
        "2m",
        "--project",
        "ecg-screening",
    )
    return DemoJob("haneul-bio", f"ecg-{number}", options, ("beats.py", str(4_000 + 400 * number)))


def _scan(number: int) -> DemoJob:
    options = (
        "--gpu",
        "t4,a100:1",
        "--cpu",
        "1",
        "--memory",
        "128Mi",
        "--time",
        "2m",
        "--project",
        "chest-ct",
    )
    return DemoJob("nuri-imaging", f"scan-{number}", options, ("risk.py", str(60_000 + 5_000 * number)))


def _cough(number: int) -> DemoJob:
    options = ("--cpu", "2", "--memory", "128Mi", "--time", "2m", "--project", "cough-model")
    return DemoJob("maru-voice", f"cough-{number}", options, ("beats.py", "5000"))


def _gang(tenant: str, name: str, options: tuple[str, ...], seconds: str) -> DemoJob:
    log = f"result {beats_in_all()} ms"
    return DemoJob(
        tenant, name, (*options, "--memory", "64Mi", "--time", "1m"), ("gang.py", seconds), log=log
    )


def demo_jobs() -> list[DemoJob]:
    """Two dozen jobs that run, in the order in which they are submitted, and one that is refused."""
    return [
        *(_ecg(number) for number in range(1, 7)),
        *(_scan(number) for number in range(1, 7)),
        *(_cough(number) for number in range(1, 6)),
        _gang("haneul-bio", "night-gang", ("--tasks", "4", "--gpu", "a100:1", "--cpu", "1"), "3"),
        _gang("nuri-imaging", "slice-gang", ("--tasks", "2", "--gpu", "t4:1", "--cpu", "1"), "2"),
        _gang("maru-voice", "voice-gang", ("--tasks", "3", "--cpu", "2"), "2"),
        DemoJob("maru-voice", "clinic", ("--gpu", "a100:1", "--memory", "64Mi"), ("risk.py", "30000")),
        DemoJob(
            "haneul-bio", "unlabelled", ("--cpu", "1", "--memory", "64Mi"), ("unlabelled.py",),
            state="failed", exit_code=3, log="no column 'diagnosis'",
        ),
        DemoJob(
            "nuri-imaging", "hungry", ("--cpu", "1", "--memory", "48Mi"), ("hungry.py", "400"),
            state="failed", exit_code=None, log="", reason="memory",
        ),
        DemoJob(
            "haneul-bio", "report", ("--cpu", "1", "--memory", "64Mi"), ("risk.py", "4000"), after="night-gang"
        ),
    ]  # fmt: skip


REFUSED = DemoJob(
    "maru-voice", "too-much", ("--gpu", "a100:2", "--cpu", "1", "--memory", "64Mi"), ("risk.py", "1"),
    state="refused", exit_code=3, log="", reason="a100",
)  # fmt: skip

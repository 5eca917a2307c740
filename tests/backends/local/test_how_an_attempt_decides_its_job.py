import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.backends.local.kept import Attempt, Ending, Kept, Task, Withdrawal
from dure.backends.local.outcome import outcome, record
from dure.model.job import Job, Placement, TaskGroup
from dure.model.record import JobState

PLACE = Placement(0, "n1")
CAUSES = ["asked", "limit", "gang", "void", "signal"]


def over(code: int | None, ended: int = 20, reason: str = "") -> Task:
    return Task(PLACE, (), started=10, ended=ended, code=code, reason="lost" if code is None else reason)


def void() -> Task:
    return Task(PLACE, (), void="could not be started", ended=15)


def kept(*tasks: Task, ending: Ending | None = None, withdrawn: Withdrawal | None = None) -> Kept:
    job = Job("j", "lab", "kim", 0, (TaskGroup(len(tasks), 100, 64),), ("true",))
    placements = (Placement(0, "n1", tasks=len(tasks)),)
    return Kept(job, withdrawn=withdrawn, attempts=[Attempt(1, 5, placements, list(tasks), ending)])


@pytest.mark.parametrize(
    ("found", "state", "reason"),
    [
        (kept(over(0)), JobState.SUCCEEDED, ""),
        (kept(over(0), ending=Ending(21, "asked", "too late", False)), JobState.SUCCEEDED, ""),
        (kept(over(3), ending=Ending(21, "asked", "too late", True)), JobState.FAILED, "exited with 3"),
        (kept(over(0), ending=Ending(15, "asked", "evicted", True)), JobState.PENDING, "evicted"),
        (kept(over(0), ending=Ending(15, "asked", "cancelled", False)), JobState.CANCELLED, "cancelled"),
        (kept(over(0), ending=Ending(15, "asked", "time-limit", False)), JobState.FAILED, "time-limit"),
        (kept(over(-9, reason="memory 300")), JobState.FAILED, "memory: it held 300 MiB"),
        (kept(over(127, reason="spawn 2 train")), JobState.FAILED, "No such file or directory: train"),
        (kept(over(None)), JobState.LOST, "lost"),
        (kept(over(0), void()), JobState.PENDING, "task 1 could not be started"),
        (kept(void(), void()), JobState.PENDING, "task 0 could not be started"),
        (
            kept(
                over(-15), ending=Ending(15, "asked", "evicted", True), withdrawn=Withdrawal(16, "cancelled")
            ),
            JobState.CANCELLED,
            "cancelled",
        ),
    ],
)
def test_a_job_stands_as_its_last_attempt_ended(found: Kept, state: JobState, reason: str) -> None:
    """An order to end counts only where the attempt was not over before it."""
    stands = outcome(found)
    assert stands.state is state
    assert reason in stands.reason
    assert bool(reason) == bool(stands.reason)


TASKS = st.builds(over, st.none() | st.integers(-31, 255), st.integers(10, 40)) | st.builds(void)
ENDINGS = st.none() | st.builds(
    Ending, st.integers(5, 50), st.sampled_from(CAUSES), st.sampled_from(["time-limit", "why"]), st.booleans()
)


@given(
    st.lists(TASKS, min_size=1, max_size=4),
    ENDINGS,
    st.none() | st.builds(Withdrawal, st.just(9), st.just("no")),
)
def test_whatever_happened_a_job_stands_somewhere_and_says_why(
    tasks: list[Task], ending: Ending | None, withdrawn: Withdrawal | None
) -> None:
    """Final with an end, or pending again; never in between, and never ill without a reason."""
    found = kept(*tasks, ending=ending, withdrawn=withdrawn)
    stands = outcome(found)
    assert stands.state.final == (stands.at is not None)
    assert stands.state.final or stands.state is JobState.PENDING
    assert stands.state is JobState.SUCCEEDED or stands.reason
    assert not (withdrawn and stands.state is JobState.PENDING)
    assert stands.at is None or all(stands.at >= (task.ended or 0) for task in tasks)
    assert record(found).state is stands.state

import pytest

from dure.model.instants import HOUR
from dure.model.job import Job, Placement, TaskGroup
from dure.model.record import AttemptRecord, JobRecord, JobState, TaskRecord
from dure.service.forecasts import ran_to_an_end

JOB = Job("j", "nuri", "kim", 0, (TaskGroup(cpu=1000),))


@pytest.mark.parametrize(
    ("state", "learnt"),
    [
        (JobState.SUCCEEDED, [(JOB, HOUR, 2 * HOUR)]),
        (JobState.FAILED, [(JOB, HOUR, 2 * HOUR)]),
        (JobState.CANCELLED, []),
        (JobState.LOST, []),
        (JobState.RUNNING, []),
    ],
)
def test_only_what_ran_to_its_end_is_learnt(state: JobState, learnt: list[tuple[Job, int, int]]) -> None:
    """How long a job ran says something only where nobody cut it short: a limit is a failure of its own."""
    task = TaskRecord("n1", started=HOUR, ended=2 * HOUR, exit_code=0)
    attempt = AttemptRecord(1, 0, (Placement(0, "n1"),), (task,))
    assert list(ran_to_an_end([JobRecord(JOB, state, attempts=(attempt,))])) == learnt

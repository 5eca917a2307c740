import pytest

from dure.model.record import JobState
from tests.backends.desk import Desk


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (15, "SIGTERM")])
def test_a_process_that_a_signal_ended_says_which(desk: Desk, number: int, name: str) -> None:
    """The exit code is minus the signal's number; a container's first process cannot even signal itself so."""
    record = desk.run("sh", "-c", f"kill -{number} $$")
    assert (record.state, record.exit_code, record.reason) == (JobState.FAILED, -number, f"ended by {name}")

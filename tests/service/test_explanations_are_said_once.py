import pytest

from dure.model.job import Job, Placement, TaskGroup
from dure.model.plan import Code, Explanation, Reason, Reservation, Score
from dure.model.record import JobRecord, JobState
from dure.model.rules import Rules
from dure.service.explanations import explanation_answer
from dure.service.views import job_answer

RULES = Rules("room")
RECORD = JobRecord(Job("mine", "ant", "kim", 0, (TaskGroup(),)), JobState.PENDING)
AT = 1_795_334_400_000  # 2026-11-22T17:00:00 in Seoul


def told(*reasons: Reason, ahead: int = 0) -> list[str]:
    """Every English sentence of an explanation of a job with a reservation."""
    promise = Reservation("mine", AT, (Placement(0, "n1", "", 1),))
    explained = Explanation("mine", AT, reasons, False, Score(0, 0), 1, ahead, reservation=promise)
    answer = explanation_answer(explained, RECORD, job_answer(RECORD, RULES), RULES)
    assert len(answer.notes.en) == len(answer.notes.ko)
    return [*(reason.en for reason in answer.reasons), *answer.notes.en]


@pytest.mark.parametrize("subject", ["", "other"])
def test_a_reservation_is_said_once(subject: str) -> None:
    """By its reason where there is one, else by a note; another job's reservation is another matter."""
    said = told(Reason(Code.RESERVED, subject, (("at", AT),)))
    own = [
        sentence
        for sentence in said
        if "as a reservation for 2026-11-22 17:00:00 KST at the latest" in sentence
    ]
    assert len(own) == 1


@pytest.mark.parametrize(
    ("ahead", "note"), [(1, "1 tenant comes before its own."), (2, "2 tenants come before its own.")]
)
def test_one_tenant_comes_and_two_come(ahead: int, note: str) -> None:
    """The number of tenants ahead is said as people say it."""
    assert note in told(ahead=ahead)


def test_no_tenant_ahead_is_not_said() -> None:
    """Nobody ahead is no news."""
    assert not any("before its own" in sentence for sentence in told())

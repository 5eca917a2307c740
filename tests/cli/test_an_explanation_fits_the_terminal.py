"""An explanation with everything in it, laid out for narrow and wide terminals in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from click import unstyle

from dure.model.instants import HOUR, MINUTE
from dure.model.job import Job, Placement, TaskGroup
from dure.model.plan import Code, Eviction, Explanation, Reason, Rule, Score, Verdict
from dure.model.record import AttemptRecord, JobRecord, JobState, TaskRecord
from dure.model.rules import Rules
from dure.service.evictions import evicted
from dure.service.explanations import eviction_answer, explanation_answer
from dure.service.views import job_answer
from dure_cli.remote.explained import explained
from dure_cli.remote.output import width
from dure_cli.remote.paragraphs import wrapped

AT = 1_795_334_400_000  # 2026-11-22T17:00:00 in Seoul
RULES = Rules("room")


def _attempt(number: int, rule: Rule) -> AttemptRecord:
    eviction = Eviction("mine", number, rule, "(others)", 26 * MINUTE)
    at = AT - (9 - number) * HOUR
    task = TaskRecord("n1", "a100", (0,), at, at + HOUR)
    return AttemptRecord(number, at, (Placement(0, "n1", "a100"),), (task,), "evicted", at + HOUR, eviction)


def told() -> dict[str, Any]:
    """A job of four tasks that was evicted twice, and every kind of reason."""
    job = Job(
        "mine", "maru-voice", "kim", AT - 9 * HOUR, (TaskGroup(4, 8_000, 65_536, 1, ("h100", "a100")),),
        name="asr-large", time_limit=6 * HOUR, time_limits=(("h100", 3 * HOUR),),
    )  # fmt: skip
    attempts = (_attempt(1, Rule.BETWEEN_BORROWERS), _attempt(2, Rule.RECLAIM))
    record = JobRecord(job, JobState.PENDING, attempts=attempts)
    scores = (("score", 21_000), ("score_to", 90_500), ("own_score", 184_000))
    reasons = (
        Reason(Code.NO_PLACE, "", (("tasks", 4), ("gpu:h100", 4), ("placeable", 1), ("free:gpu:h100", 1))),
        Reason(Code.BEHIND, "(others)"),
        Reason(Code.KEPT_BACK, "(others)", (("gpu:a100", 2),)),
        Reason(Code.AHEAD, "(others)", (("rank", 5), *scores, ("jobs", 4), ("tenants", 2))),
        Reason(Code.HOLDS, "theirs", (("gpu:a100", 2), ("until", AT + HOUR))),
        Reason(Code.HOLDS, "(others)", (("gpu:h100", 3), ("until", AT + 7 * HOUR))),
        Reason(Code.WOULD_START, "tasks", (("tasks", 1),)),
        Reason(Code.WOULD_START, "time-limit", (("time-limit", 45 * MINUTE),)),
    )
    answer = explanation_answer(
        Explanation("mine", AT, reasons, False, Score(0.1, 0.184), 5, 2),
        record, job_answer(record, RULES, Verdict(Code.NO_PLACE)), RULES,
    )  # fmt: skip
    evictions = [eviction_answer(attempt, eviction, eviction.by) for attempt, eviction in evicted(record)]
    return answer.model_copy(update={"evictions": evictions}).model_dump()


TITLES = {
    "en": ["Also", "The job", "Who comes before it", "Who holds what it lacks", "What would start", "Evictions"],
    "ko": ["그 밖의 사유", "작업", "앞선 순서", "모자란 자원을 쓰는 곳", "지금 시작하려면", "중단 기록"],
}  # fmt: skip


@pytest.mark.parametrize("spoken", ["en", "ko"])
@pytest.mark.parametrize("within", [60, 100])
def test_no_line_is_wider_than_the_terminal(spoken: str, within: int) -> None:
    """Sentences wrap by cells, and the tables stay within 60."""
    lines = explained(told(), spoken, within)
    assert max(width(unstyle(line)) for line in lines) <= within
    assert min(len(line) for line in lines) == 0  # parts are set apart


@pytest.mark.parametrize("spoken", ["en", "ko"])
def test_parts_come_in_the_order_of_what_one_asks(spoken: str) -> None:
    """What decides, the numbers, who is ahead, who holds what, what would start it, what happened before."""
    lines = explained(told(), spoken)
    found = [next(i for i, line in enumerate(lines) if title in line) for title in TITLES[spoken]]
    assert found == sorted(found)
    assert lines[2] == told()["reasons"][0][spoken]


def test_each_number_is_where_one_looks_for_it() -> None:
    """Ranks and scores in one table with the own tenant's last, holders in another, each eviction a line."""
    text = "\n".join(explained(told(), "en"))
    for row in (
        "        (others) x 2           0.0210-0.0905           4",
        "     5  maru-voice (this job)         0.1840",
        "  theirs    2 a100  2026-11-22 18:00:00 KST",
        "  (others)  3 h100  2026-11-23 00:00:00 KST",
        "--time 45m",
        "Attempt 2 was evicted at",
        "attempt 1, 2026-11-22 10:00:00 KST: it is the turn of a tenant that has had less of its due; 26m00s lost",
    ):
        assert row in text


def test_a_word_that_is_too_long_stands_alone() -> None:
    """Nothing is cut out of a sentence."""
    assert wrapped("a " + "x" * 30 + " b", 10, "- ", "  ") == ["- a", "  " + "x" * 30, "  b"]

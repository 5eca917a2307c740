import re

import pytest

from dure.model import units
from dure.model.plan import Code, EndCause, Numbers, Reason, Rule
from dure.model.tenant import BudgetState
from dure.service import words

SEOUL = "Asia/Seoul"
AT = 1_795_334_400_000  # 2026-11-22T17:00:00 in Seoul
HANGUL = re.compile("[가-힣]")

NUMBERS: dict[Code, Numbers] = {
    Code.TERM: (("from", AT), ("until", AT + 1)),
    Code.OVER_LIMIT: (("gpu:a100", 1), ("asks", 2), ("held", 3), ("limit", 4)),
    Code.NEVER_FITS: (("tasks", 2), ("cpu", 1500), ("memory", 4096)),
    Code.NO_PLACE: (("tasks", 2), ("gpu:a100", 2), ("placeable", 1), ("free:gpu:a100", 1)),
    Code.RESERVED: (("at", AT),),
    Code.BEHIND: (("at", AT),),
    Code.RUNNING: (("since", AT), ("until", AT)),
    Code.CLAIMED: (("since", AT), ("timeout", 600_000)),
    Code.VACATING: (("since", AT), ("grace", 10_000)),
    Code.EVICTED: (("at", AT), ("lost", 720_000), ("attempt", 2)),
    Code.DISPLACED: (("lost", 720_000), ("jobs", 3)),
    Code.KEPT_BACK: (("gpu:a100", 2),),
    Code.CALENDAR: (("at", AT), ("until", AT + 1)),
    Code.MAINTENANCE: (("at", AT), ("until", AT + 1)),
    Code.BUDGET: (
        ("budget", 10),
        ("spent", 9),
        ("forecast", 12),
        ("percent", 120),
        ("step", 100),
        ("until", AT),
    ),
    Code.TOO_MANY_JOBS: (("limit", 4), ("running", 4)),
    Code.AHEAD: (("rank", 1), ("score", 120_000), ("own_score", 340_000), ("jobs", 3)),
    Code.HOLDS: (("gpu:a100", 6), ("until", AT)),
    Code.WOULD_START: (("tasks", 3), ("time-limit", 2_700_000), ("gpu:h100", 2)),
}

SUBJECTS: dict[Code, list[str]] = {
    Code.EVICTED: list(Rule),
    Code.VACATING: list(Rule),
    Code.BUDGET: [*BudgetState, *(f"{state}:ant" for state in BudgetState)],
    Code.WOULD_START: ["tasks", "flavor:h100", "time-limit", "preemptible", "quota:ant", "new"],
}
CASES = [(code, subject) for code in Code for subject in ["", "ant", words.OTHERS, *SUBJECTS.get(code, ())]]


@pytest.mark.parametrize(("code", "subject"), CASES)
@pytest.mark.parametrize("bare", [True, False])
def test_every_code_is_a_sentence_in_both_languages(code: Code, subject: str, bare: bool) -> None:
    """With or without numbers and subject, people read a whole sentence and no code."""
    text = words.reason(Reason(code, subject, () if bare else NUMBERS.get(code, ())), SEOUL)
    for sentence in (text.en, text.ko):
        assert sentence.endswith(".")
        assert not re.search(r"[{}]|None|\bgpu:|\(\)|  |:\.", sentence), sentence
    assert HANGUL.search(text.ko)
    assert not HANGUL.search(text.en)


def test_numbers_come_with_units_and_room_time() -> None:
    """GPUs, cores, GiB, and the hour as the room's clocks show it."""
    over = words.reason(Reason(Code.OVER_LIMIT, "bee", NUMBERS[Code.OVER_LIMIT]), SEOUL)
    held = "3 a100 GPUs of 4 a100 GPUs are held, and it asks for 2 a100 GPUs"
    assert (
        over.en
        == f"With it the limit of bee would be exceeded: {held}. It starts when jobs there have ended."
    )
    assert over.ko.startswith(
        "bee의 한도를 넘게 됩니다: a100 GPU 4개 중 a100 GPU 3개 사용 중, 요청 a100 GPU 2개."
    )
    never = words.reason(Reason(Code.NEVER_FITS, "", NUMBERS[Code.NEVER_FITS]), SEOUL)
    assert never.en == "The room cannot hold it even when empty; it asks for 1.5 cores, 4 GiB."
    reserved = words.reason(Reason(Code.RESERVED, "", (("at", AT),)), SEOUL)
    assert reserved.en == "Has a reservation for 2026-11-22 17:00:00 KST at the latest."
    behind = words.reason(Reason(Code.BEHIND, words.OTHERS), SEOUL)
    assert behind.ko == "다른 테넌트의 작업 다음 차례입니다."


@pytest.mark.parametrize(
    ("amount", "en", "ko"),
    [
        (("cpu", 1000), "1 core", "1코어"),
        (("cpu", 500), "0.5 cores", "0.5코어"),
        (("memory", 1536), "1.5 GiB", "1.5GiB"),
        (("memory", 1537), "1537 MiB", "1537MiB"),
        (("memory", 64), "64 MiB", "64MiB"),
        (("gpu:a100-mig-1g.10gb", 1), "1 a100-mig-1g.10gb GPU", "a100-mig-1g.10gb GPU 1개"),
    ],
)
def test_amounts_as_people_write_them(amount: tuple[str, int], en: str, ko: str) -> None:
    """Whole units where they are whole, and exact numbers where they are not."""
    assert words.amount(*amount) == words.Text(en, ko)


@pytest.mark.parametrize(
    "cause",
    [
        *EndCause,
        words.cancelled_by("kim"),
        "exited with 3",
        "ended by SIGKILL",
        "memory: it held 70 MiB, more than it asked for",
        "lost: its shim is gone and left no exit status; the end is the last proof of life",
        "task 2 exited with 1; the others were ended",
        "task 0 memory: it held 70 MiB, more than it asked for; the others were ended",
        "could not be run: No such file or directory: nothere",
    ],
)
def test_endings_are_told_in_both_languages(cause: str) -> None:
    """What backends keep of an end is a sentence too, its numbers kept."""
    text = words.ending(cause)
    assert text.en.endswith(".")
    assert HANGUL.search(text.ko)
    if cause not in set(EndCause):
        assert set(re.findall(r"\d+|kim|SIGKILL|nothere", cause)) <= set(
            re.findall(r"\w+", text.ko + text.en)
        )


def test_a_job_that_never_started_names_the_one_that_failed() -> None:
    """Where it comes after one job only, that one is named, in both languages."""
    named, unnamed = (words.ending(EndCause.DEPENDENCY_FAILED, job) for job in ("first", ""))
    assert named.en == "Never started: job first, which it comes after, ended without success."
    assert "작업 first" in named.ko
    assert unnamed.en == "Never started: a job that it comes after ended without success."


def test_what_a_backend_says_in_its_own_words_is_passed_on() -> None:
    """Nothing is lost where no sentence is known."""
    assert words.ending("the moon is in the way") == words.Text(*["the moon is in the way"] * 2)


def test_lengths_show_their_two_largest_units() -> None:
    """Hours and minutes, not a count of milliseconds."""
    assert words.length(9_000_000) == words.Text("2 h 30 min", "2시간 30분")
    assert words.length(0) == words.Text("0 s", "0초")


@pytest.mark.parametrize(
    ("change", "en"),
    [
        ("tasks", "With 3 tasks (--tasks 3) it would start now."),
        ("flavor:h100", "On h100 (--gpu, 2 h100 GPUs in all) it would start now."),
        ("time-limit", "With a time limit of 45m or less (--time 45m) it would start now."),
        ("quota:ant", "Had ant a quota of 2 h100 GPUs, it would start now; an admin may grant it."),
    ],
)
def test_what_would_start_it_is_said_as_one_would_type_it(change: str, en: str) -> None:
    """The option and the value that would do."""
    assert words.reason(Reason(Code.WOULD_START, change, NUMBERS[Code.WOULD_START]), SEOUL).en == en


@pytest.mark.parametrize(
    ("own", "en", "ko"),
    [
        (0, "2 jobs of other tenants have", "다른 테넌트의 작업 2개가"),
        (
            1,
            "1 job of other tenants and 1 job of its own tenant have",
            "다른 테넌트의 작업 1개, 같은 테넌트의 작업 1개가",
        ),
        (2, "2 jobs of its own tenant have", "같은 테넌트의 작업 2개가"),
    ],
)
def test_who_has_to_leave_first_is_said(own: int, en: str, ko: str) -> None:
    """How many, and whose: it starts not now but afterwards, whatever the change."""
    leaving = (("leaving", 2), *((("own", own),) if own else ()))
    for subject in ("tasks", "flavor:h100", "time-limit", "preemptible", "quota:ant", "new"):
        numbers = (*NUMBERS[Code.WOULD_START], *leaving)
        said = words.reason(Reason(Code.WOULD_START, subject, numbers), SEOUL)
        assert f"it would start once {en} left for it" in said.en
        assert f"{ko} 중단되어 자리를 비운 뒤 시작할 수 있습니다." in said.ko
        assert "now" not in said.en


@pytest.mark.parametrize(
    ("millis", "typed"), [(5_430_000, "1h30m"), (59_999, "59s"), (90_000_000, "1d1h"), (500, "500ms")]
)
def test_a_limit_is_never_said_longer_than_it_may_be(millis: int, typed: str) -> None:
    """Rounded down to what people type; the room reads it back as no more."""
    said = words.reason(Reason(Code.WOULD_START, "time-limit", (("time-limit", millis),)), SEOUL).en
    assert f"--time {typed})" in said
    assert units.duration(typed) <= millis


def test_an_eviction_tells_rule_hour_and_loss() -> None:
    """By which rule, when, which attempt, what was lost, and that nothing need be done."""
    said = words.reason(Reason(Code.EVICTED, Rule.RECLAIM, NUMBERS[Code.EVICTED]), SEOUL)
    assert said.en.startswith(
        "Attempt 2 was evicted at 2026-11-22 17:00:00 KST: another tenant takes back what it is guaranteed."
        " 12 min of its work was lost"
    )
    assert "12분 분량이 사라졌습니다" in said.ko
    kept = words.reason(Reason(Code.EVICTED, Rule.RECLAIM, (("lost", 0),)), SEOUL)
    assert "None of its work was lost." in kept.en

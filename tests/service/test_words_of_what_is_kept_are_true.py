import pytest

from dure.model.plan import Code, Reason
from dure.service.words import reason

SEOUL = "Asia/Seoul"


@pytest.mark.parametrize(("held", "says"), [(1, "nothing more starts"), (0, "only preemptible jobs start")])
def test_a_verdict_on_the_budget_says_what_it_stops(held: int, says: str) -> None:
    """A verdict has no subject: its number tells the step that was taken."""
    assert says in reason(Reason(Code.BUDGET, "", (("held", held),)), SEOUL).en


def test_a_budget_is_told_with_its_money() -> None:
    """What is spent and what the month comes to, against what there is, in both languages."""
    money = (
        ("budget", 1_000_000),
        ("spent", 820_000),
        ("forecast", 1_240_000),
        ("percent", 124),
        ("step", 120),
    )
    said = reason(Reason(Code.BUDGET, "held:ant", (*money, ("until", 1_795_334_400_000))), SEOUL)
    assert said.en == (
        "By forecast this month's budget of ant is used up: nothing more starts until the month is over, or an"
        " admin raises the budget. Of 1,000,000 won 820,000 are spent by 2026-11-22 17:00:00 KST; at this pace"
        " the month comes to 1,240,000 won before VAT (124 % of it; this holds from 120 % on)."
    )
    assert said.ko == (
        "ant의 이번 달 예산을 다 쓸 것으로 보여 더 시작하지 않습니다. 다음 달이 되거나 관리자가 예산을"
        " 늘리면 시작합니다. 2026-11-22 17:00:00 KST까지 예산 1,000,000원 중 820,000원을 썼고, 이 추세면 월말에"
        " 1,240,000원(부가세 별도, 예산의 124%, 기준 120%)이 됩니다."
    )
    only = reason(Reason(Code.BUDGET, "preemptible-only:ant", money), SEOUL)
    assert "820,000 are spent; at this pace" in only.en
    assert "--preemptible" in only.en


def test_an_entry_of_the_own_tenant_is_something_to_wait_for() -> None:
    """Whose entry keeps the place starts there when it opens; others are told what may start until then."""
    numbers = (("at", 1_796_860_800_000), ("until", 1_796_878_800_000))
    own = reason(Reason(Code.CALENDAR, "Demo day", (*numbers, ("own", 1))), SEOUL)
    others = reason(Reason(Code.CALENDAR, "Demo day", numbers), SEOUL)
    assert "may start there once that begins" in own.en
    assert "--preemptible" in others.en
    assert "--preemptible" not in own.en


def test_more_than_a_limit_never_starts_by_waiting() -> None:
    """A job larger than the limit itself is not told to wait for others."""
    numbers = (("gpu:t4", 3), ("asks", 4), ("held", 0), ("limit", 1))
    said = reason(Reason(Code.OVER_LIMIT, "nuri", numbers), SEOUL)
    assert "more than the limit of nuri of 1 t4 GPU" in said.en
    assert "have ended" not in said.en


def test_what_is_closed_is_not_offered_to_shorter_jobs() -> None:
    """Once an entry has begun, or is about to, neither a shorter limit nor --preemptible helps."""
    numbers = (("at", 1_796_860_800_000), ("until", 1_796_878_800_000), ("closed", 1))
    said = reason(Reason(Code.CALENDAR, "Demo day", numbers), SEOUL)
    assert "Others may use it afterwards" in said.en
    assert "--preemptible" not in said.en

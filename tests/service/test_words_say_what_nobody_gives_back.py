import pytest

from dure.model.instants import HOUR
from dure.model.plan import Code, Numbers, Reason
from dure.service import words
from dure.service.anonymous import summed
from dure_cli.remote.words import stays

AT = 1_795_334_400_000  # 2026-11-22T17:00:00 in Seoul
CLOCK = "2026-11-22 17:00:00 KST"


def said(code: Code, subject: str = "", numbers: Numbers = ()) -> tuple[str, str]:
    """A reason in both languages."""
    text = words.reason(Reason(code, subject, numbers), "Asia/Seoul")
    return text.en, text.ko


def test_of_what_others_hold_it_is_said_what_no_rule_takes_back() -> None:
    """What may not be preempted, and what is within the guarantees of others."""
    held = (("gpu:a100", 6), ("firm:gpu:a100", 2), ("due:gpu:a100", 4))
    en, ko = said(Code.HOLDS, "(others)", held)
    firm = "2 a100 GPUs may not be preempted"
    assert f"{firm}, and 4 a100 GPUs are within the guarantees of others." in en
    assert "a100 GPU 2개는 선점할 수 없는" in ko
    assert ko.endswith("습니다.")
    assert stays(dict(held), "en") == "of that 2 a100: not preemptible; 4 a100: within others' guarantees"
    assert stays({"gpu:a100": 6}, "en") == ""


def test_a_reservation_that_stands_comes_first_whatever_the_order_is() -> None:
    """One, several of others, and how many more there are."""
    assert CLOCK in said(Code.BEHIND, "7", (("at", AT),))[0]
    assert "3 jobs of other tenants" in said(Code.BEHIND, "(others)", (("at", AT), ("jobs", 3)))[0]
    assert "5 more jobs" in said(Code.BEHIND, "", (("at", AT), ("jobs", 5)))[0]
    assert said(Code.BEHIND, "7")[0] == "Waits behind job 7."


def test_reservations_of_others_are_told_as_one_sum() -> None:
    """How many there are and when the first begins; the job's own stays its own."""
    told = summed(
        [
            Reason(Code.RESERVED, "", (("at", AT),)),
            Reason(Code.RESERVED, "(others)", (("at", AT),)),
            Reason(Code.RESERVED, "mine", (("at", AT),)),
            Reason(Code.RESERVED, "(others)", (("at", AT + HOUR),)),
        ]
    )
    assert [(reason.subject, dict(reason.numbers).get("jobs")) for reason in told] == [
        ("", None), ("(others)", 2), ("mine", None),
    ]  # fmt: skip
    assert "2 jobs of other tenants" in said(Code.RESERVED, "(others)", told[1].numbers)[0]
    assert CLOCK in said(Code.RESERVED, "(others)", told[1].numbers)[0]


def test_what_cannot_be_taken_back_adds_up() -> None:
    """When jobs of several others become one."""
    one = (("gpu:a100", 2), ("firm:gpu:a100", 1))
    (told,) = summed([Reason(Code.HOLDS, "(others)", one), Reason(Code.HOLDS, "", one)])
    assert dict(told.numbers) == {"gpu:a100": 4, "firm:gpu:a100": 2}


@pytest.mark.parametrize(
    ("code", "subject", "numbers", "english"),
    [
        (Code.WOULD_START, "tasks", (("tasks", 2), ("group", 1)), "2 tasks in its task group 2"),
        (Code.WOULD_START, "flavor:t4", (("gpu:t4", 4), ("each", 2)), "(--gpu t4:2, 4 t4 GPUs in all)"),
        (Code.NOT_PREEMPTIBLE, "a", (("gpu:t4", 1),), "(short by 1 t4 GPU)"),
        (Code.NO_PLACE, "", (("gpu:t4", 1), ("closed:gpu:t4", 3)), "3 t4 GPUs are on nodes that take no jobs"),
        (Code.NO_PLACE, "", (("memory", 64), ("free:memory", 196_352)), "the whole room has 191 GiB free"),
        (Code.TOO_MANY_JOBS, "a", (("limit", 2), ("running", 1), ("reserved", 1)), "1 job running and 1 reserved"),
        (
            Code.OVER_LIMIT, "a",
            (("gpu:t4", 1), ("asks", 1), ("held", 1), ("limit", 2), ("reserved", 1)),
            "1 t4 GPU of 2 t4 GPUs are held, 1 t4 GPU reserved",
        ),
    ],
)  # fmt: skip
def test_every_number_is_in_its_sentence(code: Code, subject: str, numbers: Numbers, english: str) -> None:
    """What is asked for, held, reserved, out of reach; and the flag that would do."""
    en, ko = said(code, subject, numbers)
    assert english in en
    assert ko.endswith((".", "니다."))

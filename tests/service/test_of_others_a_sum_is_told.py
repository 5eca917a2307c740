"""Reasons that name other tenants become one anonymous sum before they leave the server."""

from hypothesis import given
from hypothesis import strategies as st

from dure.model.plan import Code, Numbers, Reason
from dure.service.anonymous import summed
from dure.service.words import OTHERS

SUMS = (Code.AHEAD, Code.KEPT_BACK, Code.HOLDS, Code.DISPLACED)
AMOUNTS = ("gpu:a100", "cpu", "memory", "jobs", "lost")


def test_tenants_ahead_become_one_line_with_both_ends_of_their_scores() -> None:
    """Ranks from the first on, jobs and tenants counted, the lowest and the highest score."""
    rows: list[Numbers] = [
        (("rank", 1), ("score", 20), ("own_score", 90), ("jobs", 3)),
        (("rank", 4), ("score", 50), ("own_score", 90), ("jobs", 1)),
        (("rank", 5), ("score", 10), ("own_score", 90), ("jobs", 2)),
    ]
    (told,) = summed(Reason(Code.AHEAD, OTHERS, numbers) for numbers in rows)
    assert dict(told.numbers) == {
        "rank": 1, "score": 10, "score_to": 50, "own_score": 90, "jobs": 6, "tenants": 3,
    }  # fmt: skip


def test_what_others_hold_adds_up_and_the_last_end_counts() -> None:
    """Amounts of each resource together; free again when the last of them has ended."""
    (told,) = summed(
        Reason(Code.HOLDS, subject, numbers)
        for subject, numbers in (
            ("", (("gpu:a100", 2), ("until", 7))),
            (OTHERS, (("gpu:a100", 1), ("gpu:h100", 4), ("until", 9))),
        )
    )
    assert told.subject == OTHERS
    assert dict(told.numbers) == {"gpu:a100": 3, "gpu:h100": 4, "until": 9}


REASONS = st.builds(
    Reason,
    st.sampled_from([*SUMS, Code.NO_PLACE, Code.BEHIND]),
    st.sampled_from(["", OTHERS, "own"]),
    st.lists(st.sampled_from(AMOUNTS), unique=True).flatmap(
        lambda names: st.tuples(*(st.tuples(st.just(name), st.integers(0, 99)) for name in names))
    ),
)


@given(st.lists(REASONS, max_size=12))
def test_summing_loses_no_amount_and_keeps_the_order(reasons: list[Reason]) -> None:
    """Every amount is still there, what is the own tenant's is untouched, and nobody can count the others."""
    told = summed(reasons)
    for code in SUMS:
        assert sum(reason.code is code and reason.subject in {"", OTHERS} for reason in told) <= 1
        for name in AMOUNTS:
            before, after = (
                sum(dict(r.numbers).get(name, 0) for r in some if r.code is code) for some in (reasons, told)
            )
            assert before == after
    own = [reason for reason in reasons if reason.subject == "own"]
    assert [reason for reason in told if reason.subject == "own"] == own
    assert summed(told) == told

from email.utils import formatdate

from hypothesis import given
from hypothesis import strategies as st

from dure.backends.kubernetes.server_time import ServerTime

AHEAD = st.integers(-3_600_000, 3_600_000)
ANSWERS = st.lists(st.tuples(st.integers(1, 5_000), st.integers(0, 400), st.integers(0, 400)), min_size=1)


def heard(time: ServerTime, ahead: int, now: int, there: int, back: int) -> int:
    """One request that takes `there` ms to the server and `back` ms from it; the instant at which it is over."""
    date = formatdate((now + there + ahead) // 1000, usegmt=True)
    time.heard(date, now, now + there + back)
    return now + there + back


@given(AHEAD, ANSWERS)
def test_the_server_s_clock_is_never_outside_what_is_said(
    ahead: int, answers: list[tuple[int, int, int]]
) -> None:
    """Whatever the way takes, the skew lies within the doubt, which no answer makes larger."""
    time, now, doubts = ServerTime(), 1_800_000_000_000, []
    for pause, there, back in answers:
        now = heard(time, ahead, now + pause, there, back)
        assert abs(time.ahead - ahead) <= time.doubt + 1
        doubts.append(time.doubt)
    assert doubts == sorted(doubts, reverse=True)


@given(AHEAD, AHEAD)
def test_a_clock_that_was_set_is_believed_anew(before: int, after: int) -> None:
    """What was learnt of the old setting does not stand in the way."""
    time, now = ServerTime(), 1_800_000_000_000
    for ahead in (before, after):
        for _ in range(20):
            now = heard(time, ahead, now + 777, 2, 2)
    assert abs(time.ahead - after) <= time.doubt + 1004


def test_an_answer_without_a_date_says_nothing() -> None:
    """Nor does one that cannot be read."""
    time = ServerTime()
    for date in (None, "", "yesterday"):
        time.heard(date, 0, 0)
    assert not time.known
    assert time.at(5) == 5

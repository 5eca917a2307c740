from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dure.forecast.calibration import Calibration, Wait
from dure.model.instants import DAY, HOUR, MINUTE, Millis

WAITS = st.integers(0, 7 * DAY)


@given(st.lists(st.tuples(WAITS, WAITS, WAITS), max_size=60), WAITS, WAITS)
def test_a_p90_is_never_below_its_median(
    past: list[tuple[Millis, Millis, Millis]], one: Millis, other: Millis
) -> None:
    """Whatever came of past forecasts, a corrected one is in order and not in the past."""
    calibration = Calibration()
    for said, more, waited in past:
        calibration.learn(Wait(said, said + more), waited)
    corrected = calibration.correct(Wait(min(one, other), max(one, other)))
    assert 0 <= corrected.median <= corrected.p90


def test_nine_in_ten_hold_where_waits_are_spread_evenly() -> None:
    """The futures say an hour for certain, the truth is anything up to two: the p90 learns to say so."""
    calibration, held = Calibration(), 0
    for number in range(400):
        waited = 2 * HOUR * (number * 137 % 400) // 400
        held += waited <= calibration.correct(Wait(HOUR, HOUR)).p90 and number >= 100
        calibration.learn(Wait(HOUR, HOUR), waited)
    assert 0.85 <= held / 300 <= 0.95


def test_long_waits_teach_little_about_short_ones() -> None:
    """Days that doubled do not double minutes that were right."""
    calibration = Calibration()
    for _ in range(40):
        calibration.learn(Wait(2 * DAY, 2 * DAY), 4 * DAY)
        calibration.learn(Wait(10 * MINUTE, 10 * MINUTE), 10 * MINUTE)
    assert calibration.correct(Wait(10 * MINUTE, 10 * MINUTE)).median == 10 * MINUTE
    assert calibration.correct(Wait(2 * DAY, 2 * DAY)).median > 3 * DAY

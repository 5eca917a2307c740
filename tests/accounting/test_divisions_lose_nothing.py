from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dure.accounting.quantities import decimal
from dure.accounting.split import largest_remainder, nearest, round_parts

HUGE = 10**40
keys = st.text("abcdef", min_size=1, max_size=3)
weights = st.dictionaries(keys, st.integers(0, HUGE), min_size=1, max_size=12).filter(
    lambda w: sum(w.values()) > 0
)
small = st.dictionaries(keys, st.integers(0, 9), min_size=1, max_size=12).filter(
    lambda w: sum(w.values()) > 0
)
totals = st.integers(-HUGE, HUGE)


@given(totals, weights)
def test_shares_add_up_to_the_total(total: int, weights: dict[str, int]) -> None:
    """Nothing is lost and nothing made, however large the numbers."""
    shares = largest_remainder(total, weights)
    assert shares.keys() == weights.keys()
    assert sum(shares.values()) == total


@given(totals, weights)
def test_no_share_is_a_unit_off(total: int, weights: dict[str, int]) -> None:
    """Each share is within one unit of the exact one, and who weighs nothing gets nothing."""
    whole = sum(weights.values())
    for key, share in largest_remainder(total, weights).items():
        assert abs(share - Fraction(total * weights[key], whole)) < 1
        assert weights[key] or share == 0


@given(totals, st.one_of(weights, small), st.randoms(use_true_random=False))
def test_order_changes_no_share(total: int, weights: dict[str, int], random: object) -> None:
    """In whatever order the weights come, each key has the same share."""
    shuffled = sorted(weights.items(), key=lambda _: random.random())  # type: ignore[attr-defined]  # a Random
    assert largest_remainder(total, dict(shuffled)) == largest_remainder(total, weights)


@given(st.integers(0, 100), small)
def test_who_weighs_more_never_gets_less(total: int, weights: dict[str, int]) -> None:
    """Shares follow weights: a larger one never gets less, and equal ones differ by at most a unit."""
    shares = largest_remainder(total, weights)
    for one, weight in weights.items():
        for other, other_weight in weights.items():
            assert weight <= other_weight or shares[one] >= shares[other]
            assert weight != other_weight or abs(shares[one] - shares[other]) <= 1


@given(totals, weights)
def test_a_credit_undoes_a_charge_part_by_part(total: int, weights: dict[str, int]) -> None:
    """The shares of a negative total are those of the positive one, turned."""
    undone = {key: -share for key, share in largest_remainder(total, weights).items()}
    assert largest_remainder(-total, weights) == undone


def test_ties_go_to_the_lowest_key() -> None:
    """Where remainders are equal the first in order gets the unit."""
    assert largest_remainder(2, {"c": 1, "a": 1, "b": 1}) == {"a": 1, "b": 1, "c": 0}


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": 2, "b": -1}, {"a": -1}])
def test_no_weight_is_no_share(weights: dict[str, int]) -> None:
    """Without a positive weight there is nothing to go by, and the caller is told."""
    with pytest.raises(ValueError, match="weights"):
        largest_remainder(5, weights)


@given(st.dictionaries(keys, st.integers(-HUGE, HUGE), max_size=12), st.integers(1, HUGE))
def test_rounded_parts_add_up_to_the_rounded_whole(parts: dict[str, int], unit: int) -> None:
    """Charges and credits together round to the nearest whole, each within a unit of itself."""
    rounded = round_parts(parts, unit)
    assert sum(rounded.values()) == nearest(sum(parts.values()), unit)
    assert all(abs(rounded[key] - Fraction(part, unit)) < 1 for key, part in parts.items())
    assert all(rounded[key] * unit == part for key, part in parts.items() if part % unit == 0)


@given(st.dictionaries(keys, st.integers(-99, 99), max_size=6), st.integers(1, 30), st.integers(-30, 30))
def test_parts_round_to_a_neighbour_or_not_at_all(parts: dict[str, int], unit: int, total: int) -> None:
    """Either neighbour of the exact sum can be asked for; anything else is refused."""
    exact = Fraction(sum(parts.values()), unit)
    if abs(total - exact) < 1:
        assert sum(round_parts(parts, unit, total).values()) == total
    else:
        with pytest.raises(ValueError, match="neighbour"):
            round_parts(parts, unit, total)


def test_a_unit_is_positive() -> None:
    """Dividing by nothing, or by less, is refused."""
    with pytest.raises(ValueError, match="cannot divide"):
        round_parts({"a": 1}, 0)


@given(st.integers(-HUGE, HUGE), st.integers(1, HUGE))
def test_decimals_are_within_half_of_the_last_place(numerator: int, unit: int) -> None:
    """A quantity on a bill is the exact one, rounded once."""
    text = decimal(numerator, unit)
    assume(text != "0.000000")
    assert abs(Fraction(text) - Fraction(numerator, unit)) <= Fraction(1, 2 * 10**6)
    assert len(text.split(".")[1]) == 6


def test_decimals_read_as_people_write_them() -> None:
    """Halves go away from zero and there is no negative nothing."""
    cases = {
        (1, 3): "0.333333",
        (-1, 3): "-0.333333",
        (1, 2 * 10**6): "0.000001",
        (-1, 2 * 10**6): "-0.000001",
        (-1, 9 * 10**6): "0.000000",
    }
    assert {case: decimal(*case) for case in cases} == cases
    assert decimal(123456, 1000) == "123.456000"

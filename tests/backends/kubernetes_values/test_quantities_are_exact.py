from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.backends.kubernetes.quantities import (
    BadQuantity,
    cpu_text,
    devices,
    exact,
    mebibytes,
    memory_text,
    millicores,
)


@pytest.mark.parametrize(
    ("text", "up", "down"),
    [
        ("2", 2000, 2000), ("500m", 500, 500), ("0.5", 500, 500), (".5", 500, 500), ("1.", 1000, 1000),
        ("100u", 1, 0), ("1500000n", 2, 1), ("1e3", 1_000_000, 1_000_000), ("1E-3", 1, 1), ("+3", 3000, 3000),
        ("0", 0, 0), ("1k", 1_000_000, 1_000_000),
    ],
)  # fmt: skip
def test_cpu_is_counted_in_millicores(text: str, up: int, down: int) -> None:
    """Rounded up where it is asked for, and down where it is there to be had."""
    assert (millicores(text), millicores(text, up=False)) == (up, down)


@pytest.mark.parametrize(
    ("text", "up", "down"),
    [
        ("4Gi", 4096, 4096), ("128974848", 123, 123), ("129e6", 124, 123), ("129M", 124, 123), ("1Ki", 1, 0),
        ("1.5Gi", 1536, 1536), ("1E", 953674316407, 953674316406), ("1Ei", 2**40, 2**40), ("1m", 1, 0), ("0", 0, 0),
    ],
)  # fmt: skip
def test_memory_is_counted_in_mebibytes(text: str, up: int, down: int) -> None:
    """Of every suffix that Kubernetes takes, thousandths of a byte included."""
    assert (mebibytes(text), mebibytes(text, up=False)) == (up, down)


@pytest.mark.parametrize(
    "text", ["", "x", "1 Gi", "1gi", "Gi", "-1", "1e", "0x10", "1.2.3", "1e999", "½", "1GiB", "-0.5m"]
)
def test_what_is_no_amount_is_named(text: str) -> None:
    """One clear error, also for less than nothing and for more than can be counted."""
    with pytest.raises(BadQuantity) as error:
        millicores(text)
    assert str(error.value)


def test_half_a_device_is_none() -> None:
    """Devices are whole; their amount may be written in any way."""
    assert (devices("8"), devices("8e0"), devices("8000m")) == (8, 8, 8)
    with pytest.raises(BadQuantity, match="whole"):
        devices("1500m")


@given(st.integers(0, 2**50))
def test_what_we_write_is_what_we_read(amount: int) -> None:
    """Whichever suffix is the shortest."""
    assert millicores(cpu_text(amount)) == millicores(cpu_text(amount), up=False) == amount
    assert mebibytes(memory_text(amount)) == mebibytes(memory_text(amount), up=False) == amount


@given(
    st.integers(0, 10**9),
    st.integers(0, 10**9 - 1),
    st.sampled_from(["n", "u", "m", "", "k", "M", "Ki", "Mi"]),
)
def test_nothing_is_lost_on_the_way(whole: int, part: int, suffix: str) -> None:
    """Amounts are fractions, so rounding happens once, at the end, and by less than one."""
    text = f"{whole}.{part:09}{suffix}"
    factor = {"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1),
              "k": Fraction(1000), "M": Fraction(10**6), "Ki": Fraction(1024), "Mi": Fraction(2**20)}  # fmt: skip
    assert exact(text) == Fraction(whole * 10**9 + part, 10**9) * factor[suffix]
    assert 0 <= millicores(text) - exact(text) * 1000 < 1
    assert 0 <= exact(text) * 1000 - millicores(text, up=False) < 1

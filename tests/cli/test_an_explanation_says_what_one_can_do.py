from typing import Any

import pytest

from dure_cli.remote import words
from dure_cli.remote.explained import explained
from tests.cli.test_an_explanation_fits_the_terminal import told

CHANGES = {"en": "What would start", "ko": "지금 시작하려면"}


def with_codes(*codes: str) -> dict[str, Any]:
    """The explanation with everything in it, less all reasons but these."""
    answer = told()
    return answer | {"reasons": [one for one in answer["reasons"] if one["code"] in codes]}


@pytest.mark.parametrize("spoken", ["en", "ko"])
def test_where_no_change_would_do_that_is_said(spoken: str) -> None:
    """Under the same title as the changes, and only where changes were tried."""
    assert any(words.NO_CHANGE[spoken] in line for line in explained(with_codes("no-place"), spoken))
    for codes in (("no-place", "would-start"), ("evicted",), ()):
        assert not any(words.NO_CHANGE[spoken] in line for line in explained(with_codes(*codes), spoken))
    assert any(CHANGES[spoken] in line for line in explained(with_codes("no-place", "would-start"), spoken))


@pytest.mark.parametrize("spoken", ["en", "ko"])
def test_what_nobody_gives_back_stands_under_what_is_held(spoken: str) -> None:
    """A line below the table."""
    answer = with_codes("holds")
    numbers = {"gpu:a100": 6, "firm:gpu:a100": 2, "due:gpu:a100": 4}
    answer["reasons"][-1]["numbers"] = numbers
    assert any(words.stays(numbers, spoken) in line for line in explained(answer, spoken))

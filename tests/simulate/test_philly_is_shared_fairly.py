import pytest

from bench.philly import WINDOWS, measured
from dure.model.instants import DAY, SECOND


@pytest.mark.slow
@pytest.mark.usefixtures("traces")
def test_guarantees_come_closer_to_what_is_due_than_fifo_easy_and_drf(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four busy days of Philly: the smallest fairness errors, and at most 2 % less utilization."""
    begin = WINDOWS["week"].start
    monkeypatch.setitem(WINDOWS, "week", range(begin, begin + 4 * DAY // SECOND))
    found = {name: measured(name, "week") for name in ("easy", "drf", "dure")}
    for window in ("1h", "1d", "7d"):
        errors = {name: figures["fairness_error"][window] for name, figures in found.items()}
        assert min(errors, key=lambda name: errors[name]) == "dure"
    used = {name: figures["utilization_while_jobs_came"] for name, figures in found.items()}
    assert used["dure"] >= 0.98 * max(used.values())
    assert all(figures["unstarted"] == 0 for figures in found.values())
    assert found["dure"]["evictions"] > 0

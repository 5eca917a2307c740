from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from dure.model.rules import Rules
from dure.ports import Totals
from dure.telemetry import RoomView
from dure.telemetry.base_units import amount, resource_seconds
from tests.telemetry.room_to_watch import NOW, TOTALS, VIEW, collector, scraped


def samples(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("dure_tenant_resource_seconds_total", {"tenant": "acme", "resource": "cpu"}, 3.0),
        ("dure_tenant_resource_seconds_total", {"tenant": "acme", "resource": "memory"}, 1.5 * 2**30),
        ("dure_tenant_resource_seconds_total", {"tenant": 'od"d\\\n', "resource": "gpu:a100"}, 1.5),
        ("dure_tenant_corrected_resource_seconds_total", {"tenant": "acme", "resource": "cpu"}, 0.001),
        ("dure_room_state_resource_seconds_total", {"state": "idle", "resource": "cpu"}, 2**70 / 1e6),
        ("dure_ledger_lag_seconds", {"pool": "p"}, 2.5),
        ("dure_ledger_quarantined_slices", {}, 2),
        ("dure_tenant_guarantee", {"tenant": "acme", "resource": "cpu"}, 1.5),
        ("dure_tenant_guarantee", {"tenant": "acme", "resource": "gpu:a100"}, 2),
        ("dure_tenant_limit", {"tenant": "acme", "resource": "memory"}, 2 * 2**30),
        ("dure_tenant_held", {"tenant": "acme", "resource": "memory"}, 2**29),
        ("dure_tenant_share", {"tenant": "acme"}, 0.25),
        ("dure_tenant_score", {"tenant": "acme"}, 0.125),
        ("dure_tenant_entitlement", {"tenant": "acme"}, 1.5),
        ("dure_tenant_cost_estimate_won", {"tenant": "acme"}, 1234.5),
        ("dure_tenant_budget_state", {"tenant": "acme"}, 2),
        ("dure_plans_broken_total", {}, 4),
        ("dure_queue_jobs", {"tenant": "acme"}, 3),
        ("dure_queue_oldest_seconds", {"tenant": "acme"}, 61.5),
        ("dure_room_capacity", {"state": "down", "resource": "gpu:a100"}, 2),
        ("dure_backend_up", {"pool": "p"}, 1),
        ("dure_policy_info", {"room": "small", "version": "v1"}, 1),
        ("dure_policy_since_timestamp_seconds", {}, (NOW - 90_000) / 1000),
        ("dure_policy_refused", {}, 0),
        ("dure_build_info", {"version": "0.1.0"}, 1),
        ("dure_cycle_duration_seconds_bucket", {"le": "0.001"}, 1),
        ("dure_cycle_duration_seconds_bucket", {"le": "0.025"}, 2),
        ("dure_cycle_duration_seconds_bucket", {"le": "10.0"}, 2),
        ("dure_cycle_duration_seconds_count", {}, 3),
        ("dure_cycle_duration_seconds_sum", {}, 60.021),
    ],
)
def test_each_metric_in_base_units(name: str, labels: dict[str, str], value: float) -> None:
    """Cores, bytes, devices and seconds, whatever the ledger counts in."""
    assert samples(scraped())[name][tuple(sorted(labels.items()))] == pytest.approx(value, rel=1e-15)


def test_no_label_names_a_user_or_a_job() -> None:
    """Labels are few and bounded by the policy, and tell of no person."""
    labels = {label for lines in samples(scraped()).values() for line in lines for label, _ in line}
    assert labels == {"tenant", "resource", "state", "pool", "room", "version", "le"}


def test_counters_are_totals_and_nothing_is_called_created() -> None:
    """A counter ends in _total and its time of creation is not a series of its own."""
    text = scraped()
    assert "_created" not in text
    kinds = dict(line.split()[2:] for line in text.splitlines() if line.startswith("# TYPE"))
    assert {name for name, kind in kinds.items() if kind == "counter"} == {
        name for name in kinds if name.endswith("_total")
    }


def test_before_the_first_cycle_the_ledger_speaks_alone() -> None:
    """A server that has just started says what it knows."""
    found = samples(scraped(view=None))
    assert found["dure_ledger_quarantined_slices"] == {(): 2}
    assert "dure_policy_info" not in found


def test_an_empty_room_can_be_scraped() -> None:
    """No tenant, no node, no use: still an answer."""
    nothing = Totals({}, {}, {}, {}, 0)
    text = scraped(nothing, RoomView(Rules("empty"), NOW))
    assert samples(text)["dure_policy_info"] == {(("room", "empty"), ("version", "")): 1}


def test_registering_asks_the_ledger_for_nothing() -> None:
    """Only a scrape reads."""
    assert list(collector().describe()) == []


def test_a_refused_policy_and_a_silent_backend_show() -> None:
    """What an alert needs is a number, not a missing series."""
    found = samples(scraped(view=replace(VIEW, policy_refused=True, pools={"p": False})))
    assert found["dure_policy_refused"] == {(): 1}
    assert found["dure_backend_up"] == {(("pool", "p"),): 0}


@given(
    st.lists(st.integers(0, 2**60), min_size=2, max_size=10), st.sampled_from(["cpu", "memory", "gpu:a100"])
)
def test_what_grows_in_the_ledger_never_falls_in_a_float(added: list[int], resource: str) -> None:
    """Rounded to the nearest float, a growing sum still never falls: Prometheus sees no reset."""
    sums = [sum(added[:count]) for count in range(len(added) + 1)]
    for convert in (amount, resource_seconds):
        told = [convert(resource, value) for value in sums]
        assert told == sorted(told)


def test_totals_are_read_at_each_scrape() -> None:
    """The collector keeps nothing of its own."""
    now = [TOTALS, replace(TOTALS, quarantined=0)]
    first, second = (samples(scraped(totals))["dure_ledger_quarantined_slices"] for totals in now)
    assert (first, second) == ({(): 2}, {(): 0})

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.model.instants import HOUR, Instant, Interval
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.resources import Quota, Resources
from dure.model.rules import CalendarEntry, QuotaChange, Rules, Window
from dure.model.tenant import Tenant
from dure.planning.entitlement import entitlement, value_gpu
from dure.planning.windows import in_force
from dure.simulate.fairness import Fairness, Step, fairness

NAMES = ("a", "b", "c")
RULES = Rules(
    room="fair",
    flavors=(GpuFlavor("g"), GpuFlavor("h", 2000)),
    tenants=(Tenant("a", guarantee=Quota.of({"gpu:g": 2})), Tenant("b", weight=2), Tenant("c")),
)
EDGE = 9 * HOUR
CHANGING = replace(
    RULES,
    timezone="UTC",
    tenants=(
        Tenant("a", guarantee=Quota.of({"gpu:g": 2}), term=Interval(0, EDGE + 2)), *RULES.tenants[1:]
    ),
    windows=(
        Window("day", (3,), 9 * 60, 18 * 60, (QuotaChange("c", Quota.of({"gpu:g": 3}), weight=4),)),
    ),
    calendar=(
        CalendarEntry("demo", Interval(EDGE - 2, EDGE + 1), ("c",), Quota.of({"gpu:g": 1}), yields=("a",)),
    ),
)  # fmt: skip
"""1970-01-01 was a Thursday: around its ninth hour an entry opens, a window begins, both end, a tenancy does."""


def gpus(g: int = 0, h: int = 0) -> Resources:
    return Resources.of(gpus={"g": g, "h": h})


def test_two_tenants_by_hand() -> None:
    """Four GPUs, equal tenants: one holds all for 10 ms while both want all, then the other does."""
    rules = Rules(room="two", flavors=(GpuFlavor("g"),), tenants=(Tenant("a"), Tenant("b")))
    steps = [
        Step(0, "a", gpus(4), gpus(4)),
        Step(0, "b", gpus(4), gpus()),
        Step(10, "a", gpus(), gpus(-4)),
        Step(10, "b", gpus(), gpus(4)),
        Step(20, "a", gpus(-4), gpus()),
        Step(20, "b", gpus(-4), gpus(-4)),
    ]
    found = fairness(rules, gpus(4), steps, (5, 10, 15, 20))
    assert found.due == {"a": 40.0, "b": 40.0}
    assert found.received == {"a": 40.0, "b": 40.0}
    # Each was 2 GPUs behind for 10 ms of 20: over short windows that shows, over the whole it evens out; of 15 ms
    # the first is 20 - 10 behind for b, the second 10 for a.
    assert found.errors == {5: 40 / 80, 10: 40 / 80, 15: 20 / 80, 20: 0.0}


def test_a_guarantee_is_due_whatever_others_want() -> None:
    """Of 4 GPUs 3 are a's when it asks for them, though b and c ask for the rest of the world."""
    tenants = (Tenant("a", guarantee=Quota.of({"gpu:g": 3})), Tenant("b"), Tenant("c"))
    rules = Rules(room="three", flavors=(GpuFlavor("g"),), tenants=tenants)
    steps = [Step(0, "b", gpus(9), gpus(2)), Step(0, "c", gpus(9), gpus(2)), Step(0, "a", gpus(5), gpus())]
    found = fairness(rules, gpus(4), [*steps, Step(100, "a", gpus(-5), gpus())], (100,))
    assert found.due == {"a": 300.0, "b": 50.0, "c": 50.0}
    assert found.errors == {100: 300 / 400}


def test_a_room_without_gpus_has_no_error() -> None:
    """Nothing is due in value-GPU, so nothing was missed."""
    found = fairness(RULES, Resources(cpu=8000), [Step(0, "a", Resources(cpu=1), Resources())], (10,))
    assert found.errors == {10: None}
    assert fairness(RULES, Resources(cpu=8000), [], (10,)) == Fairness({10: None})


def test_a_window_changes_what_is_due_from_its_edge_on() -> None:
    """Until six all of it is due to both alike; from six in the evening on, two of three to b."""
    night = Window("night", tuple(range(7)), 18 * 60, 6 * 60, (QuotaChange("b", weight=2),))
    rules = Rules("two", timezone="UTC", flavors=(GpuFlavor("g"),), tenants=(Tenant("a"), Tenant("b")))
    start, six = 17 * HOUR, 18 * HOUR
    steps = [
        Step(start, "a", gpus(6), gpus(3)), Step(start, "b", gpus(6), gpus(3)),
        Step(six + HOUR, "a", gpus(-6), gpus(-3)), Step(six + HOUR, "b", gpus(-6), gpus(-3)),
    ]  # fmt: skip
    found = fairness(replace(rules, windows=(night,)), gpus(6), steps, (HOUR,))
    assert found.due == {"a": 5.0 * HOUR, "b": 7.0 * HOUR}
    assert found.errors == {HOUR: 1 / 12}
    assert fairness(rules, gpus(6), steps, (HOUR,)).errors == {HOUR: 0.0}


def test_a_guarantee_that_yields_is_not_due_meanwhile() -> None:
    """All 4 are a's, but for the demo day's 3: so long only one is due to it whatever b wants."""
    demo = CalendarEntry("demo", Interval(10, 20), ("c",), Quota.of({"gpu:g": 3}), yields=("a",))
    tenants = (Tenant("a", guarantee=Quota.of({"gpu:g": 4})), Tenant("b", weight=3))
    room = (Pool("p", "local", (Node("n", "p", gpus(4)),)),)
    rules = Rules(
        "two", flavors=(GpuFlavor("g"),), tenants=(*tenants, Tenant("c")), pools=room, calendar=(demo,)
    )
    steps = [Step(0, "a", gpus(4), gpus()), Step(0, "b", gpus(9), gpus(4)), Step(30, "a", gpus(-4), gpus())]
    found = fairness(rules, gpus(4), steps, (30,))
    assert found.due == {"a": 10 * 4 + 10 * 1 + 10 * 4.0, "b": 10 * 3.0}
    assert found.errors == {30: 90 / 120}


def test_outside_its_tenancy_a_tenant_is_due_what_it_still_holds() -> None:
    """What a's waits for can start no more, so b is due the rest; nor is its guarantee promised any longer."""
    over = Tenant("a", guarantee=Quota.of({"gpu:g": 4}), term=Interval(0, 10))
    rules = Rules("two", flavors=(GpuFlavor("g"),), tenants=(over, Tenant("t", "a"), Tenant("b", weight=3)))
    steps = [
        Step(0, "t", gpus(8), gpus(1)), Step(0, "b", gpus(8), gpus(3)),
        Step(15, "t", gpus(), gpus(-1)), Step(20, "b", gpus(-8), gpus(-3)),
    ]  # fmt: skip
    found = fairness(rules, gpus(4), steps, (20,))
    assert found.due == {"t": 40.0 + 5 * 1.0, "b": 5 * 3.0 + 5 * 4.0}


changes = st.tuples(st.integers(0, 6), st.sampled_from(NAMES), st.integers(0, 4), st.integers(0, 3))
mixtures = st.lists(st.tuples(changes, st.integers(0, 2), st.integers(0, 2)), max_size=25)


@pytest.mark.parametrize("rules", [RULES, CHANGING], ids=["steady", "changing"])
@pytest.mark.parametrize("flavors", [("g",), ("g", "h")])
@given(mixture=mixtures)
def test_any_course_of_things_is_measured_as_the_definition_says(
    rules: Rules, flavors: tuple[str, ...], mixture: list[tuple[tuple[int, str, int, int], int, int]]
) -> None:
    """Against the definition taken millisecond by millisecond, entitlement worked out anew in each."""
    capacity = gpus(4, 2) if len(flavors) > 1 else gpus(5)
    steps = _steps(flavors, mixture)
    found = fairness(rules, capacity, steps, (1, 3, 7))
    for window, error in found.errors.items():
        expected = _by_definition(rules, capacity, steps, window)
        assert error == (None if expected is None else pytest.approx(float(expected), abs=1e-9))


def _steps(flavors: tuple[str, ...], mixture: list[tuple[tuple[int, str, int, int], int, int]]) -> list[Step]:
    """Jobs one after another; each asks for some, later holds some of it, and later ends."""
    found: list[Step] = []
    for number, ((at, tenant, wait, length), g, h) in enumerate(mixture):
        flavor = flavors[number % len(flavors)]
        wanted = Resources.of(gpus={flavor: 1 + g + h})
        came = EDGE - 4 + at
        start = came + wait
        found += [
            Step(came, tenant, wanted, gpus()),
            Step(start, tenant, gpus(), wanted),
            Step(start + length, tenant, wanted * -1, wanted * -1),
        ]
    return sorted(found, key=lambda step: step.at)


def _by_definition(rules: Rules, capacity: Resources, steps: list[Step], window: int) -> Fraction | None:
    if not steps:
        return None
    begin, end = steps[0].at, steps[-1].at
    behind: defaultdict[tuple[str, int], Fraction] = defaultdict(Fraction)
    whole = Fraction()
    for at in range(begin, end):
        due, held = _at(rules, capacity, steps, at)
        for tenant, amount in due.items():
            behind[tenant, (at - begin) // window] += Fraction(amount) - Fraction(held[tenant])
            whole += Fraction(amount)
    return sum((max(Fraction(), one) for one in behind.values()), Fraction()) / whole if whole else None


def _at(
    rules: Rules, capacity: Resources, steps: list[Step], at: Instant
) -> tuple[dict[str, float], defaultdict[str, float]]:
    demand: defaultdict[str, Resources] = defaultdict(Resources)
    held: defaultdict[str, float] = defaultdict(float)
    for step in steps:
        if step.at <= at:
            over = rules is CHANGING and step.tenant == "a" and at >= EDGE + 2
            demand[step.tenant] += step.held if over else step.demand
            held[step.tenant] += value_gpu(RULES, step.held)
    return entitlement(in_force(rules, at), capacity, {}, demand), held

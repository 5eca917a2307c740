from dataclasses import fields, replace
from typing import Any

import pytest

from dure.model.instants import DAY, HOUR, MINUTE, Interval
from dure.model.money import Money
from dure.model.resources import Quota
from dure.model.rules import (
    BetweenBorrowers,
    CalendarEntry,
    Maintenance,
    Order,
    Planning,
    QuotaChange,
    Rules,
    Window,
    WithinTenant,
)  # fmt: skip
from dure.model.tenant import Budget, Tenant, Volume
from dure_policies import Effect, diff

ONE = Quota.of({"cpu": 1_000})
TERM = Interval(0, DAY)
PLANNING: dict[str, Any] = {
    "order": Order.FIFO, "depth": None, "memory": 0.1, "half_life": HOUR,
    "between_borrowers": BetweenBorrowers.FAIR,
    "default_time_limit": HOUR, "grace": MINUTE, "within_tenant": WithinTenant.PRIORITY, "reclaim_within": HOUR,
    "claim_timeout": HOUR, "min_runtime": HOUR, "eviction_budget": 2, "backfill": False,
}  # fmt: skip
TENANT: dict[str, Any] = {
    "parent": "b", "name": "A", "name_ko": "가", "weight": 2, "guarantee": ONE, "limit": ONE, "term": TERM,
    "business_number": "1", "projects": ("p",), "require_project": True, "default_time_limit": HOUR,
    "default_image": "i", "volumes": (Volume("v", "s"),), "unix_user": "u", "max_pending_jobs": 1, "keep": ONE,
    "cohort": True, "max_running_jobs": 1, "user_limit": ONE, "user_max_running_jobs": 1,
    "budget": Budget(Money(10**6)),
}  # fmt: skip
BUDGET: dict[str, Any] = {"monthly": Money(2 * 10**6), "warn": None, "preemptible_only": 100, "hold": 120}
ENTRY: dict[str, Any] = {
    "interval": Interval(HOUR, DAY),
    "tenants": ("b",),
    "resources": Quota(),
    "name_ko": "가",
    "yields": ("b",),
}
MAINTENANCE: dict[str, Any] = {"interval": Interval(HOUR, DAY), "nodes": ("n1",), "name_ko": "가"}
WINDOW: dict[str, Any] = {
    "days": (1,), "start": 60, "end": 120, "name_ko": "가",
    "changes": (QuotaChange("a", guarantee=ONE),),
}  # fmt: skip
CHANGE: dict[str, Any] = {"guarantee": ONE, "limit": ONE, "weight": 9}

A, B = Tenant("a"), Tenant("b")
RICH = replace(A, budget=Budget(Money(10**6)))
CALENDAR = CalendarEntry("x", TERM, ("a",), ONE)
DUST = Maintenance("x", TERM, ("n1", "n2"))
STATES = QuotaChange("a", weight=3)
NIGHT = Window("x", (0,), 0, 0, (STATES,))


def rules(*tenants: Tenant, **more: Any) -> Rules:
    return Rules("r", tenants=tenants or (A, B), **more)


CASES = [
    *[("planning", name, rules(), rules(planning=replace(Planning(), **{name: value})))
      for name, value in PLANNING.items()],
    *[("tenant", name, rules(), rules(replace(A, **{name: value}), B)) for name, value in TENANT.items()],
    *[("budget", name, rules(RICH), rules(replace(RICH, budget=replace(Budget(Money(10**6)), **{name: value}))))
      for name, value in BUDGET.items()],
    *[("entry", name, rules(calendar=(CALENDAR,)), rules(calendar=(replace(CALENDAR, **{name: value}),)))
      for name, value in ENTRY.items()],
    *[("maintenance", name, rules(maintenance=(DUST,)), rules(maintenance=(replace(DUST, **{name: value}),)))
      for name, value in MAINTENANCE.items()],
    *[("window", name, rules(windows=(NIGHT,)), rules(windows=(replace(NIGHT, **{name: value}),)))
      for name, value in WINDOW.items()],
    *[("change", name, rules(windows=(NIGHT,)),
       rules(windows=(replace(NIGHT, changes=(replace(STATES, **{name: value}),)),)))
      for name, value in CHANGE.items()],
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "old", "new"), CASES, ids=[f"{kind} {name}" for kind, name, *_ in CASES]
)
def test_a_changed_field_is_told(kind: str, name: str, old: Rules, new: Rules) -> None:
    """There and back; whoever gains by the one loses by the other."""
    there, back = diff(old, new), diff(new, old)
    assert there
    other = {Effect.GAINS: Effect.LOSES, Effect.LOSES: Effect.GAINS, Effect.CHANGES: Effect.CHANGES}
    told = sorted((one.subject, one.what, one.old, one.new, other[one.effect]) for one in there)
    assert sorted((one.subject, one.what, one.new, one.old, one.effect) for one in back) == told


@pytest.mark.parametrize(
    ("kind", "stated", "names_it"),
    [(Planning, PLANNING, ""), (Tenant, TENANT, "id"), (Budget, BUDGET, ""), (CalendarEntry, ENTRY, "name"),
     (Maintenance, MAINTENANCE, "name"), (Window, WINDOW, "name"), (QuotaChange, CHANGE, "tenant")],
)  # fmt: skip
def test_no_field_is_left_out_here(kind: Any, stated: dict[str, object], names_it: str) -> None:
    """A field that the rules gain has to be told as well; only what names the thing need not."""
    assert {one.name for one in fields(kind)} - {names_it} == set(stated)


def test_the_order_of_windows_is_a_difference() -> None:
    """Of two that are open at once the later one holds."""
    one, two = NIGHT, replace(NIGHT, name="y")
    [line] = diff(rules(windows=(one, two)), rules(windows=(two, one)))
    assert line.line == "window r changes: order x, y -> y, x"


def test_what_comes_with_a_window_is_measured_against_the_tenants_own() -> None:
    """More than its own guarantee is a gain, less a loss, the same is no line."""
    own = replace(A, guarantee=Quota.of({"cpu": 2_000, "memory": 1_024}), limit=Quota.of({"cpu": 4_000}))
    states = QuotaChange("a", Quota.of({"cpu": 3_000, "memory": 1_024}), Quota.of({"cpu": 3_000}))
    new = rules(own, B, windows=(replace(NIGHT, changes=(states,)),))
    told = [one.line for one in diff(rules(own, B), new) if one.kind == "tenant"]
    assert told == [
        "tenant a gains: guarantee cpu in x none -> 3",
        "tenant a loses: limit cpu in x none -> 3",
    ]

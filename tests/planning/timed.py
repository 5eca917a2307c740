"""Random rooms whose rules change with time: windows of the week, entries of the calendar, maintenance."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from dure.model.instants import SECOND, Interval
from dure.model.resources import Quota
from dure.model.rules import CalendarEntry, Maintenance, QuotaChange, Rules, Window
from tests.planning.rooms import World
from tests.planning.wander import Wanderer, any_node, any_rules, quota

THURSDAY = 3
"""1970 began on one: a world's clock starts at 100 seconds of that year."""


def windows(random: Random, rules: Rules) -> tuple[Window, ...]:
    """A few windows of some minutes, one after another or over one another."""
    made = []
    for number in range(random.randint(1, 3)):
        changes = []
        for tenant in random.sample(rules.tenants, random.randint(1, len(rules.tenants))):
            guarantee, limit = (quota(random, 0.6, 1) for _ in range(2))
            changes.append(
                QuotaChange(
                    tenant.id,
                    guarantee if guarantee.stated else None,
                    limit if limit.stated else None,
                    random.choice([None, None, 3]),
                )
            )
        start = random.randint(1, 8)
        end = start + random.randint(1, 3)
        made.append(Window(f"w{number}", (THURSDAY,), start, end, tuple(changes)))
    return tuple(made)


def interval(random: Random) -> Interval:
    """Some seconds within the first minutes of a world."""
    start = random.choice([100, 110, 120, 130, 160, 200]) + random.randint(0, 20)
    return Interval(start * SECOND, (start + random.choice([5, 20, 60, 200])) * SECOND)


def entries(random: Random, rules: Rules) -> tuple[CalendarEntry, ...]:
    """Up to three entries, some of them at once, some with tenants whose guarantees yield."""
    made = []
    for number in range(random.randint(0, 3)):
        names = [tenant.id for tenant in rules.tenants]
        amounts = {name: random.randint(1, 5) for name in ("gpu:a100", "gpu:t4") if random.random() < 0.6}
        amounts |= {name: random.randint(1, 8) for name in ("cpu", "memory") if random.random() < 0.5}
        made.append(
            CalendarEntry(
                f"e{number}",
                interval(random),
                tuple(random.sample(names, random.randint(1, min(2, len(names))))),
                Quota.of(amounts or {"cpu": 2}),
                yields=tuple(random.sample(names, 1)) if random.random() < 0.4 else (),
            )
        )
    return tuple(made)


def maintenance(random: Random) -> tuple[Maintenance, ...]:
    """Perhaps a node or two that are out for a while."""
    some = [f"n{number}" for number in range(4)]
    return tuple(
        Maintenance(f"m{number}", interval(random), tuple(random.sample(some, random.randint(1, 2))))
        for number in range(random.choice([0, 0, 1, 2]))
    )


class TimedWanderer(Wanderer):
    """A wanderer in a room whose rules change with time."""

    def __init__(self, seed: int, *, week: bool = True, calendar: bool = True) -> None:
        super().__init__(seed)
        random = self.random
        rules = replace(any_rules(random), timezone="UTC")
        rules = replace(rules, planning=replace(rules.planning, grace=random.choice([0, 5, 10]) * SECOND))
        if week:
            rules = replace(rules, windows=windows(random, rules))
        if calendar:
            rules = replace(rules, calendar=entries(random, rules), maintenance=maintenance(random))
        self.world = World.of(rules)
        for number in range(random.randint(1, 4)):
            self.world.node(any_node(random, f"n{number}"), 0)

"""The checker as a whole: every rule over one plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from dure.model.plan import Plan
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.planning.check.again import nothing_is_left_to_do, same_input_same_plan
from dure.planning.check.ahead import reservations_can_be_met
from dure.planning.check.calendar import (
    nodes_in_maintenance_are_given_to_nobody,
    only_its_tenants_start_under_an_entry,
)
from dure.planning.check.finding import Finding
from dure.planning.check.gangs import everybody_once, gangs_are_whole, only_who_may_start_does
from dure.planning.check.idle import nothing_idles
from dure.planning.check.kept import starts_leave_what_entries_keep
from dure.planning.check.limits import (
    job_counts_stay_within_limits,
    tenants_stay_within_limits,
    users_stay_within_limits,
)
from dure.planning.check.minimal import every_victim_is_needed
from dure.planning.check.nodes import (
    claims_keep_their_places,
    only_nodes_that_take_jobs_are_given,
    starts_fit_beside_what_is_there,
)
from dure.planning.check.picture import Picture
from dure.planning.check.promised import who_is_within_guarantee_has_a_place
from dure.planning.check.victims import (
    evictions_follow_their_rule,
    victims_are_above_guarantee,
    victims_may_be_evicted,
)

_Rule: TypeAlias = Callable[[Picture], Iterator[Finding]]

CHEAP: Final[tuple[_Rule, ...]] = (
    gangs_are_whole,
    everybody_once,
    only_who_may_start_does,
    only_nodes_that_take_jobs_are_given,
    starts_fit_beside_what_is_there,
    claims_keep_their_places,
    tenants_stay_within_limits,
    users_stay_within_limits,
    job_counts_stay_within_limits,
    victims_may_be_evicted,
    evictions_follow_their_rule,
    victims_are_above_guarantee,
    every_victim_is_needed,
    nothing_idles,
    nodes_in_maintenance_are_given_to_nobody,
    only_its_tenants_start_under_an_entry,
    starts_leave_what_entries_keep,
)
"""One look at everything that runs, waits or was decided."""

DEAR: Final[tuple[_Rule, ...]] = (reservations_can_be_met, who_is_within_guarantee_has_a_place)
"""These look at everything once for each reservation or waiting job."""


def check(snapshot: Snapshot, rules: Rules, plan: Plan, thorough: bool = False) -> tuple[Finding, ...]:
    """What is wrong with a plan for the room of this snapshot; nothing where every invariant holds.

    `snapshot` is the room before the plan was applied, `rules` those it was decided under (windows are applied
    here). `thorough` adds what costs a look at everything for each reservation or waiting job, and two more
    decisions: that the same input gives the same plan, and that the plan, once applied, leaves nothing to do.
    Pure; a plan with findings is a fault of the planner, and should not be acted on.
    """
    picture = Picture(snapshot, rules, plan)
    found = [finding for rule in CHEAP for finding in rule(picture)]
    if thorough:
        found += [finding for rule in DEAR for finding in rule(picture)]
        found += same_input_same_plan(snapshot, rules, plan)
        found += nothing_is_left_to_do(snapshot, rules, plan)
    return tuple(found)

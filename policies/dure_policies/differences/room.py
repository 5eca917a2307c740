"""What changes in the room: planning, flavors, nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from math import inf

from dure.model.node import Node
from dure.model.resources import ResourceName
from dure.model.rules import Rules
from dure_policies.amounts import written
from dure_policies.differences.line import Aspect, Difference, compare, paired
from dure_policies.writing import length


def differences(old: Rules, new: Rules) -> Iterator[Difference]:
    """Differences of the room itself; where its nodes grow, everyone gains."""
    yield from compare("planning", new.room, old, new, _PLANNING)
    for aspect, gainers, losers in _SIDES:
        yield from compare("planning", gainers, old, new, [aspect])
        yield from compare("planning", losers, old, new, [replace(aspect, more=-aspect.more)])
    flavors = ({flavor.name: flavor for flavor in rules.flavors} for rules in (old, new))
    for name, flavor, new_flavor in paired(*flavors):
        yield from compare("flavor", name, flavor, new_flavor, _FLAVOR)
    pools = ({pool.name: pool for pool in rules.pools} for rules in (old, new))
    for name, pool, new_pool in paired(*pools):
        yield from compare("pool", name, pool, new_pool, _POOL)
    nodes = ({node.id: node for pool in rules.pools for node in pool.nodes} for rules in (old, new))
    for name, was, is_ in paired(*nodes):
        yield from compare("node", name, was, is_, _node(was, is_), being=1)


def _node(*sides: Node | None) -> Iterator[Aspect]:
    names = {name for node in sides if node for name, _ in node.capacity.items()}
    yield Aspect("pool", lambda node: node.pool)
    for name in sorted(names):
        yield Aspect(name, partial(_capacity, name), partial(written, name), 1)
    yield Aspect("labels", lambda node: node.labels or None, _pairs)


def _capacity(resource: ResourceName, node: Node) -> int | None:
    return node.capacity.amount(resource) or None


def _pairs(texts: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{key}={value}" for key, value in texts)


_PLANNING = (
    Aspect("room", lambda rules: rules.room),
    Aspect("timezone", lambda rules: rules.timezone),
    Aspect("order", lambda rules: rules.planning.order.value),
    Aspect("memory", lambda rules: rules.planning.memory),
    Aspect("half_life", lambda rules: rules.planning.half_life, length),
    Aspect("default_time_limit", lambda rules: rules.planning.default_time_limit, length),
    Aspect("grace", lambda rules: rules.planning.grace, length),
    Aspect("claim_timeout", lambda rules: rules.planning.claim_timeout, length),
)


def _chosen(which: str, rules: Rules) -> bool:
    return bool(getattr(rules.planning, which) != "never")


def _switch(which: str, on: str) -> Aspect:
    """A choice between `never` and one other word."""
    return Aspect(which, partial(_chosen, which), lambda chosen: on if chosen else "never", 1)


_SIDES: tuple[tuple[Aspect, str, str], ...] = (
    (Aspect("depth", lambda rules: inf if rules.planning.depth is None else rules.planning.depth,
            lambda depth: "all" if depth == inf else str(depth), 1),
     "blocked borrowers", "jobs that go past them"),
    (Aspect("backfill", lambda rules: rules.planning.backfill, lambda on: str(on).lower(), 1),
     "jobs behind a blocked one", "blocked jobs without a reservation"),
    (_switch("between_borrowers", "fair"), "waiting borrowers", "running borrowers above their share"),
    (_switch("within_tenant", "priority"), "jobs of higher priority", "running jobs of lower priority"),
    (Aspect("reclaim_within", lambda rules: rules.planning.reclaim_within, length, 1),
     "borrowers that must not be displaced", "jobs within guarantee"),
    (Aspect("min_runtime", lambda rules: rules.planning.min_runtime, length, 1),
     "running borrowers", "waiting borrowers"),
    (Aspect("eviction_budget", lambda rules: rules.planning.eviction_budget, str, 1, inf),
     "waiting borrowers", "running borrowers"),
)  # fmt: skip
_FLAVOR = (
    Aspect("value", lambda flavor: flavor.value, lambda value: f"{value / 1000:g}"),
    Aspect("node_selector", lambda flavor: flavor.node_selector or None, _pairs),
)
_POOL = (
    Aspect("backend", lambda pool: pool.backend),
    Aspect("options", lambda pool: pool.options or None, _pairs),
)

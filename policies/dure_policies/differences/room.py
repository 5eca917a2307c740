"""What changes in the room: planning, flavors, nodes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dure.model.node import Node
from dure.model.resources import ResourceName
from dure.model.rules import Rules
from dure_policies.amounts import written
from dure_policies.differences.line import Aspect, Difference, compare, length, paired


def differences(old: Rules, new: Rules) -> Iterator[Difference]:
    """Differences of the room itself; where its nodes grow, everyone gains."""
    yield from compare("planning", new.room, old, new, _PLANNING)
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
    Aspect("depth", lambda rules: rules.planning.depth),
    Aspect("memory", lambda rules: rules.planning.memory),
    Aspect("half_life", lambda rules: rules.planning.half_life, length),
    Aspect("between_borrowers", lambda rules: rules.planning.between_borrowers.value),
    Aspect("default_time_limit", lambda rules: rules.planning.default_time_limit, length),
    Aspect("grace", lambda rules: rules.planning.grace, length),
)
_FLAVOR = (
    Aspect("value", lambda flavor: flavor.value, lambda value: f"{value / 1000:g}"),
    Aspect("node_selector", lambda flavor: flavor.node_selector or None, _pairs),
)
_POOL = (
    Aspect("backend", lambda pool: pool.backend),
    Aspect("options", lambda pool: pool.options or None, _pairs),
)

"""Nodes that are not there yet, as people write them: `4xh100:8`, `2xcpu:128,memory:512Gi`."""

from __future__ import annotations

import re
from typing import Final

from dure.model.node import Node
from dure.model.resources import Flavor, Resources
from dure.model.rules import Rules
from dure.model.units import cpu, memory, whole
from dure.simulate.lines import TraceError

_FORM = re.compile(r"([0-9]{1,6})x([^\s]+)")
_MOST: Final = 100_000
_RIGHT: Final = "write COUNTx then FLAVOR:GPUS, cpu:N and memory:N with commas, for example 4xh100:8"


def added_nodes(texts: tuple[str, ...], rules: Rules) -> tuple[Node, ...]:
    """The nodes that these texts describe, named `added-1`, ... in their order.

    What a text leaves out of cpu and memory is that of the bundle's first node with the same flavor. Raises
    TraceError.
    """
    kinds = [kind for text in texts for kind in _kinds(text, rules)]
    return tuple(Node(f"added-{number}", "added", capacity) for number, capacity in enumerate(kinds, 1))


def _kinds(text: str, rules: Rules) -> list[Resources]:
    form = _FORM.fullmatch(text)
    if not form or not 0 < int(form[1]) <= _MOST:
        raise TraceError(f"--add-nodes {text[:40]!r} says no nodes; {_RIGHT}")
    return [_node(text, form[2], rules)] * int(form[1])


def _node(text: str, parts: str, rules: Rules) -> Resources:
    amounts: dict[str, int] = {}
    for part in parts.split(","):
        name, colon, amount = part.partition(":")
        if not colon or name in amounts:
            raise TraceError(f"--add-nodes {text[:40]!r}: {part[:40]!r} says no amount of its own; {_RIGHT}")
        try:
            amounts[name] = {"cpu": cpu, "memory": memory}.get(name, whole)(amount)
        except ValueError as error:
            raise TraceError(f"--add-nodes {text[:40]!r}: {error}") from error
    gpus = {name: devices for name, devices in amounts.items() if name not in {"cpu", "memory"}}
    if unknown := sorted(gpus.keys() - {flavor.name for flavor in rules.flavors}):
        raise TraceError(f"--add-nodes {text[:40]!r}: bundle {rules.room} has no flavor {unknown[0][:40]!r}")
    like = _like(tuple(gpus), rules)
    return Resources.of(amounts.get("cpu", like.cpu), amounts.get("memory", like.memory), gpus)


def _like(flavors: tuple[Flavor, ...], rules: Rules) -> Resources:
    for node in (node for pool in rules.pools for node in pool.nodes):
        if any(flavor in flavors for flavor, _ in node.capacity.gpus):
            return node.capacity
    return Resources()

"""What is doubtful about metered slices: nothing is refused, everything doubtful is set aside (DESIGN 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from dure.accounting.overlap import TOLERANCE, Held, Resolved, UseKey, resolve
from dure.accounting.timeline import Piece
from dure.model.instants import Instant, Millis
from dure.model.job import NodeId, TenantId
from dure.model.resources import CPU, MEMORY, Flavor, ResourceName, flavor_of
from dure.model.use import CapacityFact, Slice


class Doubt(StrEnum):
    """Why a slice is set aside until someone rules on it."""

    BACKWARDS = "end-before-start"
    FUTURE = "in-the-future"
    UNKNOWN_TENANT = "unknown-tenant"
    UNKNOWN_FLAVOR = "unknown-flavor"
    UNKNOWN_NODE = "unknown-node"
    NO_AMOUNT = "amount-not-positive"
    CHANGED = "same-key-other-content"
    OVER_CAPACITY = "over-capacity"


@dataclass(frozen=True, slots=True)
class Context:
    """What slices are held against.

    `watermark`: nothing may lie after it. `capacity`: facts of the nodes, from before the slices on.
    `standing`: recorded slices that share a node and some time with those examined.
    """

    watermark: Instant
    tenants: frozenset[TenantId]
    flavors: frozenset[Flavor]
    capacity: Sequence[CapacityFact]
    standing: Sequence[Slice] = ()
    tolerance: Millis = TOLERANCE


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A slice set aside, and why."""

    item: Slice
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Skew:
    """A slice accepted only up to `end`, a later one's start: clocks that disagree within the tolerance.

    An `end` at the slice's start: nothing of it was accepted.
    """

    item: Slice
    end: Instant


@dataclass(frozen=True, slots=True)
class Examined:
    """The three ways that a slice can go; `accepted` keeps the order of the batch and holds what skew left."""

    accepted: tuple[Slice, ...]
    quarantined: tuple[Quarantined, ...]
    skews: tuple[Skew, ...]


def examine(slices: Iterable[Slice], context: Context) -> Examined:
    """Part the doubtful from the rest. Use that stands already, sent again unchanged, is accepted as it stands."""
    batch = list(slices)
    standing = {item.key: item for item in context.standing if item.corrects is None}
    doubts: dict[int, Doubt] = {}
    for number, item in enumerate(batch):
        if doubt := _doubt_alone(item, context, standing.get(item.key)):
            doubts[number] = doubt
    sound = [item for number, item in enumerate(batch) if number not in doubts]
    settled = _resolve_all(sound, context)
    return _sorted_out(batch, doubts, settled, set(standing))


def _doubt_alone(item: Slice, context: Context, stands: Slice | None) -> Doubt | None:
    known = {fact.node_id for fact in context.capacity}
    checks = (
        (Doubt.BACKWARDS, item.end < item.start),
        (Doubt.FUTURE, item.end > context.watermark),
        (Doubt.UNKNOWN_TENANT, item.tenant not in context.tenants),
        (Doubt.UNKNOWN_FLAVOR, not _known_resource(item.resource, context)),
        (Doubt.UNKNOWN_NODE, item.node not in known),
        (Doubt.NO_AMOUNT, item.amount <= 0 if item.corrects is None else item.amount >= 0),
        (Doubt.CHANGED, stands is not None and not _same(stands, item) and item.corrects is None),
    )
    return next((doubt for doubt, holds in checks if holds), None)


def _known_resource(resource: ResourceName, context: Context) -> bool:
    return resource in {CPU, MEMORY} or flavor_of(resource) in context.flavors


def _same(stands: Slice, item: Slice) -> bool:
    """The same slice; what stands may have been cut for skew."""
    return replace(stands, end=item.end) == item and stands.end <= item.end


def _resolve_all(sound: Sequence[Slice], context: Context) -> dict[ResourceName, Resolved]:
    """By node and resource, joined with a line feed: what gives way."""
    standing = {item.key for item in context.standing}
    use: defaultdict[tuple[NodeId, ResourceName], list[Held]] = defaultdict(list)
    for item, fixed in [*((i, True) for i in context.standing), *((i, False) for i in sound)]:
        if item.corrects is None and (fixed or item.key not in standing):
            held = Held(_use_key(item), item.start, item.end, item.amount, fixed)
            use[item.node, item.resource].append(held)
    steps = _by_node(context.capacity)
    return {
        _place(node, name): resolve(held, list(_room(steps[node], name)), context.tolerance)
        for (node, name), held in use.items()
        if node in steps
    }


def _place(node: NodeId, name: ResourceName) -> str:
    return f"{node}\n{name}"


def _use_key(item: Slice) -> UseKey:
    return (item.uid, item.attempt, item.start)


def _by_node(facts: Iterable[CapacityFact]) -> dict[NodeId, list[CapacityFact]]:
    steps: defaultdict[NodeId, list[CapacityFact]] = defaultdict(list)
    for fact in sorted(facts, key=lambda fact: fact.at):
        steps[fact.node_id].append(fact)
    return steps


def _room(facts: Sequence[CapacityFact], name: ResourceName) -> Iterator[Piece]:
    ends = [*(fact.at for fact in facts[1:]), 2**62]
    for fact, end in zip(facts, ends, strict=True):
        if fact.node is not None:
            yield fact.at, end, fact.node.capacity.amount(name)


def _sorted_out(
    batch: Sequence[Slice], doubts: dict[int, Doubt], settled: dict[str, Resolved], standing: set[object]
) -> Examined:
    accepted: list[Slice] = []
    quarantined: list[Quarantined] = []
    skews: list[Skew] = []
    for number, item in enumerate(batch):
        gives = settled.get(_place(item.node, item.resource), Resolved())
        cut = gives.cuts.get(_use_key(item)) if item.corrects is None and item.key not in standing else None
        if number in doubts:
            quarantined.append(Quarantined(item, doubts[number]))
        elif _use_key(item) in gives.doubted and item.corrects is None:
            quarantined.append(Quarantined(item, Doubt.OVER_CAPACITY))
        elif cut is None:
            accepted.append(item)
        else:
            skews.append(Skew(item, cut))
            accepted.extend([replace(item, end=cut)] if cut > item.start else [])
    return Examined(tuple(accepted), tuple(quarantined), tuple(skews))

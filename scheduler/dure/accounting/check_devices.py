"""Devices by number: each is one task's at a time, and one of those that its node has of the flavor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from dure.accounting.findings import Finding, row_of
from dure.accounting.node_spans import Spans
from dure.model.instants import Instant
from dure.model.node import Node
from dure.model.resources import ResourceName, flavor_of
from dure.model.use import Slice, SliceKey


def check_devices(resource: ResourceName, rows: Sequence[Slice], spans: Spans) -> Iterator[Finding]:
    """What does not hold of the devices that one flavor's slices on one node name."""
    by_device: dict[int, list[Slice]] = {}
    taken_back: dict[tuple[SliceKey, int], Instant] = {}
    for item in rows:
        for device in item.devices:
            if item.corrects is None:
                by_device.setdefault(device, []).append(item)
            else:
                taken_back[item.corrects, device] = item.start
    for device, own in sorted(by_device.items()):
        yield from _twice(device, own, {key: at for (key, d), at in taken_back.items() if d == device})
        yield from _missing(device, resource, own, spans)


def _twice(device: int, rows: Iterable[Slice], ends: dict[SliceKey, Instant]) -> Iterator[Finding]:
    used = sorted((row for row in rows if row.start < row.end), key=lambda row: (row.start, row.key))
    for first, second in pairwise(used):
        if ends.get(first.key, first.end) > second.start:
            what = f"device {device} is used twice from {second.start}"
            yield Finding((row_of(first), row_of(second)), what, f"device {device} to be one row's at a time")


def _missing(device: int, resource: ResourceName, rows: Iterable[Slice], spans: Spans) -> Iterator[Finding]:
    for row in rows:
        node = spans.at(row.start)
        numbers = device_numbers(node, resource) if node else range(0)
        if row.start < row.end and device not in numbers:
            what, expected = f"names device {device}", f"one of the devices {list(numbers)} of {resource}"
            yield Finding((row_of(row),), what, expected)


def device_numbers(node: Node, resource: ResourceName) -> range:
    """The numbers of a flavor's devices on a node: counted from 0, flavor by flavor in sorted order."""
    before = 0
    for flavor, devices in node.capacity.gpus:
        if flavor == flavor_of(resource):
            return range(before, before + devices)
        before += devices
    return range(0)

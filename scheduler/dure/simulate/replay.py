"""A trace or recorded work played through a Room: which nodes, which rules, and what became of every job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from dure.forecast.engine import Arrival, Replay
from dure.model.node import Node, Pool
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.planning.room import Room
from dure.simulate.arrivals import Arrivals, Estimates, RoomOf, Settings
from dure.simulate.copies import copied
from dure.simulate.lines import TraceError
from dure.simulate.played import Played, Recorder, Stint
from dure.simulate.tenancy import Tenancy, equal_tenants, mapped_tenants
from dure.simulate.trace import Trace

__all__ = ["Estimates", "Played", "RoomOf", "Settings", "play", "play_work"]

Said: TypeAlias = Callable[[int], None]

_CPU: Final = 1000
_SAY_EVERY: Final = 500


def play(trace: Trace, rules: Rules, settings: Settings, said: Said = lambda _: None) -> Played:
    """Play the whole trace; `said` hears from time to time how many jobs have ended since it last did.

    The bundle's planning options, flavors, windows and, where tenants are mapped, tenants are in force; its
    calendar and maintenance are not: a trace is of another time. Raises TraceError where there is no room to
    play in.
    """
    tenancy = _tenancy(trace, rules, settings)
    pools = _pools(trace, rules, settings)
    trace, tenancy = copied(trace, tenancy, settings.copies)
    rules = replace(rules, pools=pools, tenants=tenancy.tenants, calendar=(), maintenance=())
    arrivals = Arrivals(trace, rules, settings, tenancy)
    return play_work(arrivals, rules, trace.name, settings.enforce_limits, said, trace.unusable)


def play_work(
    arrivals: Iterable[Arrival], rules: Rules, name: str, enforce_limits: bool = False,
    said: Said = lambda _: None, unusable: int = 0,
) -> Played:  # fmt: skip
    """Play jobs that come by instant through the nodes that the rules declare."""
    nodes = tuple(sorted((node for pool in rules.pools for node in pool.nodes), key=lambda node: node.id))
    capacity = sum((node.capacity for node in nodes), Resources())
    recorder = Recorder()
    room = Room.of(Snapshot(nodes=nodes), rules)
    replay = Replay(room, rules, _heard(arrivals, recorder), enforce_limits=enforce_limits)
    stints = tuple(_told(replay, recorder, said))
    works = tuple(recorder.works.values())
    return Played(name, rules, capacity, works, stints, replay.decides, unusable)


def _heard(arrivals: Iterable[Arrival], recorder: Recorder) -> Iterator[Arrival]:
    for arrival in arrivals:
        recorder.came(arrival.job, arrival.run)
        yield arrival


def _told(replay: Replay, recorder: Recorder, said: Said) -> Iterator[Stint]:
    number = 0
    for ran in replay.ran():
        stint = recorder.stint(ran)
        yield stint
        number += not stint.gave_way
        if number == _SAY_EVERY:
            said(number)
            number = 0
    said(number)


def _tenancy(trace: Trace, rules: Rules, settings: Settings) -> Tenancy:
    owners = (job.owner for job in trace.jobs)
    if settings.tenants is None:
        return equal_tenants(owners)
    return mapped_tenants(owners, settings.tenants, rules.tenants)


def _pools(trace: Trace, rules: Rules, settings: Settings) -> tuple[Pool, ...]:
    added = (Pool("added", "local", settings.added),) if settings.added else ()
    if settings.room is RoomOf.BUNDLE:
        if not any(pool.nodes for pool in rules.pools):
            raise TraceError(f"bundle {rules.room} declares no nodes; declare some, or use --room trace")
        return (*rules.pools, *added)
    if added:
        raise TraceError("nodes can be added to the bundle's only; use --room bundle")
    if trace.processors is None:
        raise TraceError(f"{trace.name} does not say how many processors there were; use --room bundle")
    return (Pool("trace", "local", (Node("trace", "trace", Resources(cpu=trace.processors * _CPU)),)),)

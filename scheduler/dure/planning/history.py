"""History: decayed use above guarantee, kept in closed form (DESIGN 3.2).

    h(now) = h(t0) x 2^(-d/H) + a x (1 - 2^(-d/H)),  d = now - t0

History is a function of recorded instants only: use from `TaskStarted` to `TaskEnded`, facts of capacity, and
policy versions. It is folded over canonical breakpoints: the instants at which a value really changes, what
happens at one instant counting only net. So it is the same to the bit whenever it is folded, in whatever order
late changes arrive, and when it is rebuilt from the ledger.
"""

from __future__ import annotations

from bisect import bisect_left, insort_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from dure.model.instants import Instant
from dure.model.job import TenantId, UserId
from dure.model.resources import Flavor, Resources, flavor_of
from dure.model.rules import Rules
from dure.model.snapshot import History
from dure.model.use import CapacityFact, Slice, State
from dure.planning.axes import Amounts, Axes
from dure.planning.fold import Fold, Weighing
from dure.planning.score import ByDimension


@dataclass(frozen=True, slots=True)
class Use:
    """From `at` on recorded use of this user of this tenant is larger by `times` the amounts."""

    at: Instant
    tenant: TenantId
    user: UserId
    amounts: Amounts
    times: int


@dataclass(frozen=True, slots=True)
class Policy:
    """From `at` on these rules are in force."""

    at: Instant
    rules: Rules


Event: TypeAlias = Use | CapacityFact | Policy


def _instant(event: Event) -> Instant:
    return event.at


class Histories:
    """All histories of a room: settled up to the watermark, open after it.

    `window` holds what happened at or after the watermark, by instant. What is older counts as having been so
    at the watermark (a server that begins again is told of tasks whose start is long settled).
    """

    __slots__ = ("_axes", "_live", "_seen", "_settled", "watermark", "window")

    def __init__(self, axes: Axes, first: tuple[Instant, Rules], watermark: Instant) -> None:
        self._axes = axes
        self.watermark = watermark
        self.window: list[Event] = []
        self._settled = Fold(axes, first[0], Weighing(first[1], axes), watermark)
        self._live: Fold | None = None
        self._seen = 0

    def load(self, histories: Iterable[History], events: Iterable[Event]) -> None:
        """Take up settled histories, and what happened since, in any order."""
        for history in histories:
            self._settled.load(history)
        for event in sorted(events, key=_instant):
            self.record(event)

    def record(self, event: Event) -> None:
        """Something happened, in whatever order it is told."""
        if event.at < self.watermark:
            self._apply(self._settled, event)
            self._live = None
        elif not self.window or self.window[-1].at <= event.at:
            self.window.append(event)
            if self._live is not None and event.at < self._live.open_at:
                self._live = None  # it was asked for at an instant beyond an edge that lies after this event
        else:
            insort_right(self.window, event, key=_instant)
            self._live = None

    def level(self, tenant: TenantId, user: UserId, now: Instant) -> ByDimension:
        """H of the tenant (user "") or of a user in it, at `now`."""
        live = self._open()
        live.advance(now)
        return live.level(tenant, user, now)

    def settle(self, watermark: Instant) -> None:
        """Nothing from before the watermark will be told any more."""
        if watermark <= self.watermark:
            return
        done = bisect_left(self.window, watermark, key=_instant)
        for event in self.window[:done]:
            self._apply(self._settled, event)
        del self.window[:done]
        self._settled.close(watermark)
        self.watermark = watermark
        self._seen -= done
        if self._seen < 0:
            self._live = None

    def settled(self) -> tuple[History, ...]:
        """Every history that is not nothing, at the watermark, sorted."""
        return tuple(self._settled.histories())

    def facts(self) -> tuple[CapacityFact, ...]:
        """Facts of capacity in the window, each node's first preceded by the one in force before."""
        late = [event for event in self.window if isinstance(event, CapacityFact)]
        before = (self._settled.fact(node) for node in {fact.node_id for fact in late})
        stood = (replace(fact, at=self.watermark - 1) for fact in before if fact and fact.node)
        return tuple(sorted((*stood, *late), key=lambda fact: (fact.at, fact.node_id)))

    def policies(self) -> tuple[tuple[Instant, Rules], ...]:
        """The rules in force at the watermark and since."""
        since = ((event.at, event.rules) for event in self.window if isinstance(event, Policy))
        return (self._settled.policy, *since)

    def latest_fact(self, node: str) -> Instant | None:
        """When a node last changed, where that was at or after the watermark."""
        facts = [e.at for e in self.window if isinstance(e, CapacityFact) and e.node_id == node]
        return max(facts, default=None)

    def _open(self) -> Fold:
        if self._live is None:
            self._live, self._seen = self._settled.copy(), 0
        for event in self.window[self._seen :]:
            self._apply(self._live, event)
        self._seen = len(self.window)
        return self._live

    def _apply(self, fold: Fold, event: Event) -> None:
        match event:
            case Use(at, tenant, user, amounts, times):
                fold.use(at, tenant, user, amounts, times)
            case CapacityFact():
                fold.capacity(event)
            case Policy(at, rules):
                fold.weigh(at, Weighing(rules, self._axes))


def rebuild(
    slices: Iterable[Slice],
    capacity: Iterable[CapacityFact],
    policies: Iterable[tuple[Instant, Rules]],
    watermark: Instant,
) -> tuple[History, ...]:
    """The histories at the watermark from the ledger's facts, bit for bit as a live room settles them.

    `slices` are tenants' recorded use (corrections included; of other states nothing is taken), in any order;
    abutting slices need not be joined: what ends and begins at one instant counts net. `policies` by instant,
    the first in force from the beginning. Raises ValueError where no policy is given.
    """
    versions = list(policies)
    if not versions:
        raise ValueError("histories need the policy that was in force; none is recorded")
    used, facts = [s for s in slices if s.state is State.TENANT], list(capacity)
    axes = Axes(_flavors(used, facts, versions))
    events: list[Event] = [Policy(at, rules) for at, rules in versions[1:]]
    events += facts
    for piece in used:
        amounts = axes.amounts(Resources.named([(piece.resource, piece.amount)]))
        events.append(Use(piece.start, piece.tenant, piece.user, amounts, 1))
        events.append(Use(piece.end, piece.tenant, piece.user, amounts, -1))
    beginning = min((event.at for event in events), default=watermark)
    histories = Histories(axes, versions[0], min(beginning, watermark))
    for event in sorted(events, key=_instant):
        histories.record(event)
    histories.settle(watermark)
    return histories.settled()


def _flavors(
    used: Iterable[Slice], facts: Iterable[CapacityFact], versions: Iterable[tuple[Instant, Rules]]
) -> Iterable[Flavor]:
    yield from (flavor_of(piece.resource) for piece in used if flavor_of(piece.resource))
    yield from (flavor for fact in facts if fact.node for flavor, _ in fact.node.capacity.gpus)
    yield from (flavor.name for _, rules in versions for flavor in rules.flavors)

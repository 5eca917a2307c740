"""The calendar in a decision: who leaves for it, and who starts on what an entry keeps (DESIGN 3.3, Also policy).

What runs under an entry counts neither against guarantee nor limit nor score until the entry ends, from then on as
ordinary use. Within what the entry keeps, its tenants' jobs start before everything else, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dure.model.plan import Eviction, Rule
from dure.planning.axes import Vector
from dure.planning.calendar import Block, asked, blocks, has_any, staying
from dure.planning.leaving import by_loss, needed
from dure.planning.lines import Turn
from dure.planning.nodes import Row
from dure.planning.placement import Spot, place
from dure.planning.queue import Kind
from dure.planning.running import Active
from dure.planning.shape import Demand
from dure.planning.trial import Trial
from dure.planning.work_lost import lost_time


def clear(trial: Trial) -> None:
    """Evict what must leave for the calendar, until what it keeps is kept."""
    if not has_any(trial.state.rules, trial.now):
        return
    while victims := next(_in_the_way(trial), None):
        block, found = victims
        for active in found:
            if active.job.id in trial.state.claims:
                trial.unclaim(active.job.id)
            else:
                lost = lost_time(active, trial.now)
                trial.evict(active, Eviction(active.job.id, active.attempt, block.rule, block.name, lost))


def serve(trial: Trial) -> None:
    """See anew what is kept, and start what may start on what open entries keep."""
    if not has_any(trial.state.rules, trial.now):
        return
    trial.promises.blocks = blocks(trial.state, trial.now)
    for block in tuple(trial.promises.blocks):
        if block.rule is Rule.CALENDAR and block.at <= trial.now < block.until:
            while _start_one(trial, block.name):
                trial.promises.blocks = blocks(trial.state, trial.now)


def _start_one(trial: Trial, name: str) -> bool:
    block = next(one for one in trial.promises.blocks if one.rule is Rule.CALENDAR and one.name == name)
    stated = {axis for axis, _ in _asked(trial, block)}
    for _, kind in sorted(trial.lineup.heads(_kinds(trial, block), Turn.BORROWED), key=lambda head: head[0]):
        for demand in kind.shape.demands:
            if spots := _fit(trial, block, stated, demand):
                trial.start_under(kind, kind.first, spots, name)
                return True
    return False


def _asked(trial: Trial, block: Block) -> Iterable[tuple[int, int]]:
    entry = next(one for one in trial.state.rules.calendar if one.name == block.name)
    return asked(entry.resources, trial.state)


def _kinds(trial: Trial, block: Block) -> list[Kind]:
    """The waiting classes of its tenants and of all below them, whatever quota says."""
    accounts = trial.state.quotas.accounts
    below = {
        account: None for tenant in block.tenants if tenant in accounts for account in accounts[tenant].below
    }
    return [kind for account in below for kind in account.kinds if kind.jobs and kind.verdict is None]


def _fit(trial: Trial, block: Block, stated: set[int], demand: Demand) -> list[Spot] | None:
    """Where a gang may start on what is kept; one that may not be preempted must end by then."""
    if not any(axis in stated for axis, _ in demand.total):
        return None
    if demand.firm and trial.now + demand.limit > block.until:
        return None
    nothing = trial.state.axes.zeros()
    view = dict.fromkeys(trial.state.nodes, nothing)
    view |= {row: _usable(trial, block, stated, row) for row in block.kept}
    return place(demand, trial.state.nodes, view, trial.state.values)


def _usable(trial: Trial, block: Block, stated: set[int], row: Row) -> Vector:
    """Of what the entry states, what it keeps and nobody uses; of the rest, what all others leave."""
    kept, used, beside = block.kept[row], block.used.get(row), block.left_now(row)
    free = [
        min(free, kept[axis] - (used[axis] if used else 0) if axis in stated else beside[axis])
        for axis, free in enumerate(row.free)
    ]
    for other in trial.promises.blocks:
        if other.closed and other.name not in block.inside and row in other.extra:
            free = list(map(min, free, other.left_now(row)))
    return free


def _in_the_way(trial: Trial) -> Iterator[tuple[Block, list[Active]]]:
    for block in blocks(trial.state, trial.now):
        if block.closed and (found := list(_victims(trial, block))):
            yield block, found


def _victims(trial: Trial, block: Block) -> Iterator[Active]:
    """Who has to leave for it: everybody from nodes that are out, else so few as will do, node by node."""
    may_leave = [active for active in staying(trial.state) if _may_leave(trial, block, active)]
    if block.rule is Rule.MAINTENANCE:
        nodes = {row.id for row in block.kept}
        there = (active for active in may_leave if any(p.left and p.node in nodes for p in active.places))
        yield from sorted(there, key=lambda active: active.job.id)
        return
    may_leave = by_loss(trial.state, may_leave, trial.now) if block.short else []
    taken: dict[Active, None] = {}
    for row, short in sorted(block.short.items(), key=lambda one: one[0].id):
        taken |= dict.fromkeys(needed(row, short, may_leave, taken))
    yield from taken


def _may_leave(trial: Trial, block: Block, active: Active) -> bool:
    """What ends by then need not; what started at this very instant is protected (decision 0026)."""
    is_claim = active.job.id in trial.state.claims
    gone = active.latest_end <= max(trial.now, block.at) or active.under in block.before
    return active.job.preemptible and not gone and (is_claim or active.since < trial.now)

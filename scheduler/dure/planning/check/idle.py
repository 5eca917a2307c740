"""Nothing idle that a pending, allowed job could use without harm to a reservation or a claim.

Sound, not complete: told only of jobs of one group that may be preempted and whose verdict names nothing but place,
and that no reservation concerns (they would end before the first begins). What an entry keeps is no idle place: it
is told where there is place enough, wherever the entry keeps what nobody uses of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.job import JobClass, TaskGroup
from dure.model.node import NodeState
from dure.model.plan import Code
from dure.model.resources import Flavor
from dure.planning.check.amounts import Amounts, Spots, add, named
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.kept import kept_unused, nodes_out, tasks_lost
from dure.planning.check.picture import Picture


def nothing_idles(picture: Picture) -> Iterator[Finding]:
    """No class that waits for a place alone fits beside what is held, vacates or is claimed."""
    if not picture.rules.planning.backfill:
        return
    free, kept = _free(picture), kept_unused(picture)
    for key, verdict in picture.plan.verdicts.items():
        if verdict.code is Code.NO_PLACE and len(key.groups) == 1 and not _governed(picture, key):
            for flavor in key.groups[0].flavors or ("",):
                if _ends_in_time(picture, key, flavor) and _fits(key.groups[0], flavor, free, kept):
                    text = f"waits for a place, and {flavor or 'a node'} is free"
                    yield Finding(Invariant.IDLE, f"{key.tenant}/{key.user}", text)


def _free(picture: Picture) -> Spots:
    """`capacity - stays - starts - max(vacating, claimed)` on nodes that take jobs."""
    out = nodes_out(picture)
    taking = (node for node in picture.snapshot.nodes if node.state is NodeState.UP and node.id not in out)
    free = {node.id: named(node.capacity) for node in taking}
    for node, there in free.items():
        add(there, picture.staying.get(node, {}).items(), -1)
        add(there, picture.started.get(node, {}).items(), -1)
        add(there, _kept(picture, node).items(), -1)
    return free


def _kept(picture: Picture, node: str) -> Amounts:
    vacating, claimed = picture.vacating.get(node, {}), picture.claimed.get(node, {})
    return {name: max(vacating.get(name, 0), claimed.get(name, 0)) for name in {*vacating, *claimed}}


def _governed(picture: Picture, key: JobClass) -> bool:
    """Whether quota may stand in its way on one of its flavors: a verdict speaks of the class, not of a flavor."""
    limited = any(
        over.limit.stated or over.user_limit.stated or over.max_running_jobs is not None
        or over.user_max_running_jobs is not None
        for over in picture.path(key.tenant)
    )  # fmt: skip
    keeping = any(tenant.keep.stated or tenant.cohort for tenant in picture.rules.tenants)
    return limited or keeping or not key.preemptible


def _ends_in_time(picture: Picture, key: JobClass, flavor: Flavor) -> bool:
    first = min((reservation.at for reservation in picture.plan.reservations), default=None)
    limit = dict(key.time_limits).get(flavor, key.time_limit)
    return first is None or (limit is not None and picture.now + limit <= first)


def _fits(group: TaskGroup, flavor: Flavor, free: Spots, kept: Amounts) -> bool:
    one = named(group.request(flavor))
    room = {
        node: max(0, min((there.get(name, 0) // amount for name, amount in one.items()), default=group.count))
        for node, there in free.items()
    }
    return sum(room.values()) - tasks_lost(one, room, free, kept) >= group.count

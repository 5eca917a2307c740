"""What a job that evicted others lacked: on what, taken alone, it found no place before they were told to leave."""

from __future__ import annotations

from dure.model.job import Job, TaskGroup
from dure.model.node import NodeState
from dure.model.resources import ResourceName, gpu
from dure.planning.check.amounts import Amounts, Spots, add, named, spread, still_held
from dure.planning.check.picture import Picture


def lacked(picture: Picture, job: Job) -> set[ResourceName]:
    """The resources that it may have lacked: too many rather than too few.

    Exact for a job of one group and one flavor where nothing was started in the plan and one job evicts; of any
    other all that it asks for.
    """
    asked = _asked(job)
    alone = len({eviction.by for eviction in picture.plan.evictions}) == 1
    if len(job.groups) > 1 or len(job.groups[0].flavors) > 1 or picture.plan.starts or not alone:
        return asked
    free = _free_before(picture, job)
    return {name for name in asked if not _finds(picture, job.groups[0], name, free)} or asked


def _asked(job: Job) -> set[ResourceName]:
    return {
        name
        for group in job.groups
        for flavor in (group.flavors or ("",))
        for name, _ in group.request(flavor).items()
    }


def _free_before(picture: Picture, job: Job) -> Spots:
    """What open nodes had for a claim before this plan: earlier claims kept, none of its victims gone."""
    free = {node.id: named(node.capacity) for node in picture.snapshot.nodes if node.state is NodeState.UP}
    held: Spots = {}
    for one in picture.snapshot.running:
        if one.vacating is None:
            spread(held, one.job, still_held(one))
    for other, claim in picture.known(picture.plan.claims):
        if claim not in picture.new_claims and other.id != job.id:
            spread(held, other, claim.placements)
    for node, there in free.items():
        add(there, held.get(node, {}).items(), -1)
    return free


def _finds(picture: Picture, group: TaskGroup, name: ResourceName, free: Spots) -> bool:
    flavor = group.flavors[0] if group.gpus else ""
    amount = dict(group.request(flavor).items())[name]
    having = [there for node, there in free.items() if not flavor or _has(picture.capacity(node), flavor)]
    return sum(max(0, there.get(name, 0)) // amount for there in having) >= group.count


def _has(capacity: Amounts, flavor: str) -> bool:
    return capacity.get(gpu(flavor), 0) > 0

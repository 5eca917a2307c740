"""No node over capacity: starts fit beside what is still there, and claims keep their places."""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.node import NodeState
from dure.planning.check.amounts import Amounts, Spots, add, lacking, spread
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.picture import Given, Picture


def starts_fit_beside_what_is_there(picture: Picture) -> Iterator[Finding]:
    """Whatever a start takes is free now: nobody has to leave first."""
    for node, wanted in sorted(picture.started.items()):
        free = _left(picture, node, picture.staying, picture.vacating)
        if short := lacking(wanted, free):
            yield Finding(
                Invariant.CAPACITY, node, "would be over its capacity by starts", tuple(short.items())
            )


def claims_keep_their_places(picture: Picture) -> Iterator[Finding]:
    """What stays, starts and is claimed fits together once all have left who are to leave.

    Judged where something was given in this plan: a node that shrank may hold too much already.
    """
    unclaimed = (start for start in picture.plan.starts if not start.claimed)
    given: tuple[Given, ...] = (*unclaimed, *picture.new_claims)
    fresh: Spots = {}
    for job, one in picture.known(given):
        spread(fresh, job, one.placements)
    for node, new in sorted(fresh.items()):
        free = _left(picture, node, picture.staying, picture.started, picture.claimed)
        if short := {name: -free.get(name, 0) for name, a in new.items() if a and free.get(name, 0) < 0}:
            yield Finding(Invariant.CLAIM, node, "could not keep what is claimed on it", tuple(short.items()))


def only_nodes_that_take_jobs_are_given(picture: Picture) -> Iterator[Finding]:
    """Starts and new claims go to nodes that are up."""
    given: tuple[Given, ...] = (*picture.plan.starts, *picture.new_claims)
    for one in given:
        for placement in one.placements:
            node = picture.nodes.get(placement.node)
            if node is None or node.state is not NodeState.UP:
                yield Finding(Invariant.CAPACITY, one.job, f"is given {placement.node}, which takes no jobs")


def _left(picture: Picture, node: str, *held: Spots) -> Amounts:
    free = picture.capacity(node)
    for spots in held:
        add(free, spots.get(node, {}).items(), -1)
    return free

import os
from dataclasses import replace

import pytest

from dure.model.change import NodeGone, NodeSet
from dure.model.job import Placement
from dure.model.node import Node, NodeState
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.ports import Refused
from tests.backends.conftest import Desks
from tests.backends.desk import Desk, room, two_nodes


def go_by(desk: Desk, rules: Rules) -> None:
    desk.backend.use_rules(rules.pools[0], rules)  # type: ignore[attr-defined]  # of the local backend alone


def test_with_no_node_declared_the_machine_is_the_node(desks: Desks) -> None:
    """All cpus that the server may use, and the memory there is."""
    desk = desks(room(nodes=()))
    (change,) = desk.listed
    assert isinstance(change, NodeSet)
    node = change.node
    assert (node.id, node.pool) == (os.uname().nodename, "pool")
    assert node.capacity.cpu == len(os.sched_getaffinity(0)) * 1000
    assert node.capacity.memory * 2**20 <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    job = desk.submit("true")
    desk.start(job, Placement(0, node.id))
    desk.ended(job)


def test_new_rules_bring_and_take_nodes_while_jobs_run(desk: Desk) -> None:
    """What changed is told; what runs goes on; a node that is gone or draining takes nothing new."""
    job = desk.submit("sleep", "30")
    desk.start(job)
    desk.running(job)
    desk.look()
    first, second = two_nodes()
    draining = replace(first, state=NodeState.DRAINING)
    third = Node("n3", "pool", Resources(1000, 1000))
    go_by(desk, room(nodes=(draining, third)))
    told = desk.look()[-3:]
    assert [change.node for change in told if isinstance(change, NodeGone)] == [second.id]
    assert [change.node for change in told if isinstance(change, NodeSet)] == [draining, third]
    assert desk.attempt(job).tasks[0].ended is None
    other = desk.submit("true")
    for node, why in ((first, "draining"), (second, "not in this pool")):
        with pytest.raises(Refused, match=why):
            desk.start(other, Placement(0, node.id))
    desk.start(other, Placement(0, third.id))
    desk.ended(other)


def test_the_same_rules_again_tell_nothing(desk: Desk) -> None:
    """A new version of the policy that leaves the nodes as they are changes nothing here."""
    go_by(desk, room())
    assert desk.look() == []


def test_a_revision_that_was_never_given_is_refused(desk: Desk) -> None:
    """As one from before a restart: the caller must ask for everything."""
    with pytest.raises(ValueError, match="observe everything again"):
        desk.call(desk.backend.observe(10**6, 0))

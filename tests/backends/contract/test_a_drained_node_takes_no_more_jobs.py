import pytest

from dure.model.change import NodeSet
from dure.model.node import NodeState
from dure.model.record import JobState
from dure.ports import Refused
from tests.backends.desk import Desk


def test_what_runs_goes_on_and_nothing_starts(desk: Desk) -> None:
    """The node is told as draining once, takes no start, and takes them again when it is returned."""
    runs, waits = desk.submit("sleep", "30"), desk.submit("true")
    desk.start(runs)
    desk.running(runs)
    for _ in range(2):
        desk.call(desk.backend.drain("n1", True))
    with pytest.raises(Refused, match="draining"):
        desk.start(waits)
    assert desk.record(runs).state is JobState.RUNNING
    desk.call(desk.backend.drain("n1", False))
    desk.start(waits)
    assert desk.ended(waits).state is JobState.SUCCEEDED
    told = [change.node.state for change in desk.look() if isinstance(change, NodeSet)]
    assert told == [NodeState.DRAINING, NodeState.UP]


def test_it_is_listed_as_it_is(desk: Desk) -> None:
    """Whoever asks for everything learns that the node drains."""
    desk.call(desk.backend.drain("n2", True))
    nodes = [c.node for c in desk.call(desk.backend.observe(None, 0)).changes if isinstance(c, NodeSet)]
    assert {node.id: node.state for node in nodes} == {"n1": NodeState.UP, "n2": NodeState.DRAINING}


def test_a_node_that_is_not_there_cannot_be_drained(desk: Desk) -> None:
    """And nothing is told."""
    with pytest.raises(KeyError):
        desk.call(desk.backend.drain("nowhere", True))
    assert desk.look() == []

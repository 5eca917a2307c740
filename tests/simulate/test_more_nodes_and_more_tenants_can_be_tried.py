import pytest

from dure.model.job import TaskGroup
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.resources import Quota, Resources
from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.simulate.added import added_nodes
from dure.simulate.copies import copied
from dure.simulate.lines import TraceError
from dure.simulate.replay import Estimates, RoomOf, Settings, play
from dure.simulate.tenancy import Tenancy
from dure.simulate.trace import Trace, TraceJob

NODE = Node("n", "main", Resources(8000, 4096, (("g", 2),)))
RULES = Rules(
    room="small",
    flavors=(GpuFlavor("g"), GpuFlavor("h")),
    pools=(Pool("main", "local", (NODE,)),),
    tenants=(Tenant("top"), Tenant("leaf", parent="top", guarantee=Quota.of({"gpu:g": 1}))),
)
DAY = 86_400


def jobs(*submits: int, gpus: int = 2) -> tuple[TraceJob, ...]:
    group = TaskGroup(1, 1000, 0, gpus, ("g",))
    return tuple(TraceJob(str(n), "u", "u", submit, 100, None, group) for n, submit in enumerate(submits))


def test_nodes_are_written_as_count_and_size() -> None:
    """What is left out is as on the bundle's node of that flavor."""
    found = added_nodes(("2xg:4", "1xcpu:4,memory:8Gi", "1xh:8,cpu:1.5"), RULES)
    assert [node.id for node in found] == ["added-1", "added-2", "added-3", "added-4"]
    assert [node.capacity for node in found] == [
        Resources(8000, 4096, (("g", 4),)),
        Resources(8000, 4096, (("g", 4),)),
        Resources(4000, 8192),
        Resources(1500, 0, (("h", 8),)),
    ]


@pytest.mark.parametrize(
    "text", ["g:4", "0xg:4", "4xg", "4xg:4,g:5", "1xh100:8", "1xcpu:much", "1xmemory:4", "9999999xg:1", "4x"]
)
def test_what_is_no_node_is_refused(text: str) -> None:
    """One line that says what would be right."""
    with pytest.raises(TraceError, match="--add-nodes"):
        added_nodes((text,), RULES)


def test_added_nodes_take_jobs() -> None:
    """Two jobs that wait for each other on one node run at once on two."""
    trace = Trace("two", jobs(0, 0))
    alone = play(trace, RULES, Settings(Estimates.EXACT, RoomOf.BUNDLE, tenants={"u": "leaf"}))
    added = added_nodes(("1xg:2",), RULES)
    more = play(trace, RULES, Settings(Estimates.EXACT, RoomOf.BUNDLE, tenants={"u": "leaf"}, added=added))
    assert alone.times == {"0": (0, 100), "1": (100, 200)}
    assert more.times == {"0": (0, 100), "1": (0, 100)}


def test_copies_have_the_tenants_quotas_and_load_of_the_first() -> None:
    """Three times: other names, the same tree, every job once in each, on another day of the log."""
    trace = Trace("days", jobs(5, 10, DAY + 7, 5 * DAY + 9))
    tenancy = Tenancy(RULES.tenants, {"u": "leaf"})
    many, whose = copied(trace, tenancy, 3)
    assert [t.id for t in whose.tenants] == ["top", "leaf", "top-2", "leaf-2", "top-3", "leaf-3"]
    assert whose.tenants[3].parent == "top-2"
    assert whose.tenants[3].guarantee == RULES.tenants[1].guarantee
    assert whose.of == {"u": "leaf", "u-2": "leaf-2", "u-3": "leaf-3"}
    second = {job.id: job.submit for job in many.jobs if job.owner == "u-2"}
    assert second == {"0-2": 2 * DAY + 5, "1-2": 2 * DAY + 10, "2-2": 3 * DAY + 7, "3-2": DAY + 9}
    assert len({job.id for job in many.jobs}) == 12


def test_one_copy_is_the_log_itself() -> None:
    """Nothing is renamed."""
    trace, tenancy = Trace("one", jobs(0)), Tenancy(RULES.tenants, {"u": "leaf"})
    assert copied(trace, tenancy, 1) == (trace, tenancy)

from hypothesis import given
from hypothesis import strategies as st

from dure.backends.local.kept import Attempt, Kept
from dure.backends.local.places import device_indexes, place
from dure.model.job import Job, Placement, TaskGroup
from dure.model.plan import Start
from dure.model.resources import Resources
from dure.ports import Refused
from tests.backends.desk import Desk, two_nodes

NODES = {node.id: node for node in two_nodes()}


def test_a_task_sees_its_devices_and_no_others(desk: Desk) -> None:
    """Numbered on the node, flavor by flavor in sorted order; the same as in the record."""
    group = TaskGroup(1, 100, 64, 1, ("t4", "a100"))
    job = desk.submit("sh", "-c", "echo $CUDA_VISIBLE_DEVICES", groups=(group, group, TaskGroup(1, 100, 64)))
    desk.start(job, Placement(0, "n1", "t4"), Placement(1, "n1", "a100"), Placement(2, "n1"))
    desk.ended(job)
    assert [desk.log(job, task) for task in range(3)] == ["2\n", "0\n", "\n"]
    assert [task.devices for task in desk.attempt(job).tasks] == [(2,), (0,), ()]


def test_a_device_is_free_again_when_its_task_is_over(desk: Desk) -> None:
    """Also when other tasks of the gang go on, and also after a restart."""
    job = desk.submit(
        "sh", "-c", "[ $DURE_TASK = 0 ] || exec sleep 60", groups=(TaskGroup(2, 100, 64, 1, ("a100",)),)
    )  # fmt: skip
    desk.start(job)
    desk.until(lambda: desk.attempt(job).tasks[0].ended is not None)
    desk.again()
    other = desk.submit("true", groups=(TaskGroup(1, 100, 64, 1, ("a100",)),))
    desk.start(other)
    assert desk.attempt(other).tasks[0].devices == desk.attempt(job).tasks[0].devices == (0,)


def test_devices_are_numbered_flavor_by_flavor() -> None:
    """In sorted order, from 0."""
    capacity = Resources.of(gpus={"t4": 2, "a100": 3})
    assert [list(device_indexes(capacity, flavor)) for flavor in ("a100", "t4", "h100")] == [
        [0, 1, 2],
        [3, 4],
        [],
    ]


@given(
    st.lists(st.tuples(st.integers(1, 2), st.integers(0, 2), st.sampled_from(["a100", "t4"])), max_size=12)
)
def test_no_device_is_given_twice(wanted: list[tuple[int, int, str]]) -> None:
    """Whatever starts and ends: every device of a live task is its own, is on its node, and of its flavor."""
    live: list[Kept] = []
    for number, (tasks, gpus, flavor) in enumerate(wanted):
        job = Job(
            f"j{number}", "lab", "kim", 0, (TaskGroup(tasks, 100, 64, gpus, (flavor,) if gpus else ()),)
        )
        start = Start(job.id, 1, (Placement(0, "n1", flavor if gpus else "", tasks),), guaranteed=True)
        try:
            attempt = Attempt(1, 0, start.placements, place(job, start, NODES, live))
        except Refused:
            live = live[1:]  # the oldest ends
            continue
        live.append(Kept(job, attempts=[attempt]))
        given_out = [(task, kept.job) for kept in live for task in kept.attempts[0].tasks]
        devices = [device for task, _ in given_out for device in task.devices]
        assert len(devices) == len(set(devices))
        for task, owner in given_out:
            assert len(task.devices) == owner.groups[0].gpus
            assert set(task.devices) <= set(device_indexes(NODES["n1"].capacity, task.placement.flavor))

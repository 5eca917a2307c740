from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.accounting.states import StateAccount
from dure.backends.kubernetes.changes import between, everything
from dure.backends.kubernetes.metering import LATE, Meter, correction, settled
from dure.backends.kubernetes.outcome import Story
from dure.backends.kubernetes.pods import pod_seen
from dure.backends.kubernetes.podspec import PodRequest
from dure.model.change import NodeSet
from dure.model.instants import SECOND, Instant, Interval
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import Node
from dure.model.resources import Resources
from dure.model.use import Slice, State
from tests.backends.kubernetes_values.lives import BEGIN, Life
from tests.backends.kubernetes_values.played import NODES, Film, Frame, films

METER = Meter("kubernetes", "k8s")


def at(seconds: int) -> Instant:
    return BEGIN + seconds * SECOND


def slices(frame: Frame, start: Instant, end: Instant) -> list[Slice]:
    return list(METER.slices(frame.queued, frame.seen(), Interval(start, end)))


def joined(found: Iterable[Slice]) -> set[Slice]:
    """Abutting equal slices as one, as bills show them."""
    groups: defaultdict[Slice, list[tuple[int, int]]] = defaultdict(list)
    for each in found:
        groups[replace(each, start=0, end=0)].append((each.start, each.end))
    out = set()
    for key, spans in groups.items():
        spans.sort()
        whole = [spans[0]]
        for start, end in spans[1:]:
            assert start >= whole[-1][1], "an overlap"
            whole[-1:] = [(whole[-1][0], end)] if start == whole[-1][1] else [whole[-1], (start, end)]
        out |= {replace(key, start=start, end=end) for start, end in whole}
    return out


def test_a_pod_is_metered_from_its_binding_to_its_last_container() -> None:
    """Whole-pod amounts under the pod's uid, with whose and where it was; after it was told, marked as grace."""
    group = TaskGroup(1, 500, 100, 2, ("t4",))
    one = Life(Job("j", "lab", "kim", BEGIN, (group,), ("true",), image="x", project="P1"))
    one.wait(1)
    one.admit(Placement(0, "n1", "t4"))
    one.make_pods()
    one.wait(2)
    one.schedule()
    one.wait(4)
    one.run()
    one.wait(3)
    one.tell("evicted: reclaim", requeue=True)
    one.leave()
    seen = one.seen()
    found = [
        (s.uid, s.resource, s.amount, s.start, s.end, s.grace)
        for s in METER.slices(one.queued, seen, Interval(0, at(60)))
    ]
    assert found == [
        ("pod-0", resource, amount, start, end, grace)
        for start, end, grace in ((at(3), at(10), False), (at(10), at(12), True))
        for resource, amount in (("cpu", 500), ("memory", 100), ("gpu:t4", 2))
    ]
    for each in METER.slices(one.queued, seen, Interval(0, at(60))):
        assert (each.source, each.cluster, each.attempt, each.state) == ("kubernetes", "k8s", 1, State.TENANT)
        assert (each.tenant, each.user, each.project, each.job, each.node) == ("lab", "kim", "P1", "j", "n1")


@given(films(), st.lists(st.integers(0, 60), max_size=6))
@settings(max_examples=40, deadline=None)
def test_cut_anywhere_the_pieces_add_up(film: Film, cuts: list[int]) -> None:
    """Asked in pieces or at once, and again: the same use, without a gap or an overlap."""
    frame = film.frames[-1]
    edges = sorted({BEGIN, at(90), *map(at, cuts)})
    pieces = [each for start, end in pairwise(edges) for each in slices(frame, start, end)]
    assert joined(pieces) == joined(slices(frame, BEGIN, at(90)))
    assert slices(frame, BEGIN, at(90)) == slices(frame, BEGIN, at(90))
    assert all(start <= each.start < each.end <= end for start, end in [(BEGIN, at(90))] for each in pieces)


@given(films())
@settings(max_examples=40, deadline=None)
def test_what_was_given_up_to_a_watermark_stands(film: Film) -> None:
    """Whatever is learnt later: up to where the watermark might go, the story then is the story in the end."""
    last = film.frames[-1]
    for frame in film.frames:
        seen = frame.seen()
        mark = settled([seen] if seen else [], frame.alive, frame.now + LATE, frame.now)
        assert joined(slices(frame, BEGIN, max(mark, BEGIN))) == joined(slices(last, BEGIN, max(mark, BEGIN)))


@given(films(), st.data())
@settings(max_examples=40, deadline=None)
def test_both_accounts_of_time_meet(film: Film, data: st.DataObject) -> None:
    """What pods used and what the planner saw as free add up to capacity x time on every node."""
    capacity = Resources(4000, 4096)
    account = StateAccount("k8s", BEGIN)
    for name in NODES:
        account.apply(NodeSet(BEGIN, Node(name, "k8s", capacity)))
    before: Story | None = None
    for frame in film.frames:
        for change in between(before, frame.story) if before else everything(frame.story):
            account.apply(change)
        before = frame.story
    end = film.frames[-1].now + data.draw(st.integers(0, 5)) * SECOND
    total: defaultdict[tuple[str, str], int] = defaultdict(int)
    for each in (*account.settle(end), *slices(film.frames[-1], BEGIN, end)):
        total[each.node, each.resource] += each.amount * (each.end - each.start)
    length = end - BEGIN
    assert dict(total) == (
        {(name, r): amount * length for name in NODES for r, amount in (("cpu", 4000), ("memory", 4096))}
        if length
        else {}
    )


def test_the_watermark_waits_for_what_may_yet_be_told() -> None:
    """For a decision without a pod, for nodes that are silent, and a little behind the present."""
    job = Job("j", "lab", "kim", BEGIN, (TaskGroup(2, 1, 1),), ("true",), image="x")
    one = Life(job)
    assert settled([], {}, at(100), at(500)) == at(100) - LATE
    assert settled([], {}, at(100), at(50)) == at(50)
    one.wait(5)
    one.admit(Placement(0, "n1"), Placement(0, "n2"))
    assert settled([one.seen() or pytest.fail("no attempt")], {}, at(100), at(500)) == at(5)
    one.begin()
    alive = {"n1": at(60), "n2": at(99)}
    assert settled([one.seen() or pytest.fail("no attempt")], alive, at(100), at(500)) == at(60)
    assert settled([one.seen() or pytest.fail("no attempt")], {}, at(100), at(500)) == at(5)


def test_what_was_given_too_long_is_taken_back() -> None:
    """By a negative slice that names it; one that was not too long needs none."""
    given_ = Slice("kubernetes", "k8s", "pod-0", 1, "cpu", at(0), at(60), 500, State.TENANT, "n1", "lab")
    back = correction(given_, at(50))
    assert back is not None
    assert (back.start, back.end, back.amount, back.corrects) == (at(50), at(60), -500, given_.key)
    assert correction(given_, at(60)) is None
    whole = correction(given_, at(-5))
    assert whole is not None
    assert whole.start == at(0)


def test_pods_of_others_are_system_use() -> None:
    """Daemons and static pods, from their binding or start until they are gone; devices by their node's flavor."""
    pod = {
        "metadata": {
            "name": "d", "namespace": "kube-system", "uid": "d-1", "creationTimestamp": "2026-11-22T08:00:00Z",
        },
        "spec": {"nodeName": "n1", "containers": [
            {"resources": {"requests": {"cpu": "100m", "memory": "50Mi", "nvidia.com/gpu": "1"}}}]},
        "status": {"phase": "Running", "startTime": "2026-11-22T08:00:02Z"},
    }  # fmt: skip
    seen = pod_seen(pod)
    assert seen.request == PodRequest(100, 50, (("nvidia.com/gpu", 1),))
    asked = Interval(at(0), at(10))
    found = list(METER.system([seen], {}, asked, {("n1", "nvidia.com/gpu"): "t4"}))
    assert {(s.state, s.resource, s.amount, s.start, s.end, s.tenant) for s in found} == {
        (State.SYSTEM, "cpu", 100, at(2), at(10), ""), (State.SYSTEM, "memory", 50, at(2), at(10), ""),
        (State.SYSTEM, "gpu:t4", 1, at(2), at(10), ""),
    }  # fmt: skip
    gone = seen.gone(at(6))
    assert {s.end for s in METER.system([gone], {}, asked, {})} == {at(6)}

import copy
from typing import Any

import pytest

from dure.backends.kubernetes import admitting
from dure.backends.kubernetes.kept import (
    LARGEST,
    Ending,
    Fate,
    Forgotten,
    Kept,
    Sealed,
    Withdrawal,
    kept,
    sealed_text,
)
from dure.backends.kubernetes.kinds import (
    BATCH_JOB,
    JOB_SET,
    PYTORCH_JOB,
    RAY_JOB,
    TRAIN_JOB,
    Kind,
    suspended,
    templates,
)
from dure.backends.kubernetes.names import ATTEMPTS, EPOCH, GATE, METER
from dure.backends.kubernetes.pods import pod_seen
from dure.backends.kubernetes.reading import Queued, queued
from dure.model.job import Job, Placement, TaskGroup
from dure.model.plan import Eviction, Rule, Start
from dure.model.record import AttemptRecord, JobState, TaskRecord
from dure.ports import Refused
from tests.backends.kubernetes_values.jobs import TENANCY, merged, stored, written
from tests.backends.kubernetes_values.lives import BEGIN, Life, tied_to
from tests.backends.kubernetes_values.test_plain_objects_are_governed import RAY, pod

Json = dict[str, Any]
N1, N2 = Placement(0, "n1"), Placement(0, "n2")


def asked(tasks: int = 1, gpus: int = 0) -> Job:
    group = TaskGroup(tasks, 100, 64, gpus, ("t4", "h100") if gpus else ())
    return Job("j", "lab", "kim", BEGIN, (group,), ("true",), image="x", project="P1")


def read(obj: Json, kind: Kind = BATCH_JOB) -> Queued:
    return queued(obj, kind, TENANCY)


def admitted(obj: Json, *places: Placement, attempt: int = 1, kind: Kind = BATCH_JOB) -> Json:
    start = Start("any", attempt, places, guaranteed=True)
    return merged(obj, admitting.admit(read(obj, kind), start, BEGIN + 1234, 7))


def affinity(obj: Json) -> Json:
    found: Json = obj["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
    return found


def test_one_patch_admits() -> None:
    """Unsuspended, tied to its node, told which attempt it is, by whom, on which view; and nothing else."""
    obj = written(asked())
    patch = admitting.admit(read(obj), Start("j", 1, (N1,), guaranteed=True), BEGIN + 1234, 7)
    assert patch["metadata"]["resourceVersion"] == "7"
    assert patch["metadata"]["annotations"][EPOCH] == "7"
    after = merged(obj, patch)
    assert not suspended(after, BATCH_JOB)
    assert tied_to(after["spec"]["template"]["spec"]) == "n1"
    notes = after["spec"]["template"]["metadata"]["annotations"]
    assert notes == {
        "dure.dev/attempt": "1", "dure.dev/job": "j", "dure.dev/user": "kim", "dure.dev/project": "P1",
    }  # fmt: skip
    assert after["spec"]["template"]["metadata"]["finalizers"] == [METER]
    assert after["spec"]["template"]["spec"]["containers"] == obj["spec"]["template"]["spec"]["containers"]
    made = read(after).kept.live
    assert made is not None
    assert (made.attempt, made.decided, made.placements) == (1, BEGIN + 1000, (N1,)), "to the second"


def test_what_is_read_is_never_changed() -> None:
    """Patches are made beside the object."""
    obj = written(asked(3))
    before = copy.deepcopy(obj)
    admitted(obj, N1, Placement(0, "n2", tasks=2))
    assert obj == before


def test_a_gang_over_several_nodes_gets_a_gate_instead_of_a_node() -> None:
    """And loses it again where its next attempt fits one node."""
    obj = admitted(written(asked(2)), N1, N2)
    spec = obj["spec"]["template"]["spec"]
    assert spec["schedulingGates"] == [{"name": GATE}]
    assert "affinity" not in spec
    sealed = merged(obj, {"spec": {"suspend": True}, "metadata": {"annotations": {"dure.dev/attempt": None}}})
    again = admitted(sealed, Placement(0, "n2", tasks=2), attempt=2)
    assert again["spec"]["template"]["spec"]["schedulingGates"] == []
    assert tied_to(again["spec"]["template"]["spec"]) == "n2"


def test_what_its_user_asks_of_nodes_stays() -> None:
    """Each of the user's terms gets the node; the next attempt's node replaces it, a gate leaves them alone."""
    own = [
        {"matchExpressions": [{"key": "disk", "operator": "Exists"}]},
        {"matchExpressions": [{"key": "z", "operator": "Exists"}]},
    ]
    required = {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": own},
        "preferred": [1],
    }
    obj = written(asked(2))
    obj["spec"]["template"]["spec"]["affinity"] = {"nodeAffinity": required, "podAffinity": {"x": 1}}
    for attempt, node in enumerate(("n1", "n2"), start=1):
        obj = admitted(obj, Placement(0, node, tasks=2), attempt=attempt)
        terms = affinity(obj)["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        assert [term["matchExpressions"] for term in terms] == [term["matchExpressions"] for term in own]
        assert tied_to(obj["spec"]["template"]["spec"]) == node
        obj = merged(
            obj, {"spec": {"suspend": True}, "metadata": {"annotations": {"dure.dev/attempt": None}}}
        )
    obj = admitted(obj, N1, N2, attempt=3)
    assert affinity(obj)["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"] == own
    assert affinity(obj)["preferred"] == [1]
    assert obj["spec"]["template"]["spec"]["affinity"]["podAffinity"] == {"x": 1}


def test_a_pod_is_let_go_onto_its_node() -> None:
    """Its own gates and affinity stay; one that came without our finalizer gets it."""
    life = Life(asked(2))
    life.admit(N1, N2)
    life.make_pods()
    raw = next(iter(life.pods.values()))
    raw["spec"]["schedulingGates"].append({"name": "other"})
    raw["metadata"]["finalizers"] = ["batch.kubernetes.io/job-tracking"]
    made = life.queued.kept.live
    assert made is not None
    after = merged(raw, admitting.ungate(pod_seen(raw), made, 1))
    assert after["spec"]["schedulingGates"] == [{"name": "other"}]
    assert tied_to(after["spec"]) == "n2"
    seen = pod_seen(after)
    assert (seen.task, seen.gated, seen.ours) == (1, False, True)
    assert pod_seen(merged(after, admitting.release_pod(seen))).finalizers == (
        "batch.kubernetes.io/job-tracking",
    )
    assert pod_seen(merged(raw, admitting.keep_pod(pod_seen(raw)))).ours


REFUSALS: list[tuple[Json, tuple[Placement, ...], int, str]] = [
    ({}, (), 1, "does not place all"),
    ({}, (N1, N2), 1, "does not place all"),
    ({}, (N1, Placement(1, "n1")), 1, "a group that the job does not have"),
    ({}, (N1, Placement(-1, "n1")), 1, "a group that the job does not have"),
    ({}, (Placement(0, "n1", "t4"),), 1, "flavor it does not take"),
    ({"spec": {"suspend": False}}, (N1,), 1, "running already"),
    ({"metadata": {"annotations": {"dure.dev/held": "[true,1]"}}}, (N1,), 1, "held"),
    (
        {"metadata": {"annotations": {"dure.dev/withdrawn": '{"at":1,"reason":"x"}'}}},
        (N1,),
        1,
        "over already",
    ),
    ({"metadata": {"deletionTimestamp": "2026-11-22T08:00:00Z"}}, (N1,), 1, "over already"),
    (
        {"metadata": {"annotations": {"dure.dev/attempt": '[1,5,[[0,"n1","",1]],""]'}}},
        (N1,),
        2,
        "running already",
    ),
    (
        {"metadata": {"annotations": {"dure.dev/attempts": '{"forgotten":[3,0,0],"sealed":[]}'}}},
        (N1,),
        3,
        "attempt 3 already",
    ),
]


@pytest.mark.parametrize(("more", "places", "attempt", "why"), REFUSALS)
def test_a_start_decided_on_a_stale_view_is_refused(
    more: Json, places: tuple[Placement, ...], attempt: int, why: str
) -> None:
    """Before anything is sent; what changes after that, the API server refuses by the resourceVersion."""
    with pytest.raises(Refused, match=why):
        admitted(merged(written(asked()), more), *places, attempt=attempt)


@pytest.mark.parametrize(
    ("kind", "spec", "groups"),
    [
        (JOB_SET, {"suspend": True, "replicatedJobs": [
            {"name": "a", "template": {"spec": {"template": pod()}}},
            {"name": "b", "template": {"spec": {"template": pod()}}}]}, 2),
        (RAY_JOB, {"suspend": True, "rayClusterSpec": {**RAY, "headGroupSpec": {"template": pod("3")}}}, 3),
        (PYTORCH_JOB, {"runPolicy": {"suspend": True}, "pytorchReplicaSpecs": {
            "Worker": {"template": pod()}, "Master": {"template": pod()}}}, 2),
    ],
    ids=lambda value: value.kind if isinstance(value, Kind) else "",
)  # fmt: skip
def test_every_kind_is_admitted_by_gates(kind: Kind, spec: Json, groups: int) -> None:
    """Each of its templates says which attempt it is and keeps its pods; what else they say stays."""
    obj = stored({"metadata": {"name": "x", "namespace": "lab-ns"}, "spec": spec})
    job = read(obj, kind).job
    places = tuple(
        Placement(number, "n1", group.flavors[0] if group.flavors else "", group.count)
        for number, group in enumerate(job.groups)
    )
    after = admitted(obj, *places, kind=kind)
    assert not suspended(after, kind)
    found = list(templates(after, kind))
    assert len(found) == groups
    for old, new in zip(templates(obj, kind), found, strict=True):
        assert new.spec["containers"] == old.spec["containers"]
        assert new.spec["schedulingGates"] == [{"name": GATE}]
        assert new.metadata["annotations"]["dure.dev/attempt"] == "1"
        assert new.metadata["finalizers"] == [METER]
    assert read(after, kind).job == job


def test_a_train_job_says_it_by_an_override() -> None:
    """It has no template of its own; the override of an earlier attempt is replaced."""
    trainer = {"numNodes": 1, "resourcesPerNode": {"requests": {"cpu": "1", "memory": "1Gi"}}}
    spec = {
        "suspend": True,
        "trainer": trainer,
        "podTemplateOverrides": [{"targetJobs": [{"name": "other"}]}],
    }
    obj = stored({"metadata": {"name": "x", "namespace": "lab-ns"}, "spec": spec})
    for attempt in (1, 2):
        obj = admitted(obj, N1, attempt=attempt, kind=TRAIN_JOB)
        other, ours = obj["spec"]["podTemplateOverrides"]
        assert other == {"targetJobs": [{"name": "other"}]}
        assert ours["metadata"]["annotations"]["dure.dev/attempt"] == str(attempt)
        assert ours["spec"]["schedulingGates"] == [{"name": GATE}]
        obj = merged(
            obj, {"spec": {"suspend": True}, "metadata": {"annotations": {"dure.dev/attempt": None}}}
        )


def test_what_is_written_is_read_back() -> None:
    """Hold and release, an order to end, a withdrawal, a checkpoint: each in one annotation, with its instant."""
    life = Life(asked())
    life.patch(admitting.hold(life.queued, True, 5, 1))
    assert (life.queued.kept.held, life.queued.kept.held_at) == (True, 5)
    life.patch(admitting.hold(life.queued, False, 6, 1))
    life.admit(N1)
    life.patch(admitting.checkpoint(life.queued, 1, 9, 2))
    ending = Ending(1, 7, "evicted: reclaim", True, "asked", Eviction("j", 1, Rule.RECLAIM, "o", 3))
    life.patch(admitting.record_ending(life.queued, ending, 3))
    before = life.queued.suspended
    life.patch(admitting.suspend(life.queued, 3))
    assert (before, life.queued.suspended) == (False, True)
    life.patch(admitting.withdraw(life.queued, Withdrawal(8, "cancelled by kim"), 4))
    found = life.queued.kept
    assert (found.held, found.ending, found.checkpoint, found.epoch) == (False, ending, (1, 9), 4)
    assert found.withdrawn == Withdrawal(8, "cancelled by kim")


def sealed(number: int, tasks: int, reason: str = "") -> Sealed:
    eviction = Eviction("j", number, Rule.BETWEEN_BORROWERS, "o", 1)
    record = AttemptRecord(
        number, 10 * number, (Placement(0, "n1", "t4", tasks),),
        tuple(TaskRecord("n1", "t4", (), 1, 2, 3, reason) for _ in range(tasks)),
        "evicted", 11, eviction, 12, "demo",
    )  # fmt: skip
    return Sealed(
        record, tuple(((f"uid-{n}", 1),) for n in range(tasks)), Fate(JobState.PENDING, 3, "why"), "void"
    )


def test_sealed_attempts_are_read_back() -> None:
    """All of them, in order, with every task."""
    both = (sealed(1, 3), sealed(2, 1, "두레"))
    assert kept({ATTEMPTS: sealed_text(both)}) == Kept(sealed=both)


def test_the_oldest_attempts_are_forgotten_where_there_is_no_room() -> None:
    """An object holds only so much: their number, and what budgets count of them, stay."""
    many = tuple(sealed(number, 400, "x" * 50) for number in range(1, 16))
    text = sealed_text(many, Forgotten())
    assert len(text.encode()) < LARGEST * 1.01
    found = kept({ATTEMPTS: text})
    assert found.sealed == many[-len(found.sealed) :]
    left = 15 - len(found.sealed)
    assert found.forgotten == Forgotten(left, left, left)
    assert found.number == 15
    huge = sealed(1, 4000, "x" * 50)
    assert kept({ATTEMPTS: sealed_text((huge,))}).sealed == (huge,), "never the last one"

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dure.backends.kubernetes import variables
from dure.backends.kubernetes.attempts import attempt_seen, to_seal
from dure.backends.kubernetes.metering import Meter
from dure.backends.kubernetes.orphans import orphaned
from dure.backends.kubernetes.pods import PodSeen, pod_seen
from dure.model.instants import SECOND, Interval
from dure.model.job import Job, Placement, TaskGroup
from dure.model.record import JobState
from tests.backends.kubernetes_values.jobs import TENANCY
from tests.backends.kubernetes_values.lives import BEGIN, Life

METER = Meter("kubernetes", "k8s")


def deleted_gang() -> Life:
    """A gang whose Job somebody deleted; its pods ended."""
    group = TaskGroup(2, 100, 64, 1, ("t4",))
    life = Life(Job("j", "lab", "kim", BEGIN, (group,), ("true",), image="x", project="P1"))
    life.admit(Placement(0, "n1", "t4"), Placement(0, "n2", "t4"))
    life.begin()
    life.wait(3)
    life.delete_pods()
    life.wait(2)
    life.kubelets_end_them()
    return life


def test_pods_without_their_job_are_metered_as_its_own() -> None:
    """After a restart, with the object gone: the same slices under the same keys, and a cancelled attempt."""
    life = deleted_gang()
    life.obj["metadata"]["deletionTimestamp"] = "2026-11-22T08:00:03Z"
    asked = Interval(BEGIN, BEGIN + 60 * SECOND)
    known = list(METER.slices(life.queued, life.seen(), asked))
    gpus = {("n1", "nvidia.com/gpu"): "t4", ("n2", "nvidia.com/gpu"): "t4"}
    (found,) = orphaned(life.seen_pods, TENANCY, gpus)
    seen = attempt_seen(found.queued, found.pods, {}, life.now)
    assert sorted(METER.slices(found.queued, seen, asked), key=repr) == sorted(known, key=repr)
    sealed = to_seal(seen, found.queued)
    assert sealed is not None
    assert (sealed.fate.state, sealed.fate.reason) == (JobState.CANCELLED, "deleted from Kubernetes")


def test_pods_of_nobody_we_know_are_left_alone() -> None:
    """Neither what never had a place, nor what is in no tenant's namespace, nor what bears no attempt."""
    pods = deleted_gang().seen_pods
    strange = (
        replace(pods[0], started=None), replace(pods[0], namespace="elsewhere"), replace(pods[0], attempt=None),
        replace(pods[0], job=""),
    )  # fmt: skip
    assert orphaned(strange, TENANCY, {}) == ()
    assert len(orphaned(pods, TENANCY, {})) == 1


def test_a_pod_that_vanished_ended_when_it_was_seen_last() -> None:
    """Without our finalizer nobody keeps it; one that was over keeps the end that it had."""
    life = deleted_gang()
    over = life.seen_pods[0]
    assert over.gone(BEGIN) == over
    ran = replace(over, over=False, told=None, ended=None)
    gone = ran.gone(BEGIN + 9)
    assert (gone.over, gone.lost, gone.told) == (True, True, BEGIN + 9)


def test_a_kubelet_that_let_go_says_so_by_its_grace() -> None:
    """A pod may be deleted before its phase was ever told: with no grace left, it holds nothing."""
    life = Life(Job("j", "lab", "kim", BEGIN, (TaskGroup(1, 1, 1),), ("true",), image="x"))
    life.admit(Placement(0, "n1"))
    life.begin()
    life.delete_pods()
    (raw,) = life.pods.values()
    assert not pod_seen(raw).over
    raw["metadata"]["deletionGracePeriodSeconds"] = 0
    assert pod_seen(raw).over


def ended(phase: str, *states: tuple[str, int, str]) -> PodSeen:
    """A pod that is over: (where, exit code, time of the day) of its containers."""
    life = deleted_gang()
    raw = next(iter(life.pods.values()))
    parts: dict[str, list[object]] = {"containerStatuses": [], "initContainerStatuses": []}
    for part, code, at in states:
        end = {"exitCode": code, "finishedAt": f"2026-11-22T{at}Z"}
        parts[part].append({"name": "x", "state": {"terminated": end}})
    raw["status"] = {**raw["status"], "phase": phase, **parts}
    return pod_seen(raw)


def test_a_sidecar_does_not_say_how_a_pod_ended() -> None:
    """It is ended by a signal once all else is done; its end is the pod's, its code is not."""
    sidecar = ("initContainerStatuses", 143, "08:00:09")
    well = ended("Succeeded", sidecar, ("containerStatuses", 0, "08:00:07"))
    assert (well.exit_code, well.reason, well.ended) == (0, "", BEGIN + 9 * SECOND)
    early = ("initContainerStatuses", 1, "08:00:01")
    badly = ended("Failed", early, ("containerStatuses", 3, "08:00:07"), ("containerStatuses", 4, "08:00:05"))
    assert (badly.exit_code, badly.reason) == (4, "exited with 4")
    before = ended("Failed", early)
    assert (before.exit_code, before.reason) == (1, "exited with 1")


def expanded(text: str) -> str:
    """What a kubelet makes of a text in which no name is known: its own rule, character by character."""
    out, at = "", 0
    while at < len(text):
        if text[at] != "$" or at + 1 == len(text):
            out, at = out + text[at], at + 1
        elif text[at + 1] == "$":
            out, at = out + "$", at + 2
        elif text[at + 1] == "(" and ")" in text[at + 2 :]:
            end = text.index(")", at + 2)
            out, at = out + text[at : end + 1], end + 1
        else:
            out, at = out + text[at : at + 2], at + 2
    return out


@given(st.text(alphabet="$()aA_ 두", max_size=30))
def test_a_container_sees_the_text_that_was_asked_for(text: str) -> None:
    """Kubernetes takes `$(NAME)` for a reference: what is written says the text all the same, and is read back."""
    assert expanded(variables.written(text)) == text
    assert variables.read(variables.written(text)) == text
    assert "$(" not in variables.written(text).replace("$$", "")

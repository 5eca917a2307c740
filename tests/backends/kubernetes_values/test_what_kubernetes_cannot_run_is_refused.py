from dataclasses import replace
from typing import Any

import pytest

from dure.backends.kubernetes.kinds import BATCH_JOB, JOB_SET
from dure.backends.kubernetes.requests import check, volumes_of
from dure.backends.kubernetes.writing import manifest
from dure.model.job import Job, Mount, TaskGroup
from dure.model.tenant import Tenant, Volume
from dure.ports import Refused
from tests.backends.kubernetes_values.jobs import FLAVORS, VOLUMES

JOB = Job("j1", "lab", "kim", 0, (TaskGroup(1, 100, 64),), ("true",), image="busybox:1")


def test_a_plain_job_is_taken() -> None:
    """The one that all others below are made from."""
    check(JOB, {}, (BATCH_JOB,), FLAVORS)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"id": "../up"}, "job id"), ({"id": "a.b"}, "job id"), ({"id": ""}, "job id"), ({"id": "Ab"}, "job id"),
        ({"id": "-a"}, "job id"), ({"id": "x" * 41}, "at most 40"),
        ({"image": ""}, "needs an image"),
        ({"command": ()}, "no command"), ({"command": ("",)}, "no command"), ({"command": ("a\0b",)}, "NUL"),
        ({"groups": ()}, "no task"), ({"groups": (TaskGroup(0),)}, "no task"),
        ({"environment": (("A=B", "1"),)}, "A=B"), ({"environment": (("A", "\0"),)}, "cannot be set"),
        ({"environment": (("1A", ""),)}, "1A"), ({"secrets": ("../x",)}, "secret"), ({"secrets": ("",)}, "secret"),
        ({"workdir": "../out"}, "absolute"), ({"workdir": "here"}, "absolute"),
        ({"workdir": "/a/../b"}, "absolute"),
        ({"mounts": (Mount("nowhere", "/data"),)}, "no volume nowhere"),
        ({"mounts": (Mount("data", "../up"),)}, "cannot be mounted"),
        ({"mounts": (Mount("data", "/a:b"),)}, "cannot be mounted"),
        ({"mounts": (Mount("data", "/"),)}, "none at /"),
        ({"mounts": (Mount("data", "."),)}, "cannot be mounted"),
        ({"mounts": (Mount("data", "/a"), Mount("models", "a"))}, "two volumes"),
        ({"mounts": (Mount("data", "/var/run/dure"),)}, "none at"),
        ({"after": ("a,b",)}, "no job id"),
        ({"groups": (TaskGroup(1, 1, 1, 1, ("h100", "a100-mig-1g.10gb")),)}, "different names"),
        ({"groups": (TaskGroup(1, 1, 1), TaskGroup(1, 2, 1))}, "JobSet"),
        ({"groups": (TaskGroup(60_000), TaskGroup(60_000))}, "at most 100000"),
        ({"groups": (TaskGroup(1, 1, 1), TaskGroup(1, 1, 1, command=("x",)))}, "JobSet"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_run_is_refused_with_a_reason(fields: dict[str, Any], why: str) -> None:
    """Before anything is created, in words that say what would do."""
    with pytest.raises(Refused, match=why):
        manifest(replace(JOB, **fields), "lab-ns", VOLUMES, (BATCH_JOB,), FLAVORS)


@pytest.mark.parametrize(
    ("limit", "limits", "seconds"),
    [
        (None, (), None),
        (300, (), 1),
        (90_000, (), 90),
        (90_001, (("t4", 200_000),), 200),
        (90_000, (("t4", 10), ("h100", 10)), 1),
        (None, (("t4", 10),), None),
        (2**53, (), 2**31 - 1),
    ],
)
def test_kubelets_keep_the_longest_limit(
    limit: int | None, limits: tuple[tuple[str, int], ...], seconds: int | None
) -> None:
    """Of all flavors that the job takes, in whole seconds: no pod runs on for ever where dure is not there."""
    group = TaskGroup(1, 1, 1, 1, ("h100", "t4"))
    job = replace(JOB, groups=(group,), time_limit=limit, time_limits=limits)
    spec = manifest(job, "lab-ns", {}, (BATCH_JOB,), FLAVORS)["spec"]["template"]["spec"]
    assert spec.get("activeDeadlineSeconds") == seconds


def test_unlike_groups_are_taken_where_there_is_jobset() -> None:
    """One replicated job a group; a cluster without that kind refuses them."""
    job = replace(JOB, groups=(TaskGroup(1, 1, 1), TaskGroup(3, 2, 1)))
    obj = manifest(job, "lab-ns", {}, (BATCH_JOB, JOB_SET), FLAVORS)
    parts = obj["spec"]["replicatedJobs"]
    assert [(part["name"], part["template"]["spec"]["parallelism"]) for part in parts] == [
        ("g0", 1),
        ("g1", 3),
    ]
    assert obj["spec"]["suspend"]


def test_a_tenant_has_its_volumes_and_those_above_it() -> None:
    """Its own one counts where both have one of a name."""
    tenants = {
        "programme": Tenant("programme", volumes=(Volume("data", "all"), Volume("models", "shared"))),
        "lab": Tenant("lab", "programme", volumes=(Volume("data", "own"),)),
    }
    assert volumes_of("lab", tenants) == {"data": "own", "models": "shared"}

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.backends.kubernetes.podspec import PodRequest, Unstated, whole_pod


def container(cpu: str = "", memory: str = "", gpus: str = "", **more: Any) -> dict[str, Any]:
    asked = {"cpu": cpu, "memory": memory, "nvidia.com/gpu": gpus}
    return {"resources": {"requests": {name: text for name, text in asked.items() if text}}, **more}


SIDECAR = {"restartPolicy": "Always"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": [container("1", "1Gi"), container("500m", "512Mi")]}, PodRequest(1500, 1536)),
        ({"containers": [container("1")], "initContainers": [container("3")]}, PodRequest(3000)),
        ({"containers": [container("2")], "initContainers": [container("1"), container("1")]}, PodRequest(2000)),
        ({"containers": [container("1")], "initContainers": [container("1", **SIDECAR)]}, PodRequest(2000)),
        ({"containers": [container("1")], "initContainers": [container("1", **SIDECAR), container("4")]},
         PodRequest(5000)),
        ({"containers": [container("1")], "initContainers": [container("4"), container("1", **SIDECAR)]},
         PodRequest(4000)),
        ({"containers": [container("1", "1Gi")], "overhead": {"cpu": "250m", "memory": "100Mi"}},
         PodRequest(1250, 1124)),
        ({"containers": [container("1", "1Gi")], "resources": {"requests": {"cpu": "4"}}}, PodRequest(4000, 1024)),
        ({"containers": [container("1", "1Gi")], "resources": {"requests": {"cpu": "4"}}, "overhead": {"cpu": "1"}},
         PodRequest(5000, 1024)),
        ({"containers": [{"resources": {"limits": {"cpu": "2", "nvidia.com/gpu": "3"}, "requests": {"cpu": "1"}}}]},
         PodRequest(1000, 0, (("nvidia.com/gpu", 3),))),
        ({"containers": [container("1", gpus="1"), container(gpus="1")]},
         PodRequest(1000, 0, (("nvidia.com/gpu", 2),))),
        ({"containers": [{"resources": {"limits": {"nvidia.com/mig-1g.10gb": "1", "rdma/hca": "1"}}}]},
         PodRequest(0, 0, (("nvidia.com/mig-1g.10gb", 1),))),
        ({"containers": [container(memory="1"), container(memory="1")]}, PodRequest(0, 1)),
        ({}, PodRequest()),
    ],
)  # fmt: skip
def test_it_is_counted_as_the_scheduler_counts(spec: dict[str, Any], expected: PodRequest) -> None:
    """Containers and sidecars, or the largest init container with the sidecars before it; then overhead."""
    assert whole_pod(spec) == expected


def test_what_a_namespace_gives_stands_for_what_is_not_stated() -> None:
    """As its LimitRange has it, container by container; what is stated stays."""
    spec = {"containers": [container("2"), {"resources": {"limits": {"memory": "1Gi"}}}, {}]}
    assert whole_pod(spec, Unstated("1", "512Mi")) == PodRequest(4000, 2048)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 64), st.booleans()), max_size=6))
def test_at_every_moment_of_its_life_it_fits(parts: list[tuple[bool, int, bool]]) -> None:
    """Played through: whatever runs at once never needs more than what is counted, and at some moment all of it."""
    init = [container(str(cpu), **(SIDECAR if sidecar else {})) for is_init, cpu, sidecar in parts if is_init]
    main = [container(str(cpu)) for is_init, cpu, _ in parts if not is_init]
    moments, beside = [], 0
    for each in init:
        cpu = int(each["resources"]["requests"]["cpu"])
        moments.append(beside + cpu)
        beside += cpu if each.get("restartPolicy") else 0
    moments.append(beside + sum(int(each["resources"]["requests"]["cpu"]) for each in main))
    assert whole_pod({"containers": main, "initContainers": init}).cpu == max(moments) * 1000

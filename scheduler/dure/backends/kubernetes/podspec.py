"""What a whole pod asks for, by Kubernetes' own rule (component-helpers, resource.PodRequests).

The containers and the sidecars (init containers with restartPolicy Always) run together; an init container runs
before the containers, beside the sidecars listed before it. The larger of both counts; requests stated for the pod
as a whole come in their place; overhead is added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from dure.backends.kubernetes.names import GPU, MIG, Json
from dure.backends.kubernetes.quantities import MIB, exact, whole

Amounts: TypeAlias = dict[str, Fraction]

_PLAIN = ("cpu", "memory")
_RARE = ("initContainers", "resources", "overhead")


@dataclass(frozen=True, slots=True)
class PodRequest:
    """cpu in millicores, memory in MiB (rounded up once a pod), (GPU resource, devices) sorted by resource."""

    cpu: int = 0
    memory: int = 0
    devices: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Unstated:
    """What a container that states nothing gets from its namespace's LimitRange; the same amounts are ours."""

    cpu: str = "0"
    memory: str = "0"


def whole_pod(spec: Json, unstated: Unstated | None = None) -> PodRequest:
    """What one pod of this spec holds on its node. Raises BadQuantity."""
    containers: Sequence[Json] = spec.get("containers") or ()
    if len(containers) == 1 and not any(spec.get(name) for name in _RARE):
        return _alone(tuple(sorted(_texts(containers[0], unstated).items())))
    run, before, sidecars = _containers(spec, unstated), Amounts(), Amounts()
    for container in spec.get("initContainers") or ():
        asked = _asked(container, unstated)
        if container.get("restartPolicy") == "Always":
            run, sidecars = _sum((run, asked)), _sum((sidecars, asked))
            before = _most(before, sidecars)
        else:
            before = _most(before, _sum((asked, sidecars)))
    stated = (spec.get("resources") or {}).get("requests") or {}
    both = _most(run, before) | {name: exact(stated[name]) for name in _PLAIN if name in stated}
    return _rounded(_sum((both, _amounts(spec.get("overhead") or {}))))


@lru_cache(4096)
def _alone(texts: tuple[tuple[str, str], ...]) -> PodRequest:
    """Of a single container: most pods are such, and most of them ask for the same."""
    return _rounded(_amounts(dict(texts)))


def is_gpu(resource: str) -> bool:
    """Whether it is a resource of NVIDIA's device plugin: whole GPUs, or MIG devices under names of their own."""
    return resource == GPU or resource.startswith(MIG)


def _containers(spec: Json, unstated: Unstated | None) -> Amounts:
    return _sum(_asked(container, unstated) for container in spec.get("containers") or ())


def _asked(container: Json, unstated: Unstated | None) -> Amounts:
    return _amounts(_texts(container, unstated))


def _texts(container: Json, unstated: Unstated | None) -> dict[str, str]:
    """Requests; a limit stands for a request that is not stated, as the API server has it in every pod."""
    resources = container.get("resources") or {}
    nothing = {"cpu": unstated.cpu, "memory": unstated.memory} if unstated else {}
    stated = {**nothing, **(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: str(text) for name, text in stated.items()}


def _amounts(stated: Mapping[str, object]) -> Amounts:
    return {name: exact(text) for name, text in stated.items() if name in _PLAIN or is_gpu(name)}


def _sum(parts: Iterable[Amounts]) -> Amounts:
    total: defaultdict[str, Fraction] = defaultdict(Fraction)
    for part in parts:
        for name, amount in part.items():
            total[name] += amount
    return dict(total)


def _most(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, Fraction(0)), other.get(name, Fraction(0))) for name in {**one, **other}}


def _rounded(amounts: Amounts) -> PodRequest:
    devices = {name: whole(amount) for name, amount in amounts.items() if is_gpu(name)}
    return PodRequest(
        whole(amounts.get("cpu", Fraction(0)) * 1000),
        whole(amounts.get("memory", Fraction(0)) / MIB),
        tuple(sorted((name, number) for name, number in devices.items() if number)),
    )

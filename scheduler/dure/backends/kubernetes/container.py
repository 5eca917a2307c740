"""What a job's first container tells of command, image, environment, secrets and mounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dure.backends.kubernetes import variables
from dure.backends.kubernetes.names import SECRET, Json
from dure.model.job import Mount

OURS = (
    "DURE_JOB", "DURE_ATTEMPT", "DURE_TASK", "DURE_TASKS", "DURE_NODE", "DURE_TENANT", "DURE_CHECKPOINT_FILE",
)  # fmt: skip
"""What dure puts last into the environment of containers that it writes, in this order."""


@dataclass(frozen=True, slots=True)
class Container:
    """As a Job has these fields."""

    command: tuple[str, ...]
    image: str
    workdir: str
    environment: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]
    mounts: tuple[Mount, ...]


def first_container(spec: Json, written: bool) -> Container:
    """Of a pod template; `written`: by dure, so the last variables are its own."""
    container: Json = next(iter(spec.get("containers") or ()), {})
    env = list(container.get("env") or ())
    if written:
        env = env[: len(env) - len(OURS)]
    return Container(
        tuple(map(variables.read, [*(container.get("command") or ()), *(container.get("args") or ())])),
        container.get("image") or "",
        container.get("workingDir") or "",
        tuple(
            (each["name"], variables.read(each.get("value") or ""))
            for each in env
            if not each.get("valueFrom")
        ),
        tuple(each["name"] for each in env if _is_secret(each)),
        tuple(_mounts(spec, container)),
    )


def _is_secret(variable: Json) -> bool:
    source: Any = (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
    return bool(source.get("name") == SECRET and source.get("key") == variable["name"])


def _mounts(spec: Json, container: Json) -> Iterator[Mount]:
    """Mounts of claims, each by its claim's name."""
    volumes = spec.get("volumes") or ()
    claims = {each["name"]: (each.get("persistentVolumeClaim") or {}).get("claimName") for each in volumes}
    for mount in container.get("volumeMounts") or ():
        if claim := claims.get(mount["name"]):
            yield Mount(claim, mount["mountPath"], bool(mount.get("readOnly")))

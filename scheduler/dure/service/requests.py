"""What the API takes: every field bounded, every text free of control characters and lone surrogates."""

from __future__ import annotations

import unicodedata
from math import prod
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from dure.service.identity import Role

MAX_TASKS = 10_000
MAX_CHOICES = 256
"""Combinations of the groups' flavors that a planner must look at."""

_BIGGEST_BODY_TEXT = 32_768

_UNPRINTABLE = {"Cc", "Cs"}


def _plain(text: str) -> str:
    if any(unicodedata.category(letter) in _UNPRINTABLE for letter in text):
        raise ValueError("control characters are not allowed")
    return text


def _no_nul(text: str) -> str:
    if "\0" in text or any(unicodedata.category(letter) == "Cs" for letter in text):
        raise ValueError("NUL characters and lone surrogates are not allowed")
    return text


Line = Annotated[str, StringConstraints(max_length=256), AfterValidator(_plain)]
Argument = Annotated[str, StringConstraints(max_length=_BIGGEST_BODY_TEXT), AfterValidator(_no_nul)]
Command = Annotated[list[Argument], Field(max_length=1_000)]
Cpu = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3}|m)?$")]
Memory = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(Ki|Mi|Gi|Ti|K|k|M|G|T)$")]
Gpu = Annotated[str, StringConstraints(max_length=256, pattern=r"^([a-z0-9][a-z0-9.,-]*:[0-9]{1,6})?$")]
Length = Annotated[str, StringConstraints(max_length=64, pattern=r"^([0-9]{1,9}(ms|[dhms]))+$")]
Variable = Annotated[str, StringConstraints(max_length=256, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Path = Annotated[str, StringConstraints(max_length=4_096), AfterValidator(_plain)]
JobName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
TenantName = Annotated[str, StringConstraints(max_length=128), AfterValidator(_plain)]
UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$")]
Count = Annotated[int, Field(ge=1, le=MAX_TASKS)]


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class GroupRequest(Body):
    """`count` equal tasks of a gang; amounts are of one task."""

    name: Line = ""
    count: Count = 1
    cpu: Cpu = "0"
    memory: Memory = "0Mi"
    gpu: Gpu = ""
    command: Command = []


class MountRequest(Body):
    """A volume of the tenant, by its policy name, seen at a path."""

    volume: Line
    path: Path
    read_only: bool = False


class JobRequest(Body):
    """A job to submit. `groups` stands instead of `tasks`, `cpu`, `memory` and `gpu`."""

    command: Command = []
    name: Line = ""
    tasks: Count | None = None
    cpu: Cpu | None = None
    memory: Memory | None = None
    gpu: Gpu | None = None
    groups: Annotated[list[GroupRequest], Field(max_length=100)] = []
    time: Length | None = None
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    preemptible: bool = True
    project: Line = ""
    image: Annotated[str, StringConstraints(max_length=1_024), AfterValidator(_plain)] = ""
    workdir: Path = ""
    environment: Annotated[dict[Variable, Argument], Field(max_length=1_000)] = {}
    mounts: Annotated[list[MountRequest], Field(max_length=100)] = []
    secrets: Annotated[list[Variable], Field(max_length=100)] = []
    after: Annotated[list[JobName], Field(max_length=1_000)] = []
    checkpoint_interval: Length | None = None
    idempotency_key: Line = ""
    tenant: TenantName | None = None
    user: UserName | None = None
    hold: bool = False

    @model_validator(mode="before")
    @classmethod
    def _no_null_groups(cls, data: Any) -> Any:
        """A field left out and a field that is null mean the same."""
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if value is not None}
        return data

    @model_validator(mode="after")
    def _one_shape(self) -> JobRequest:
        flat = [name for name in ("tasks", "cpu", "memory", "gpu") if getattr(self, name) is not None]
        if self.groups and flat:
            raise ValueError(f"groups stands instead of {', '.join(flat)}; name them inside each group")
        if sum(group.count for group in self.groups) > MAX_TASKS:
            raise ValueError(f"a job has at most {MAX_TASKS} tasks")
        if prod(max(1, group.gpu.count(",") + 1) for group in self.groups) > MAX_CHOICES:
            raise ValueError(f"there are more than {MAX_CHOICES} ways to choose flavors for these groups")
        if not self.command and not (self.groups and all(group.command for group in self.groups)):
            raise ValueError("command is empty; name the program to run, for example python3 train.py")
        return self


class PauseRequest(Body):
    """Whose starts to pause or resume: a tenant and all below it, or (null) the whole room."""

    tenant: TenantName | None = None


class TokenRequest(Body):
    """Whose token to make, and what it may do. Room admins and monitors belong to no tenant ("")."""

    tenant: TenantName = ""
    user: UserName
    role: Role = Field(default=Role.USER, strict=False)

"""What the API takes: every field bounded, every text free of control characters and lone surrogates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from dure.model import units
from dure.service.identity import Role

MAX_TASKS = 10_000
MAX_CHOICES = 256
"""Combinations of the groups' flavors that a planner must look at."""

DEFAULT_CPU, DEFAULT_MEMORY = "1", "512Mi"
"""What a task asks for where nothing is said, in a group or not."""

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


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of text: the document has its pattern; people are told by `read` what would be right instead."""

    pattern: str
    read: Callable[[str], object]
    longest: int = 256

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        told = {"type": "string", "maxLength": self.longest, "pattern": f"^({self.pattern})$"}
        return handler.generate_schema(Annotated[source, AfterValidator(self._checked), WithJsonSchema(told)])

    def _checked(self, text: str) -> str:
        """Raises ValueError in the words of `read`, or where the text is longer than any that is meant."""
        self.read(text)
        if len(text) > self.longest or not re.fullmatch(self.pattern, text, re.ASCII):
            raise ValueError(f"{text[:40]!r} is too large")
        return text


def _named(pattern: str, what: str, right: str) -> _Form:
    """A form that is its pattern and no more."""

    def read(text: str) -> None:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"{text[:40]!r} is no {what}; {right}")

    return _Form(pattern, read)


def _devices(text: str) -> None:
    """None at all, or as `units.gpus` has them."""
    if text:
        units.gpus(text)


Line = Annotated[str, StringConstraints(max_length=256), AfterValidator(_plain)]
Argument = Annotated[str, StringConstraints(max_length=_BIGGEST_BODY_TEXT), AfterValidator(_no_nul)]
Command = Annotated[list[Argument], Field(max_length=1_000)]
Cpu = Annotated[str, _Form(r"[0-9]{1,9}(\.[0-9]{1,3}|m)?", units.cpu)]
Memory = Annotated[str, _Form(r"[0-9]{1,9}(Ki|Mi|Gi|Ti|K|k|M|G|T)", units.memory)]
Gpu = Annotated[str, _Form(r"([a-z0-9][a-z0-9.,-]*:[0-9]{1,6})?", _devices)]
Length = Annotated[str, _Form(r"([0-9]{1,9}(ms|[dhms]))+", units.duration)]
FlavorName = Annotated[
    str, _named(r"[a-z0-9][a-z0-9.-]{0,127}", "GPU flavor", "dure room shows those of this room")
]
Variable = Annotated[
    str, _named(r"[A-Za-z_][A-Za-z0-9_]*", "name of a variable", "take letters, digits and _, no digit first")
]
Path = Annotated[str, StringConstraints(max_length=4_096), AfterValidator(_plain)]
JobName = Annotated[str, _named(r"[a-z0-9][a-z0-9-]{0,62}", "job's id", "dure ps shows them")]
TenantName = Annotated[str, StringConstraints(max_length=128), AfterValidator(_plain)]
UserName = Annotated[
    str,
    _named(
        r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}",
        "user's name",
        "take letters, digits and . _ @ + -, at most 128",
    ),
]
Count = Annotated[int, Field(ge=1, le=MAX_TASKS)]


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class GroupRequest(Body):
    """`count` equal tasks of a gang; amounts are of one task."""

    name: Line = ""
    count: Count = 1
    cpu: Cpu = DEFAULT_CPU
    memory: Memory = DEFAULT_MEMORY
    gpu: Gpu = ""
    command: Command = []


class MountRequest(Body):
    """A volume of the tenant, by its policy name, seen at a path."""

    volume: Line
    path: Path
    read_only: bool = False


class JobRequest(Body):
    """A job to submit. `groups` stands instead of `tasks`, `cpu`, `memory` and `gpu`.

    `time` is the time limit; `time_limits` are others under some flavors, which are faster or slower.
    """

    command: Command = []
    name: Line = ""
    tasks: Count | None = None
    cpu: Cpu | None = None
    memory: Memory | None = None
    gpu: Gpu | None = None
    groups: Annotated[list[GroupRequest], Field(max_length=100)] = []
    time: Length | None = None
    time_limits: Annotated[dict[FlavorName, Length], Field(max_length=100)] = {}
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


class CheckpointRequest(Body):
    """Which attempt has made a checkpoint; the one that runs where it is left out."""

    attempt: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class PauseRequest(Body):
    """Whose starts to pause or resume: a tenant and all below it, or (null) the whole room."""

    tenant: TenantName | None = None


class TokenRequest(Body):
    """Whose token to make, and what it may do. Room admins and monitors belong to no tenant ("")."""

    tenant: TenantName = ""
    user: UserName
    role: Role = Field(default=Role.USER, strict=False)

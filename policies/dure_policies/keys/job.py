"""The keys of a job file."""

from __future__ import annotations

from typing import Final

from dure_policies.kinds import (
    BOOL,
    CPU,
    GPUS,
    ID,
    LINE,
    MEMORY,
    NAME,
    PATH,
    PROJECT,
    SCRIPT,
    TENANT,
    VARIABLE,
    Fields,
    Key,
    Listed,
    Named,
    as_written,
    duration,
    integer,
    text,
    whole,
)  # fmt: skip

_COMMAND: Final = Listed(SCRIPT, 10_000)
_TIME: Final = as_written(duration("1s", "3650d"))


_SHAPE: Final = {
    "cpu": Key(as_written(CPU), "cpus of one task", default="1"),
    "memory": Key(as_written(MEMORY), "memory of one task", default="512Mi"),
    "gpu": Key(as_written(GPUS), "GPUs of one task: flavors that will do, best first, and a count"),
}


JOB: Final = Fields(
    "a job",
    {
        "command": Key(_COMMAND, "program and arguments", default="an error, unless each group names one"),
        "name": Key(NAME, "a name of your choice"),
        "tasks": Key(whole(1, 1_000_000), "how many equal tasks start together", default="1"),
        **_SHAPE,
        "groups": Key(
            Listed(
                Fields(
                    "a group of equal tasks",
                    {
                        "name": Key(NAME, "its name"),
                        "count": Key(whole(1, 1_000_000), "how many tasks", default="1"),
                        **_SHAPE,
                        "command": Key(_COMMAND, "its own command", default="the job's"),
                    },
                )
            ),
            "unlike tasks of one gang; stands instead of tasks, cpu, memory and gpu",
        ),
        "time": Key(_TIME, "the time limit"),
        "time_limits": Key(Named(ID, _TIME), "its time limit on a GPU flavor, where that is another"),
        "priority": Key(integer(-1_000_000, 1_000_000), "order inside the tenant, higher first", default="0"),
        "preemptible": Key(BOOL, "whether it may be displaced", default="true"),
        "project": Key(PROJECT, "the project that it is billed to"),
        "image": Key(LINE, "container image"),
        "workdir": Key(LINE, "working directory"),
        "environment": Key(Named(VARIABLE, SCRIPT), "variables that its tasks see"),
        "mounts": Key(
            Listed(
                Fields(
                    "a mount",
                    {
                        "volume": Key(ID, "a volume of the tenant", required=True),
                        "path": Key(PATH, "where tasks see it", required=True),
                        "read_only": Key(BOOL, "whether it can only be read", default="false"),
                    },
                )
            ),
            "volumes of the tenant that its tasks see",
        ),
        "secrets": Key(Listed(VARIABLE), "names of the tenant's secrets"),
        "after": Key(Listed(text(100)), "jobs that must have succeeded before"),
        "checkpoint_interval": Key(_TIME, "how often it makes a checkpoint"),
        "idempotency_key": Key(text(200), "the same key again means the same job"),
        "tenant": Key(TENANT, "for whom, where an admin submits"),
        "hold": Key(BOOL, "whether it waits until released", default="false"),
    },
)

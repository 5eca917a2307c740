"""What the server tells a shim: plain values, marshalled (same interpreter on both sides, and no import)."""

from typing import TypedDict


class Orders(TypedDict):
    """Everything one task needs to run.

    `decided`: instant of the start decision. `grace`, `limit` in ms; `limit` None for no time limit. `memory` in
    MiB, 0 for no limit. `secrets`: (variable, file). `links`: (path below the working directory, target).
    `work` is the job's own directory; `workdir` where the command starts, absolute or below
    `work`. `user`: (uid, gid, groups) to become, or None. `bell`: the FIFO to ring, `name` what to ring.
    """

    bell: str
    name: str
    decided: int
    argv: list[str]
    environment: dict[str, str]
    secrets: list[tuple[str, str]]
    links: list[tuple[str, str]]
    work: str
    workdir: str
    user: tuple[int, int, list[int]] | None
    memory: int
    limit: int | None
    grace: int

"""Case (f): how quickly a served room answers while its planner works out a cold plan of a long queue.

A real server on this machine, with its queue on disk before it starts. New policies, one after another, make its
planner begin anew each time; meanwhile /healthz and GET /v1/jobs are asked for.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import perf_counter, process_time, sleep
from typing import Final
from unittest.mock import patch

import httpx

from bench.plan_cases import Measured
from bench.plan_rooms import COMPANIES
from dure.backends.local.layout import Layout
from dure.backends.local.queue import Queue
from dure.model.instants import HOUR
from dure.model.job import Job, TaskGroup
from tests.rig.room import ServedRoom, submit, until_state, write_bundle

PENDING: Final = 100_000
ROUNDS: Final = 2
PAUSE_S: Final = 0.02
NODES: Final = "".join(f"      n{n}: {{cpu: 64, memory: 512Gi, gpus: {{a100: 8}}}}\n" for n in range(8))
ROOM: Final = f"""\
room: bench
timezone: Asia/Seoul
planning: {{memory: 0.5, half_life: 1h, default_time_limit: 5h, grace: 1s}}
flavors: {{a100: {{value: 1}}}}
pools:
  main:
    backend: local
    nodes:
{NODES}"""


def tenants(weight: int) -> str:
    """Twenty-one companies; the first one's weight makes one policy differ from another."""
    lines = [f"  {name}: {{weight: {weight if name == COMPANIES[0] else 1}}}\n" for name in COMPANIES]
    return "tenants:\n" + "".join(lines)


def write_queue(data: Path, many: int) -> None:
    """So many jobs as the server would have queued them. Nothing here need outlive a power cut."""
    queue, random = Queue(Layout(data, "main")), Random(5)
    queue.prepare()
    with patch.object(os, "fsync", lambda _: None):
        for number in range(many):
            gpus = random.choice((1, 2, 4, 8))
            group = TaskGroup(1, 4_000 * gpus, 16_000 * gpus, gpus, ("a100",))
            limit = random.randint(1, 96) * HOUR // 4
            tenant, user = random.choice(COMPANIES), random.choice("uvw")
            queue.add(
                Job(f"job{number:06}", tenant, user, 1_000 + number, (group,), ("true",), time_limit=limit)
            )


@contextmanager
def served(many: int) -> Iterator[ServedRoom]:
    """A room that eight jobs fill, and so many that wait."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        room = ServedRoom(root / "data", write_bundle(root / "policy", room=ROOM, tenants=tenants(1)))
        try:
            room.start()
            client = room.client(COMPANIES[0])
            held = [submit(client, "sleep", "600", gpu="a100:8", time="5h")["id"] for _ in range(8)]
            for job in held:
                until_state(client, job, "running")
            room.stop()
            write_queue(room.data, many)
            room.start()
            yield room
            for job in held:
                room.admin.delete(f"/v1/jobs/{job}").raise_for_status()
                until_state(room.admin, job)
        finally:
            if room.process is not None and room.process.poll() is None:
                room.stop()


def busy(room: ServedRoom) -> None:
    """New policies, one after another: each makes the planner take up the whole room anew."""
    admin = room.admin
    for weight in range(2, 2 + ROUNDS):
        (room.policy / "tenants.yaml").write_text(tenants(weight), encoding="utf-8")
        admin.post("/v1/policy/reload", timeout=300).raise_for_status()


def asked(client: httpx.Client, path: str, until: Future[None]) -> list[float]:
    """Seconds that each answer took, for as long as the planner is busy."""
    seconds = []
    while not until.done():
        before = perf_counter()
        client.get(path).raise_for_status()
        seconds.append(perf_counter() - before)
        sleep(PAUSE_S)
    return seconds


def f(times: int) -> list[Measured]:
    """Answers while the planner begins anew with 100,000 waiting jobs (a tenth of them in one round)."""
    many = PENDING if times > 1 else PENDING // 10
    with served(many) as room, ThreadPoolExecutor(3) as threads:
        client, before = room.admin, process_time()
        load = threads.submit(busy, room)
        health = threads.submit(asked, room.with_token(""), "/healthz", load)
        listing = threads.submit(asked, client, "/v1/jobs?limit=100", load)
        load.result()
        cpu = [process_time() - before]
        return [
            Measured("/healthz meanwhile", health.result(), cpu, f"{many:,} wait, {ROUNDS} cold plans"),
            Measured("GET /v1/jobs meanwhile", listing.result(), cpu, "the newest 100 of them"),
        ]

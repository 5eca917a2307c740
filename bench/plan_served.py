"""Case (f): how quickly a served room answers while its planner works out a cold plan of a long queue.

A real server on this machine. Jobs are put where it keeps its queue while it is down, as many as two minutes allow:
when it starts, all of them are new to its planner. Until its first plan is there /healthz is asked for. Then new
policies, one after another, make the planner begin anew with the room as it is; meanwhile /healthz and
GET /v1/jobs are asked for.

Every answer is sought at fixed instants, however late the one before it came; it counts from its instant.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import monotonic, perf_counter, sleep
from typing import Final

import httpx

from bench.plan_cases import Measured
from bench.plan_rooms import COMPANIES
from dure.backends.local import codec
from dure.backends.local.layout import Layout
from dure.model.instants import HOUR
from dure.model.job import Job, TaskGroup
from tests.rig.room import ServedRoom, submit, until_state, write_bundle

PENDING: Final = 100_000
LOADING_S: Final = 120.0
"""No more jobs are put into the queue after so many seconds."""
RECOVERY_S: Final = 240.0
"""So long may the server take to read them, and to come to its first plan."""
ROUNDS: Final = 2
ANEW_S: Final = 30.0
"""So many new policies at least, and as many as are taken up in so many seconds."""
EVERY_S: Final = {"/healthz": 0.1, "/v1/jobs?limit=100": 0.5}
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


def write_queue(data: Path, many: int) -> int:
    """As many jobs as the server would have queued them, but fewer where time runs out; how many there are.

    Nothing here need outlive a power cut.
    """
    layout, random, until = Layout(data, "main"), Random(5), monotonic() + LOADING_S
    for number in range(many):
        if monotonic() > until:
            return number
        gpus = random.choice((1, 2, 4, 8))
        group = TaskGroup(1, 4_000 * gpus, 16_000 * gpus, gpus, ("a100",))
        limit = random.randint(1, 96) * HOUR // 4
        tenant, user = random.choice(COMPANIES), random.choice("uvw")
        job = Job(f"job{number:06}", tenant, user, 1_000 + number, (group,), ("true",), time_limit=limit)
        folder = layout.job(job.id)
        folder.mkdir(0o711)
        (folder / "job.json").write_bytes(codec.job_bytes(job))
    return many


@contextmanager
def full_room(folder: Path) -> Iterator[ServedRoom]:
    """A room that eight jobs fill, its server down."""
    room = ServedRoom(folder / "data", write_bundle(folder / "policy", room=ROOM, tenants=tenants(1)))
    held: list[str] = []
    try:
        room.start()
        client = room.client(COMPANIES[0])
        whole = {"gpu": "a100:8"}
        held += [submit(client, "sleep", "900", groups=[whole], time="5h")["id"] for _ in range(8)]
        for job in held:
            until_state(client, job, "running")
        room.stop()
        yield room
    finally:
        if room.process is not None and room.process.poll() is None:
            until_it_has_a_plan(room)
            for job in held:
                room.admin.delete(f"/v1/jobs/{job}", timeout=60)
            for job in held:
                until_state(room.admin, job)
            room.process.terminate()
            room.process.wait(RECOVERY_S)


class Asked:
    """Asks for one page at fixed instants until it is told to end; seconds that each answer took."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self._client, self._path = client, path
        self._end = threading.Event()
        self.seconds: list[float] = []

    def __call__(self) -> None:
        """Ask, in a thread of its own; answers that come late leave out no instant of those that they delay."""
        due = perf_counter()
        while not self._end.is_set():
            answer = self._client.get(self._path, timeout=60)
            if answer.is_success:
                self.seconds.append(perf_counter() - due)
            due += EVERY_S[self._path]
            sleep(max(0.0, due - perf_counter()))

    def end(self) -> None:
        """Ask no more."""
        self._end.set()


def while_doing(room: ServedRoom, work: Callable[[], object]) -> tuple[list[float], list[float]]:
    """What /healthz and a list of the newest hundred jobs took while something was done."""
    health, listing = Asked(room.admin, "/healthz"), Asked(room.admin, "/v1/jobs?limit=100")
    with ThreadPoolExecutor(2) as threads:
        asking = [threads.submit(health), threads.submit(listing)]
        try:
            work()
        finally:
            health.end()
            listing.end()
        for each in asking:
            each.result()
    return health.seconds, listing.seconds


def until_it_listens(room: ServedRoom) -> None:
    """Wait for the first answer of a server that was launched."""
    told = room.data / "server.json"
    wait_until(room, told.exists)  # the server before has taken its own away
    room.url = json.loads(told.read_text(encoding="utf-8"))["url"]


def until_it_has_a_plan(room: ServedRoom) -> None:
    """Wait for its first plan."""
    client = room.admin
    wait_until(room, lambda: client.get("/readyz", timeout=60).is_success)


def plan_anew(room: ServedRoom) -> None:
    """New policies, one after another: each makes the planner take up the whole room anew."""
    until, weight = monotonic() + ANEW_S, 1
    while weight <= ROUNDS or monotonic() < until:
        weight += 1
        (room.policy / "tenants.yaml").write_text(tenants(weight), encoding="utf-8")
        room.admin.post("/v1/policy/reload", timeout=300).raise_for_status()
        before = cycles(room)
        wait_until(room, lambda: cycles(room) > before)  # noqa: B023 - called at once


def cycles(room: ServedRoom) -> int:
    """How many plans there were."""
    told = room.admin.get("/v1/room", timeout=60).raise_for_status().json()
    count: int = told["loop"]["cycles"]
    return count


def wait_until(room: ServedRoom, done: Callable[[], bool]) -> None:
    """Wait for something that a server comes to. Raises TimeoutError where it does not, or ends."""
    until = monotonic() + RECOVERY_S
    while not done():
        if monotonic() > until or room.process is None or room.process.poll() is not None:
            raise TimeoutError(room.log())
        sleep(0.2)


def f(times: int) -> list[Measured]:
    """Answers while a server with 100,000 waiting jobs comes up and plans anew (a tenth of them in one round)."""
    wanted = PENDING if times > 1 else PENDING // 10
    with tempfile.TemporaryDirectory() as folder, full_room(Path(folder)) as room:
        many = write_queue(room.data, wanted)
        room.launch()
        until_it_listens(room)
        begun = perf_counter()
        health, _ = while_doing(room, lambda: until_it_has_a_plan(room))
        took = perf_counter() - begun
        told = f"{many:,} wait, the plan is there after {took:.1f} s"
        found = [Measured("/healthz while the room is recovered", health, [], told)]
        health, listing = while_doing(room, lambda: plan_anew(room))
        cold = f"{many:,} wait, new policies for {ANEW_S:.0f} s, load average {os.getloadavg()[0]:.1f}"
        return [
            *found,
            Measured("/healthz while it plans anew", health, [], cold),
            Measured("GET /v1/jobs?limit=100 meanwhile", listing, [], "the newest 100"),
        ]

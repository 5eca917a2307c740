"""A served room: the real server as a process on a free loopback port, with its own data directory and bundle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

_Seen = TypeVar("_Seen")

PATIENCE_S = 60.0
"""How long anything may take before a test gives up: far more than it needs, for busy machines."""

BUNDLE = {
    "room.yaml": """\
room: workshop
timezone: Asia/Seoul
planning:
  memory: 0.5
  half_life: 1h
  default_time_limit: 5m
  grace: 1s
flavors:
  a100: {value: 1}
pools:
  main:
    backend: local
    nodes:
      n1: {cpu: 4, memory: 4Gi, gpus: {a100: 2}}
      n2: {cpu: 4, memory: 4Gi, gpus: {a100: 2}}
""",
    "tenants.yaml": """\
tenants:
  ant:
    name: Ant
    name_ko: 개미
    guarantee: {cpu: 2, gpus: {a100: 2}}
    projects: [p1, p2]
  bee:
    name: Bee
    name_ko: 꿀벌
    limit: {cpu: 4}
  cat:
    max_pending_jobs: 2
    require_project: true
    projects: [c1]
  group: {}
  inner:
    parent: group
""",
    "prices.yaml": """\
prices:
  opening:
    start: 2026-01-01
    rates:
      cpu: 36_000
      memory: 3_600
      gpus: {a100: 360_000}
""",
}


def write_bundle(folder: Path, **replaced: str) -> Path:
    """The test bundle, files given by keyword (`tenants=...`) in place of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in BUNDLE.items():
        (folder / name).write_text(replaced.get(name.removesuffix(".yaml"), text), encoding="utf-8")
    return folder


class ServedRoom:
    """Starts, stops and kills one server, and talks to it."""

    def __init__(
        self, data: Path, policy: Path, environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.data, self.policy, self.options = data, policy, tuple(options)
        self.environment = dict(environment or {})
        self.process: subprocess.Popen[bytes] | None = None
        self.url, self.port = "", "0"
        self._clients: list[httpx.Client] = []

    def start(self, **environment: str) -> None:
        """Start the server and wait until it is ready."""
        self.launch(**environment)
        self.until_ready()

    def launch(self, **environment: str) -> None:
        """Start the server and do not wait."""
        self.data.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "dure_cli.main",
            "serve",
            "--policy",
            str(self.policy),
            "--data",
            str(self.data),
        ]
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", self.port, *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.environment, **environment},
            )  # fmt: skip

    def until_ready(self) -> None:
        """Wait for the server to serve; fails with its log where it ends instead."""
        assert self.process is not None
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            assert self.process.poll() is None, f"the server ended: {self.log()}"
            if self._ready(self.process.pid):
                return
            time.sleep(0.05)
        raise AssertionError(f"the server was not ready in time: {self.log()}")

    def _ready(self, pid: int) -> bool:
        try:
            told = json.loads((self.data / "server.json").read_text())
            self.url = told["url"]
            return told["pid"] == pid and httpx.get(f"{self.url}/readyz", trust_env=False).is_success
        except (OSError, ValueError, httpx.TransportError):
            return False

    def stop(self) -> int:
        """Ask the server to end; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End the server as a power cut would; its shims stay."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def close(self) -> None:
        """End everything that this room started: jobs, server, clients."""
        if self.process is not None and self.process.poll() is None:
            self._cancel_all()
            self.stop()
        for client in self._clients:
            client.close()

    def _cancel_all(self) -> None:
        try:
            for job in self.admin.get("/v1/jobs").raise_for_status().json():
                self.admin.delete(f"/v1/jobs/{job['id']}")
            for job in self.admin.get("/v1/jobs").raise_for_status().json():
                self.admin.get(f"/v1/jobs/{job['id']}/wait", params={"timeout": 10})
        except httpx.HTTPError:
            return  # a server that does not answer is stopped all the same

    def log(self) -> str:
        """What the server said."""
        return (self.data / "server.log").read_text(errors="replace")[-20_000:]

    # Talking to it

    @property
    def admin(self) -> httpx.Client:
        """A client with the token of the first start."""
        return self.with_token((self.data / "admin-token").read_text().strip())

    def with_token(self, token: str) -> httpx.Client:
        """A client with this token."""
        client = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE_S,
            trust_env=False,
        )
        self._clients.append(client)
        return client

    def client(self, tenant: str, user: str = "kim", role: str = "user") -> httpx.Client:
        """A client with a new token of this tenant."""
        body = {"tenant": tenant, "user": user, "role": role}
        made = self.admin.post("/v1/tokens", json=body).raise_for_status().json()
        return self.with_token(made["token"])


@contextmanager
def served_room(folder: Path, **replaced: str) -> Iterator[ServedRoom]:
    """A room of the test bundle (`replaced` as in `write_bundle`), up; ended with all that it started."""
    served = ServedRoom(folder / "data", write_bundle(folder / "policy", **replaced))
    try:
        served.start()
        yield served
    finally:
        served.close()


def submit(client: httpx.Client, *command: str, **job: Any) -> dict[str, Any]:
    """A job that is queued now."""
    response = client.post("/v1/jobs", json={"command": list(command), **job})
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def until_state(client: httpx.Client, job: str, *states: str) -> dict[str, Any]:
    """The job once it is in one of these states, by default a final one."""
    wanted = states or ("succeeded", "failed", "cancelled", "lost")
    until = time.monotonic() + PATIENCE_S
    answer: dict[str, Any] = {}
    while time.monotonic() < until:
        answer = client.get(f"/v1/jobs/{job}/wait", params={"timeout": 0.2}).json()
        if answer["state"] in wanted:
            return answer
    raise AssertionError(f"job {job} is {answer}, not {wanted}")


def until(look: Callable[[], _Seen]) -> _Seen:
    """What is seen once it is something."""
    patience = time.monotonic() + PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < patience, f"still {seen}"
        time.sleep(0.1)
    return seen

"""Two hundred short jobs and gangs, submitted through whatever happens to the server."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.rig.room import PATIENCE_S, ServedRoom

_MARK = 'echo "$DURE_JOB $DURE_ATTEMPT $DURE_TASK" >> "$MARKS"; sleep {seconds}'


@dataclass
class Workload:
    """Submits `count` jobs with keys of their own; every task that runs leaves one line in `marks`."""

    room: ServedRoom
    token: str
    marks: Path
    seed: int
    ids: dict[str, str] = field(default_factory=dict)
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)

    def requests(self, count: int, prefix: str = "job") -> list[dict[str, Any]]:
        """Jobs of one to three tasks that last from an instant to a second."""
        dice = random.Random(f"{self.seed}{prefix}")
        return [self._request(f"{prefix}-{number}", dice) for number in range(count)]

    def _request(self, key: str, dice: random.Random) -> dict[str, Any]:
        seconds = dice.choice(["0", "0.05", "0.2", f"{dice.random():.3f}"])
        return {
            "command": ["sh", "-c", _MARK.format(seconds=seconds)], "name": key, "idempotency_key": key,
            "tasks": dice.choice([1, 1, 1, 2, 3]), "cpu": "1", "memory": "32Mi", "project": "p1",
            "environment": {"MARKS": str(self.marks)},
        }  # fmt: skip

    def submit_all(self, requests: list[dict[str, Any]], pause_s: float = 0.0) -> None:
        """Submit each job until the room has answered; a repeated submit must find the first."""
        for request in requests:
            self.asked[request["idempotency_key"]] = request
            self.ids[request["idempotency_key"]] = self._submit(request)
            time.sleep(pause_s)

    def _submit(self, request: dict[str, Any]) -> str:
        until = time.monotonic() + 5 * PATIENCE_S
        headers = {"Authorization": f"Bearer {self.token}"}
        while time.monotonic() < until:
            try:
                answer = httpx.post(
                    f"{self.room.url}/v1/jobs", json=request, headers=headers, timeout=5, trust_env=False
                )
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code in {200, 201}:
                return str(answer.json()["id"])
            assert answer.status_code >= 500, answer.text
            time.sleep(0.05)
        raise AssertionError(f"{request['name']} was never taken: {self.room.log()}")

    def in_background(self, requests: list[dict[str, Any]], pause_s: float) -> threading.Thread:
        """Submit from a thread of its own."""
        thread = threading.Thread(target=self.submit_all, args=(requests, pause_s), daemon=True)
        thread.start()
        return thread

    def runs(self) -> Counter[tuple[str, int, int]]:
        """How often each (job, attempt, task) ran."""
        lines = self.marks.read_text(encoding="utf-8").splitlines()
        told = [line.split() for line in lines]
        return Counter((job, int(attempt), int(task)) for job, attempt, task in told)

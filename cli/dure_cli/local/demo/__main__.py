"""Plays the demo from beginning to end; exits 0 only if everything that it showed is true."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from dure_cli.local.demo.jobs import REFUSED, USERS, DemoJob, demo_jobs
from dure_cli.local.demo.shell import Failed, Server, dure, say
from dure_cli.local.demo.truth import Seen, findings
from dure_policies import bundled

_LOOKS = 3
_ENOUGH_SECONDS = 100
_FAILS = "unlabelled"
"""The job whose own message is shown: it fails, and says why."""


def _tokens(room: Server) -> dict[str, str]:
    """A token for one user of each tenant, made as an admin makes them."""
    made = {}
    for tenant, user in USERS.items():
        arguments = ("token", "create", "--tenant", tenant, "--user", user)
        made[tenant] = dure(
            *arguments, server=room.url, token=room.admin_token, show=tenant == next(iter(USERS))
        )
    return {tenant: done.stdout.strip() for tenant, done in made.items()}


def _submit(
    room: Server, token: str, job: DemoJob, ids: dict[str, str], show: bool = False
) -> tuple[int, str]:
    after = ("--after", ids[job.after]) if job.after else ()
    arguments = ("submit", "--name", job.name, *job.options, *after, "--", *job.command)
    done = dure(*arguments, server=room.url, token=token, show=show)
    return done.returncode, (done.stdout + done.stderr).strip()


def _submit_of(room: Server, token: str, jobs: list[DemoJob], shown: DemoJob) -> dict[str, str]:
    """Submit one company's jobs; their ids by name. Raises Failed where one is not taken."""
    ids: dict[str, str] = {}
    for job in jobs:
        code, told = _submit(room, token, job, ids, show=job == shown)
        if code:
            raise Failed(f"{job.name} was not taken: {told}")
        ids[job.name] = told
    return ids


def _submit_all(room: Server, tokens: dict[str, str]) -> dict[str, str]:
    jobs = demo_jobs()
    say(f"\nStarts are paused while {len(USERS)} companies submit {len(jobs)} jobs, all at once. The first:")
    dure("pause", server=room.url, token=room.admin_token)
    with ThreadPoolExecutor() as companies:
        told = companies.map(
            lambda tenant: _submit_of(room, tokens[tenant], [j for j in jobs if j.tenant == tenant], jobs[0]),
            USERS,
        )
        return {name: job_id for ids in told for name, job_id in ids.items()}


def _job(room: Server, job_id: str) -> dict[str, Any]:
    answer = httpx.get(f"{room.url}/v1/jobs/{job_id}", headers=_bearer(room), timeout=30, trust_env=False)
    job: dict[str, Any] = answer.raise_for_status().json()
    return job


def _bearer(room: Server) -> dict[str, str]:
    return {"Authorization": f"Bearer {room.admin_token}"}


def _waiting(room: Server) -> list[dict[str, Any]]:
    listed = dure("ps", "--state", "pending", "-o", "json", server=room.url, token=room.admin_token)
    waiting: list[dict[str, Any]] = json.loads(listed.stdout)
    return waiting


def _look(room: Server, tokens: dict[str, str]) -> list[dict[str, Any]]:
    """Show the queue a few times while jobs run, in both languages, and one explanation."""
    seen: list[dict[str, Any]] = []
    for look in range(_LOOKS):
        waiting = _waiting(room)
        language = ("--lang", "ko") if look == 1 else ()
        dure(*language, "ps", server=room.url, token=room.admin_token, show=True)
        if waiting and look == 0:
            gang = max(waiting, key=lambda job: job["tasks"])
            dure("explain", gang["id"], server=room.url, token=tokens[gang["tenant"]], show=True)
        seen += waiting
        time.sleep(1.5)
    return seen


def _finish(room: Server, ids: dict[str, str]) -> None:
    say("\n… until all of them have ended:")
    dure("wait", "--timeout", str(_ENOUGH_SECONDS), *ids.values(), server=room.url, token=room.admin_token)
    dure("ps", "--all", server=room.url, token=room.admin_token, show=True)


def _metrics(room: Server) -> str:
    text = httpx.get(f"{room.url}/metrics", headers=_bearer(room), timeout=30, trust_env=False).text
    say("\n$ curl /metrics   (what Prometheus scrapes; a few lines of it)")
    wanted = ("dure_tenant_resource_seconds_total", "dure_room_state_resource_seconds_total")
    shown = [line for line in text.splitlines() if line.startswith(wanted) and "gpu:a100" in line]
    say("\n".join(shown))
    return text


def _month() -> str:
    return datetime.now(ZoneInfo("Asia/Seoul")).strftime("%Y-%m")


def _money(room: Server) -> dict[str, Any]:
    def as_admin(*arguments: str, show: bool = True) -> str:
        return dure(*arguments, server=room.url, token=room.admin_token, show=show).stdout

    as_admin("quota")
    as_admin("--lang", "ko", "bill", "show", "--month", _month())
    as_admin("--lang", "en", "bill", "show", "--month", _month())
    bill: dict[str, Any] = json.loads(as_admin("bill", "show", "--month", _month(), "-o", "json", show=False))
    return bill


def _play(room: Server) -> Seen:
    room.start()
    say(f"The room is up: {room.url}, data in {room.data}")
    tokens = _tokens(room)
    ids = _submit_all(room, tokens)
    say("\nOne asks for more than its company may ever hold:")
    refusal = _submit(room, tokens[REFUSED.tenant], REFUSED, ids, show=True)
    dure("resume", server=room.url, token=room.admin_token, show=True)
    waited = _look(room, tokens)
    _finish(room, ids)
    jobs = {name: _job(room, job_id) for name, job_id in ids.items()}
    logs = {
        name: dure("logs", i, server=room.url, token=room.admin_token, show=name == _FAILS).stdout
        for name, i in ids.items()
    }
    bill = _money(room)
    metrics = _metrics(room)
    stopped = room.stop()
    checked = dure("ledger", "check", "--data", str(room.data), show=True)
    return Seen(jobs, logs, refusal, waited, bill, metrics, stopped, checked.returncode)


def _directory() -> Path:
    chosen = os.environ.get("DURE_DEMO_DIR")
    path = Path(chosen) if chosen else Path(tempfile.mkdtemp(prefix="dure-demo-"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def _next(policy: Path, data: Path) -> None:
    say(f"""
What to type next
  .venv/bin/dure serve --policy {policy} --data {data}    the same room, up again
  export DURE_SERVER=http://127.0.0.1:8765 DURE_TOKEN=$(cat {data}/admin-token)
  .venv/bin/dure ps --all;  .venv/bin/dure bill show --month {_month()}
  .venv/bin/dure ledger check --data {data}    works with the room down, as now
  .venv/bin/dure policy validate policies/biohub    a bundle for 21 companies, to start yours from""")


def main() -> int:
    """The exit code: 0 where everything shown is true, 1 with what is not."""
    data = _directory()
    room = Server(bundled("demo"), data)
    try:
        wrong = findings(demo_jobs(), _play(room))
    except Failed as failed:
        wrong = [str(failed)]
    finally:
        room.stop()
    for finding in wrong:
        say(f"NOT TRUE: {finding}")
    say("" if wrong else "\nEverything above was checked and is true.")
    _next(bundled("demo"), data)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

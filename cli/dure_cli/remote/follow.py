"""Waiting for jobs: until they end, saying on stderr what changes."""

from __future__ import annotations

from typing import Any

import click

from dure_cli.remote.client import LONG_PATIENCE, Client
from dure_cli.remote.exits import FAILED, OK
from dure_cli.remote.words import state as state_word

FINAL = {"succeeded", "failed", "cancelled", "lost"}
_POLL = 10


def line(job: dict[str, Any], lang: str) -> str:
    """One line on where a job is."""
    reason = (job.get("reason") or {}).get(lang) or ""
    return f"{job['id']}: {state_word(job['state'], lang)}" + (f": {reason}" if reason else "")


def _look(room: Client, job_id: str, seconds: float) -> dict[str, Any]:
    """The job as soon as it is final, or as it is when the seconds are over."""
    job: dict[str, Any] = room.ask(
        "GET", f"/v1/jobs/{job_id}/wait", patience=LONG_PATIENCE, params={"timeout": seconds}
    )
    return job


def until_final(room: Client, job_id: str, seconds: float | None = None) -> dict[str, Any]:
    """The job once it is final, or as it is when the seconds are over."""
    left = seconds
    while True:
        step = _POLL if left is None else min(_POLL, left)
        job = _look(room, job_id, step)
        left = None if left is None else left - step
        if job["state"] in FINAL or (left is not None and left <= 0):
            return job


def exit_code(job: dict[str, Any], propagate: bool = False) -> int:
    """0 for a job that succeeded, else 1, or the job's own code where it is to be propagated."""
    if job["state"] == "succeeded":
        return OK
    own = job.get("exit_code") or 0
    return own if propagate and 0 < own < 256 else FAILED


def watch(room: Client, job_id: str, lang: str) -> int:
    """Follow one job to its end, telling each change; Ctrl-C leaves it running."""
    told = ""
    try:
        while True:
            job = _look(room, job_id, 1)
            if (text := line(job, lang)) != told:
                click.echo(text, err=True)
                told = text
            if job["state"] in FINAL:
                return exit_code(job)
    except KeyboardInterrupt:
        click.echo(f"\n{job_id} goes on; `dure wait {job_id}` to come back", err=True)
        return OK

"""`dure ps|wait|cancel|hold|release`: commands on jobs that are there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from dure_cli.remote import words
from dure_cli.remote.client import client, lang, named
from dure_cli.remote.complete import JOBS, jobs_begun_so
from dure_cli.remote.exits import INTERRUPTED, OK, USAGE, stop
from dure_cli.remote.follow import exit_code, line, until_final
from dure_cli.remote.output import OUTPUT, Column, show

_STATES = ["pending", "starting", "running", "ending", "succeeded", "failed", "cancelled", "lost"]


def _age(submitted: str) -> str:
    return words.length((datetime.now(UTC) - datetime.fromisoformat(submitted)).total_seconds())


def _columns(spoken: str) -> list[Column]:
    return [
        Column("id"),
        Column("name"),
        Column("tenant", spare=True),
        Column("user", wide=True),
        Column("project", wide=True),
        Column("priority", wide=True, right=True),
        Column("state"),
        Column("tasks", right=True, spare=True),
        Column("resources", words.resources, spare=True),
        Column("submitted", _age, title="age"),
        Column("forecast", lambda told: words.forecast(told, spoken), wide=True, title="expected_start"),
        Column("time_limit", wide=True, right=True),
        Column("evictions", lambda told: str((told or {}).get("count") or ""), wide=True, right=True),
        Column("nodes", lambda nodes: ",".join(nodes or []), wide=True),
        Column("exit_code", wide=True, right=True),
        Column("reason", lambda reason: (reason or {}).get(spoken) or ""),
    ]


@click.command()
@click.option("--all", "-a", "all_", is_flag=True, help="Ended jobs as well.")
@click.option("--state", type=click.Choice(_STATES), help="Only jobs in this state.")
@click.option("--tenant", help="Only this tenant's jobs.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="At most so many."
)
@OUTPUT
def ps(all_: bool, state: str | None, tenant: str | None, limit: int, output: str) -> None:
    """List jobs, with the reason why each one waits."""
    params: dict[str, Any] = {"limit": limit, "all": str(all_).lower()}
    params |= {key: value for key, value in (("state", state), ("tenant", tenant)) if value}
    jobs = client().ask("GET", "/v1/jobs", params=params)
    if output in {"table", "wide"}:
        jobs = [job | {"state": words.standing(job, lang()), "time_limit": words.limit(job)} for job in jobs]
    show(jobs, _columns(lang()), output, lang())


@click.command()
@JOBS
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait no longer than this.")
@click.option("--propagate-exit-code", "propagate", is_flag=True, help="Exit with the job's own code.")
def wait(jobs: tuple[str, ...], timeout: float | None, propagate: bool) -> None:
    """Wait until JOBS have ended; exit code 1 where one did not succeed or the timeout came first."""
    room, worst = client(), OK
    try:
        for job_id in jobs:
            job = until_final(room, named("job", job_id), timeout)
            click.echo(line(job, lang()), err=True)
            worst = max(worst, exit_code(job, propagate))
    except KeyboardInterrupt:
        stop(INTERRUPTED, "no longer waiting; the jobs go on")
    raise SystemExit(worst)


_RELEASED = {"reason": None}
"""Why it waits is told by the next decision; the last one still says that it is on hold."""


def _each(jobs: tuple[str, ...], method: str, tail: str) -> None:
    room = client()
    for job_id in jobs:
        job = room.ask(method, f"/v1/jobs/{named('job', job_id)}{tail}")
        click.echo(line(job | _RELEASED if tail == "/release" else job, lang()), err=True)


@click.command()
@JOBS
def cancel(jobs: tuple[str, ...]) -> None:
    """Cancel JOBS; running ones get their grace."""
    _each(jobs, "DELETE", "")


@click.command()
@JOBS
def hold(jobs: tuple[str, ...]) -> None:
    """Keep pending JOBS from starting."""
    _each(jobs, "POST", "/hold")


@click.command()
@JOBS
def release(jobs: tuple[str, ...]) -> None:
    """Let held JOBS start again."""
    _each(jobs, "POST", "/release")


@click.command()
@click.argument("job", required=False, envvar="DURE_JOB", shell_complete=jobs_begun_so)
@click.option(
    "--attempt", type=click.IntRange(min=1), envvar="DURE_ATTEMPT", show_envvar=True,
    help="Which attempt; the one that runs, where left out.",
)  # fmt: skip
def checkpoint(job: str | None, attempt: int | None) -> None:
    """Say that running JOB has saved its state: an eviction loses only what it does from now on.

    Inside a job nothing need be named.
    """
    if not job:
        stop(USAGE, "no job; name one, or call this inside a job, where DURE_JOB names it")
    body = {"attempt": attempt} if attempt else {}
    client().ask("POST", f"/v1/jobs/{named('job', job)}/checkpoint", json=body)
    click.echo(f"{job}: checkpoint", err=True)

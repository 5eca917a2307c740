"""`dure ps|wait|cancel|hold|release`: commands on jobs that are there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from dure_cli.remote import words
from dure_cli.remote.client import client, lang
from dure_cli.remote.exits import OK
from dure_cli.remote.follow import exit_code, line, until_final
from dure_cli.remote.output import OUTPUT, Column, show

_STATES = ["pending", "starting", "running", "ending", "succeeded", "failed", "cancelled", "lost"]


def _age(submitted: str) -> str:
    return words.length((datetime.now(UTC) - datetime.fromisoformat(submitted)).total_seconds())


def _columns(spoken: str) -> list[Column]:
    return [
        Column("id"),
        Column("name"),
        Column("tenant"),
        Column("user", wide=True),
        Column("project", wide=True),
        Column("priority", wide=True, right=True),
        Column("state", lambda name: words.state(name, spoken)),
        Column("tasks", right=True),
        Column("resources", words.resources),
        Column("submitted", _age, title="age"),
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
    show(client().ask("GET", "/v1/jobs", params=params), _columns(lang()), output, lang())


@click.command()
@click.argument("jobs", nargs=-1, required=True)
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait no longer than this.")
@click.option("--propagate-exit-code", "propagate", is_flag=True, help="Exit with the job's own code.")
def wait(jobs: tuple[str, ...], timeout: float | None, propagate: bool) -> None:
    """Wait until JOBS have ended; exit code 1 where one did not succeed or the timeout came first."""
    room, worst = client(), OK
    for job_id in jobs:
        job = until_final(room, job_id, timeout)
        click.echo(line(job, lang()), err=True)
        worst = max(worst, exit_code(job, propagate))
    raise SystemExit(worst)


def _each(jobs: tuple[str, ...], method: str, tail: str) -> None:
    room = client()
    for job_id in jobs:
        click.echo(line(room.ask(method, f"/v1/jobs/{job_id}{tail}"), lang()), err=True)


@click.command()
@click.argument("jobs", nargs=-1, required=True)
def cancel(jobs: tuple[str, ...]) -> None:
    """Cancel JOBS; running ones get their grace."""
    _each(jobs, "DELETE", "")


@click.command()
@click.argument("jobs", nargs=-1, required=True)
def hold(jobs: tuple[str, ...]) -> None:
    """Keep pending JOBS from starting."""
    _each(jobs, "POST", "/hold")


@click.command()
@click.argument("jobs", nargs=-1, required=True)
def release(jobs: tuple[str, ...]) -> None:
    """Let held JOBS start again."""
    _each(jobs, "POST", "/release")

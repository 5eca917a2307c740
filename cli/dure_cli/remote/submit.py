"""`dure submit`: from options or a job file to a queued job."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import click

from dure_cli.remote.client import client, lang
from dure_cli.remote.exits import USAGE, stop
from dure_cli.remote.follow import watch
from dure_cli.remote.job_request import file_body, job_options, request_of
from dure_cli.remote.output import emit


@click.command(context_settings={"allow_interspersed_args": False})
@job_options
@click.option("--hold", is_flag=True, default=None, help="Queue it held; see `dure release`.")
@click.option("--idempotency-key", metavar="KEY", help="The same key submits the same job only once.")
@click.option("--watch", "watching", is_flag=True, help="Stay until it has ended; Ctrl-C leaves it running.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; create nothing.")
@click.option("-o", "--output", type=click.Choice(["id", "json", "yaml"]), default="id", show_default=True)
def submit(path: str | None, watching: bool, dry_run: bool, output: str, **options: Any) -> None:
    """Submit a job, for example: dure submit --gpu a100:1 --time 2h -- python3 train.py.

    Prints the job's id. A refusal says why and what would be accepted (exit code 3).
    """
    if options["idempotency_key"] == "":
        stop(USAGE, "--idempotency-key is empty; give a text of its own to each job, or leave it out")
    key = options["idempotency_key"] or secrets.token_hex(16)
    if path is None and not options["command"]:
        stop(USAGE, "no command; write for example: dure submit --cpu 1 -- python3 train.py")
    body = file_body(path, options) if path else {"json": request_of(options | {"idempotency_key": key})}
    params = {"dry_run": "true"} if dry_run else {}
    if path:
        params["idempotency_key"] = key
        params["file"] = Path(path).name
    room = client()
    job = room.ask("POST", "/v1/jobs", params=params, **body)
    if output != "id":
        emit(job, output)
    elif dry_run:
        click.echo((job.get("reason") or {}).get(lang()) or job["state"])
    else:
        click.echo(job["id"])
    if watching and not dry_run:
        raise SystemExit(watch(room, job["id"], lang()))

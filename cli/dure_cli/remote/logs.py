"""`dure logs`: what a job's tasks wrote; a broken stream is resumed where it broke."""

from __future__ import annotations

import sys
import time
from typing import Any

import click
import httpx

from dure_cli.remote.client import Client, client, named
from dure_cli.remote.complete import JOB

_TRIES = 20


def _copy(room: Client, path: str, params: dict[str, Any]) -> None:
    """Copy the log to stdout; after a break go on from the byte that is next."""
    broken = 0
    while True:
        try:
            with room.stream(path, params) as response:
                offset = int(response.headers.get("Dure-Offset", params.get("offset", 0)))
                for piece in response.iter_bytes():
                    sys.stdout.buffer.write(piece)
                    sys.stdout.buffer.flush()
                    offset, broken = offset + len(piece), 0
                    params = {"task": params["task"], "follow": params["follow"], "offset": offset}
            return
        except httpx.TransportError as fault:
            broken += 1
            if broken > _TRIES:
                room.unreachable(fault)
            time.sleep(min(2.0, 0.1 * 2**broken))


@click.command()
@JOB
@click.option(
    "--task", type=click.IntRange(min=0), default=0, show_default=True, help="Which task of a gang."
)
@click.option("-f", "--follow", is_flag=True, help="Stay until the task has ended.")
@click.option("--tail", type=click.IntRange(min=0), metavar="LINES", help="Only the last lines.")
@click.option("--since", metavar="LENGTH", help="Only what was written in the last 10m, 2h, ...")
def logs(job: str, task: int, follow: bool, tail: int | None, since: str | None) -> None:
    """Show what a job wrote to stdout and stderr."""
    params: dict[str, Any] = {"task": task, "follow": str(follow).lower()}
    params |= {key: value for key, value in (("tail", tail), ("since", since)) if value is not None}
    try:
        _copy(client(), f"/v1/jobs/{named('job', job)}/logs", params)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()

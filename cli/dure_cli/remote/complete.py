"""What the shell completes from the room: ids of jobs, with their names; names of contexts."""

from __future__ import annotations

import click
import httpx
from click.shell_completion import CompletionItem

from dure_cli.remote import contexts
from dure_cli.remote.client import Client

_QUICK_S = 2.0
"""A person waits at the key: a room that is slower completes nothing."""


def jobs_begun_so(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Jobs of the room whose ids begin so; none where no room answers: a shell shows no errors here."""
    try:
        chosen = contexts.chosen({k: ctx.find_root().params.get(v) for k, v in _CHOICE.items()})
        asked = Client(chosen).http.get("/v1/jobs", params={"all": "true", "limit": 100}, timeout=_QUICK_S)
        told = asked.raise_for_status().json()
    except (SystemExit, httpx.HTTPError, httpx.InvalidURL, ValueError):
        return []
    return [
        CompletionItem(job["id"], help=job["name"] or None) for job in told if job["id"].startswith(begun)
    ]


_CHOICE = {"server": "server", "context": "context_name"}


def context_names(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Contexts kept on this machine whose names begin so."""
    try:
        return [CompletionItem(name) for name in sorted(contexts.read().by_name) if name.startswith(begun)]
    except SystemExit:
        return []


JOB = click.argument("job", shell_complete=jobs_begun_so)
JOBS = click.argument("jobs", nargs=-1, required=True, shell_complete=jobs_begun_so)

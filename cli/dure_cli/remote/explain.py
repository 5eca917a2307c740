"""`dure explain`: every reason why a job is where it is."""

from __future__ import annotations

from typing import Any

import click

from dure_cli.remote.client import client, lang, named
from dure_cli.remote.complete import JOB
from dure_cli.remote.output import emit, printable
from dure_cli.remote.words import state


def _lines(told: dict[str, Any], spoken: str) -> list[str]:
    head = f"{told['job']}: {state(told.get('state', ''), spoken)}"
    reasons = [f"  {number}. {reason[spoken]}" for number, reason in enumerate(told["reasons"], 1)]
    return [printable(text) for text in (head, *reasons, *told.get("notes", {}).get(spoken, []))]


@click.command()
@JOB
@click.option(
    "-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", show_default=True
)
def explain(job: str, output: str) -> None:
    """Say why JOB is where it is: every reason with its numbers, the one that decides first."""
    told = client().ask("GET", f"/v1/jobs/{named('job', job)}/explain")
    if output == "text":
        click.echo("\n".join(_lines(told, lang())))
    else:
        emit(told, output)

"""`dure explain`: every reason why a job is where it is."""

from __future__ import annotations

import click

from dure_cli.remote.client import client, lang, named
from dure_cli.remote.complete import JOB
from dure_cli.remote.explained import explained
from dure_cli.remote.output import emit
from dure_cli.remote.paragraphs import cells


@click.command()
@JOB
@click.option(
    "-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", show_default=True
)
def explain(job: str, output: str) -> None:
    """Say why JOB is where it is: what decides, the numbers, what would start it now, and the forecast."""
    told = client().ask("GET", f"/v1/jobs/{named('job', job)}/explain")
    if output == "text":
        click.echo("\n".join(explained(told, lang(), cells())))
    else:
        emit(told, output)

"""`dure estimate`: when a job would start and what it would cost; nothing is created."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dure_cli.remote import words
from dure_cli.remote.client import client, lang
from dure_cli.remote.job_request import file_body, job_options, request_of
from dure_cli.remote.output import emit, printable
from dure_cli.remote.paragraphs import said


def _lines(told: dict[str, Any], spoken: str) -> list[str]:
    verdict = (told["verdict"] or {}).get(spoken) or ""
    start = told["expected"][spoken] or [words.NO_FORECAST[spoken]]
    return [printable(line) for line in (verdict, *start, _cost(told, spoken)) if line]


def _cost(told: dict[str, Any], spoken: str) -> str:
    low, high = told["cost_low_won"], told["cost_high_won"]
    if low is None or high is None:
        return ""
    between = words.won(low) if low == high else f"{words.won(low)} - {words.won(high)}"
    return words.COST[spoken].format(between)


@click.command(context_settings={"allow_interspersed_args": False})
@job_options
@click.option(
    "-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", show_default=True
)
def estimate(path: str | None, output: str, **options: Any) -> None:
    """Say when a job would start and what it would cost, for example: dure estimate --gpu a100:2 --time 2h.

    Takes what `dure submit` takes and creates nothing; a command may be left out. A refusal is exit code 3.
    """
    if path is None and not options["command"]:
        options["command"] = ("true",)
    body = file_body(path, options) if path else {"json": request_of(options)}
    told = client().ask("POST", "/v1/estimate", params={"file": Path(path).name} if path else {}, **body)
    if output == "text":
        click.echo(said(_lines(told, lang())))
    else:
        emit(told, output)

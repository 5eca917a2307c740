"""`dure submit`: from options or a job file to a queued job."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import click

from dure_cli.remote.client import client, lang
from dure_cli.remote.exits import USAGE, stop
from dure_cli.remote.follow import watch
from dure_cli.remote.output import emit

_LARGEST_FILE = 1 << 20


def _environment(pairs: tuple[str, ...]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            stop(USAGE, f"--env {pair!r} has no value; write --env NAME=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)


def _mount(text: str) -> dict[str, Any]:
    parts = text.split(":")
    if len(parts) not in {2, 3} or not all(parts) or parts[2:] not in ([], ["ro"], ["rw"]):
        stop(USAGE, f"--mount {text!r} is no mount; write --mount VOLUME:/PATH or VOLUME:/PATH:ro")
    return {"volume": parts[0], "path": parts[1], "read_only": parts[2:] == ["ro"]}


def _request(options: dict[str, Any]) -> dict[str, Any]:
    """The API's form of the options: what was not given is left out."""
    request = {key: value for key, value in options.items() if value not in (None, (), "")}
    for key in ("command", "secrets", "after"):
        if key in request:
            request[key] = list(request[key])
    if "environment" in request:
        request["environment"] = _environment(request["environment"])
    if "mounts" in request:
        request["mounts"] = [_mount(text) for text in request["mounts"]]
    return request


def _file_body(path: str, options: dict[str, Any]) -> dict[str, Any]:
    given = sorted(
        key for key, value in options.items() if value not in (None, (), "") and key != "idempotency_key"
    )
    if given:
        stop(USAGE, f"a job file and {', '.join(given)} were both given; put everything into {path}")
    try:
        with click.open_file(path, "rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as fault:
        stop(USAGE, f"cannot read {path}: {fault.strerror}")
    if len(content) > _LARGEST_FILE:
        stop(USAGE, f"{path} is larger than {_LARGEST_FILE} bytes; a job file describes one job")
    return {"content": content, "headers": {"Content-Type": "application/yaml"}}


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--cpu", metavar="CORES", help="CPU of one task: 2, 1.5, 500m.")
@click.option("--memory", metavar="SIZE", help="Memory of one task: 512Mi, 4Gi.")
@click.option("--gpu", metavar="FLAVOR:N", help="GPUs of one task; several flavors, best first: h100,a100:2.")
@click.option("--tasks", type=click.IntRange(min=1), help="Tasks; all start together or none.")
@click.option("--time", metavar="LENGTH", help="Time limit: 90s, 2h30m, 7d.")
@click.option("--name", help="A name to know the job by.")
@click.option("--priority", type=int, help="Among your tenant's own jobs; higher goes first.")
@click.option(
    "--preemptible/--no-preemptible", default=None, help="Whether it may be evicted when others need room."
)
@click.option("--env", "environment", multiple=True, metavar="NAME=VALUE", help="An environment variable.")
@click.option("--workdir", metavar="DIR", help="Working directory.")
@click.option("--image", help="Container image, where the room runs containers.")
@click.option("--mount", "mounts", multiple=True, metavar="VOLUME:PATH[:ro]", help="A volume of your tenant.")
@click.option(
    "--secret", "secrets", multiple=True, metavar="NAME", help="A secret, seen as a variable of that name."
)
@click.option("--project", help="Grant or cost code on the bill.")
@click.option("--after", multiple=True, metavar="JOB", help="Start only when JOB has succeeded.")
@click.option("--checkpoint-interval", metavar="LENGTH", help="How often the job saves its state.")
@click.option("--hold", is_flag=True, default=None, help="Queue it held; see `dure release`.")
@click.option("--tenant", help="Submit for this tenant (admins).")
@click.option("--idempotency-key", metavar="KEY", help="The same key submits the same job only once.")
@click.option(
    "-f",
    "--file",
    "path",
    type=click.Path(),
    metavar="JOB.yaml",
    help="Read the job from a file (- for stdin).",
)
@click.option("--watch", "watching", is_flag=True, help="Stay until it has ended; Ctrl-C leaves it running.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; create nothing.")
@click.option("-o", "--output", type=click.Choice(["id", "json", "yaml"]), default="id", show_default=True)
@click.argument("command", nargs=-1)
def submit(path: str | None, watching: bool, dry_run: bool, output: str, **options: Any) -> None:
    """Submit a job, for example: dure submit --gpu a100:1 --time 2h -- python3 train.py.

    Prints the job's id. A refusal says why and what would be accepted (exit code 3).
    """
    if options["idempotency_key"] == "":
        stop(USAGE, "--idempotency-key is empty; give a text of its own to each job, or leave it out")
    key = options["idempotency_key"] or secrets.token_hex(16)
    if path is None and not options["command"]:
        stop(USAGE, "no command; write for example: dure submit --cpu 1 -- python3 train.py")
    body = _file_body(path, options) if path else {"json": _request(options | {"idempotency_key": key})}
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

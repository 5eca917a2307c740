"""What `dure submit` and `dure estimate` ask about: the options of a job, or a job file, as the API takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from dure_cli.remote.exits import USAGE, stop

_LARGEST_FILE = 1 << 20
_Command = TypeVar("_Command", bound=Callable[..., Any])


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


def _limits(times: tuple[str, ...]) -> dict[str, Any]:
    """`2h` and `h100=1h` as the API's `time` and `time_limits`."""
    plain = [text for text in times if "=" not in text]
    pairs = [text.split("=", 1) for text in times if "=" in text]
    if len(plain) > 1 or len({flavor for flavor, _ in pairs}) < len(pairs):
        stop(
            USAGE, f"--time {' --time '.join(times)} says one limit twice; give one, and one for each flavor"
        )
    limits: dict[str, Any] = {"time_limits": dict(pairs)} if pairs else {}
    return limits | ({"time": plain[0]} if plain else {})


def request_of(options: dict[str, Any]) -> dict[str, Any]:
    """The API's form of the options: what was not given is left out."""
    request = {key: value for key, value in options.items() if value not in (None, (), "")}
    for key in ("command", "secrets", "after"):
        if key in request:
            request[key] = list(request[key])
    if "environment" in request:
        request["environment"] = _environment(request["environment"])
    if times := request.pop("times", ()):
        request |= _limits(times)
    if "mounts" in request:
        request["mounts"] = [_mount(text) for text in request["mounts"]]
    return request


def file_body(path: str, options: dict[str, Any]) -> dict[str, Any]:
    """What `httpx` sends of a job file, its type included; stops where it cannot be read, or options say more."""
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


_OPTIONS = (
    click.option("--cpu", metavar="CORES", help="CPU of one task: 2, 1.5, 500m."),
    click.option("--memory", metavar="SIZE", help="Memory of one task: 512Mi, 4Gi."),
    click.option("--gpu", metavar="FLAVOR:N", help="GPUs of one task; several flavors, best first: h100,a100:2."),
    click.option("--tasks", type=click.IntRange(min=1), help="Tasks; all start together or none."),
    click.option(
        "--time", "times", multiple=True, metavar="[FLAVOR=]LENGTH",
        help="Time limit: 90s, 2h30m, 7d; once more for each flavor of another speed: --time h100=1h.",
    ),
    click.option("--name", help="A name to know the job by."),
    click.option("--priority", type=int, help="Among your tenant's own jobs; higher goes first."),
    click.option(
        "--preemptible/--no-preemptible", default=None, help="Whether it may be evicted when others need room."
    ),
    click.option("--env", "environment", multiple=True, metavar="NAME=VALUE", help="An environment variable."),
    click.option("--workdir", metavar="DIR", help="Working directory."),
    click.option("--image", help="Container image, where the room runs containers."),
    click.option("--mount", "mounts", multiple=True, metavar="VOLUME:PATH[:ro]", help="A volume of your tenant."),
    click.option(
        "--secret", "secrets", multiple=True, metavar="NAME", help="A secret, seen as a variable of that name."
    ),
    click.option("--project", help="Grant or cost code on the bill."),
    click.option("--after", multiple=True, metavar="JOB", help="Start only when JOB has succeeded."),
    click.option("--checkpoint-interval", metavar="LENGTH", help="How often the job saves its state."),
    click.option("--tenant", help="For this tenant (admins)."),
    click.option(
        "-f", "--file", "path", type=click.Path(), metavar="JOB.yaml",
        help="Read the job from a file (- for stdin).",
    ),
    click.argument("command", nargs=-1),
)  # fmt: skip


def job_options(command: _Command) -> _Command:
    """Give a command every option that describes a job, and the job's own command as its argument."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command

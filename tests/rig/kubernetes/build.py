"""Builds the rig's programs, once: `python -m tests.rig.kubernetes.build`. A second call finds them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.rig.kubernetes.failures import RigError
from tests.rig.kubernetes.programs import MODULES, PROGRAMS, Program, cache_folder, given, place_of
from tests.rig.kubernetes.toolchain import Go, find_go

LONGEST_BUILD_S = 3_600


def main() -> int:
    """Build all that is missing; 1 with one message where that cannot be."""
    try:
        provide(tuple(PROGRAMS))
    except RigError as error:
        say(str(error))
        return 1
    return 0


def provide(names: Sequence[str]) -> dict[str, Path]:
    """Where each named program lies: given by KUBEBUILDER_ASSETS, built before, or built now.

    Raises RigError where one cannot be built.
    """
    there = given(names)
    wanted = [PROGRAMS[name] for name in names if name not in there]
    if wanted:
        go = find_go()
        build_missing(wanted, go)
        there |= {program.name: place_of(program, go.version) for program in wanted}
    return there


def build_missing(wanted: Sequence[Program], go: Go) -> None:
    if not missing(wanted, go):
        return
    with only_builder():
        todo = missing(wanted, go)  # another process may just have built them
        for number, program in enumerate(todo, start=1):
            say(f"building {program.name} with {go.version} ({number} of {len(todo)}), once for this user")
            began = time.monotonic()
            build(program, go)
            say(f"built {program.name} in {time.monotonic() - began:.0f} s")


def missing(wanted: Sequence[Program], go: Go) -> list[Program]:
    return [program for program in wanted if not place_of(program, go.version).exists()]


@contextmanager
def only_builder() -> Iterator[None]:
    """Two builds at once would both be slow: the second waits, then finds the programs of the first."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "build.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process builds; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(program: Program, go: Go) -> None:
    place = place_of(program, go.version)
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f".{place.name}.new")  # nobody finds half a program
    command: list[str | Path] = [
        go.program, "build", "-trimpath", "-buildvcs=false", "-ldflags", program.linked, "-o", new,
    ]  # fmt: skip
    settings = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    done = subprocess.run(
        [*command, program.package], check=False, cwd=MODULES / program.module,
        env={**os.environ, **settings}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=LONGEST_BUILD_S,
    )  # fmt: skip
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise RigError(f"{program.name} could not be built ({go.program} build {program.package}):\n{end}")
    new.rename(place)


def say(message: str) -> None:
    print(f"rig: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""The Go that builds the rig's programs: the machine's own where it is new enough, else the environment's."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.rig.kubernetes.failures import RigError
from tests.rig.kubernetes.programs import oldest_go


@dataclass(frozen=True, slots=True)
class Go:
    """A Go toolchain and its version, as in go1.26.6."""

    program: Path
    version: str


def find_go() -> Go:
    """A Go that can build every module; raises RigError where there is none."""
    seen = []
    for program in candidates():
        version = version_told_by(program)
        if numbers(version) >= oldest_go():
            return Go(program, version)
        seen.append(f"{program} is {version or 'broken'}")
    wanted = ".".join(map(str, oldest_go()))
    found = "; ".join(seen) or "no go on PATH, nor in the environment"
    raise RigError(
        f"Go {wanted} or newer is needed to build the test servers ({found}). "
        "`make setup-test` installs one into .venv; or name a folder of built programs by KUBEBUILDER_ASSETS"
    )


def candidates() -> Iterator[Path]:
    own = shutil.which("go")
    if own:
        yield Path(own)
    locked = Path(sys.prefix) / "bin/go"
    if locked.exists():
        yield locked


def version_told_by(program: Path) -> str:
    done = subprocess.run([program, "version"], check=False, capture_output=True, text=True)
    told = re.search(r"\bgo\d[\d.]*", done.stdout)
    return told[0] if told else ""


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))

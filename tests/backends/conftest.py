"""A desk per test, whose end leaves no process behind."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dure.backends.local import LocalBackend
from dure.model.rules import Rules
from dure.ports import Backend
from tests.backends.desk import Desk, WallClock, room

Make = Callable[[Rules, Path, WallClock], Backend]
Desks = Callable[..., Desk]


def local(rules: Rules, data: Path, clock: WallClock) -> Backend:
    return LocalBackend(rules.pools[0], rules, data, clock)


def left_behind(data: Path) -> list[str]:
    """Command lines of processes that still carry the mark of a task under this directory."""
    mark = f"DURE_RUN={data}/".encode()
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and mark in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    """Makes desks over the local backend by rules."""
    with ExitStack() as stack:

        def make(rules: Rules | None = None, build: Make = local, kind: type[Desk] = Desk) -> Desk:
            desk = kind(build, rules or room(), tmp_path)
            stack.callback(desk.finish)
            return desk

        yield make
    assert left_behind(tmp_path) == []


@pytest.fixture
def desk(desks: Desks) -> Desk:
    """A desk over the local backend, in a room of two nodes."""
    return desks()

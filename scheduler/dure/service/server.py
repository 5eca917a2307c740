"""Serving one room from its data directory, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from dure.ledger import LedgerUnusable
from dure.model.rules import Rules
from dure.ports import Clock, PolicyRefused, PolicySource, SpecReader
from dure.service.app import create_app
from dure.service.books import Books
from dure.service.hall import Hall, Tokens
from dure.service.identity import Role
from dure.service.listening import address, listen
from dure.service.live import Live, log
from dure.service.lock import DataLock
from dure.service.loop import Loop
from dure.service.memory import keep_pauses_short
from dure.service.policy import PolicyKeeper
from dure.service.pools import CannotServe, Opened, open_pool
from dure.service.settings import Settings

OK, FAULT, BAD_INPUT = 0, 1, 2
_LET_GO_S = 2


async def serve(
    settings: Settings, policy: PolicySource, read_spec: SpecReader, clock: Clock,
    open_backend: Callable[[Rules, Settings, Clock], Opened] = open_pool,
) -> int:  # fmt: skip
    """Serve until SIGTERM or SIGINT; running jobs go on. SIGHUP reads the policy again.

    Answers an exit code: 0 after a clean end, 1 after a fault, 2 for a bundle, a data directory or an address
    that cannot be served; why is said on stderr.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every opening
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        return await _serve(settings, policy, read_spec, clock, open_backend, ended)
    except PolicyRefused as refusal:
        for finding in refusal.findings:
            _say(finding)
    except (CannotServe, LedgerUnusable, OSError) as error:
        _say(f"cannot serve {settings.data}: {_why(error)}")
    return BAD_INPUT


async def _serve(
    settings: Settings, policy: PolicySource, read_spec: SpecReader, clock: Clock,
    open_backend: Callable[[Rules, Settings, Clock], Opened], ended: asyncio.Event,
) -> int:  # fmt: skip
    """Nothing is written before the bundle is found good and, for a new room, the port free."""
    rules = await asyncio.to_thread(policy.read)
    opened = open_backend(rules, settings, clock)
    lock = DataLock(settings.data)
    with contextlib.ExitStack() as held:
        held.callback(lock.release)
        listener = None if lock.known else held.enter_context(listen(settings))
        _make_directory(settings.data)
        if not await asyncio.to_thread(lock.acquire, _say, ended.is_set):
            return OK
        if listener is None:  # the server that was waited for may have had this very port
            listener = held.enter_context(listen(settings))
        if await asyncio.to_thread(policy.changed):
            rules = await asyncio.to_thread(policy.read)
            opened = open_backend(rules, settings, clock)
        return await _serve_locked(settings, policy, read_spec, clock, rules, opened, lock, listener, ended)


def _make_directory(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o711)
    except FileExistsError as error:
        raise CannotServe("it is a file; name a directory with --data") from error
    except NotADirectoryError as error:
        raise CannotServe("a part of this path is a file; name a directory with --data") from error


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)


async def _serve_locked(
    settings: Settings, policy: PolicySource, read_spec: SpecReader, clock: Clock,
    rules: Rules, opened: Opened, lock: DataLock, listener: socket.socket, ended: asyncio.Event,
) -> int:  # fmt: skip
    books = Books(settings.data / "ledger.db")
    await books.open()
    try:
        await _admin_token(settings.data, books, clock)
        await _open(opened)
        live = Live(settings, opened.backend, books, clock, rules, opened.use_rules, inherited=(lock.fd,))
        loop = Loop(live)
        keeper = PolicyKeeper(policy, live, loop, settings.policy_every_s)
        hall = Hall(live, loop, books, Tokens(books), keeper, read_spec)
        keep_pauses_short()
        try:
            return await _run(hall, settings, listener, ended)
        finally:
            await opened.backend.close()
            if live.room is not None:
                await live.room.close()
    finally:
        await books.close()


async def _open(opened: Opened) -> None:
    try:
        await opened.backend.open()
    except Exception as error:
        raise CannotServe(f"{type(error).__name__}: {error}") from error


async def _run(hall: Hall, settings: Settings, listener: socket.socket, ended: asyncio.Event) -> int:
    """Loop, policy watch and API until one of them, or the word to stop, ends the server."""
    server = _Server(_web(create_app(hall)))
    api = asyncio.create_task(server.serve(sockets=[listener]), name="api")
    looping = asyncio.create_task(hall.loop.run(), name="loop")
    watching = asyncio.create_task(hall.policy.watch(), name="policy")
    forecasting = asyncio.create_task(hall.forecasts.run(), name="forecasts")
    stop = asyncio.create_task(ended.wait(), name="stop")
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: _reload_soon(hall))
    _write_server_file(settings.data, listener)
    done, _ = await asyncio.wait({api, looping, watching, stop}, return_when=asyncio.FIRST_COMPLETED)
    log.info("stopping; running jobs go on", pid=os.getpid())
    hall.live.stopping.set()
    hall.live.announce()
    hall.loop.wake()
    server.should_exit = True
    outcomes = await asyncio.gather(api, looping, watching, forecasting, return_exceptions=True)
    stop.cancel()
    (settings.data / "server.json").unlink(missing_ok=True)
    for fault in (outcome for outcome in outcomes if isinstance(outcome, BaseException)):
        log.error("a part of the server failed", error=f"{type(fault).__name__}: {fault}", exc_info=fault)
    return OK if stop in done else FAULT


def _web(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=_LET_GO_S,
    )


class _Server(uvicorn.Server):
    """uvicorn, but signals are the business of `serve`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


_reloads: set[asyncio.Task[None]] = set()


def _reload_soon(hall: Hall) -> None:
    async def reload() -> None:
        try:
            await hall.policy.reload()
        except PolicyRefused:
            return  # logged where it was read
        except Exception as error:  # noqa: BLE001 - the old policy stays
            log.error("policy could not be read", error=f"{type(error).__name__}: {error}")

    task = asyncio.get_running_loop().create_task(reload())
    _reloads.add(task)
    task.add_done_callback(_reloads.discard)


def _write_server_file(data: Path, listener: socket.socket) -> None:
    url = address(listener)
    _write_whole(data / "server.json", json.dumps({"url": url, "pid": os.getpid()}) + "\n", 0o644)
    log.info("listening", url=url, pid=os.getpid())


async def _admin_token(data: Path, books: Books, clock: Clock) -> None:
    """The first room admin's token, written once, readable by the server's user alone."""
    path = data / "admin-token"
    if path.exists():
        return
    _, text = await books.control(
        lambda control: control.create_token("", "admin", Role.ROOM_ADMIN, clock.now(), "first start")
    )
    _write_whole(path, text + "\n", 0o600)
    log.info("admin token written", path=str(path))


def _write_whole(path: Path, text: str, mode: int) -> None:
    """Whole or not at all, and never readable by more than `mode` allows."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(fd, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(fd)
    temporary.replace(path)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()

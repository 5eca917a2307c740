"""A small API server of one kind of object, real HTTP, that misbehaves exactly when a test tells it to."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import yaml
from aiohttp import web

from dure.backends.kubernetes.client import Client
from dure.backends.kubernetes.connection import Connection

Json = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def said(status: int, message: str = "no", reason: str = "", **headers: str) -> Answer:
    """An answer that is a Status object."""

    async def answer(_: web.Request) -> web.StreamResponse:
        body = {"kind": "Status", "code": status, "message": message, "reason": reason}
        return web.json_response(body, status=status, headers=headers)

    return answer


async def hung_up(request: web.Request) -> web.StreamResponse:
    """The connection is closed without an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


class Fickle:
    """Things at `/things`, with lists in pages, watches and revisions like the API server's.

    `next_answers` are given to the next requests in place of what they would have got. `requests` are all that
    came, as (method, path). Watches can be cut (`cut`), made silent (`silent`), or their past be forgotten
    (`forget`), which is 410 Gone for whoever still needs it.
    """

    def __init__(self) -> None:
        self.next_answers: deque[Answer] = deque()
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[Json] = []
        self.things: dict[str, Json] = {}
        self.revision = 1
        self.forgotten = 0
        self.silent = False
        self.history: list[tuple[int, str, Json]] = []
        self._news = asyncio.Event()
        self._cuts = 0
        self._made = 0
        self._at_once: deque[int] = deque()
        self.most_at_once = 0
        self.slow_s = 0.0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        await self._runner.cleanup()

    def kubeconfig(self, folder: Path, token: str = "secret") -> Path:
        """A kubeconfig by which this server is found."""
        path = folder / "kubeconfig"
        path.write_text(
            yaml.safe_dump({
                "apiVersion": "v1", "kind": "Config", "current-context": "here",
                "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                "users": [{"name": "u", "user": {"token": token}}],
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            })
        )  # fmt: skip
        return path

    # What tests do to it

    def put(self, name: str) -> None:
        """Make a thing, or change it."""
        self._made += 1
        uid = self.things[name]["metadata"]["uid"] if name in self.things else f"uid-{self._made}"
        self._record("MODIFIED" if name in self.things else "ADDED", name, uid)

    def remove(self, name: str) -> None:
        """Delete a thing."""
        self._record("DELETED", name, self.things.pop(name)["metadata"]["uid"])

    def cut(self) -> None:
        """End every watch, in the middle of a line where one is just being written."""
        self._cuts += 1
        self._wake()

    def forget(self) -> None:
        """Keep nothing of the past: a watch from an older revision is gone."""
        self.forgotten = self.revision

    def bookmark(self) -> None:
        """Tell every watch how far it has come."""
        self.revision += 1
        self.history.append(
            (self.revision, "BOOKMARK", {"metadata": {"resourceVersion": str(self.revision)}})
        )
        self._wake()

    def _record(self, what: str, name: str, uid: str) -> None:
        self.revision += 1
        metadata = {"name": name, "namespace": "", "uid": uid, "resourceVersion": str(self.revision)}
        thing = {"kind": "Thing", "metadata": metadata}
        if what != "DELETED":
            self.things[name] = thing
        self.history.append((self.revision, what, thing))
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    # What it answers

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        self._at_once.append(1)
        self.most_at_once = max(self.most_at_once, len(self._at_once))
        try:
            if self.slow_s:
                await asyncio.sleep(self.slow_s)
            if self.next_answers:
                return await self.next_answers.popleft()(request)
            if request.query.get("watch"):
                return await self._watch(request)
            return self._list(request) if request.method == "GET" else await self._changed(request)
        finally:
            self._at_once.pop()

    async def _changed(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        return web.json_response({"done": request.method})

    def _list(self, request: web.Request) -> web.StreamResponse:
        """A page of what stands; a continued list is of the revision at which it began."""
        begin, of = 0, self.revision
        if mark := request.query.get("continue"):
            begin, of = (int(part) for part in mark.split("."))
            if of < self.forgotten:
                return web.json_response({"code": 410, "message": "too old", "reason": "Expired"}, status=410)
        standing = [thing for _, thing in sorted(self._as_of(of).items())]
        size = int(request.query.get("limit", 0)) or len(standing)
        more = f"{begin + size}.{of}" if begin + size < len(standing) else ""
        metadata = {"resourceVersion": str(of), "continue": more}
        return web.json_response({"metadata": metadata, "items": standing[begin : begin + size]})

    def _as_of(self, revision: int) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for at, what, thing in self.history:
            if at <= revision and what in {"ADDED", "MODIFIED"}:
                found[thing["metadata"]["name"]] = thing
            elif at <= revision and what == "DELETED":
                found.pop(thing["metadata"]["name"], None)
        return found

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        at, cuts = int(request.query["resourceVersion"]), self._cuts
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while self._cuts == cuts:
            if at < self.forgotten:
                await _line(response, "ERROR", {"code": 410, "message": "too old", "reason": "Expired"})
                return response
            news = self._news
            for revision, what, thing in [entry for entry in self.history if entry[0] > at]:
                if self.silent:
                    break
                await _line(response, what, thing)
                at = revision
            await news.wait()
        if self._cuts % 2:
            await response.write(b'{"type": "ADDED", "obj')
        return response


async def _line(response: web.StreamResponse, what: str, thing: Json) -> None:
    await response.write(json.dumps({"type": what, "object": thing}).encode() + b"\n")


async def client_of(server: Fickle, folder: Path, in_flight: int = 8) -> Client:
    """An opened client of that server, whose clock stands still."""
    client = Client(Connection(str(server.kubeconfig(folder))), lambda: 0, in_flight)
    await client.open()
    return client

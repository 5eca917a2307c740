"""Everything of one kind, from a list and the watch that goes on from it: each change told once, none missed.

The API server's protocol: a list, read in pages, is of one revision (`resourceVersion`); a watch from there tells
every later change, and bookmarks say how far it has come. Where that revision is kept no longer (410 Gone), the
list is read again, and only what differs from what was told is told.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from dure.backends.kubernetes.client import Client, Json
from dure.backends.kubernetes.errors import ApiError, Gone, NotFound, Unavailable, error_of
from dure.model.instants import SECOND, Instant, Millis
from dure.turns import in_turns

Key: TypeAlias = tuple[str, str]
"""(namespace, name)."""

_log = logging.getLogger(__name__)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 20.0
_WATCH_FOR_S = 20
_WHOLE: Millis = 10 * SECOND
"""A watch that its server ended after so long told all that had happened before it began, bookmark or not."""
"""A watch is begun anew after so long: two seconds before its end the server says how far it has come."""


class What(StrEnum):
    """What happened to an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Event:
    """One change. `object` is its last state; None where a list found it gone and nobody saw it go."""

    what: What
    key: Key
    uid: str
    object: Json | None


@dataclass
class Watch:
    """Follows the objects at `path` (`/api/v1/pods`) that `query` selects; calls `told` for each event in order.

    `page` objects are listed at a time. A watch on which nothing, not even a bookmark, is heard for `quiet_s` is
    taken for dead and begun anew. `heard_at` is the server's time up to which nothing that happened is unknown.
    `absent_is_empty`: a kind that is not installed has no objects. `lists`, `cuts` and `failing` say how it goes.
    """

    client: Client
    path: str
    told: Callable[[Event], None]
    query: Mapping[str, str] = field(default_factory=dict)
    page: int = 500
    quiet_s: float = 40.0
    absent_is_empty: bool = False
    absent: bool = False
    version: str = ""
    heard_at: Instant = 0
    listed: asyncio.Event = field(default_factory=asyncio.Event)
    lists: int = 0
    cuts: int = 0
    failing: str = ""
    _known: dict[Key, tuple[str, str]] = field(default_factory=dict)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _pause_s: float = 0.0

    async def run(self) -> None:
        """Go on until cancelled; no failure ends it."""
        while True:
            try:
                await self._list()
                await self._follow()
            except Gone:
                _log.info("the watch's revision is gone; listing again", extra={"path": self.path})
            except NotFound as error:
                if not self.absent_is_empty:
                    await self._failed(error)
                    continue
                self.absent = True
                self.listed.set()  # the kind is not installed here; it may come to be
                await asyncio.sleep(_LONGEST_PAUSE_S)
            except ApiError as error:
                await self._failed(error)

    def tell_again(self) -> None:
        """Let the next list tell every object as changed: whoever reads them reads them differently now."""
        self._known = {key: (uid, "") for key, (uid, _) in self._known.items()}

    async def reached(self, version: str) -> None:
        """Wait until all that happened up to a revision has been told."""
        while not self.listed.is_set() or _number(self.version) < _number(version):
            await self._moved.wait()

    # A list

    async def _list(self) -> None:
        """Read all, page by page, and tell what differs from what was told before. Raises ApiError."""
        seen: set[Key] = set()
        begun = self.client.now()
        query = {**self.query, "limit": str(self.page)}
        while True:
            page = await self.client.get(self.path, query)
            async for item in in_turns(page.get("items") or ()):
                key = _key(item)
                seen.add(key)
                self._listed(key, item)
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                break
            query["continue"] = metadata["continue"]
        for key in [key for key in self._known if key not in seen]:
            self._gone(key, None)
        self.lists, self.absent = self.lists + 1, False
        self._at(str(metadata.get("resourceVersion", "")), begun)
        self._well()
        self.listed.set()

    def _listed(self, key: Key, item: Json) -> None:
        uid, version = _identity(item)
        known = self._known.get(key)
        if known and known[0] != uid:
            self._gone(key, None)
            known = None
        if known is None:
            self._tell(What.ADDED, key, item)
        elif known[1] != version:
            self._tell(What.MODIFIED, key, item)

    # The watch

    async def _follow(self) -> None:
        """Watch from `version` on; reconnects where it is cut off. Raises Gone where it must be listed again."""
        while True:
            before, begun = self.version, self.client.now()
            try:
                async with aclosing(self._lines()) as lines:
                    async for line in lines:
                        self._take(line)
                self.cuts += 1
            except Gone:
                raise
            except ApiError as error:
                self.cuts += 1
                if (
                    "resource version" in str(error).lower()
                ):  # ours is of a future that an older etcd never had
                    raise Gone(str(error), 410) from error
                await self._failed(error)
                continue
            # quiet to its end: what was before it would have been told
            if self.client.now() - begun >= _WHOLE:
                self._at(self.version, max(self.heard_at, begun))
            elif self.version == before:  # closed at once, again and again: no busy loop
                await self._failed(Unavailable("the watch ended without a word"))

    async def _lines(self) -> AsyncGenerator[Json, None]:
        """The watch's events, read until the server ends it."""
        query = {
            **self.query, "watch": "1", "allowWatchBookmarks": "true", "resourceVersion": self.version,
            "timeoutSeconds": str(int(_WATCH_FOR_S * random.uniform(0.8, 1.0))),  # noqa: S311 - spreads reconnects
        }  # fmt: skip
        rest = b""
        async with self.client.stream(self.path, query, self.quiet_s) as stream:
            async for piece in stream.iter_any():
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    yield _parsed(line)
        if rest.strip():
            raise Unavailable("the watch was cut off in the middle of an event")

    def _take(self, line: Json) -> None:
        kind, item = str(line.get("type")), line.get("object") or {}
        if kind == "ERROR":
            raise error_of(int(item.get("code") or 500), item)
        self._well()
        version = str(item["metadata"].get("resourceVersion", ""))
        if kind != "BOOKMARK":
            self._happened(What(kind), item, version)
        self._at(version, self.client.now())

    def _happened(self, what: What, item: Json, version: str) -> None:
        key, known = _key(item), self._known.get(_key(item))
        if what is What.DELETED:
            if known:
                self._gone(key, item)
            return
        if known and known[0] != item["metadata"]["uid"]:
            self._gone(key, None)
            known = None
        if known is None or known[1] != version:
            self._tell(What.MODIFIED if known else What.ADDED, key, item)

    # What is told

    def _tell(self, what: What, key: Key, item: Json) -> None:
        self._known[key] = _identity(item)
        self.told(Event(what, key, self._known[key][0], item))

    def _gone(self, key: Key, item: Json | None) -> None:
        uid, _ = self._known.pop(key)
        self.told(Event(What.DELETED, key, uid, item))

    def _at(self, version: str, heard_at: Instant) -> None:
        self.version, self.heard_at = version, heard_at
        self._moved.set()
        self._moved = asyncio.Event()

    def _well(self) -> None:
        self.failing, self._pause_s = "", 0.0

    async def _failed(self, error: ApiError) -> None:
        """Wait before the next try, longer each time."""
        self.failing = str(error)
        self._pause_s = min(max(self._pause_s * 2, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
        _log.warning("watch failed; trying again", extra={"path": self.path, "error": str(error)})
        await asyncio.sleep(random.uniform(self._pause_s / 2, self._pause_s))  # noqa: S311 - spreads reconnects


async def run_all(watches: Mapping[str, Watch]) -> dict[str, asyncio.Task[None]]:
    """Start every watch and wait until each has listed once."""
    loop = asyncio.get_running_loop()
    tasks = {name: loop.create_task(watch.run(), name=f"watch {name}") for name, watch in watches.items()}
    await asyncio.gather(*(watch.listed.wait() for watch in watches.values()))
    return tasks


async def stop_all(tasks: Collection[asyncio.Task[None]]) -> None:
    """End what `run_all` started."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def _parsed(line: bytes) -> Json:
    try:
        told: Any = json.loads(line)
    except ValueError as error:
        raise Unavailable(f"the watch told what is no JSON: {error}") from error
    return dict(told)


def _key(item: Json) -> Key:
    metadata = item["metadata"]
    return str(metadata.get("namespace", "")), str(metadata["name"])


def _identity(item: Json) -> tuple[str, str]:
    metadata = item["metadata"]
    return str(metadata["uid"]), str(metadata.get("resourceVersion", ""))


def _number(version: str) -> int:
    """Revisions of one API server can be compared as integers (Kubernetes 1.35 and newer say so)."""
    return int(version) if version.isdecimal() else -1


__all__ = ["Event", "Key", "Watch", "What", "run_all", "stop_all"]

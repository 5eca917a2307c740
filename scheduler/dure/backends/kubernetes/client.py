"""Requests to an API server as plain JSON, without the official client's model classes.

What comes back is a dict as it was sent. Errors are the exceptions of `errors`. A request that may be carried out
twice without harm is sent again after 429 and 5xx and where no answer came; any other only where the server said
that it did nothing (429), or could not be reached at all.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, TypeAlias

import aiohttp

from dure.backends.kubernetes.connection import Connection
from dure.backends.kubernetes.errors import ApiError, Unauthorized, Unavailable, error_of
from dure.backends.kubernetes.lanes import Lane, Lanes
from dure.backends.kubernetes.server_time import ServerTime
from dure.model.instants import Instant

Json: TypeAlias = dict[str, Any]
Query: TypeAlias = Mapping[str, str]

_TRIES = 6
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 10.0
_CONNECT_S, _ANSWER_S = 10.0, 60.0
_GOODBYE_S = 0.1
"""TLS connections that were broken off end in the background; the session does not wait for them."""
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class Patch(StrEnum):
    """The kinds of PATCH, by their content type."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"


class Client:
    """One API server, asked by many at once; at most `in_flight` requests are on their way (see `Lanes`).

    `clock` is ours; `time` says what the server's shows. Opened and closed on the event loop that uses it.
    """

    def __init__(self, connection: Connection, clock: Callable[[], Instant], in_flight: int = 8) -> None:
        self.time = ServerTime()
        self._connection = connection
        self._clock = clock
        self._lanes = Lanes(in_flight)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Read the configuration. Raises NoConnection."""
        await self._connection.load()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._connection.tls or True),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_ANSWER_S),
            trust_env=True,
            read_bufsize=1 << 20,
        )

    async def close(self) -> None:
        """Drop every connection."""
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(_GOODBYE_S)

    def now(self) -> Instant:
        """The server's time, as well as we know it."""
        return self.time.at(self._clock())

    async def get(self, path: str, query: Query | None = None, lane: Lane = Lane.READ) -> Json:
        """An object, or a page of a list. Raises ApiError."""
        return await self._ask("GET", path, query, None, lane, again=True)

    async def create(self, path: str, body: Json, lane: Lane = Lane.WRITE) -> Json:
        """A new object. Raises AlreadyExists where its name is taken, by an earlier try of ours or by another."""
        return await self._ask("POST", path, None, body, lane, again="name" in body.get("metadata", {}))

    async def patch(
        self, path: str, change: Json | list[Json], kind: Patch = Patch.MERGE, lane: Lane = Lane.ADMIT,
        again: bool = False,
    ) -> Json:  # fmt: skip
        """An object, changed. `again`: the patch may be applied twice without harm. Raises Conflict, Invalid."""
        return await self._ask("PATCH", path, None, change, lane, again=again, content=kind.value)

    async def replace(self, path: str, body: Json, lane: Lane = Lane.WRITE) -> Json:
        """An object, given whole with its resourceVersion. Raises Conflict where it was changed meanwhile."""
        return await self._ask("PUT", path, None, body, lane, again=False)

    async def delete(self, path: str, options: Json | None = None, lane: Lane = Lane.WRITE) -> Json:
        """Have an object deleted. Raises NotFound where it is gone already."""
        return await self._ask("DELETE", path, None, options or {}, lane, again=True)

    @asynccontextmanager
    async def stream(
        self, path: str, query: Query | None = None, quiet_s: float | None = None
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """An answer as it comes: a watch, a log. Nothing heard for `quiet_s` raises Unavailable."""
        wait = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=quiet_s)
        try:
            async with self._send("GET", path, query, None, "", wait) as answer:
                if answer.status >= 400:
                    raise error_of(answer.status, await _content(answer))
                yield answer.content
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(_told(error)) from error

    # How it is done

    async def _ask(
        self, method: str, path: str, query: Query | None, body: object, lane: Lane, *, again: bool,
        content: str = "application/json",
    ) -> Json:  # fmt: skip
        for number in range(_TRIES):
            last = number == _TRIES - 1
            try:
                return await self._once(method, path, query, body, lane, content)
            except Unauthorized:
                if number:
                    raise
                await self._connection.load()  # a credential that was replaced since we read it
            except _Busy as busy:
                if last or (busy.error.sent and not again):
                    raise busy.error from None
                await asyncio.sleep(busy.after_s if busy.after_s is not None else _pause(number))
        raise AssertionError("unreachable")

    async def _once(
        self, method: str, path: str, query: Query | None, body: object, lane: Lane, content: str
    ) -> Json:
        """One try. Raises ApiError, and _Busy for what another try may get."""
        try:
            async with self._lanes.place(lane), self._send(method, path, query, body, content) as answer:
                told = await _content(answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _Busy(Unavailable(_told(error), sent=not isinstance(error, _NEVER_SENT))) from error
        if answer.status < 300:
            return told if isinstance(told, dict) else {"text": told}
        refusal = error_of(answer.status, told)
        if isinstance(refusal, Unavailable):
            raise _Busy(refusal, _after(answer.headers.get("Retry-After")))
        raise refusal

    @asynccontextmanager
    async def _send(
        self, method: str, path: str, query: Query | None, body: object, content: str,
        wait: aiohttp.ClientTimeout | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:  # fmt: skip
        headers = {"Accept": "application/json"}
        if authorization := await self._connection.authorization():
            headers["Authorization"] = authorization
        more: dict[str, Any] = {}
        if body is not None:
            headers["Content-Type"] = content
            more["data"] = json.dumps(body, separators=(",", ":")).encode()
        if wait is not None:
            more["timeout"] = wait
        if self._connection.proxy:
            more["proxy"] = self._connection.proxy
        if self._connection.server_name:
            more["server_hostname"] = self._connection.server_name
        if self._session is None:
            raise Unavailable("the connection is closed", sent=False)
        url, sent = self._connection.host + path, self._clock()
        async with self._session.request(method, url, params=query, headers=headers, **more) as answer:
            self.time.heard(answer.headers.get("Date"), sent, self._clock())
            yield answer


class _Busy(Exception):  # noqa: N818 - it never leaves this module
    """A try that failed in a way that another may not; `after_s` is when the server wants to be asked again."""

    def __init__(self, error: Unavailable, after_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after_s = after_s


async def _content(answer: aiohttp.ClientResponse) -> object:
    """JSON where the server says that it is, else text."""
    raw = await answer.read()
    if "json" in answer.headers.get("Content-Type", ""):
        try:
            return json.loads(raw)
        except ValueError as error:
            raise Unavailable(f"an answer that is no JSON: {error}", answer.status) from error
    return raw.decode(errors="replace")


def _after(header: str | None) -> float | None:
    """Retry-After in seconds, a little spread, so that those who were sent away do not come back together."""
    if header is None or not header.isdecimal():
        return None
    return min(float(header), _LONGEST_PAUSE_S) * random.uniform(1.0, 1.25)  # noqa: S311 - no secret


def _pause(number: int) -> float:
    longest: float = min(_FIRST_PAUSE_S * 2**number, _LONGEST_PAUSE_S)
    return random.uniform(longest / 2, longest)  # noqa: S311 - spreads retries, no secret


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


__all__ = ["ApiError", "Client", "Json", "Lane", "Patch"]

"""What a pod's container writes, from its kubelet through the API server, as a stream of bytes from an offset on.

The kubelet knows times, not bytes: lines are asked for with their time stamps (which are cut off again), so that
after a break the stream goes on behind the last byte that was given out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

from dure.backends.kubernetes.client import Client
from dure.backends.kubernetes.errors import ApiError, BadRequest, NotFound

_PAUSE_S = 0.3  # between looks at a log that is not there yet, or broke off
_QUIET_S = 60.0  # a stream that says nothing for so long is asked for again: it may be dead
_GIVEN_UP = 20  # breaks in a row, without a byte between them


@dataclass
class Lines:
    """Takes time stamps off, and leaves out what was given out before a break.

    A line is known by its stamp and by how many with the same stamp came before it; stamps are of one length and
    one time zone, so their order is that of text. `skip` bytes of all are not given out at all.
    """

    skip: int = 0
    last: bytes = b""
    _nth: int = 0
    _given: int = 0
    _stamp: bytearray = field(default_factory=bytearray)
    _now: tuple[bytes, int] = (b"", 0)
    _inside: bool = False
    _at: int = 0

    def again(self) -> None:
        """A new stream begins, some way before where the last one ended."""
        self._stamp.clear()
        self._inside, self._now = False, (b"", 0)

    def take(self, piece: bytes) -> Iterator[bytes]:
        """What of the next piece of the stream is new, without stamps."""
        while piece:
            if not self._inside:
                piece = self._read_stamp(piece)
                continue
            body, newline, piece = piece.partition(b"\n")
            self._inside = not newline
            if new := self._new(body + newline):
                yield new

    def _read_stamp(self, piece: bytes) -> bytes:
        head, space, rest = piece.partition(b" ")
        self._stamp += head
        if space:
            stamp = bytes(self._stamp)
            self._now = (stamp, self._now[1] + 1 if self._now[0] == stamp else 0)
            self._stamp.clear()
            self._inside, self._at = True, 0
        return rest

    def _new(self, part: bytes) -> bytes:
        """The bytes of this part of the present line that were not given out before."""
        begin, self._at = self._at, self._at + len(part)
        known = (self.last, self._nth)
        if self._now < known:
            return b""
        if self._now > known:
            self.last, self._nth, self._given = *self._now, 0
        new = part[max(0, self._given - begin) :]
        self._given = max(self._given, self._at)
        dropped = min(self.skip, len(new))
        self.skip -= dropped
        return new[dropped:]

    @property
    def since(self) -> str:
        """The second of the last line, as `sinceTime` takes it, "" before the first."""
        stamp = self.last.decode(errors="replace")
        date, mark, zone = stamp.partition(".")
        return date + zone.lstrip("0123456789") if mark else stamp


async def read_log(
    client: Client, path: str, offset: int, follow: bool, over: Callable[[], bool], container: str = ""
) -> AsyncIterator[bytes]:
    """The log of the pod at `path` from a byte offset on; following ends once `over` says that it writes no more.

    A pod without a log yet is waited for; one that is gone has none. Raises Unavailable where it breaks off again
    and again.
    """
    lines, broken = Lines(offset), 0
    while True:
        complete = not follow or over()  # asked before the read that is then the last
        try:
            async for piece in _stream(client, path, follow and not complete, lines, container):
                broken = 0
                yield piece
            if complete:
                return
        except NotFound:
            return
        except ApiError as error:
            if complete and isinstance(error, BadRequest):  # it never came to run
                return
            broken += not isinstance(error, BadRequest)
            if broken >= _GIVEN_UP or (complete and broken > 1):
                raise
        await asyncio.sleep(_PAUSE_S)


async def _stream(
    client: Client, path: str, follow: bool, lines: Lines, container: str
) -> AsyncIterator[bytes]:
    query = {"timestamps": "true"} | ({"follow": "true"} if follow else {})
    query |= {"sinceTime": lines.since} if lines.since else {}
    query |= {"container": container} if container else {}
    lines.again()
    async with client.stream(f"{path}/log", query, _QUIET_S) as stream:
        async for piece in stream.iter_any():
            for new in lines.take(piece):
                yield new

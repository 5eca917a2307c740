import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

from dure.backends.kubernetes.watch import Event, Watch, What
from tests.backends.kubernetes.fickle import Fickle, client_of, hung_up, said

NAMES = [f"thing-{number}" for number in range(12)]


class Witness:
    """Takes events, and holds each against those before it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.standing: dict[str, tuple[str, str]] = {}

    def told(self, event: Event) -> None:
        name, stands = event.key[1], self.standing.get(event.key[1])
        self.events.append(event)
        if event.what is What.DELETED:
            assert stands is not None, "gone before it was there"
            assert stands[0] == event.uid
            del self.standing[name]
            return
        assert event.object is not None
        version = event.object["metadata"]["resourceVersion"]
        assert (stands is None) == (event.what is What.ADDED)
        if stands is not None:
            assert stands[0] == event.uid, "another object of the same name is added, not changed"
            assert int(version) > int(stands[1]), "told twice"
        self.standing[name] = (event.uid, version)


def there(server: Fickle) -> dict[str, tuple[str, str]]:
    return {
        name: (thing["metadata"]["uid"], thing["metadata"]["resourceVersion"])
        for name, thing in server.things.items()
    }


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.01)


class Followed:
    """A server, a client and a running watch."""

    def __init__(self, folder: Path, quiet_s: float = 30.0) -> None:
        self._folder, self._quiet_s = folder, quiet_s
        self.witness = Witness()

    async def __aenter__(self) -> Self:
        self.server = await Fickle().__aenter__()
        self._client = await client_of(self.server, self._folder)
        self.watch = Watch(self._client, "/things", self.witness.told, page=3, quiet_s=self._quiet_s)
        self._task = asyncio.ensure_future(self.watch.run())
        return self

    async def same(self) -> None:
        """Wait until the witness knows exactly what is there."""
        await until(lambda: self.witness.standing == there(self.server))

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._client.close()
        await self.server.__aexit__()


def change(server: Fickle, chance: random.Random) -> None:
    name = chance.choice(NAMES)
    if name in server.things and chance.random() < 0.4:
        server.remove(name)
        if chance.random() < 0.5:
            server.put(name)
    else:
        server.put(name)


def trouble(server: Fickle, chance: random.Random) -> None:
    """Something that goes wrong."""
    match chance.randrange(5):
        case 0:
            server.cut()
        case 1:
            server.forget()
            server.cut()
        case 2:
            server.next_answers.append(chance.choice([said(500), said(503), hung_up]))
            server.cut()
        case 3:
            server.next_answers.append(said(429, **{"Retry-After": "0"}))
            server.forget()
            server.cut()
        case _:
            server.bookmark()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_every_change_is_told_once(tmp_path: Path, seed: int) -> None:
    """Through cuts in mid-line, revisions that are gone, errors and objects made anew under their old names."""

    async def churn() -> Witness:
        chance = random.Random(seed)
        async with Followed(tmp_path) as followed:
            for name in NAMES[:8]:
                followed.server.put(name)
            for _ in range(120):
                change(followed.server, chance)
                if chance.random() < 0.12:
                    trouble(followed.server, chance)
                if chance.random() < 0.5:
                    await asyncio.sleep(chance.random() * 0.02)
            await followed.same()
            assert followed.watch.cuts
            return followed.witness

    assert asyncio.run(churn()).events


def test_without_trouble_every_single_change_is_told(tmp_path: Path) -> None:
    """Not only the last state: each step, in its order."""

    async def steps() -> list[tuple[What, str]]:
        async with Followed(tmp_path) as followed:
            await until(followed.watch.listed.is_set)
            for _ in range(3):
                followed.server.put("a")
            followed.server.remove("a")
            followed.server.put("a")
            await followed.watch.reached(str(followed.server.revision))
            return [(event.what, event.uid) for event in followed.witness.events]

    a, m, d = What.ADDED, What.MODIFIED, What.DELETED
    assert asyncio.run(steps()) == [(a, "uid-1"), (m, "uid-1"), (m, "uid-1"), (d, "uid-1"), (a, "uid-4")]


def test_a_revision_that_is_gone_tells_only_what_differs(tmp_path: Path) -> None:
    """Of twelve things one was changed, one removed and one made anew: that is all that is told."""

    async def differences() -> list[tuple[What, str]]:
        async with Followed(tmp_path) as followed:
            for name in NAMES:
                followed.server.put(name)
            await followed.same()
            before = len(followed.witness.events)
            followed.server.silent = True
            followed.server.put(NAMES[0])
            followed.server.remove(NAMES[1])
            followed.server.remove(NAMES[2])
            followed.server.put(NAMES[2])
            followed.server.forget()
            followed.server.silent = False
            followed.server.cut()
            await followed.same()
            assert followed.watch.lists == 2
            return [(event.what, event.key[1]) for event in followed.witness.events[before:]]

    assert sorted(asyncio.run(differences())) == sorted([
        (What.MODIFIED, NAMES[0]), (What.DELETED, NAMES[1]), (What.DELETED, NAMES[2]), (What.ADDED, NAMES[2]),
    ])  # fmt: skip


def test_a_connection_that_fell_silent_is_begun_anew(tmp_path: Path) -> None:
    """Half-open, it would never say anything again; what happened meanwhile is told by the next one."""

    async def silence() -> int:
        async with Followed(tmp_path, quiet_s=0.3) as followed:
            await until(followed.watch.listed.is_set)
            followed.server.silent = True
            followed.server.put("a")
            await asyncio.sleep(0.5)
            followed.server.silent = False
            await followed.same()
            assert followed.watch.lists == 1
            return followed.watch.cuts

    assert asyncio.run(silence()) >= 1


def test_a_bookmark_is_where_the_next_watch_begins(tmp_path: Path) -> None:
    """After it the past may be forgotten without a list."""

    async def marked() -> int:
        async with Followed(tmp_path) as followed:
            followed.server.put("a")
            await followed.same()
            followed.server.bookmark()
            await followed.watch.reached(str(followed.server.revision))
            followed.server.forget()
            followed.server.cut()
            followed.server.put("b")
            await followed.same()
            return followed.watch.lists

    assert asyncio.run(marked()) == 1

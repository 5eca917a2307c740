import asyncio

from dure.backends.kubernetes.lanes import Lane, Lanes


async def order(lanes: Lanes, wanted: list[Lane]) -> list[Lane]:
    """The order in which requests that all wait at once are let in, each one gone before the next."""
    seen: list[Lane] = []

    async def one(lane: Lane) -> None:
        async with lanes.place(lane):
            seen.append(lane)
            await asyncio.sleep(0)

    await asyncio.gather(*(one(lane) for lane in wanted))
    return seen


def test_a_start_passes_the_lists_that_wait() -> None:
    """Fifty lists were there before it; it is among the first to be let in."""
    wanted = [Lane.READ] * 50 + [Lane.ADMIT]
    assert asyncio.run(order(Lanes(2), wanted)).index(Lane.ADMIT) <= 2


def test_lists_never_hold_the_last_place() -> None:
    """While they take their time, a start is sent at once."""

    async def held() -> bool:
        lanes, leave = Lanes(4), asyncio.Event()

        async def slow() -> None:
            async with lanes.place(Lane.READ):
                await leave.wait()

        lists = [asyncio.ensure_future(slow()) for _ in range(10)]
        await asyncio.sleep(0.01)
        assert lanes.in_flight == 3
        async with asyncio.timeout(10), lanes.place(Lane.ADMIT):
            leave.set()
        await asyncio.gather(*lists)
        return lanes.in_flight == 0

    assert asyncio.run(held())


def test_nobody_starves() -> None:
    """However many starts wait, tidying and lists get their share of the places."""
    wanted = [Lane.ADMIT] * 200 + [Lane.WRITE] * 20 + [Lane.TIDY] * 5 + [Lane.READ] * 5

    async def spread() -> list[Lane]:
        lanes, seen = Lanes(8), list[Lane]()

        async def one(lane: Lane) -> None:
            async with lanes.place(lane):
                seen.append(lane)
                await asyncio.sleep(0.001)

        await asyncio.gather(*(one(lane) for lane in wanted))
        return seen

    first = asyncio.run(spread())[:60]
    assert {Lane.ADMIT, Lane.WRITE, Lane.TIDY, Lane.READ} == set(first)


def test_who_gives_up_waiting_takes_no_place() -> None:
    """Cancelled in the queue, or at the very moment of being let in."""

    async def cancelled() -> int:
        lanes = Lanes(2)

        async def one() -> None:
            async with lanes.place(Lane.WRITE):
                await asyncio.sleep(0.001)

        tasks = [asyncio.ensure_future(one()) for _ in range(20)]
        for number, task in enumerate(tasks):
            await asyncio.sleep(0)
            if number % 2:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(one() for _ in range(5)))
        return lanes.in_flight

    assert asyncio.run(cancelled()) == 0

import asyncio

from dure.journal import Journal
from dure.model.change import Watermark


def test_what_comes_just_as_the_wait_is_over_is_told() -> None:
    """Waits that end at the very instants at which changes come lose none of them, nor tell one twice."""
    count = 300

    async def write(journal: Journal) -> None:
        for number in range(count):
            await asyncio.sleep(0.001)
            journal.write(Watermark(number))

    async def read(journal: Journal) -> list[int]:
        told: list[int] = []
        revision = 0
        while len(told) < count and revision < count:
            seen = await journal.after(revision, 0.001)
            revision = seen.revision
            told += [change.at for change in seen.changes]
        return told

    async def both() -> list[int]:
        journal = Journal()
        _, told = await asyncio.gather(write(journal), read(journal))
        return told

    assert asyncio.run(both()) == list(range(count))

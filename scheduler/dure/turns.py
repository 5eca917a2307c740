"""Long work on the event loop, done in short turns: between them others are answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from time import monotonic
from typing import Final, TypeVar

_T = TypeVar("_T")

TURN_S: Final = 0.005
"""Long enough that handing over costs little, short enough that nobody notices a few of them."""


async def in_turns(items: Iterable[_T]) -> AsyncIterator[_T]:
    """The items one by one; whenever a turn has passed, the other work of this loop comes first."""
    until = monotonic() + TURN_S
    for item in items:
        yield item
        if monotonic() > until:
            await asyncio.sleep(0)
            until = monotonic() + TURN_S


def batches(items: Sequence[_T], size: int = 500) -> Iterator[Sequence[_T]]:
    """So many items at a time, where a turn for each of them would cost more than what is done with it."""
    return (items[begin : begin + size] for begin in range(0, len(items), size))

"""Nodes that an admin takes out of the room and returns: they keep what runs and take no more jobs."""

from __future__ import annotations

from dure.model.job import NodeId, UserId
from dure.service.live import Live


async def drain(live: Live, node: NodeId, draining: bool, who: UserId) -> None:
    """Drain or return a node, durably; done between two cycles (`Loop.ask`). Raises KeyError: no such node."""
    if node not in live.observed.nodes:
        raise KeyError(node)
    at = live.now()
    await live.books.control(lambda control: control.drain(node, draining, at, who))
    await live.backend.drain(node, draining)
    await live.drain()

"""Nodes over HTTP: let one take no more jobs, or take them again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from dure.model.job import NodeId
from dure.model.node import NodeState
from dure.service.answers import DrainedAnswer
from dure.service.errors import ApiError, nearest
from dure.service.hall import Hall, RoomAdmin, Serving
from dure.service.identity import Caller

router = APIRouter(prefix="/v1/nodes", tags=["room"])

NodePath = Annotated[str, Path(max_length=256, description="A node's id.")]


@router.post("/{node}/drain")
async def drain(node: NodePath, hall: Serving, caller: RoomAdmin) -> DrainedAnswer:
    """Start nothing more on a node; what runs there goes on."""
    return await _set_draining(hall, caller, node, draining=True)


@router.post("/{node}/return")
async def give_back(node: NodePath, hall: Serving, caller: RoomAdmin) -> DrainedAnswer:
    """Let a node take jobs again."""
    return await _set_draining(hall, caller, node, draining=False)


async def _set_draining(hall: Hall, caller: Caller, node: NodeId, *, draining: bool) -> DrainedAnswer:
    """Kept first, then told to the backend: a server that starts again drains what is kept as drained."""
    live = hall.live
    if node not in live.observed.nodes:
        raise ApiError(404, "not-found", f"there is no node {node[:64]}", nearest(node, live.observed.nodes))
    at = live.now()
    await hall.books.control(lambda control: control.drain(node, draining, at, caller.user))
    await live.backend.drain(node, draining)
    hall.loop.wake()
    return DrainedAnswer(node=node, state=(NodeState.DRAINING if draining else NodeState.UP).value)

from __future__ import annotations

import asyncio
import pickle
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dure.model.change import Change, NodeSet, Starting, Submitted, Withdrawn
from dure.model.job import Job, TaskGroup
from dure.model.node import Node
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.model.snapshot import Pending, Snapshot
from dure.model.tenant import Tenant
from dure.planning.room import Room
from dure.service.packing import pack
from dure.service.room_client import RoomClient
from dure.turns import batches, in_turns
from tests.rig.room import served_room, submit

RULES = Rules("r", tenants=(Tenant("ant"), Tenant("bee")))
EMPTY = Snapshot(at=1, nodes=(Node("n1", "p", Resources.of(4_000, 4_096)),))


def job(number: int, dice: random.Random) -> Job:
    group = TaskGroup(dice.randrange(1, 3), dice.randrange(1, 4) * 1_000, 64)
    return Job(f"j{number}", dice.choice(("ant", "bee")), "kim", 1 + number, (group,), ("true",))


def happens(number: int, waiting: list[str], dice: random.Random) -> Change:
    """A job comes or is withdrawn, or the node grows."""
    if waiting and dice.random() < 0.3:
        return Withdrawn(2 + number, waiting.pop(dice.randrange(len(waiting))))
    if dice.random() < 0.2:
        return NodeSet(2 + number, Node("n1", "p", Resources.of(4_000 + 1_000 * dice.randrange(4), 4_096)))
    came = job(number, dice)
    waiting.append(came.id)
    return Submitted(2 + number, came)


async def follow(steps: int) -> None:
    """Decide in the child and here after every change, under new rules from the middle on."""
    dice, here, waiting = random.Random(7), Room.of(EMPTY, RULES), list[str]()
    client = await RoomClient.spawn((), lambda: None)
    try:
        await client.begin(EMPTY, RULES, 0)
        for number in range(steps):
            change = happens(number, waiting, dice)
            if number == steps // 2:
                rules = replace(RULES, tenants=(Tenant("ant", weight=3), Tenant("bee")))
                await client.adopt(rules, 2 + number)
                here = Room.of(here.snapshot(), rules, 2 + number)
            here.apply(change)
            await client.apply([change])
            plan, told = here.decide(2 + number), (await client.decide(2 + number)).plan
            assert replace(told, verdicts={}) == replace(plan, verdicts={})
            assert dict(told.verdicts) == dict(plan.verdicts)
            for start in plan.starts:
                waiting.remove(start.job)
                starting = Starting(plan.at, start.job, start.attempt, start.placements)
                here.apply(starting)
                await client.apply([starting])
    finally:
        await client.close()


def test_news_of_verdicts_add_up_to_all_of_them() -> None:
    """Of its verdicts a child sends what changed; the server has every one, and none of classes that are gone."""
    asyncio.run(follow(120))


def test_what_is_packed_quickly_is_read_as_ever() -> None:
    """Values, tuples of one field and all else come back equal."""
    dice = random.Random(3)
    snapshot = replace(EMPTY, pending=tuple(Pending(job(n, dice)) for n in range(20)))
    plan = Room.of(snapshot, RULES).decide(5)
    message = (snapshot, RULES, plan, Withdrawn(3, "j1"), {"a": [1.5, None, b"x"]})
    assert pickle.loads(pack(message)) == message


def test_others_have_their_turn_during_long_work() -> None:
    """What waits for the event loop is done before long work is over, and the work is done whole."""
    done: list[str] = []

    async def work() -> None:
        async for number in in_turns(range(50)):
            time.sleep(0.001)  # noqa: ASYNC251 - work that holds the loop
            done.append(str(number))

    async def other() -> None:
        done.append("other")

    async def both() -> None:
        await asyncio.gather(work(), other())

    asyncio.run(both())
    assert [one for one in done if one != "other"] == [str(number) for number in range(50)]
    assert done.index("other") < 50


def test_batches_leave_nothing_out() -> None:
    """Every item once, in order, so many at a time."""

    def flat(size: int) -> Iterator[int]:
        for batch in batches(range(7), size):
            assert len(batch) <= size
            yield from batch

    assert all(list(flat(size)) == list(range(7)) for size in (1, 3, 7, 9))


@pytest.mark.slow
def test_the_room_counts_what_the_list_shows(tmp_path: Path) -> None:
    """Jobs by state as GET /v1/room tells them are those that GET /v1/jobs?all=true lists."""
    with served_room(tmp_path) as room:
        client = room.client("ant")
        for number in range(6):
            submit(client, "true" if number % 2 else "false")
        cancelled = submit(client, "sleep", "60", hold=True)["id"]
        client.delete(f"/v1/jobs/{cancelled}").raise_for_status()
        for one in client.get("/v1/jobs", params={"all": True}).json():
            client.get(f"/v1/jobs/{one['id']}/wait", params={"timeout": 30})
        listed = Counter(one["state"] for one in client.get("/v1/jobs", params={"all": True}).json())
        counted = room.admin.get("/v1/room").json()["jobs"]
    assert {state: count for state, count in counted.items() if count} == listed
    assert listed["cancelled"] == 1

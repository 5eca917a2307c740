from collections import Counter
from dataclasses import dataclass, replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dure.accounting.states import StateAccount
from dure.model.change import (
    Change,
    Ended,
    Evicting,
    Promised,
    Starting,
    Submitted,
    TaskEnded,
    TaskStarted,
)
from dure.model.instants import Interval
from dure.model.job import Job, Placement, TaskGroup
from dure.model.node import Node
from dure.model.plan import Claim, Eviction, Rule
from dure.model.resources import Quota, Resources
from dure.model.rules import CalendarEntry
from dure.model.use import Slice, State

POOL, END = "p", 60
NODES = (Node("n1", POOL, Resources.of(4, 0)), Node("n2", POOL, Resources.of(4, 0)))


def job(name: str, cpu: int) -> Job:
    return Job(name, "t", "u", 0, (TaskGroup(1, cpu),))


def claim(name: str, node: str = "n1") -> Claim:
    return Claim(name, 0, (Placement(0, node),), guaranteed=True)


def life(name: str, node: str, start: int, end: int, under: str = "") -> list[Change]:
    return [
        Starting(start, name, 1, (Placement(0, node),), under),
        TaskStarted(start, name, 1, 0), TaskEnded(end, name, 1, 0), Ended(end, name, 1, False, requeue=True),
    ]  # fmt: skip


def told(account: StateAccount, changes: list[Change], *watermarks: int) -> list[Slice]:
    """What the account says when everything is told, in order of instants, before each watermark."""
    rows: list[Slice] = []
    for watermark in watermarks or (END,):
        for change in [one for one in changes if one.at < watermark]:
            account.apply(change)
        changes = [one for one in changes if one.at >= watermark]
        rows.extend(account.settle(watermark))
    return rows


def spans(rows: list[Slice], state: State) -> list[tuple[str, int, int, int]]:
    return sorted((row.node, row.start, row.end, row.amount) for row in rows if row.state is state)


def test_what_a_victim_frees_is_vacating_until_the_claim_ends() -> None:
    """While the victim holds it, it is the tenant's; then empty and kept; what is not claimed stays idle."""
    account = StateAccount(POOL, 0, NODES[:1])
    changes: list[Change] = [
        Submitted(0, job("victim", 3)), Submitted(0, job("owner", 2)), *life("victim", "n1", 5, 30),
        Evicting(20, Eviction("victim", 1, Rule.RECLAIM, "owner")), Promised(20, (claim("owner"),)),
        Promised(40), *life("owner", "n1", 40, 50),
    ]  # fmt: skip
    rows = told(account, sorted(changes, key=lambda change: change.at))
    assert spans(rows, State.VACATING) == [("n1", 30, 40, 2)]
    assert spans(rows, State.IDLE) == [
        ("n1", 0, 5, 4), ("n1", 5, 30, 1), ("n1", 30, 50, 2), ("n1", 50, 60, 4),
    ]  # fmt: skip


def test_what_was_free_already_is_kept_as_far_as_the_claim_needs_it() -> None:
    """A claim of four over a victim's three keeps the one that was free beside it, from the decision on."""
    account = StateAccount(POOL, 0, NODES[:1])
    changes: list[Change] = [
        Submitted(0, job("victim", 3)), Submitted(0, job("owner", 4)), *life("victim", "n1", 5, 30),
        Evicting(20, Eviction("victim", 1, Rule.RECLAIM, "owner")), Promised(20, (claim("owner"),)),
    ]  # fmt: skip
    rows = told(account, sorted(changes, key=lambda change: change.at))
    assert spans(rows, State.VACATING) == [("n1", 20, 30, 1), ("n1", 30, 60, 4)]


def test_what_the_calendar_keeps_and_nobody_uses_is_reserved() -> None:
    """Less what is used under the entry, over its interval alone; a claim has its place first."""
    entry = CalendarEntry("demo", Interval(10, 50), ("t",), Quota((("cpu", 6),)))
    account = StateAccount(POOL, 0, NODES, calendar=(entry,))
    changes: list[Change] = [
        Submitted(0, job("show", 3)), Submitted(0, job("other", 1)), Submitted(0, job("owner", 2)),
        *life("other", "n2", 0, 60), *life("show", "n1", 20, 40, under="demo"), Promised(45, (claim("owner"),)),
    ]  # fmt: skip
    rows = told(account, sorted(changes, key=lambda change: change.at))
    assert spans(rows, State.RESERVED) == [
        ("n1", 10, 20, 4), ("n1", 20, 40, 1), ("n1", 40, 45, 4), ("n1", 45, 50, 2),
        ("n2", 10, 45, 2), ("n2", 45, 50, 3),
    ]  # fmt: skip
    assert spans(rows, State.VACATING) == [("n1", 45, 60, 2)]


def test_a_changed_calendar_holds_from_then_on() -> None:
    """An entry that is taken back keeps nothing any longer."""
    entry = CalendarEntry("demo", Interval(10, 50), ("t",), Quota((("cpu", 1),)))
    account = StateAccount(POOL, 0, NODES[:1], calendar=(entry,))
    account.use_calendar(30, ())
    assert spans(list(account.settle(END)), State.RESERVED) == [("n1", 10, 30, 1)]


@dataclass(frozen=True)
class Day:
    """Tasks (node, cpu, start, told to leave or None, end, under) and claims (node, cpu, start, end)."""

    tasks: tuple[tuple[str, int, int, int | None, int, str], ...]
    claims: tuple[tuple[str, int, int, int], ...]
    entry: CalendarEntry
    watermarks: tuple[int, ...]


def day_of(seed: int) -> Day:
    dice = Random(seed)
    low, high = sorted(dice.sample(range(END + 1), 2))
    entry = CalendarEntry("demo", Interval(low, high), ("t",), Quota((("cpu", dice.randint(1, 8)),)))
    day = Day((), (), entry, (*sorted(dice.sample(range(1, END), dice.randint(0, 4))), END))
    for _ in range(dice.randint(0, 8)):
        node, cpu = dice.choice(("n1", "n2")), dice.randint(1, 4)
        start, leave, end = sorted(dice.sample(range(END + 1), 3))
        task = (node, cpu, start, dice.choice((leave, None)), end, dice.choice(("", "demo")))
        more = replace(day, tasks=(*day.tasks, task))
        if all(held(more, node, at) <= 4 for at in range(END)):
            day = more
    for _ in range(dice.randint(0, 4)):
        start, end = sorted(dice.sample(range(END + 1), 2))
        day = replace(day, claims=(*day.claims, (dice.choice(("n1", "n2")), dice.randint(1, 4), start, end)))
    return day


def held(day: Day, node: str, at: int, *, leaving: bool = False, under: str = "") -> int:
    return sum(
        cpu
        for on, cpu, start, told_at, end, entry in day.tasks
        if (on == node or not node) and start <= at < end
        and (not leaving or (told_at is not None and told_at <= at)) and (not under or entry == under)
    )  # fmt: skip


def by_definition(day: Day) -> Counter[tuple[str, int, State]]:
    """The states of every core at every instant, from the words of DESIGN 4."""
    found: Counter[tuple[str, int, State]] = Counter()
    for at in range(END):
        left = day.entry.resources.get("cpu") if at in day.entry.interval else 0
        left = max(0, (left or 0) - held(day, "", at, under="demo"))
        for node in ("n1", "n2"):
            free = 4 - held(day, node, at)
            claimed = sum(cpu for on, cpu, start, end in day.claims if on == node and start <= at < end)
            vacating = min(free, max(0, claimed - held(day, node, at, leaving=True)))
            reserved = min(free - vacating, left)
            left -= reserved
            for state, amount in (
                (State.VACATING, vacating), (State.RESERVED, reserved), (State.IDLE, free - vacating - reserved),
            ):  # fmt: skip
                found[node, at, state] += amount
    return +found


def changes_of(day: Day) -> list[Change]:
    changes: list[Change] = []
    for number, (node, cpu, start, told_at, end, under) in enumerate(day.tasks):
        name = f"j{number}"
        changes += [Submitted(0, job(name, cpu)), *life(name, node, start, end, under)]
        changes += [Evicting(told_at, Eviction(name, 1, Rule.RECLAIM, "x"))] if told_at is not None else []
    changes += [Submitted(0, job(f"c{n}", cpu)) for n, (_, cpu, _, _) in enumerate(day.claims)]
    for at in sorted({edge for one in day.claims for edge in one[2:]}):
        stand = [claim(f"c{n}", one[0]) for n, one in enumerate(day.claims) if one[2] <= at < one[3]]
        changes.append(Promised(at, tuple(stand)))
    return sorted(changes, key=lambda change: (change.at, isinstance(change, Ended)))


@given(st.integers(0, 2**32).map(day_of))
def test_every_core_is_where_the_words_say_at_every_instant(day: Day) -> None:
    """Wherever the account is settled, millisecond by millisecond, and with keys of their own."""
    account = StateAccount(POOL, 0, NODES, calendar=(day.entry,))
    rows = told(account, changes_of(day), *day.watermarks)
    found: Counter[tuple[str, int, State]] = Counter()
    for row in rows:
        for at in range(row.start, row.end):
            found[row.node, at, row.state] += row.amount
    assert found == by_definition(day)
    assert len({row.key for row in rows}) == len(rows)

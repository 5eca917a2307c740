from collections.abc import Collection
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dure.model.instants import SECOND
from dure.model.rules import Rules
from dure.planning.room import Room, plan
from tests.planning import rooms
from tests.planning.rooms import World, canonical, explained

AGO = st.sampled_from([0, 0, 0, 1, SECOND, 5 * SECOND])
CHOICE = st.integers(0, 1000)


class Law(RuleBasedStateMachine):
    """Whatever happens to a room, it decides and explains as a new room of the same snapshot does."""

    world: World

    @initialize(rules=rooms.rules(), data=st.data())
    def begin(self, rules: Rules, data: st.DataObject) -> None:
        self.world = World.of(rules)
        for number in range(data.draw(st.integers(1, 3))):
            self.world.node(data.draw(rooms.nodes(f"n{number}")), 0)

    def pick(self, kinds: Collection[str], choice: int) -> str:
        return sorted(kinds)[choice % len(kinds)]

    @rule(data=st.data(), many=st.integers(1, 4), held=st.sampled_from([False, False, False, True]))
    def submit(self, data: st.DataObject, many: int, held: bool) -> None:
        names = [tenant.id for tenant in self.world.rules.tenants]
        self.world.count += 1
        job = data.draw(rooms.jobs(self.world.count, self.world.now, names))
        known = sorted({*self.world.pending, *self.world.running})
        after = set(data.draw(st.lists(st.sampled_from(known), max_size=2))) if known and many == 1 else set()
        for n in range(many):
            self.world.submit(replace(job, id=f"{self.world.count}{n}"), held, after)

    @rule(take=st.sampled_from([100, 100, 100, 1, 0]), running=st.booleans())
    def decide(self, take: int, running: bool) -> None:
        plan = self.world.room.decide(self.world.now)
        starts = plan.starts
        if take:
            self.world.promise(plan)
        for eviction in plan.evictions[:take]:
            self.world.evict(eviction)
        for start in starts[:take]:
            self.world.start(start)
            for task in range(self.world.jobs[start.job].tasks if running else 0):
                self.world.task_started(start.job, task, 0)
        if take >= len(starts) + len(plan.evictions):
            again = self.world.room.decide(self.world.now)
            assert (again.starts, again.evictions) == ((), ())

    @rule(seconds=st.sampled_from([0, 1, 2, 10, 30, 100]), millis=st.sampled_from([0, 0, 1]))
    def pass_time(self, seconds: int, millis: int) -> None:
        self.world.now += seconds * SECOND + millis

    @precondition(lambda self: self.world.running)
    @rule(choice=CHOICE, task=st.integers(0, 3), ago=AGO, starts=st.booleans())
    def task(self, choice: int, task: int, ago: int, starts: bool) -> None:
        job = self.pick(self.world.running, choice)
        task %= self.world.jobs[job].tasks
        (self.world.task_started if starts else self.world.task_ended)(job, task, ago)

    @precondition(lambda self: self.world.running)
    @rule(choice=CHOICE, how=st.sampled_from(["well", "well", "badly", "again", "refused"]), ago=AGO)
    def end(self, choice: int, how: str, ago: int) -> None:
        job = self.pick(self.world.running, choice)
        if how == "refused":
            self.world.refuse(job)
        else:
            self.world.end(job, how == "well", how == "again", ago)

    @precondition(lambda self: self.world.pending)
    @rule(choice=CHOICE, how=st.sampled_from(["hold", "release", "release", "withdraw"]))
    def change_mind(self, choice: int, how: str) -> None:
        job = self.pick(self.world.pending, choice)
        if how == "withdraw":
            self.world.withdraw(job)
        else:
            self.world.hold(job, how == "hold")

    @rule(data=st.data(), number=st.integers(0, 3), ago=AGO)
    def node(self, data: st.DataObject, number: int, ago: int) -> None:
        self.world.node(data.draw(rooms.nodes(f"n{number}")), ago)

    @rule(number=st.integers(0, 3))
    def lose(self, number: int) -> None:
        self.world.lose(f"n{number}")

    @rule(number=st.integers(-1, 4), paused=st.sampled_from([True, False, False]))
    def pause(self, number: int, paused: bool) -> None:
        self.world.pause(f"t{number}" if number >= 0 else None, paused)

    @rule(ago=st.sampled_from([0, 1, 10 * SECOND]))
    def settle(self, ago: int) -> None:
        self.world.settle(ago)

    @rule(new=rooms.rules(), keep=st.booleans())
    def change_rules(self, new: Rules, keep: bool) -> None:
        world = self.world
        if not keep:
            world.rules = new
        world.room = Room.of(world.room.snapshot(), world.rules)

    @invariant()
    def law(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        before = world.room.snapshot()
        decided = world.room.decide(world.now)
        assert canonical(decided) == canonical(plan(before, world.rules, world.now))
        for job in sorted({*world.pending, *world.running})[::3]:
            fresh = Room.of(before, world.rules)
            assert explained(world.room.explain(job, world.now)) == explained(fresh.explain(job, world.now))
        assert world.room.snapshot() == before
        assert Room.of(before, world.rules).snapshot() == before
        assert canonical(world.room.decide(world.now)) == canonical(decided)


Law.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestLaw = Law.TestCase

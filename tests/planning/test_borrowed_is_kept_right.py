from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.job import JobId, Placement
from dure.model.plan import Claim, Eviction, Rule
from dure.planning.axes import add
from dure.planning.preemptible import Borrowed, borrowed
from dure.planning.state import State
from tests.planning.wander import Wanderer


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_borrowed_is_kept_right_over_any_moves(seed: int) -> None:
    """After evictions, starts, claims and their undoing it is what working it out anew says."""
    wanderer = Wanderer(seed)
    for _ in range(40):
        wanderer.step()
    course = wanderer.world.room._course
    moves = Moves(course.state, wanderer.random, wanderer.world.now)
    for _ in range(30):
        moves.move()
        if moves.random.random() < 0.7:
            assert_right(course.borrowed, course.state, moves.random, moves.now)
    course.state.undo()
    assert_right(course.borrowed, course.state, moves.random, moves.now)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_borrowed_is_kept_right_from_decision_to_decision(seed: int) -> None:
    """After starts, ends of single tasks, claims and whatever else happens in a room, too."""
    wanderer = Wanderer(seed)
    for _ in range(60):
        wanderer.step()
        course = wanderer.world.room._course
        if wanderer.random.random() < 0.5:
            assert_right(course.borrowed, course.state, wanderer.random, wanderer.world.now)


def assert_right(kept: Borrowed, state: State, random: Random, now: int) -> None:
    """Asked of any tenants, in any order; and what of it cannot be taken back, over all."""
    accounts = sorted(state.quotas.accounts.values(), key=lambda account: account.branch.id)
    for account in random.sample(accounts, random.randint(1, len(accounts))):
        together = (below for below in account.judged.below if below.judged is account.judged)
        tenants = [below.branch.id for below in together]
        assert set(kept.of(account)) == {active.job.id for active in borrowed(state, tenants)}
    firm = state.axes.zeros()
    for active in borrowed(state):
        if not active.job.preemptible and active.end > now + state.rules.planning.reclaim_within:
            add(firm, active.held)
    assert kept.kept(now) == firm


class Moves:
    """What a decision tries, at random and wherever there is place or not."""

    def __init__(self, state: State, random: Random, now: int) -> None:
        self.state, self.random, self.now = state, random, now
        self.marks = [0]

    def move(self) -> None:
        """One of them."""
        self.random.choice(
            [self.start, self.start, self.evict, self.evict, self.claim, self.unclaim, self.undo]
        )()
        if self.random.random() < 0.3:
            self.marks.append(self.state.tried())

    def start(self) -> None:
        """A job of some class starts somewhere."""
        if job := self._waiting():
            self.state.try_start(job, self.now, self._where(job))

    def claim(self) -> None:
        """A job claims some place."""
        if job := self._waiting():
            self.state.try_claim(Claim(job, self.now, self._where(job), guaranteed=True))

    def unclaim(self) -> None:
        """A claim ends."""
        if self.state.claims:
            self.state.try_unclaim(self.random.choice(list(self.state.claims)))

    def evict(self) -> None:
        """A running job has to leave."""
        stay = [active for active in self.state.active.jobs.values() if active.vacating is None]
        if stay:
            active = self.random.choice(stay)
            why = Eviction(active.job.id, active.attempt, Rule.RECLAIM, "somebody", 0)
            self.state.try_evict(active, why, self.now)

    def undo(self) -> None:
        """Back to some moment before."""
        mark = self.random.choice(self.marks)
        self.marks = [one for one in self.marks if one <= mark] or [0]
        self.state.undo(mark)

    def _waiting(self) -> JobId | None:
        kinds = [kind for kind in self.state.queue.kinds.values() if kind.jobs and kind in kind.shape.kinds]
        return self.random.choice(kinds).first if kinds else None

    def _where(self, job: JobId) -> tuple[Placement, ...]:
        groups = self.state.queue.entries[job].job.groups
        nodes = sorted(self.state.nodes.rows) or ["gone"]
        return tuple(
            Placement(number, self.random.choice(nodes), next(iter(group.flavors), ""), group.count)
            for number, group in enumerate(groups)
        )

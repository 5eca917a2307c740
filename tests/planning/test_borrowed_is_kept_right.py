from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.job import JobId, Placement
from dure.model.plan import Claim, Eviction, Rule
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
    state = wanderer.world.room._course.state
    moves = Moves(state, wanderer.random, wanderer.world.now)
    kept = Borrowed(state)
    for _ in range(30):
        moves.move()
        if moves.random.random() < 0.7:
            assert_right(kept, state, moves.random)
    state.undo()
    assert_right(kept, state, moves.random)


def assert_right(kept: Borrowed, state: State, random: Random) -> None:
    """Asked of any tenants, in any order."""
    accounts = sorted(state.quotas.accounts.values(), key=lambda account: account.branch.id)
    for account in random.sample(accounts, random.randint(1, len(accounts))):
        tenants = [below.branch.id for below in account.judged.below]
        assert set(kept.of(account)) == {active.job.id for active in borrowed(state, tenants)}


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

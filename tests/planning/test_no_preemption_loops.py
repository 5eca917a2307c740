from dataclasses import replace
from itertools import islice
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dure.model.rules import BetweenBorrowers, WithinTenant
from dure.planning.preemptible import Borrowed
from dure.planning.preemption import Fairness
from dure.planning.quota import Account
from dure.planning.room import Room
from dure.planning.trial import Trial
from dure.planning.victims import Seeker
from tests.planning.lives import Life
from tests.planning.loops import Search, searched, settle, small_rooms, tiny_rooms


@pytest.mark.parametrize("seed", range(4))
def test_every_starting_allocation_of_tiny_rooms_comes_to_rest(seed: int) -> None:
    """20,000 allocations in trees with reclaim; `python -m bench.loops` follows a million."""
    search = searched(tiny_rooms(Random(seed)), 5_000)
    assert (search.loops, search.first) == (0, None)
    assert search.evicting > 300


def test_no_small_room_is_left_out() -> None:
    """Two or three tenants with and without guarantees, one small node, three jobs: every fifth of all rooms."""
    search = Search()
    for tiny in islice(small_rooms(), 0, None, 5):
        search.room(tiny)
    assert (search.loops, search.first) == (0, None)
    assert search.cases > 2_000


def test_loops_are_found_where_scores_of_before_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """With scores of before the evictions of the decision the same search finds loops: it can see them."""
    loosen(monkeypatch)
    assert searched(tiny_rooms(Random(1)), 6_000, first=True).loops > 0


def test_loops_are_found_where_guaranteed_jobs_may_be_victims(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two jobs on the rest of one ancestor's guarantee then evict each other for ever."""

    def everybody(self: Borrowed, account: Account) -> frozenset[str]:
        return frozenset(self._state.active.jobs)

    monkeypatch.setattr(Borrowed, "of", everybody)
    assert searched(tiny_rooms(Random(0)), 6_000, first=True).loops > 0


def loosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare what was held before anybody was evicted, in place of what is held afterwards."""
    before: dict[Fairness, dict[Account, float]] = {}
    make = Fairness.__init__

    def begin(self: Fairness, trial: Trial) -> None:
        make(self, trial)
        before[self] = {account: self.score(account) for account in trial.state.quotas.accounts.values()}

    def judged(self: Fairness, account: Account, seeker: Seeker) -> float:
        return before[self][account]

    def everybody(self: Fairness, seeker: Seeker) -> set[Account]:
        return {other for accounts in self.rounds(seeker.account) for other in accounts}

    monkeypatch.setattr(Fairness, "__init__", begin)
    monkeypatch.setattr(Fairness, "_after", judged)
    monkeypatch.setattr(Fairness, "hopeful", everybody)


class Hunt(RuleBasedStateMachine):
    """Whatever happens to a room of any state, left to itself it comes to rest."""

    life: Life

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.life = Life(seed)
        self.preempting()

    def preempting(self) -> None:
        """Every kind of preemption is on, whatever else the rules say."""
        life = self.life
        planning = replace(
            life.rules.planning, between_borrowers=BetweenBorrowers.FAIR, within_tenant=WithinTenant.PRIORITY
        )
        life.rules = replace(life.rules, planning=planning)
        life.room = Room.of(life.room.snapshot(), life.rules)

    @rule(many=st.integers(1, 3))
    def arrive(self, many: int) -> None:
        for _ in range(many):
            self.life.submit()

    @rule()
    def end(self) -> None:
        self.life.end()

    @rule()
    def change_quotas_and_weights(self) -> None:
        self.life.change_rules()
        self.preempting()

    @rule()
    def change_node(self) -> None:
        self.life.change_node()

    @rule()
    def pass_time(self) -> None:
        self.life.pass_time()

    @rule()
    def decide_while_victims_linger(self) -> None:
        self.life.carry_out(self.life.room.decide(self.life.now))

    @invariant()
    def comes_to_rest(self) -> None:
        if hasattr(self, "life"):
            self.life.now = settle(self.life.room, self.life.now)


Hunt.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestHunt = Hunt.TestCase

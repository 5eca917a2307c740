"""Lending limits, cohorts, counts, users and budgets in small rooms with numbers."""

from dataclasses import replace

from dure.model.change import Budgeted, Ended
from dure.model.instants import HOUR
from dure.model.job import JobId
from dure.model.plan import Code, Verdict
from dure.model.resources import Quota
from dure.model.tenant import BudgetState, Tenant
from tests.planning.small import Small, job, node, tenant


def a100(amount: int) -> Quota:
    return Quota.of({"gpu:a100": amount})


def verdict(small: Small, of: str) -> Verdict:
    (found,) = (said for key, said in small.room.decide(small.now).verdicts.items() if key.tenant == of)
    return found


def over(small: Small, *jobs: JobId) -> None:
    for one in jobs:
        small.room.apply(Ended(small.now, one, 1, succeeded=True))


def keeps(name: str, guarantee: int, keep: int, parent: str | None = None) -> Tenant:
    return replace(tenant(name, parent, guarantee=guarantee), keep=a100(keep))


def test_what_is_kept_back_is_lent_to_nobody() -> None:
    """Of four guaranteed ones a keeps two: b borrows six of eight, and the seventh only once a uses its own."""
    small = Small([node("n", a100=8)], [keeps("a", 4, 2), tenant("b")])
    assert len(small.run(*(job(str(n), "b", 1) for n in range(7)))) == 6
    assert verdict(small, "b").code is Code.KEPT_BACK
    assert small.run(job("x", "a", 1)) == ["x"]
    assert small.run() == []  # one more is used, one less is withheld: nothing is free for b yet
    over(small, "0")
    assert small.run() == ["6"]


def test_the_owner_is_never_refused_for_what_it_keeps() -> None:
    """A sister is refused what a company keeps, not what the programme above them both does."""
    programme = replace(tenant("p", guarantee=6), keep=a100(6))
    small = Small([node("n", a100=8)], [programme, keeps("a", 2, 2, "p"), tenant("b", "p"), tenant("q")])
    assert small.run(job("1", "q", 2), job("2", "q", 1)) == ["1"]
    assert small.run(job("3", "b", 4), job("4", "b", 1)) == ["3"]
    assert small.run(job("5", "a", 2)) == ["5"]


def test_a_large_borrower_is_not_starved_by_what_is_kept_back() -> None:
    """It reserves like any other, and starts when enough is free beside what is kept."""
    small = Small([node("n", a100=8)], [keeps("a", 2, 2), tenant("b"), tenant("c")])
    assert small.run(job("1", "b", 4)) == ["1"]
    assert small.run(job("2", "c", 4)) == []
    (reservation,) = small.room.decide(small.now).reservations
    assert (reservation.job, reservation.at) == ("2", HOUR)
    over(small, "1")
    assert small.run() == ["2"]


def test_a_cohort_borrows_among_its_own_only() -> None:
    """Its companies share what the cohort is promised, take nothing from outside, and lend nothing."""
    cohort = replace(tenant("lab", guarantee=4), cohort=True)
    tenants = [cohort, tenant("x", "lab", guarantee=2), tenant("y", "lab", guarantee=2), tenant("z")]
    small = Small([node("n", a100=8)], tenants)
    assert len(small.run(*(job(f"x{n}", "x", 1) for n in range(6)))) == 4
    assert len(small.run(*(job(f"z{n}", "z", 1) for n in range(6)))) == 4
    over(small, "x0", "x1", "x2", "x3")
    assert [one[0] for one in small.run()] == ["x", "x"]  # two of four are free for the cohort, none for z
    assert verdict(small, "z").code is Code.KEPT_BACK


def test_no_more_jobs_run_than_a_tenant_may_run() -> None:
    """A programme's count is of all its companies' jobs; another starts when one ends."""
    programme = replace(tenant("p"), max_running_jobs=2)
    small = Small([node("n", a100=8)], [programme, tenant("a", "p"), tenant("b", "p")])
    assert len(small.run(job("1", "a", 1), job("2", "b", 1), job("3", "b", 1))) == 2
    assert verdict(small, "b") == Verdict(Code.TOO_MANY_JOBS, (("limit", 2),), ("tenant:p",))
    over(small, "1")
    assert small.run() == ["3"]


def test_a_single_user_is_bounded_apart_from_others() -> None:
    """What is stated for a programme's users bounds each user of each company below it."""
    programme = replace(tenant("p"), user_max_running_jobs=2, user_limit=a100(3))
    small = Small([node("n", a100=8)], [programme, tenant("a", "p"), tenant("b", "p")])
    assert small.run(job("1", "a", 2), job("2", "a", 2)) == ["1"]
    assert verdict(small, "a").code is Code.OVER_LIMIT
    assert small.run(job("3", "a", 1, submitted=1)) == ["3"]
    assert small.run(job("4", "a", 1, user="v"), job("5", "b", 1)) == ["5", "4"]
    over(small, "1")
    assert small.run() == ["2"]


def test_a_budget_lets_nothing_start_or_only_what_may_be_preempted() -> None:
    """It binds all below the tenant, says so, and is lifted by the next state."""
    small = Small([node("n", a100=8)], [tenant("p"), tenant("a", "p")])
    small.room.apply(Budgeted(0, "p", BudgetState.PREEMPTIBLE_ONLY))
    assert small.run(job("1", "a", 1), job("2", "a", 1, preemptible=False)) == ["1"]
    assert verdict(small, "a") == Verdict(Code.BUDGET, (("held", 0),), ("budget", "tenant:p"))
    small.room.apply(Budgeted(0, "p", BudgetState.HELD))
    assert small.run(job("3", "a", 1)) == []
    small.room.apply(Budgeted(0, "p", BudgetState.WARNED))
    assert small.run() == ["2", "3"]

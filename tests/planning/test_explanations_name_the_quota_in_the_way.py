"""Why not: limits, numbers of jobs, budgets, guarantees of others, and what the room can never hold."""

from dataclasses import replace

from dure.model.change import Budgeted, Held, Paused, Submitted
from dure.model.instants import HOUR, MINUTE, SECOND, Interval
from dure.model.plan import Code
from dure.model.resources import Quota
from dure.model.rules import Planning
from dure.model.tenant import BudgetState, Tenant
from tests.planning.scenes import Scene, gang
from tests.planning.small import job, node, tenant


def test_over_the_limit_of_its_own_tenant() -> None:
    """What it asks for, what is held and allowed; and the limit under which it would start."""
    room = Scene([node("n", a100=8)], [tenant("a", limit=4)])
    room.run(job("1", "a", 3))
    room.submit(job("2", "a", 2))
    assert room.told("2") == [
        ("over-limit", "a", {"gpu:a100": 1, "asks": 2, "held": 3, "limit": 4}),
        ("would-start", "quota:a", {"gpu:a100": 5}),
    ]


def test_over_the_limit_of_a_tenant_above_it() -> None:
    """The ancestor is named, with all that is held below it; a smaller gang would start."""
    room = Scene([node("n", a100=8)], [tenant("top", limit=4), tenant("a", "top"), tenant("b", "top")])
    room.run(job("1", "a", 3))
    room.submit(gang("2", "b", 2))
    assert room.about("2", Code.OVER_LIMIT, "top") == {"gpu:a100": 1, "asks": 2, "held": 3, "limit": 4}
    assert room.about("2", Code.WOULD_START, "tasks") == {"tasks": 1}
    assert room.about("2", Code.WOULD_START, "quota:top") == {"gpu:a100": 5}


def test_over_the_limit_on_each_user() -> None:
    """The user is named; a job of another user of the tenant starts."""
    room = Scene([node("n", a100=8)], [Tenant("a", user_limit=Quota.of({"gpu:a100": 2}))])
    room.run(job("1", "a", 2))
    room.submit(job("2", "a", 1), job("3", "a", 1, user="v"))
    assert room.told("2") == [("over-limit", "u", {"gpu:a100": 1, "asks": 1, "held": 2, "limit": 2})]
    assert room.codes("3") == [("starts-now", "")]


def test_as_many_jobs_run_as_may() -> None:
    """Of the tenant, and of its user: how many run, and how many may."""
    room = Scene([node("n", a100=8)], [Tenant("a", max_running_jobs=1), Tenant("b", user_max_running_jobs=2)])
    room.run(job("1", "a", 1), job("2", "b", 1), job("3", "b", 1))
    room.submit(job("4", "a", 1), job("5", "b", 1))
    assert room.told("4") == [("too-many-jobs", "a", {"limit": 1, "running": 1})]
    assert room.about("5", Code.TOO_MANY_JOBS, "u") == {"limit": 2, "running": 2}


def test_the_budget_is_used_up() -> None:
    """Then no change of the job helps."""
    room = Scene([node("n", a100=8)], [tenant("a")])
    room.submit(gang("1", "a", 2))
    room.room.apply(Budgeted(0, "a", BudgetState.HELD))
    assert room.told("1") == [("budget", "held", {})]


def test_the_budget_leaves_only_what_may_be_preempted() -> None:
    """Then being preemptible does."""
    room = Scene([node("n", a100=8)], [tenant("a")])
    room.submit(job("1", "a", 2, preemptible=False))
    room.room.apply(Budgeted(0, "a", BudgetState.PREEMPTIBLE_ONLY))
    assert room.told("1") == [("budget", "preemptible-only", {}), ("would-start", "preemptible", {})]


def test_one_that_may_not_be_preempted_wants_what_is_guaranteed_to_others() -> None:
    """By how much; preemptible, or gone by the time within which all is given back, it would start."""
    planning = Planning(memory=0.0, reclaim_within=10 * MINUTE)
    room = Scene([node("n", a100=8)], [tenant("a", guarantee=6), tenant("b")], planning)
    room.submit(gang("1", "b", 4, preemptible=False))
    assert room.about("1", Code.NOT_PREEMPTIBLE, "b") == {"gpu:a100": 2}
    assert room.codes("1")[1:] == [("would-start", one) for one in ("preemptible", "tasks", "time-limit")]
    assert room.about("1", Code.WOULD_START, "tasks") == {"tasks": 2}
    assert room.about("1", Code.WOULD_START, "time-limit") == {"time-limit": 10 * MINUTE}


def test_lenders_keep_back_what_is_free() -> None:
    """Six are idle, five of them kept back."""
    lender = replace(tenant("a", guarantee=6), keep=Quota.of({"gpu:a100": 5}))
    room = Scene([node("n", a100=8)], [lender, tenant("b")])
    room.run(job("1", "b", 2))
    room.submit(gang("2", "b", 2))
    assert room.about("2", Code.KEPT_BACK) == {"gpu:a100": 1}
    assert room.about("2", Code.WOULD_START, "tasks") == {"tasks": 1}


def test_the_empty_room_is_too_small() -> None:
    """What it asks for; as many tasks as the room has place for would start."""
    room = Scene([node("n", a100=8), node("m", t4=4)], [tenant("a")])
    room.submit(gang("1", "a", 9), job("2", "a", 9))
    assert room.told("1") == [
        ("never-fits", "", {"tasks": 9, "gpu:a100": 9}),
        ("would-start", "tasks", {"tasks": 8}),
    ]
    assert room.told("2") == [("never-fits", "", {"tasks": 1, "gpu:a100": 9})]


def test_starts_are_paused() -> None:
    """In the room, or of a tenant above it by name."""
    room = Scene([node("n", a100=8)], [tenant("top"), tenant("a", "top")])
    room.submit(job("1", "a", 1))
    room.room.apply(Paused(0, None, paused=True))
    room.room.apply(Paused(0, "top", paused=True))
    assert room.told("1") == [("paused", "", {}), ("paused", "top", {})]


def test_on_hold_and_waiting_for_other_jobs() -> None:
    """Each of those it waits for is named."""
    room = Scene([node("n", a100=8)], [tenant("a")])
    room.run(job("1", "a", 1), job("2", "a", 1))
    room.room.apply(Submitted(0, job("3", "a", 1), waiting_for=frozenset({"1", "2"})))
    room.room.apply(Held(0, "3", held=True))
    assert room.told("3") == [("held", "", {}), ("waiting-for-jobs", "1", {}), ("waiting-for-jobs", "2", {})]


def test_before_its_tenancy() -> None:
    """From when until when."""
    room = Scene([node("n", a100=8)], [Tenant("a", term=Interval(HOUR, 2 * HOUR))])
    room.submit(job("1", "a", 1, time_limit=SECOND))
    assert room.told("1") == [("outside-tenancy", "a", {"from": HOUR, "until": 2 * HOUR})]

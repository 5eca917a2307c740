from dure.model.change import Held, Paused
from dure.model.rules import Order
from tests.planning.small import Small, job, node, tenant


def test_borrowers_take_turns_by_share() -> None:
    """Equal weights get equal parts, whoever came first."""
    room = Small([node("n", a100=4)], [tenant("a"), tenant("b")])
    jobs = [job(f"1{n}", "a", 1) for n in range(4)] + [job(f"2{n}", "b", 1) for n in range(4)]
    assert room.run(*jobs) == ["10", "20", "11", "21"]


def test_weight_counts() -> None:
    """Twice the weight, twice the share."""
    room = Small([node("n", a100=6)], [tenant("a"), tenant("b", weight=2)])
    started = room.run(*(job(f"{n}{t}", t, 1) for n in range(6) for t in "ab"))
    assert sorted(name[-1] for name in started) == ["a", "a", "b", "b", "b", "b"]


def test_value_weighs_flavors_in_scores() -> None:
    """Four cheap devices are as far ahead as one dear one."""
    room = Small([node("n", a100=4, t4=16)], [tenant("a")])
    room.run(job("1", "a", 1))
    share = room.room.decide(0).scores["a"].share
    assert share == 1000 / (4 * 1000 + 16 * 250)


def test_programmes_share_before_companies_do() -> None:
    """Descending the tree: one programme's two companies together get what the other's one does."""
    room = Small(
        [node("n", a100=4)], [tenant("p"), tenant("q"), tenant("a", "p"), tenant("b", "p"), tenant("c", "q")]
    )
    started = room.run(*(job(f"{n}{t}", t, 1) for n in range(4) for t in "abc"))
    assert sorted(name[-1] for name in started) == ["a", "b", "c", "c"]


def test_priority_counts_inside_a_tenant_only() -> None:
    """A tenant's urgent job goes before its others, not before other tenants'."""
    room = Small([node("n", a100=2)], [tenant("a"), tenant("b")])
    assert room.run(job("1", "a", 1), job("2", "b", 1), job("3", "b", 1, priority=9)) == ["1", "3"]


def test_users_share_inside_their_tenant() -> None:
    """The second user's first job comes before the first user's second."""
    room = Small([node("n", a100=2)], [tenant("a")])
    jobs = [job("1", "a", 1, user="u"), job("2", "a", 1, user="u"), job("3", "a", 1, user="v")]
    assert room.run(*jobs) == ["1", "3"]


def test_ids_order_as_numbers_where_they_are_numbers() -> None:
    """Job 9 is older than job 10; both come before one that is no number."""
    room = Small([node("n", a100=3)], [tenant("a")])
    assert room.run(*(job(name, "a", 1) for name in ("x", "10", "9"))) == ["9", "10", "x"]


def test_first_come_first_served_over_all_tenants() -> None:
    """Under `order: fifo` scores count for nothing."""
    room = Small([node("n", a100=2)], [tenant("a"), tenant("b")], Order.FIFO)
    assert room.run(job("2", "a", 1), job("3", "b", 1), job("1", "a", 1)) == ["1", "2"]


def test_history_counts_against_a_tenant() -> None:
    """With memory, who used the room before waits behind who did not."""
    room = Small([node("n", a100=2)], [tenant("a"), tenant("b")], memory=0.5)
    assert room.run(job("1", "a", 2)) == ["1"]
    room.now = 3_600_000
    room.submit(job("2", "a", 1), job("3", "b", 1))
    order = [room.room.explain(name, room.now).rank for name in ("3", "2")]
    assert order == [1, 2]


def test_held_and_paused_jobs_let_others_pass() -> None:
    """A hold or a pause takes a job out of the order until it is lifted."""
    room = Small([node("n", a100=4)], [tenant("p"), tenant("a", "p"), tenant("b")])
    room.room.apply(Paused(0, "p", True))
    room.submit(job("1", "a", 1), job("2", "b", 1), job("3", "b", 1))
    room.room.apply(Held(0, "2", True))
    assert room.run() == ["3"]
    room.room.apply(Held(0, "2", False))
    room.room.apply(Paused(0, "p", False))
    assert room.run() == ["1", "2"]
    room.room.apply(Paused(0, None, True))
    assert room.run(job("4", "b", 1)) == []

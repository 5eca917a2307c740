from dataclasses import replace
from pathlib import Path

from dure.model.instants import DAY, HOUR
from dure.model.money import Money
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.resources import Resources
from dure.model.rules import CostPool, Measure, Order, Planning, PriceVersion, Rate, Rules
from dure.simulate.billing import billed, bills
from dure.simulate.gpu_csv import read_gpu_csv
from dure.simulate.replay import Estimates, Played, RoomOf, Settings, play
from dure.simulate.report import report

RULES = Rules(
    room="won",
    planning=Planning(order=Order.FIFO, memory=0.0),
    flavors=(GpuFlavor("g"),),
    pools=(Pool("main", "local", (Node("n", "main", Resources(8000, 8192, (("g", 4),))),)),),
    prices=(
        PriceVersion("v", 10**13, (Rate("gpu:g", Money.won(1000)), Rate("cpu", Money.won(10)))),
    ),
)  # fmt: skip


def played(folder: Path, rules: Rules, *rows: str) -> Played:
    path = folder / "jobs.csv"
    path.write_text("\n".join(["job,tenant,submit,duration,cpu,gpu", *rows]) + "\n", encoding="utf-8")
    return play(read_gpu_csv(path), rules, Settings(Estimates.EXACT, RoomOf.BUNDLE))


def test_use_is_priced_by_the_hour(tmp_path: Path) -> None:
    """Two GPUs for an hour and half an hour of 4 cpus; the prices reach back to a log older than they are."""
    ran = played(tmp_path, RULES, "1,a,0,3600,0,2", "2,b,0,1800,4,0")
    found = billed(ran)
    assert found is not None
    assert found.supply == {"a": 2000, "b": 20}
    figures = report(ran)
    assert (figures["bill_won"], figures["tenants"]["a"]["bill_won"]) == (2020, 2000)


def test_each_month_is_billed_by_itself(tmp_path: Path) -> None:
    """An hour in January and one in February of 1970, in Seoul; a cost pool costs what passed of its month."""
    pool = CostPool("power", Money.won(31_000), Measure.GPU)
    rules = replace(RULES, prices=(replace(RULES.prices[0], pools=(pool,)),))
    late = 30 * DAY // 1000 + 15 * HOUR // 1000
    months = list(bills(played(tmp_path, rules, "1,a,0,3600,0,1", f"2,b,{late},3600,0,1")))
    assert [month.month for month in months] == ["1970-01", "1970-02"]
    assert [[s.tenant for s in month.statements] for month in months] == [["a"], ["b"]]
    january = months[0].statements[0].supply
    assert january == 1000 + round(31_000 * (31 - 9 / 24) / 31)


def test_a_bundle_without_prices_bills_nothing(tmp_path: Path) -> None:
    """No bill is not a bill of nothing."""
    ran = played(tmp_path, replace(RULES, prices=()), "1,a,0,3600,0,2")
    assert billed(ran) is None
    assert report(ran)["bill_won"] is None

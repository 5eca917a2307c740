from pathlib import Path

from dure.accounting.bill import Bill, bill
from dure.accounting.quantities import decimal
from dure.accounting.usage import month_use
from dure.model.instants import HOUR
from dure.model.money import MICRO, Money
from dure.model.node import GpuFlavor
from dure.model.rules import CostPool, Measure, PriceVersion, Rate, Rules
from dure.model.tenant import Tenant
from dure.model.use import Slice
from tests.accounting.billing_rooms import END, MONTH, START, use

PAGE = Path(__file__).parents[2] / "docs/admin/billing.md"
ROOM = Rules(
    "workshop",
    flavors=(GpuFlavor("a100", 1000), GpuFlavor("h100", 2000)),
    tenants=(Tenant("ants"), Tenant("bees"), Tenant("crows")),
    prices=(
        PriceVersion(
            "2026-a",
            START,
            (Rate("cpu", Money.won(30)), Rate("gpu:a100", Money.won(1_200))),
            (CostPool("power", Money.won(1_000_000), Measure.GPU),),
        ),
    ),
)


def example() -> Bill:
    rows: list[Slice] = [
        use(tenant="ants", resource="gpu:a100", amount=2, hours=100),
        use(tenant="ants", resource="cpu", amount=8_000, hours=100),
        use(tenant="bees", resource="gpu:h100", amount=1, hours=50, project="rice"),
        use(tenant="bees", resource="gpu:a100", amount=1, hours=25, project="tea"),
        use(tenant="crows", resource="cpu", amount=500, hours=1),
        use(tenant="crows", resource="cpu", amount=1, start=START + 2 * HOUR),
    ]
    return bill(month_use(rows, MONTH, ROOM, END), ROOM)


def rows_of(made: Bill) -> list[str]:
    """The page's table: one row per line, exact won with six decimals, won as billed."""
    return [
        f"| {statement.tenant} | {line.charge.project} | {line.name} | {line.quantity} {line.unit} | "
        f"{decimal(line.charge.amount.micro, MICRO, 6)} | {line.won:,} |"
        for statement in made.statements
        for line in statement.lines
    ]


def test_the_page_on_billing_shows_what_the_code_works_out() -> None:
    """Every number of the worked example in the admins' page is the one that the code comes to."""
    page = PAGE.read_text(encoding="utf-8")
    made = example()
    totals = [f"| {s.tenant} | {s.supply:,} | {s.vat:,} | {s.total:,} |" for s in made.statements]
    for table in (rows_of(made), totals):
        assert "\n".join(table) in page
    assert f"{made.supply:,} won" in page

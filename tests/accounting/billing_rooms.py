"""A small room with prices, and random use of it over November 2026 in Seoul."""

from random import Random

from hypothesis import strategies as st

from dure.accounting.months import month_interval
from dure.model.instants import DAY, HOUR
from dure.model.money import Money
from dure.model.node import GpuFlavor
from dure.model.rules import CostPool, Measure, PriceVersion, Rate, Rules
from dure.model.tenant import Tenant
from dure.model.use import Slice, State

MONTH = "2026-11"
NOVEMBER = month_interval(MONTH, "Asia/Seoul")
START, END = NOVEMBER.start, NOVEMBER.end

POWER = CostPool("power", Money.won(1_000_000), Measure.GPU, "전기")
FLOOR = CostPool("floor", Money.won(333_333), Measure.CPU)
FIRST = PriceVersion(
    "v1",
    START - DAY,
    (Rate("cpu", Money.won(30)), Rate("gpu:a", Money.won(1200))),
    (POWER, FLOOR),
)
SECOND = PriceVersion("v2", START + 10 * DAY + 1, (Rate("cpu", Money(33_333_333)),), (POWER,))


def rules(*versions: PriceVersion) -> Rules:
    tenants = (Tenant("t1", name="One", name_ko="하나"), Tenant("t2", name="Two"), Tenant("t3", name_ko="셋"))
    flavors = (GpuFlavor("a", 1000), GpuFlavor("b", 2500))
    return Rules("room", "r", flavors=flavors, tenants=tenants, prices=versions)


BOTH = rules(FIRST, SECOND)


def use(
    start: int = START,
    hours: int = 1,
    amount: int = 1000,
    resource: str = "cpu",
    tenant: str = "t1",
    project: str = "",
) -> Slice:
    end = start + hours * HOUR
    return Slice(
        "local", "p", f"{tenant}{project}.0", 1, resource, start, end, amount, State.TENANT, "n", tenant,
        "u", project, tenant,
    )  # fmt: skip


def slices_of(seed: int) -> list[Slice]:
    """Use before, in and after November, cut anywhere."""
    random = Random(seed)
    found = []
    for number in range(random.randint(0, 25)):
        start = random.randint(START - 2 * DAY, END)
        resource = random.choice(("cpu", "memory", "gpu:a", "gpu:b"))
        state = State.TENANT if random.random() < 0.9 else State.IDLE
        tenant = random.choice(("t1", "t2", "t3")) if state is State.TENANT else ""
        found.append(
            Slice(
                "local",
                "p",
                f"{number}",
                1,
                resource,
                start,
                start + random.randint(0, 3 * DAY),
                random.randint(1, 5000),
                state,
                "n",
                tenant,
                "u",
                random.choice(("", "x", "y")),
                "j",
            )
        )
    return found


slice_lists = st.integers(0, 2**32).map(slices_of)
watermarks = st.integers(START - DAY, END + DAY)

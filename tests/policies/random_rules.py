"""Random rules that a bundle can state: promises fit, references exist."""

import string
from dataclasses import replace

from hypothesis import strategies as st

from dure.model.instants import DAY, HOUR, MINUTE, Interval
from dure.model.money import Money
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.resources import Quota, Resources, gpu
from dure.model.rules import CalendarEntry, CostPool, Measure, Order, Planning, PriceVersion, Rate, Rules
from dure.model.tenant import Tenant, Volume
from dure_policies.checks.tenancy import check_digit

SMALL = string.ascii_lowercase + string.digits
SEOUL_MIDNIGHT = 1_767_193_200_000  # 2026-01-01 there; Seoul has had no summer time since 1988
IDS = st.text(SMALL, min_size=1, max_size=12)
TENANT_IDS = IDS.filter(lambda name: name[0].isalpha())
TEXTS = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=30)
LABELS = st.dictionaries(IDS, TEXTS, max_size=2).map(lambda pairs: tuple(sorted(pairs.items())))
OPTIONS = st.just(()) | TEXTS.map(lambda path: (("path", path),))
MONEY = st.integers(0, 10**15).map(Money)
DAYS = st.integers(0, 3_000).map(lambda days: SEOUL_MIDNIGHT + days * DAY)
MINUTES = st.integers(0, 4_000_000).map(lambda minutes: SEOUL_MIDNIGHT + minutes * MINUTE)
LIMITS = st.none() | st.integers(1_000, 3_650 * DAY)

PLANNING = st.builds(
    Planning,
    order=st.sampled_from(Order),
    depth=st.just(1),
    memory=st.integers(0, 900).map(lambda thousandths: thousandths / 1000),
    half_life=st.integers(MINUTE, 3_650 * DAY),
    default_time_limit=LIMITS,
    grace=st.integers(0, HOUR),
)
FLAVORS = st.lists(
    st.builds(GpuFlavor, IDS, st.integers(1, 10**9), LABELS), max_size=3, unique_by=lambda flavor: flavor.name
)


@st.composite
def business_numbers(draw: st.DrawFn) -> str:
    digits = draw(st.text(string.digits, min_size=9, max_size=9))
    return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}{check_digit(digits)}"


def quotas(flavors: tuple[GpuFlavor, ...], most: int) -> st.SearchStrategy[Quota]:
    names = ["cpu", "memory", *(gpu(flavor.name) for flavor in flavors)]
    return st.dictionaries(st.sampled_from(names), st.integers(0, most), max_size=4).map(Quota.of)


@st.composite
def terms(draw: st.DrawFn) -> Interval | None:
    first = draw(DAYS)
    return draw(st.none() | st.integers(1, 2_000).map(lambda days: Interval(first, first + days * DAY)))


@st.composite
def tenants(draw: st.DrawFn, flavors: tuple[GpuFlavor, ...]) -> tuple[Tenant, ...]:
    """Parents first; only leaves are guaranteed anything, only the top is limited, far above."""
    found: list[Tenant] = []
    for name in draw(st.lists(TENANT_IDS, max_size=6, unique=True)):
        parent = draw(st.none() | st.sampled_from([one.id for one in found])) if found else None
        projects = tuple(draw(st.lists(IDS, max_size=2, unique=True)))
        volumes = tuple(Volume(*pair) for pair in draw(LABELS))
        found.append(
            Tenant(
                id=name, parent=parent, name=draw(TEXTS), name_ko=draw(st.just("") | TEXTS),
                weight=draw(st.integers(1, 10**6)), guarantee=draw(quotas(flavors, 100)), term=draw(terms()),
                limit=Quota() if parent else draw(quotas(flavors, 100).map(_far_above)),
                business_number=draw(st.just("") | business_numbers()), projects=projects,
                require_project=bool(projects) and draw(st.booleans()), default_time_limit=draw(LIMITS),
                default_image=draw(st.just("") | TEXTS), volumes=volumes, unix_user=draw(st.just("") | TENANT_IDS),
                max_pending_jobs=draw(st.none() | st.integers(1, 10**7)),
            )
        )  # fmt: skip
    parents = {one.parent for one in found}
    return tuple(replace(one, guarantee=Quota()) if one.id in parents else one for one in found)


def _far_above(quota: Quota) -> Quota:
    return Quota(tuple((name, amount + 10**4) for name, amount in quota.stated))


@st.composite
def price_versions(draw: st.DrawFn, flavors: tuple[GpuFlavor, ...]) -> tuple[PriceVersion, ...]:
    resources = ["cpu", "memory", *sorted(gpu(flavor.name) for flavor in flavors)]
    versions: list[PriceVersion] = []
    for start in sorted(draw(st.lists(MINUTES, max_size=3, unique=True))):
        rates = tuple(Rate(resource, draw(MONEY)) for resource in resources if draw(st.booleans()))
        pools = st.builds(CostPool, TEXTS, MONEY, st.sampled_from(Measure), st.just("") | TEXTS)
        named = tuple(draw(st.lists(pools, max_size=2, unique_by=lambda pool: pool.name)))
        versions.append(PriceVersion(f"v{len(versions)}", start, rates, named))
    return tuple(versions)


@st.composite
def entries(draw: st.DrawFn, rules: Rules) -> tuple[CalendarEntry, ...]:
    found = []
    names = [tenant.id for tenant in rules.tenants]
    for name in draw(st.lists(TEXTS, max_size=2, unique=True)) if names else ():
        start = draw(MINUTES)
        interval = Interval(start, start + draw(st.integers(1, 10_000)) * MINUTE)
        quota = draw(quotas(rules.flavors, 100).filter(lambda quota: any(n for _, n in quota.stated)))
        whom = tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)))
        found.append(CalendarEntry(name, interval, whom, quota, draw(st.just("") | TEXTS)))
    return tuple(found)


@st.composite
def pools(draw: st.DrawFn, flavors: tuple[GpuFlavor, ...]) -> tuple[Pool, ...]:
    """Some nodes, the first of them large enough for everything that is promised."""
    names = draw(st.lists(IDS, min_size=1, max_size=4, unique=True))
    sizes = [10**6, *(draw(st.integers(0, 9)) for _ in names[1:])]
    nodes = {
        name: Resources.of(size, size, {flavor.name: size for flavor in flavors})
        for name, size in zip(names, sizes, strict=True)
    }
    pool = draw(IDS)
    built = tuple(Node(name, pool, size, labels=draw(LABELS)) for name, size in nodes.items())
    return (Pool(pool, "local", built, draw(OPTIONS)),)


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    """Whole rules, in the time zone of Seoul."""
    flavors = tuple(draw(FLAVORS))
    found = Rules(
        room=draw(IDS), planning=draw(PLANNING), flavors=flavors, pools=draw(pools(flavors)),
        tenants=draw(tenants(flavors)), prices=draw(price_versions(flavors)),
        timezone=draw(st.sampled_from(["Asia/Seoul", "Asia/Tokyo"])),
    )  # fmt: skip
    return replace(found, calendar=draw(entries(found)))

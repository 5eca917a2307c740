"""Random rules that a bundle can state: promises fit, references exist."""

import string
from dataclasses import replace

from hypothesis import strategies as st

from dure.model.instants import DAY, HOUR, MINUTE, Interval
from dure.model.money import Money
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.resources import Quota, Resources, gpu
from dure.model.rules import (
    BetweenBorrowers,
    CalendarEntry,
    CostPool,
    Maintenance,
    Measure,
    Order,
    Planning,
    PriceVersion,
    QuotaChange,
    Rate,
    Rules,
    Window,
    WithinTenant,
)  # fmt: skip
from dure.model.tenant import Budget, Tenant, Volume
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


@st.composite
def plannings(draw: st.DrawFn) -> Planning:
    """Settings of which none contradicts another."""
    order, backfill = draw(st.sampled_from(Order)), draw(st.booleans())
    grace = draw(st.integers(0, HOUR))
    fair = order is Order.FAIR and draw(st.booleans())
    return Planning(
        order=order,
        depth=draw(st.none() | st.integers(0, 10_000)) if backfill else draw(st.integers(0, 1)),
        memory=draw(st.integers(0, 900)) / 1000,
        half_life=draw(st.integers(MINUTE, 3_650 * DAY)),
        between_borrowers=BetweenBorrowers.FAIR if fair else BetweenBorrowers.NEVER,
        default_time_limit=draw(LIMITS),
        grace=grace,
        within_tenant=draw(st.sampled_from(WithinTenant)) if order is Order.FAIR else WithinTenant.NEVER,
        reclaim_within=draw(st.just(0) | st.integers(0, 30 * DAY)),
        claim_timeout=draw(st.integers(max(1_000, grace + 1), DAY)),
        min_runtime=draw(st.integers(0, 30 * DAY)) if fair else 0,
        eviction_budget=draw(st.none() | st.integers(1, 1_000)) if fair else None,
        backfill=backfill,
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
def budgets(draw: st.DrawFn) -> Budget:
    """Percents that rise, some of them left out."""
    percents = sorted(draw(st.sets(st.integers(1, 1_000), min_size=3, max_size=3)))
    steps = [percent if draw(st.booleans()) else None for percent in percents]
    return Budget(Money(draw(st.integers(10**6, 10**15))), *steps)


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
    bare = tuple(replace(one, guarantee=Quota()) if one.id in parents else one for one in found)
    return tuple(draw(bounded(one, flavors)) for one in bare)


@st.composite
def bounded(draw: st.DrawFn, one: Tenant, flavors: tuple[GpuFlavor, ...]) -> Tenant:
    """The tenant with bounds of its own: what it keeps, a cohort, its users, its budget."""
    keep = {
        name: draw(st.integers(0, amount)) for name, amount in one.guarantee.stated if draw(st.booleans())
    }
    jobs = draw(st.none() | st.integers(1, 10**7))
    alone = bool(one.guarantee.stated) and not one.limit.stated and not keep
    return replace(
        one, keep=Quota.of(keep), cohort=alone and draw(st.booleans()), user_limit=draw(quotas(flavors, 100)),
        max_running_jobs=jobs, user_max_running_jobs=draw(st.none() | st.integers(1, jobs or 10**7)),
        budget=draw(st.none() | budgets()),
    )  # fmt: skip


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
        wanted = {resource for resource, amount in quota.stated if amount}
        able = [
            t.id for t in rules.tenants if t.id not in whom and wanted & {r for r, _ in t.guarantee.stated}
        ]
        yields = tuple(draw(st.lists(st.sampled_from(able), max_size=3, unique=True))) if able else ()
        found.append(CalendarEntry(name, interval, whom, quota, draw(st.just("") | TEXTS), yields))
    return tuple(found)


@st.composite
def works(draw: st.DrawFn, rules: Rules) -> tuple[Maintenance, ...]:
    found = []
    nodes = [node.id for pool in rules.pools for node in pool.nodes]
    for name in draw(st.lists(TEXTS, max_size=2, unique=True)):
        start = draw(MINUTES)
        interval = Interval(start, start + draw(st.integers(1, 10_000)) * MINUTE)
        out = tuple(draw(st.lists(st.sampled_from(nodes), min_size=1, unique=True)))
        found.append(Maintenance(name, interval, out, draw(st.just("") | TEXTS)))
    return tuple(found)


@st.composite
def windows(draw: st.DrawFn, rules: Rules) -> tuple[Window, ...]:
    """Windows at any hours; a guarantee in them covers what its tenant keeps, a limit is far above."""
    found = []
    whom = st.lists(st.sampled_from(rules.tenants), min_size=1, max_size=3, unique_by=lambda one: one.id)
    for name in draw(st.lists(TEXTS, max_size=3, unique=True)) if rules.tenants else ():
        days = tuple(sorted(draw(st.sets(st.integers(0, 6), min_size=1))))
        start, end = draw(st.integers(0, 24 * 60 - 1)), draw(st.integers(0, 24 * 60 - 1))
        changes = tuple(draw(quota_changes(one, rules)) for one in draw(whom))
        found.append(Window(name, days, start, end, changes, draw(st.just("") | TEXTS)))
    return tuple(found)


@st.composite
def quota_changes(draw: st.DrawFn, one: Tenant, rules: Rules) -> QuotaChange:
    guarantee = limit = None
    if one.id not in {other.parent for other in rules.tenants} and draw(st.booleans()):
        more = dict(draw(quotas(rules.flavors, 100)).stated)
        guarantee = Quota.of(more | {name: more.get(name, 0) + kept for name, kept in one.keep.stated})
    if one.parent is None and not one.cohort and draw(st.booleans()):
        limit = _far_above(draw(quotas(rules.flavors, 100)))
    weight = st.integers(1, 10**6)
    return QuotaChange(
        one.id, guarantee, limit, draw(weight if guarantee is limit is None else st.none() | weight)
    )


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
        room=draw(IDS), planning=draw(plannings()), flavors=flavors, pools=draw(pools(flavors)),
        tenants=draw(tenants(flavors)), prices=draw(price_versions(flavors)),
        timezone=draw(st.sampled_from(["Asia/Seoul", "Asia/Tokyo"])),
    )  # fmt: skip
    return replace(
        found, calendar=draw(entries(found)), maintenance=draw(works(found)), windows=draw(windows(found))
    )

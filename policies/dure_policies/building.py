"""From a draft without findings to Rules: nothing can go wrong any more."""

from __future__ import annotations

from dure.model.instants import Interval, Millis
from dure.model.money import Money
from dure.model.node import GpuFlavor, Node, Pool
from dure.model.resources import CPU, MEMORY, Quota, Resources
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
from dure_policies import local
from dure_policies.amounts import quantities
from dure_policies.draft import SEOUL, Draft, term
from dure_policies.hours import DAYS
from dure_policies.reading import Entry


def build(draft: Draft, version: str) -> Rules:
    """The rules that a checked draft states."""
    room = draft.room
    return Rules(
        room=room.get("room", ""),
        version=version,
        timezone=room.get("timezone", SEOUL),
        planning=_planning(room.entry("planning")),
        flavors=tuple(_flavor(name, entry) for name, entry in room.entry("flavors").entries()),
        pools=tuple(_pool(name, entry) for name, entry in room.entry("pools").entries()),
        tenants=_tenants(draft),
        prices=_prices(draft),
        calendar=tuple(_calendar_entry(name, entry, draft) for name, entry in draft.calendar.entries()),
        maintenance=tuple(_maintenance(name, entry, draft) for name, entry in draft.maintenance.entries()),
        windows=tuple(_window(name, entry) for name, entry in draft.windows.entries()),
    )


def _length(entry: Entry, key: str) -> Millis | None:
    return entry.get(key, 0) if key in entry.reads else None


def _quota(entry: Entry, key: str) -> Quota:
    return Quota.of(quantities(entry.entry(key)))


def _planning(entry: Entry) -> Planning:
    default = Planning()
    return Planning(
        order=Order(entry.get("order", default.order.value)),
        depth=entry.get("depth", default.depth),
        memory=entry.get("memory", round(default.memory * 1000)) / 1000,
        half_life=entry.get("half_life", default.half_life),
        between_borrowers=BetweenBorrowers(entry.get("between_borrowers", default.between_borrowers.value)),
        default_time_limit=_length(entry, "default_time_limit"),
        grace=entry.get("grace", default.grace),
        within_tenant=WithinTenant(entry.get("within_tenant", default.within_tenant.value)),
        reclaim_within=entry.get("reclaim_within", default.reclaim_within),
        claim_timeout=entry.get("claim_timeout", default.claim_timeout),
        min_runtime=entry.get("min_runtime", default.min_runtime),
        eviction_budget=entry.get("eviction_budget", default.eviction_budget),
        backfill=entry.get("backfill", default.backfill),
    )


def _texts(entry: Entry) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(read.value)) for name, read in entry.items()))


def _flavor(name: str, entry: Entry) -> GpuFlavor:
    return GpuFlavor(name, entry.get("value", GpuFlavor(name).value), _texts(entry.entry("node_selector")))


def _pool(name: str, entry: Entry) -> Pool:
    nodes = tuple(
        Node(node, name, Resources.named(quantities(read).items()), labels=_texts(read.entry("labels")))
        for node, read in entry.entry("nodes").entries()
    )
    return Pool(name, entry.get("backend", ""), nodes, _texts(entry.entry("options")))


# Tenants


def _tenants(draft: Draft) -> tuple[Tenant, ...]:
    """Parents first, otherwise in the order of the file."""
    built = {name: _tenant(name, entry, draft) for name, entry in draft.tenants.entries()}
    ordered: dict[str, Tenant] = {}
    for name in built:
        branch = [name]
        while (parent := built[branch[-1]].parent) is not None and parent not in ordered:
            branch.append(parent)
        ordered.update((above, built[above]) for above in reversed(branch))
    return tuple(ordered.values())


def _tenant(name: str, entry: Entry, draft: Draft) -> Tenant:
    return Tenant(
        id=name,
        parent=entry.get("parent", "") or None,
        name=entry.get("name", ""),
        name_ko=entry.get("name_ko", ""),
        weight=entry.get("weight", 1),
        guarantee=_quota(entry, "guarantee"),
        limit=_quota(entry, "limit"),
        term=term(entry, draft.zone),
        business_number=entry.get("business_number", ""),
        projects=_names(entry, "projects"),
        require_project=entry.get("require_project", False),
        default_time_limit=_length(entry, "default_time_limit"),
        default_image=entry.get("default_image", ""),
        volumes=tuple(Volume(volume, source) for volume, source in _texts(entry.entry("volumes"))),
        unix_user=entry.get("unix_user", ""),
        max_pending_jobs=_length(entry, "max_pending_jobs"),
        keep=_quota(entry, "keep"),
        cohort=entry.get("cohort", False),
        max_running_jobs=_length(entry, "max_running_jobs"),
        user_limit=_quota(entry, "user_limit"),
        user_max_running_jobs=_length(entry, "user_max_running_jobs"),
        budget=_budget(entry.entry("budget")) if "budget" in entry.reads else None,
    )


def _budget(entry: Entry) -> Budget:
    monthly = Money(entry.get("monthly", 0))
    default = Budget(monthly)
    return Budget(
        monthly,
        warn=entry.get("warn", default.warn),
        preemptible_only=entry.get("preemptible_only", default.preemptible_only),
        hold=entry.get("hold", default.hold),
    )


# Money and time


def _prices(draft: Draft) -> tuple[PriceVersion, ...]:
    versions = [_version(name, entry, draft) for name, entry in draft.prices.entries()]
    return tuple(sorted(versions, key=lambda version: version.start))


def _version(name: str, entry: Entry, draft: Draft) -> PriceVersion:
    rates = quantities(entry.entry("rates"))
    order = sorted(rates, key=lambda resource: (resource != CPU, resource != MEMORY, resource))
    return PriceVersion(
        id=name,
        start=local.instant(entry.get("start", local.EPOCH), draft.zone),
        rates=tuple(Rate(resource, Money(rates[resource])) for resource in order),
        pools=tuple(_cost_pool(pool, read) for pool, read in entry.entry("pools").entries()),
    )


def _cost_pool(name: str, entry: Entry) -> CostPool:
    measure = Measure(entry.get("measure", Measure.CPU.value))
    return CostPool(name, Money(entry.get("monthly", 0)), measure, entry.get("name_ko", ""))


def _interval(entry: Entry, draft: Draft) -> Interval:
    start, end = (local.instant(entry.get(key, local.EPOCH), draft.zone) for key in ("start", "end"))
    return Interval(start, end)


def _names(entry: Entry, key: str) -> tuple[str, ...]:
    return tuple(str(read.value) for read in entry.listed(key))


def _calendar_entry(name: str, entry: Entry, draft: Draft) -> CalendarEntry:
    return CalendarEntry(
        name=name,
        interval=_interval(entry, draft),
        tenants=_names(entry, "tenants"),
        resources=_quota(entry, "resources"),
        name_ko=entry.get("name_ko", ""),
        yields=_names(entry, "yields"),
    )


def _maintenance(name: str, entry: Entry, draft: Draft) -> Maintenance:
    return Maintenance(name, _interval(entry, draft), _names(entry, "nodes"), entry.get("name_ko", ""))


def _window(name: str, entry: Entry) -> Window:
    return Window(
        name=name,
        days=tuple(sorted(DAYS.index(day) for day in _names(entry, "days"))),
        start=entry.get("start", 0),
        end=entry.get("end", 0),
        changes=tuple(_change(tenant, change) for tenant, change in entry.entry("tenants").entries()),
        name_ko=entry.get("name_ko", ""),
    )


def _change(tenant: str, entry: Entry) -> QuotaChange:
    guarantee, limit = (_quota(entry, key) if key in entry.reads else None for key in ("guarantee", "limit"))
    return QuotaChange(tenant, guarantee, limit, _length(entry, "weight"))

"""Rules written as a bundle: the inverse of reading, for tests."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dure.model.instants import DAY, Instant, Interval
from dure.model.money import MICRO, Money
from dure.model.resources import ResourceName, flavor_of
from dure.model.rules import QuotaChange, Rules, Window
from dure.model.tenant import Tenant


def quoted(text: str) -> str:
    """Text in double quotes; JSON's and YAML's are the same for characters that show."""
    return json.dumps(text, ensure_ascii=False)


def mapping(pairs: dict[str, str]) -> str:
    return "{" + ", ".join(f"{quoted(key)}: {value}" for key, value in pairs.items()) + "}"


def amounts(stated: dict[ResourceName, int]) -> str:
    pairs = {"cpu": f"{stated['cpu']}m"} if "cpu" in stated else {}
    pairs |= {"memory": f"{stated['memory']}Mi"} if "memory" in stated else {}
    gpus = {flavor_of(name): str(count) for name, count in stated.items() if flavor_of(name)}
    return mapping(pairs | ({"gpus": mapping(gpus)} if gpus else {}))


def moment(instant: Instant, zone: str) -> str:
    there = datetime.fromtimestamp(instant / 1000, UTC).astimezone(ZoneInfo(zone))
    return f"{there:%Y-%m-%d %H:%M}"


def won(money: Money) -> str:
    return f"{money.micro // MICRO}.{money.micro % MICRO:06d}"


def thousandths(number: int) -> str:
    return f"{number // 1000}.{number % 1000:03d}"


def texts(pairs: tuple[tuple[str, str], ...]) -> str:
    return mapping({key: quoted(value) for key, value in pairs})


def write(rules: Rules, folder: Path) -> Path:
    """The bundle that states these rules."""
    folder.mkdir(exist_ok=True)
    files = {
        "room": room(rules),
        "tenants": tenants(rules),
        "prices": prices(rules),
        "calendar": calendar(rules),
    }
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text + "\n", encoding="utf-8")
    return folder


def room(rules: Rules) -> str:
    planning, limit = rules.planning, rules.planning.default_time_limit
    planned = {
        "order": planning.order.value, "depth": "all" if planning.depth is None else str(planning.depth),
        "memory": thousandths(round(planning.memory * 1000)), "half_life": f"{planning.half_life}ms",
        "between_borrowers": planning.between_borrowers.value, "grace": f"{planning.grace}ms",
        "within_tenant": planning.within_tenant.value, "reclaim_within": f"{planning.reclaim_within}ms",
        "claim_timeout": f"{planning.claim_timeout}ms", "min_runtime": f"{planning.min_runtime}ms",
        "backfill": str(planning.backfill).lower(),
    } | ({"default_time_limit": f"{limit}ms"} if limit is not None else {})  # fmt: skip
    if planning.eviction_budget is not None:
        planned["eviction_budget"] = str(planning.eviction_budget)
    flavors = {
        flavor.name: mapping(
            {"value": thousandths(flavor.value), "node_selector": texts(flavor.node_selector)}
        )
        for flavor in rules.flavors
    }
    pools = {}
    for pool in rules.pools:
        nodes = {
            node.id: f"{amounts({'cpu': 0, 'memory': 0} | dict(node.capacity.items()))[:-1]},"
            f' "labels": {texts(node.labels)}}}'
            for node in pool.nodes
        }
        pools[pool.name] = mapping(
            {"backend": quoted(pool.backend), "options": texts(pool.options), "nodes": mapping(nodes)}
        )
    return mapping({
        "room": quoted(rules.room), "timezone": quoted(rules.timezone), "planning": mapping(planned),
        "flavors": mapping(flavors), "pools": mapping(pools),
    })  # fmt: skip


def tenants(rules: Rules) -> str:
    return mapping({"tenants": mapping({t.id: tenant(t, rules.timezone) for t in rules.tenants})})


def tenant(one: Tenant, zone: str) -> str:
    pairs = {
        "weight": str(one.weight), "guarantee": amounts(dict(one.guarantee.stated)),
        "limit": amounts(dict(one.limit.stated)), "require_project": str(one.require_project).lower(),
        "projects": f"[{', '.join(map(quoted, one.projects))}]",
        "volumes": mapping({volume.name: quoted(volume.source) for volume in one.volumes}),
        "keep": amounts(dict(one.keep.stated)), "cohort": str(one.cohort).lower(),
        "user_limit": amounts(dict(one.user_limit.stated)),
    }  # fmt: skip
    if one.budget:
        steps = {step: getattr(one.budget, step) for step in ("warn", "preemptible_only", "hold")}
        written = {step: "never" if percent is None else str(percent) for step, percent in steps.items()}
        pairs["budget"] = mapping({"monthly": won(one.budget.monthly)} | written)
    if one.term:
        first, last = moment(one.term.start, zone)[:10], moment(one.term.end - DAY, zone)[:10]
        pairs["term"] = mapping({"first_day": first, "last_day": last})
    if one.default_time_limit is not None:
        pairs["default_time_limit"] = f"{one.default_time_limit}ms"
    for key in ("max_pending_jobs", "max_running_jobs", "user_max_running_jobs"):
        if (most := getattr(one, key)) is not None:
            pairs[key] = str(most)
    plain = ("parent", "name", "name_ko", "business_number", "default_image", "unix_user")
    return mapping(pairs | {key: quoted(getattr(one, key)) for key in plain if getattr(one, key)})


def prices(rules: Rules) -> str:
    versions = {}
    for version in rules.prices:
        plain = {rate.resource: won(rate.per_hour) for rate in version.rates if not flavor_of(rate.resource)}
        gpus = {
            flavor_of(rate.resource): won(rate.per_hour) for rate in version.rates if flavor_of(rate.resource)
        }
        pools = {
            pool.name: mapping({"monthly": won(pool.monthly), "measure": pool.measure.value}
                               | ({"name_ko": quoted(pool.name_ko)} if pool.name_ko else {}))
            for pool in version.pools
        }  # fmt: skip
        versions[version.id] = mapping({
            "start": moment(version.start, rules.timezone), "rates": mapping(plain | {"gpus": mapping(gpus)}),
            "pools": mapping(pools),
        })  # fmt: skip
    return mapping({"prices": mapping(versions)})


def calendar(rules: Rules) -> str:
    zone = rules.timezone
    entries = {
        entry.name: mapping(
            times(entry.interval, zone) | {"tenants": names(entry.tenants), "yields": names(entry.yields)}
            | {"resources": amounts(dict(entry.resources.stated))} | korean(entry.name_ko)
        )
        for entry in rules.calendar
    }  # fmt: skip
    works = {
        work.name: mapping(times(work.interval, zone) | {"nodes": names(work.nodes)} | korean(work.name_ko))
        for work in rules.maintenance
    }
    windows = {one.name: window(one) for one in rules.windows}
    return mapping({"calendar": mapping(entries), "maintenance": mapping(works), "windows": mapping(windows)})


def times(interval: Interval, zone: str) -> dict[str, str]:
    return {"start": moment(interval.start, zone), "end": moment(interval.end, zone)}


def names(listed: tuple[str, ...]) -> str:
    return f"[{', '.join(map(quoted, listed))}]"


def korean(name: str) -> dict[str, str]:
    return {"name_ko": quoted(name)} if name else {}


def window(one: Window) -> str:
    start, end = (quoted(f"{minute // 60:02}:{minute % 60:02}") for minute in (one.start, one.end))
    days = ", ".join(("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day] for day in one.days)
    changes = {change.tenant: quota_change(change) for change in one.changes}
    return mapping(
        {"days": f"[{days}]", "start": start, "end": end, "tenants": mapping(changes)} | korean(one.name_ko)
    )


def quota_change(change: QuotaChange) -> str:
    quotas = {"guarantee": change.guarantee, "limit": change.limit}
    pairs = {key: amounts(dict(quota.stated)) for key, quota in quotas.items() if quota is not None}
    return mapping(pairs | ({"weight": str(change.weight)} if change.weight is not None else {}))

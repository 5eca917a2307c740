"""Rules written as a bundle: the inverse of reading, for tests."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dure.model.instants import DAY, Instant
from dure.model.money import MICRO, Money
from dure.model.resources import ResourceName, flavor_of
from dure.model.rules import Rules
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
        "order": planning.order.value, "depth": str(planning.depth),
        "memory": thousandths(round(planning.memory * 1000)), "half_life": f"{planning.half_life}ms",
        "between_borrowers": planning.between_borrowers.value, "grace": f"{planning.grace}ms",
    } | ({"default_time_limit": f"{limit}ms"} if limit is not None else {})  # fmt: skip
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
    }  # fmt: skip
    if one.term:
        first, last = moment(one.term.start, zone)[:10], moment(one.term.end - DAY, zone)[:10]
        pairs["term"] = mapping({"first_day": first, "last_day": last})
    if one.default_time_limit is not None:
        pairs["default_time_limit"] = f"{one.default_time_limit}ms"
    if one.max_pending_jobs is not None:
        pairs["max_pending_jobs"] = str(one.max_pending_jobs)
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
    entries = {}
    for entry in rules.calendar:
        pairs = {
            "start": moment(entry.interval.start, rules.timezone),
            "end": moment(entry.interval.end, rules.timezone),
            "tenants": f"[{', '.join(map(quoted, entry.tenants))}]",
            "resources": amounts(dict(entry.resources.stated)),
        }
        entries[entry.name] = mapping(pairs | ({"name_ko": quoted(entry.name_ko)} if entry.name_ko else {}))
    return mapping({"calendar": mapping(entries)})

"""A small bundle as text, to be changed one thing at a time."""

from pathlib import Path

import pytest

from dure.model.rules import Rules
from dure.ports import PolicyRefused
from dure_policies import read_bundle

ROOM = """\
room: small
longest_term: 4 years
planning:
  order: fair
flavors:
  a100: {value: 1}
  t4: {value: 0.2}
pools:
  main:
    backend: local
    nodes:
      n1: {cpu: 8, memory: 16Gi, gpus: {a100: 4}}
      n2: {cpu: 8, memory: 16Gi, gpus: {a100: 4, t4: 2}}
"""

TENANTS = """\
tenants:
  ada:
    name: Ada
    guarantee: {cpu: 4, gpus: {a100: 4}}
  bob:
    name: Bob
    weight: 2
    guarantee: {cpu: 4, gpus: {a100: 2}}
    limit: {gpus: {a100: 6}}
  team:
    parent: bob
    guarantee: {gpus: {a100: 1}}
"""

PRICES = """\
prices:
  v1:
    start: 2026-01-01
    rates: {cpu: 10, gpus: {a100: 1_000, t4: 0.5}}
    pools:
      Power: {monthly: 300_000, measure: gpu}
"""

CALENDAR = """\
calendar:
  Demo day:
    start: 2026-12-10 13:00
    end: 2026-12-10 18:00
    tenants: [ada]
    resources: {gpus: {a100: 2}}
"""

WINDOWS = """\
windows:
  Night:
    days: [mon, tue, wed, thu, fri]
    start: "22:00"
    end: "08:00"
    tenants:
      ada: {guarantee: {cpu: 4, gpus: {a100: 6}}}
      bob: {limit: {gpus: {a100: 8}}, weight: 3}
"""

TEXTS = {"room": ROOM, "tenants": TENANTS, "prices": PRICES, "calendar": CALENDAR}

FULL = {
    "room": ROOM.replace(
        "order: fair",
        "order: fair\n  depth: all\n  between_borrowers: fair\n  min_runtime: 5m\n  eviction_budget: 3\n"
        "  within_tenant: priority\n  reclaim_within: 30m\n  claim_timeout: 5m\n  backfill: true",
    ),
    "tenants": TENANTS.replace(
        "    weight: 2\n",
        "    weight: 2\n    keep: {gpus: {a100: 1}}\n    user_limit: {gpus: {a100: 4}}\n    max_running_jobs: 9\n"
        "    budget: {monthly: 300_000, warn: 80, preemptible_only: 100, hold: never}\n",
    ),
    "prices": PRICES,
    "calendar": CALENDAR.replace("[ada]", "[ada]\n    yields: [bob]")
    + "maintenance:\n  Dust:\n    start: 2026-11-02\n    end: 2026-11-02 18:00\n    nodes: [n1]\n"
    + WINDOWS,
}
"""The small bundle with something of everything."""


def write(folder: Path, **texts: str | bytes) -> Path:
    """The small bundle in a new folder, with some of its files given otherwise."""
    folder.mkdir()
    for name, text in (TEXTS | texts).items():
        data = text.encode() if isinstance(text, str) else text
        (folder / f"{name}.yaml").write_bytes(data)
    return folder


def refused(folder: Path) -> list[str]:
    """The findings of a bundle, without the folder's path; empty where it is fine."""
    try:
        read_bundle(folder)
    except PolicyRefused as why:
        return [line.removeprefix(f"{folder}/") for line in why.findings]
    return []


def rules(folder: Path) -> Rules:
    return read_bundle(folder).rules


def changed(file: str, old: str, new: str) -> dict[str, str]:
    """The text of one file with one thing changed."""
    text = TEXTS[file]
    if text.count(old) != 1:
        pytest.fail(f"{old!r} stands {text.count(old)} times in {file}")
    return {file: text.replace(old, new)}

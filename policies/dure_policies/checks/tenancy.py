"""Tenants one by one and as a tree: parents, terms, numbers."""

from __future__ import annotations

from datetime import date, timedelta

from dure_policies.draft import Draft
from dure_policies.findings import Findings, shown
from dure_policies.local import months_later
from dure_policies.reading import Entry

DEEPEST = 8
"""Levels of the tenant tree."""

_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)


def check(draft: Draft, findings: Findings) -> None:
    """Check every tenant, then the tree that they form."""
    for _, tenant in draft.tenants.entries():
        _check_term(tenant, draft.room.get("longest_term", 0), findings)
        _check_business_number(tenant, findings)
        _check_projects(tenant, findings)
    _check_parents(draft.tenants, findings)


def _check_term(tenant: Entry, longest: int, findings: Findings) -> None:
    term = tenant.entry("term")
    first, last = term.get("first_day", date.max), term.get("last_day", date.min)
    if date.max == first or date.min == last:
        return
    if last < first:
        findings.add(
            term.at("last_day"), f"the term ends on {last}, before it begins; write {first} or later"
        )
    elif longest and last >= (end := months_later(first, longest)):
        allowed = f"{longest // 12} years" if longest % 12 == 0 else f"{longest} months"
        right = f"write {end - timedelta(days=1)} or earlier, or change longest_term in room.yaml"
        findings.add(term.at("last_day"), f"the term is longer than {allowed}; {right}")


def check_digit(digits: str) -> int:
    """The tenth digit of a Korean business registration number, from its first nine (National Tax Service rule)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    return -(total + int(digits[8]) * 5 // 10) % 10


def _check_business_number(tenant: Entry, findings: Findings) -> None:
    number = tenant.get("business_number", "")
    digits = number.replace("-", "")
    if number and check_digit(digits) != int(digits[9]):
        right = f"if the rest is right it ends in {check_digit(digits)}"
        findings.add(tenant.at("business_number"), f"the check digit of {number} does not fit; {right}")


def _check_projects(tenant: Entry, findings: Findings) -> None:
    seen: set[object] = set()
    for read in tenant.listed("projects"):
        if read.value in seen:
            findings.add(read.place, f"the project {read.value} is here again; keep one")
        seen.add(read.value)
    if tenant.get("require_project", False) and tenant.complete and not seen:
        right = "name at least one under projects, or remove require_project"
        findings.add(
            tenant.at("require_project"), f"each job must name a project, and there is none; {right}"
        )


# The tree


def _check_parents(tenants: Entry, findings: Findings) -> None:
    names = list(tenants.written)
    for _, tenant in tenants.entries():
        parent = tenant.get("parent", "")
        if parent and parent not in tenants.written:
            what = f"there is no tenant {shown(parent)}"
            findings.add_missing(tenant.at("parent"), what, parent, names, "name one of the tenants")
    for cycle in cycles(tenants):
        first = tenants.entry(cycle[0])
        said = " -> ".join([*cycle[:6], *(["…"] if len(cycle) > 6 else []), cycle[0]])
        findings.add(first.at("parent"), f"parents run in a circle: {said}; remove one parent")
    for name, tenant in tenants.entries():
        if len(path(tenants, name)) == DEEPEST + 1:
            said = f"{name} lies deeper than {DEEPEST} levels"
            findings.add(tenant.at("parent"), f"{said}; name a parent nearer to the top")


def path(tenants: Entry, name: str) -> list[str]:
    """The tenant and its ancestors upward, at most DEEPEST + 2 of them."""
    found = [name]
    while len(found) < DEEPEST + 2:
        parent = tenants.entry(found[-1]).get("parent", "")
        if parent not in tenants.reads:
            break
        found.append(parent)
    return found


def cycles(tenants: Entry) -> list[list[str]]:
    """Every circle of parents, each once, from its first tenant in the file on."""
    state: dict[str, int] = {}
    found = []
    position = {name: number for number, name in enumerate(tenants.reads)}
    for number, name in enumerate(tenants.reads, start=1):
        walk = []
        while name in tenants.reads and name not in state:
            state[name] = number
            walk.append(name)
            name = tenants.entry(name).get("parent", "")  # noqa: PLW2901  # the walk goes upward from each tenant
        if state.get(name) == number and name in walk:
            found.append(_from_first(walk[walk.index(name) :], position))
    return found


def _from_first(cycle: list[str], position: dict[str, int]) -> list[str]:
    start = min(range(len(cycle)), key=lambda i: position[cycle[i]])
    return cycle[start:] + cycle[:start]

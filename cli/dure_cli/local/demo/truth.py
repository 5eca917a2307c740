"""Whether what the demo showed is true: every job ended as it should, and the money and the meters agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dure_cli.local.demo.jobs import REFUSED, USERS, DemoJob

_REFUSED_CODE = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was seen: jobs and logs by name, (exit code, text) of the refusal, waiting jobs, bill, metrics."""

    jobs: dict[str, dict[str, Any]]
    logs: dict[str, str]
    refusal: tuple[int, str]
    waited: list[dict[str, Any]]
    bill: dict[str, Any]
    metrics: str
    server_exit: int
    ledger_check_exit: int


def findings(expected: list[DemoJob], seen: Seen) -> list[str]:
    """What is not as it should be; empty where all is true."""
    return [*_jobs(expected, seen), *_queue(seen), *_money(seen), *_end(seen)]


def _jobs(expected: list[DemoJob], seen: Seen) -> Iterator[str]:
    for job in expected:
        told = seen.jobs[job.name]
        if told["state"] != job.state or (job.exit_code is not None and told["exit_code"] != job.exit_code):
            yield f"{job.name} is {told['state']} with {told['exit_code']}, not {job.state} with {job.exit_code}"
        if job.log not in seen.logs[job.name]:
            yield f"{job.name} did not write {job.log!r}"
        if job.reason not in ((told.get("reason") or {}).get("en") or ""):
            yield f"{job.name} does not say {job.reason!r}"


def _queue(seen: Seen) -> Iterator[str]:
    code, text = seen.refusal
    if code != _REFUSED_CODE or REFUSED.reason not in text:
        yield f"{REFUSED.name} was not refused for {REFUSED.reason}: {code}, {text}"
    if not seen.waited:
        yield "nothing ever waited"
    for job in seen.waited:
        if not (job.get("reason") or {}).get("en") or not job["reason"]["ko"]:
            yield f"{job['name']} waited without a reason"


def _money(seen: Seen) -> Iterator[str]:
    billed = {tenant["tenant"]: tenant for tenant in seen.bill["tenants"]}
    for tenant in USERS:
        if billed.get(tenant, {}).get("total_won", 0) <= 0:
            yield f"{tenant} has no bill"
    for tenant, told in billed.items():
        if sum(line["amount_won"] for line in told["lines"]) != told["supply_won"]:
            yield f"the lines of {tenant} do not add up to its supply value"
        if told["supply_won"] + told["vat_won"] != told["total_won"]:
            yield f"supply value and VAT of {tenant} are not its total"
    for tenant in USERS:
        if f'dure_tenant_resource_seconds_total{{resource="cpu",tenant="{tenant}"}}' not in seen.metrics:
            yield f"no metric counts the cpu of {tenant}"


def _end(seen: Seen) -> Iterator[str]:
    if seen.server_exit != 0:
        yield f"the room stopped with exit code {seen.server_exit}"
    if seen.ledger_check_exit != 0:
        yield "the ledger does not hold"

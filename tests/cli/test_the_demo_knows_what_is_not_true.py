"""The demo ends with 0 only if what it showed is true: each thing that could be wrong is noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dure_cli.local.demo.jobs import REFUSED, USERS, demo_jobs
from dure_cli.local.demo.truth import Seen, findings

_WAITED = {"name": "any", "reason": {"en": "No free place.", "ko": "빈자리가 없습니다."}}


def _bill(tenant: str) -> dict[str, Any]:
    lines = [{"amount_won": 70}, {"amount_won": 30}]
    return {"tenant": tenant, "lines": lines, "supply_won": 100, "vat_won": 10, "total_won": 110}


def _true() -> Seen:
    jobs = {
        job.name: {"state": job.state, "exit_code": job.exit_code, "reason": {"en": job.reason}}
        for job in demo_jobs()
    }
    metrics = [
        f'dure_tenant_resource_seconds_total{{resource="cpu",tenant="{tenant}"}} 1' for tenant in USERS
    ]
    return Seen(
        jobs=jobs, logs={job.name: job.log for job in demo_jobs()}, refusal=(3, REFUSED.reason), waited=[_WAITED],
        bill={"tenants": [_bill(tenant) for tenant in USERS]}, metrics="\n".join(metrics), server_exit=0,
        ledger_check_exit=0,
    )  # fmt: skip


def _one_cent_more(seen: Seen) -> Seen:
    first, *others = seen.bill["tenants"]
    return replace(seen, bill={"tenants": [first | {"supply_won": 101, "total_won": 111}, *others]})


def _all_succeed(seen: Seen) -> Seen:
    return replace(seen, jobs={name: job | {"state": "succeeded"} for name, job in seen.jobs.items()})


_WRONG: dict[str, Callable[[Seen], Seen]] = {
    "what should fail succeeds": _all_succeed,
    "nothing is written": lambda seen: replace(seen, logs=dict.fromkeys(seen.logs, "")),
    "the refused job is taken": lambda seen: replace(seen, refusal=(0, "id")),
    "nothing waits": lambda seen: replace(seen, waited=[]),
    "a job waits without a reason": lambda seen: replace(seen, waited=[_WAITED | {"reason": None}]),
    "no bill": lambda seen: replace(seen, bill={"tenants": []}),
    "a bill does not add up": _one_cent_more,
    "no metrics": lambda seen: replace(seen, metrics=""),
    "the server fails": lambda seen: replace(seen, server_exit=1),
    "the ledger does not hold": lambda seen: replace(seen, ledger_check_exit=1),
}


def test_what_is_true_has_no_finding() -> None:
    """Two dozen jobs of three companies as they should be."""
    assert len(demo_jobs()) == 24
    assert findings(demo_jobs(), _true()) == []


@pytest.mark.parametrize("wrong", list(_WRONG))
def test_what_is_not_true_is_found(wrong: str) -> None:
    """One thing wrong at a time is at least one finding."""
    assert findings(demo_jobs(), _WRONG[wrong](_true()))

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from statistics import mean

import pytest

from bench.forecast import SHORT, Asked, Case, errors, play, swf
from dure.forecast.engine import Arrival
from dure.forecast.estimate import Budget
from dure.model.instants import HOUR, MINUTE
from dure.model.job import Job, TaskGroup
from dure.model.node import Node, Pool
from dure.model.resources import Resources
from dure.model.rules import Rules
from dure.model.tenant import Tenant

USES = {"careful": 0.7, "hasty": 0.1, "wild": 0.35}
"""Users, and the part of their limits that their jobs need, more or less."""


def chance(*of: object) -> float:
    """A number in [0, 1) that looks random and is always the same."""
    return int.from_bytes(blake2b(repr(of).encode(), digest_size=4).digest(), "big") / 2**32


def workload(jobs: int) -> Case:
    """Jobs of three users come every two minutes or so to a room of eight cores that they keep busy."""
    arrivals, at = [], 0
    for number in range(jobs):
        user = sorted(USES)[int(3 * chance("user", number))]
        at += round(4 * MINUTE * chance("gap", number))
        limit = (1 + int(4 * chance("limit", number))) * HOUR // 4
        group = TaskGroup(cpu=(1 + int(3 * chance("cores", number))) * 1000)
        run = round(limit * min(1.0, USES[user] * (0.7 + 0.6 * chance("run", number))))
        job = Job(f"j{number:04}", "t", user, at, (group,), time_limit=limit)
        arrivals.append(Arrival(job, run))
    node = Node("n", "p", Resources(cpu=12_000))
    rules = Rules(room="three users", pools=(Pool("p", "local", (node,)),), tenants=(Tenant("t"),))
    return Case("three users", arrivals, rules, Budget(futures=7))


def scored(asked: list[Asked]) -> tuple[float, float, int]:
    """(how often the p90 held, mean error over that of the naive forecast, how many had to wait)."""
    waited = [one for one in asked if one.started is not None and one.started > one.estimate.at]
    true = [one.started or 0 for one in waited]
    held = mean(one.estimate.p90 is not None and (one.started or 0) <= one.estimate.p90 for one in waited)
    ours, naive = ([one.estimate.median for one in waited], [one.naive for one in waited])
    return held, mean(errors(ours, true)) / mean(errors(naive, true)), len(waited)


def test_users_habits_make_estimates_better_than_limits() -> None:
    """Of a made-up week: nine in ten hold, more or less, and the error is far below that of the naive forecast."""
    held, ratio, waited = scored(play(workload(240), 30))
    assert waited >= 12
    assert held >= 0.8
    assert ratio <= 0.7


@pytest.mark.slow
def test_a_piece_of_a_real_log_is_forecast_better_than_by_limits(traces: Path) -> None:
    """The first fifteen hundred jobs of KTH-SP2, learnt on the first half and scored on the second."""
    whole = swf("KTH-SP2", traces / "swf-kth-sp2/KTH-SP2_log.swf.gz", SHORT)
    case = Case(whole.name, whole.arrivals[:1500], whole.rules, whole.budget)
    held, ratio, waited = scored(play(case, 60))
    assert waited >= 15
    assert held >= 0.7
    assert ratio <= 0.9

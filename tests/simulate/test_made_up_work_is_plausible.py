from collections import Counter
from dataclasses import replace
from pathlib import Path

from dure.accounting.months import local
from dure.model.instants import DAY, HOUR, Interval
from dure.model.tenant import Tenant
from dure.simulate.synthetic import KINDS, synthetic
from dure_policies import read_bundle

RULES = read_bundle(Path(__file__).resolve().parents[2] / "policies/biohub").rules
BEGIN = 1_792_335_600_000
WEEK = Interval(BEGIN, BEGIN + 7 * DAY)
WORK = synthetic(RULES, WEEK)


def test_the_same_seed_gives_the_same_work() -> None:
    """And another seed other work."""
    assert synthetic(RULES, WEEK) == WORK
    assert synthetic(RULES, WEEK, seed=2) != WORK


def test_another_tenant_changes_nobodys_work() -> None:
    """So that policies with and without it can be compared."""
    more = synthetic(replace(RULES, tenants=(*RULES.tenants, Tenant("newcomer"))), WEEK)
    assert [one for one in more if one.job.tenant != "newcomer"] == list(WORK)


def test_every_leaf_of_the_tree_sends_jobs_that_fit_the_room() -> None:
    """None bigger than a node of a flavor that it names; limits at least as long as the runs."""
    parents = {tenant.parent for tenant in RULES.tenants}
    assert {one.job.tenant for one in WORK} == {t.id for t in RULES.tenants if t.id not in parents}
    nodes = [node for pool in RULES.pools for node in pool.nodes]
    for one in WORK:
        group = one.job.groups[0]
        requests = [group.request(flavor) for flavor in group.flavors or ("",)]
        assert any(request.fits(node.capacity) for request in requests for node in nodes)
        assert one.job.time_limit is not None
        assert 0 < one.run <= one.job.time_limit


def test_the_mixture_is_that_of_working_days() -> None:
    """Every kind of work, by day more than by night, in the week more than on its last two days."""
    moments = [local(one.job.submitted, RULES.timezone) for one in WORK]
    assert {one.job.name for one in WORK} == {kind.name for kind in KINDS}
    hours = Counter(9 <= moment.hour < 18 for moment in moments)
    assert hours[True] > 1.5 * hours[False]
    days = Counter(moment.weekday() for moment in moments)
    assert max(days[5], days[6]) < min(days[day] for day in range(5))
    assert WORK[0].job.submitted < BEGIN + 12 * HOUR
    assert 1000 < len(WORK) < 10_000

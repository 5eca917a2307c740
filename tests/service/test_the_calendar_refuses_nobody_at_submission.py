import pytest

from dure.model.instants import HOUR, Interval
from dure.model.resources import Quota
from dure.model.rules import CalendarEntry, Maintenance, Rules
from dure.service.errors import ApiError
from dure.service.refusals import check_possible
from tests.planning.small import FLAVORS, job, node, tenant

NODES = (node("n", a100=4),)
LATER = Interval(HOUR, 2 * HOUR)


def test_what_the_calendar_keeps_is_over_one_day() -> None:
    """A job that may not be preempted and would run into an entry or a maintenance may still be queued."""
    entry = CalendarEntry("demo", LATER, ("a",), Quota.of({"gpu:a100": 4}))
    out = Maintenance("fans", LATER, ("n",))
    rules = Rules("room", flavors=FLAVORS, tenants=(tenant("a"), tenant("b")), calendar=(entry,))
    check_possible(job("1", "b", 4, preemptible=False, time_limit=2 * HOUR), NODES, rules, 0)
    rules = Rules("room", flavors=FLAVORS, tenants=(tenant("b"),), maintenance=(out,))
    check_possible(job("1", "b", 4, preemptible=False, time_limit=2 * HOUR), NODES, rules, 0)


def test_what_guarantees_never_leave_over_is_refused() -> None:
    """It could never start, whoever runs."""
    rules = Rules("room", flavors=FLAVORS, tenants=(tenant("a", guarantee=3), tenant("b")))
    with pytest.raises(ApiError, match="may not be preempted"):
        check_possible(job("1", "b", 2, preemptible=False), NODES, rules, 0)

"""Eight devices, an afternoon for which six of them are promised, and everybody else's work around it."""

from dataclasses import replace

from dure.model.change import Ended, Evicting, Promised, Starting, Submitted, TaskStarted
from dure.model.instants import HOUR, MINUTE, SECOND, Interval
from dure.model.job import Job
from dure.model.node import Pool
from dure.model.plan import Code, Eviction, Plan, Rule
from dure.model.resources import Quota
from dure.model.rules import CalendarEntry, Maintenance, Planning, Rules
from dure.model.snapshot import Snapshot
from dure.model.tenant import Tenant
from dure.planning.room import Room
from tests.planning.small import FLAVORS, job, node, tenant

GRACE = 10 * SECOND
START, END = 2 * HOUR, 4 * HOUR
NODES = (node("n0", a100=4), node("n1", a100=4))
DEMO = CalendarEntry("demo", Interval(START, END), ("club",), Quota.of({"gpu:a100": 6}))


class Day:
    """The room through the day, every plan carried out at once."""

    def __init__(
        self, *tenants: Tenant, entry: CalendarEntry | None = DEMO, out: tuple[Maintenance, ...] = ()
    ) -> None:
        self.rules = Rules(
            "room",
            planning=Planning(memory=0.0, grace=GRACE),
            flavors=FLAVORS,
            pools=(Pool("pool", "local", NODES),),
            tenants=tenants or (tenant("club"), tenant("lab")),
            calendar=(entry,) if entry else (),
            maintenance=out,
        )
        self.room = Room.of(Snapshot(nodes=NODES), self.rules)

    def at(self, now: int, *jobs: Job) -> Plan:
        for one in jobs:
            self.room.apply(Submitted(now, one))
        plan = self.room.decide(now)
        self.room.apply(Promised(now, plan.claims, plan.reservations))
        for eviction in plan.evictions:
            self.room.apply(Evicting(now, eviction))
        for start in plan.starts:
            self.room.apply(Starting(now, start.job, start.attempt, start.placements, start.under))
            for task in range(sum(placement.tasks for placement in start.placements)):
                self.room.apply(TaskStarted(now, start.job, start.attempt, task))
        return plan

    def left(self, now: int, *jobs: str) -> None:
        for one in jobs:
            self.room.apply(Ended(now, one, 1, succeeded=False, requeue=True))


def starts(plan: Plan) -> dict[str, str]:
    return {start.job: start.under for start in plan.starts}


def firm(name: str, of: str, gpus: int, limit: int) -> Job:
    return job(name, of, gpus, preemptible=False, time_limit=limit)


def test_what_may_not_be_preempted_does_not_run_into_the_day() -> None:
    """Two of the eight devices are left for work that would still run at two o'clock; shorter work takes all."""
    day = Day()
    plan = day.at(0, firm("1", "lab", 2, 3 * HOUR), firm("2", "lab", 2, 3 * HOUR), firm("3", "lab", 4, HOUR))
    assert starts(plan) == {"1": "", "3": ""}
    assert plan.wake_at is not None
    assert plan.wake_at <= START - GRACE


def test_preemptible_work_runs_until_grace_before_it() -> None:
    """It is told to leave in time, as little of it as will do, and is started again beside the entry."""
    day = Day()
    long = [job(str(n), "lab", 2, time_limit=None) for n in range(1, 5)]
    assert starts(day.at(0, *long)) == {"1": "", "2": "", "3": "", "4": ""}
    plan = day.at(START - GRACE)
    assert [eviction.rule for eviction in plan.evictions] == [Rule.CALENDAR] * 3
    assert {eviction.by for eviction in plan.evictions} == {"demo"}
    assert plan.evictions[0] == Eviction(plan.evictions[0].job, 1, Rule.CALENDAR, "demo", START - GRACE)
    gone = [eviction.job for eviction in plan.evictions]
    day.left(START - GRACE + SECOND, *gone)
    assert starts(day.at(START - GRACE + SECOND)) == {}


def test_a_whole_node_is_kept_where_that_costs_no_more() -> None:
    """Two of its own tenant stay on one node, who holds half of the other leaves: a task of four has a place."""
    club = replace(tenant("club"), guarantee=Quota.of({"gpu:a100": 2}))
    day = Day(club, tenant("lab"), entry=replace(DEMO, resources=Quota.of({"gpu:a100": 4})))
    for one in (job("1", "club", 2), job("2", "lab", 2), job("3", "lab", 2)):
        day.at(0, replace(one, time_limit=None))
    on = {run.job.id: run.placements[0].node for run in day.room.snapshot().running}
    assert on["1"] == on["2"] != on["3"]
    plan = day.at(START - GRACE)
    assert [one.job for one in plan.evictions] == ["3"]
    assert day.room.decide(START - GRACE).evictions == ()
    day.left(START - GRACE + SECOND, "3")
    assert starts(day.at(START, job("4", "club", 4))) == {"4": "demo"}


def test_its_tenants_use_what_it_keeps_on_top_of_everything() -> None:
    """Beyond their limit, and counted for nobody; when it ends, what still runs is use like any other."""
    club = replace(tenant("club", limit=1), guarantee=Quota.of({"gpu:a100": 1}))
    day = Day(club, tenant("lab"))
    lab = day.at(START, job("1", "lab", 4, time_limit=None))
    assert starts(lab) == {}
    plan = day.at(START, job("2", "club", 4, time_limit=None), firm("3", "club", 1, END - START))
    assert starts(plan) == {"2": "demo", "3": "demo"}
    assert day.room.held()["club"].amount("gpu:a100") == 0
    assert starts(day.at(START, firm("4", "club", 1, END - START + MINUTE))) == {"4": ""}
    assert day.room.held()["club"].amount("gpu:a100") == 1
    day.at(END)
    assert day.room.held()["club"].amount("gpu:a100") == 6


def test_nodes_in_maintenance_are_emptied_in_time() -> None:
    """Nothing firm runs into it, what is preemptible leaves, and afterwards the node takes jobs again."""
    day = Day(entry=None, out=(Maintenance("fan", Interval(START, END), ("n1",)),))
    assert starts(day.at(0, firm("1", "lab", 4, 3 * HOUR), firm("2", "lab", 4, 3 * HOUR))) == {"1": ""}
    assert starts(day.at(0, job("3", "club", 4, time_limit=None))) == {"3": ""}
    plan = day.at(START - GRACE)
    assert [(one.job, one.rule, one.by) for one in plan.evictions] == [("3", Rule.MAINTENANCE, "fan")]
    day.left(START, "3")
    assert starts(day.at(START)) == {}
    verdicts = {key.tenant: verdict for key, verdict in day.at(START).verdicts.items()}
    assert verdicts["club"].code is Code.NO_PLACE  # the other node is merely full
    assert day.at(START).wake_at == 3 * HOUR
    day.left(3 * HOUR, "1")
    assert starts(day.at(END)) != {}


def test_guarantees_yield_that_the_entry_names() -> None:
    """Eight are promised to the lab: while the entry is open six of them are not."""
    lab = tenant("lab", guarantee=8)
    day = Day(tenant("club"), lab, entry=replace(DEMO, yields=("lab",)))
    before = day.at(0, job("1", "lab", 2, time_limit=None), job("2", "lab", 2, time_limit=None))
    assert [start.guaranteed for start in before.starts] == [True, True]
    day.at(START - GRACE)
    plan = day.at(START, job("3", "lab", 2, time_limit=None))
    assert starts(plan) == {}
    assert day.room.explain("3", START).guaranteed is False


def test_whom_the_calendar_keeps_out_is_told_until_when() -> None:
    """A gang of eight that may not be preempted cannot run through the day; its guarantee reserves the end."""
    gang = replace(firm("1", "lab", 4, 3 * HOUR), groups=(replace(job("x", "lab", 4).groups[0], count=2),))
    for lab, reserved in ((tenant("lab"), []), (tenant("lab", guarantee=8), [END])):
        plan = Day(tenant("club"), lab).at(0, gang)
        (verdict,) = plan.verdicts.values()
        assert verdict.code is Code.CALENDAR
        assert dict(verdict.numbers) == {"at": START, "until": END}
        assert [one.at for one in plan.reservations] == reserved


def test_whom_its_own_entry_lets_start_later_is_told_so() -> None:
    """While others still hold, or leave, the place: told to who fits what is kept, and to nobody else."""
    day = Day(entry=replace(DEMO, resources=Quota.of({"gpu:a100": 4})))
    day.at(0, *(job(str(n), "lab", 4, time_limit=None) for n in (1, 2)))
    day.at(0, job("3", "club", 4), firm("4", "club", 4, END), job("5", "lab", 4))
    for now in (HOUR, START - GRACE):
        told = {one: _of_calendar(day, one, now) for one in ("3", "4", "5")}
        assert told == {"3": [{"at": START, "until": END, "own": 1}], "4": [], "5": []}
        gone = [one.job for one in day.at(now).evictions]
        day.left(now, *gone)
    assert starts(day.at(START)) == {"3": "demo"}


def _of_calendar(day: Day, one: str, now: int) -> list[dict[str, int]]:
    reasons = day.room.explain(one, now).reasons
    return [dict(reason.numbers) for reason in reasons if reason.code is Code.CALENDAR]

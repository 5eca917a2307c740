"""Made-up work for a bundle's tenants, where no log is at hand: seeded, so that the same seed gives the same jobs.

A mixture as analysis rooms of small companies see it. Arrivals follow the working day of the room's time zone, with
some work at night and little on weekends. Each tenant sends, in proportion to what it is promised: sessions (one
GPU, a few hours), training (1 to 8 GPUs, log-normal hours, sometimes a gang of two tasks, often with checkpoints),
sweeps (bursts of equal short jobs), and preparation of data (cpus only). Users ask for more time than they need: by
a factor between 1 and 4, rounded up to what people write, as in every log of the Parallel Workloads Archive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from dure.accounting.months import local
from dure.forecast.engine import Arrival
from dure.model.instants import HOUR, MINUTE, SECOND, Instant, Interval, Millis
from dure.model.job import Job, TaskGroup
from dure.model.resources import Flavor, flavor_of
from dure.model.rules import Rules
from dure.model.tenant import Tenant

_WRITTEN: Final = tuple(
    length * MINUTE for length in (10, 30, 60, 120, 240, 480, 720, 1440, 2880, 4320, 7200, 10080)
)
"""Time limits as people write them."""
_BUSY: Final = (1, 1, 1, 1, 1, 1, 2, 3, 6, 10, 12, 11, 6, 10, 12, 12, 10, 8, 6, 4, 3, 3, 2, 2)
"""How many jobs come in each hour of a working day, beside each other."""
_WEEKEND: Final = 0.25
_USERS: Final = 4


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work: how often (jobs a day for each GPU promised), how long (median, spread) and how big."""

    name: str
    daily: float
    median: Millis
    spread: float
    gpus: tuple[int, ...]
    burst: tuple[int, int] = (1, 1)
    checkpoints: float = 0.0


KINDS: Final = (
    Kind("session", 3.0, 2 * HOUR, 0.6, (1, 1, 1, 2)),
    Kind("training", 1.6, 5 * HOUR, 1.0, (1, 1, 2, 2, 4, 8), checkpoints=0.6),
    Kind("sweep", 0.25, 25 * MINUTE, 0.5, (1,), burst=(10, 60)),
    Kind("preparation", 3.0, 20 * MINUTE, 1.0, (0,)),
)


def synthetic(rules: Rules, interval: Interval, seed: int = 1) -> tuple[Arrival, ...]:
    """Jobs of the bundle's leaf tenants that come within the interval, by submit."""
    parents = {tenant.parent for tenant in rules.tenants}
    leaves = [tenant for tenant in rules.tenants if tenant.id not in parents]
    found = [one for tenant in leaves for one in _Maker(rules, tenant, seed).work(interval)]
    return tuple(sorted(found, key=lambda one: (one.job.submitted, one.job.id)))


class _Maker:
    """The work of one tenant; adding a tenant changes no other's."""

    def __init__(self, rules: Rules, tenant: Tenant, seed: int) -> None:
        self._rules, self._tenant = rules, tenant
        self._random = Random(f"{seed}/{tenant.id}")  # noqa: S311 - made-up work, nothing secret
        self._flavors = _liked(rules, tenant)
        self._size = max(1.0, sum(n for name, n in tenant.guarantee.stated if flavor_of(name)))

    def work(self, interval: Interval) -> Iterator[Arrival]:
        """All that the tenant sends."""
        number = 0
        for hour in range(interval.start, interval.end, HOUR):
            for kind in KINDS:
                for at in self._instants(kind, hour, min(hour + HOUR, interval.end)):
                    for job in self._burst(kind, at, number):
                        yield job
                        number += 1

    def _instants(self, kind: Kind, begin: Instant, end: Instant) -> list[Instant]:
        """Poisson arrivals within an hour, at its rate."""
        moment = local(begin, self._rules.timezone)
        rate = kind.daily * self._size * _BUSY[moment.hour] / sum(_BUSY)
        rate *= _WEEKEND if moment.weekday() >= 5 else 1
        found, at = [], float(begin)
        while rate and (at := at + self._random.expovariate(rate) * HOUR) < end:
            found.append(int(at) // SECOND * SECOND)
        return found

    def _burst(self, kind: Kind, at: Instant, number: int) -> Iterator[Arrival]:
        user = f"user-{self._random.randint(1, _USERS)}"
        project = self._random.choice(self._tenant.projects) if self._tenant.projects else ""
        groups, checkpoints = self._groups(kind), self._checkpoints(kind)
        limit: Millis | None = None
        for i in range(self._random.randint(*kind.burst)):
            run = self._run(kind)
            limit = limit or _asked(run, self._random)
            job = Job(
                f"{self._tenant.id}-{number + i}", self._tenant.id, user, at, groups, name=kind.name,
                project=project, time_limit=limit, checkpoint_interval=checkpoints,
            )  # fmt: skip
            yield Arrival(job, min(run, limit))

    def _run(self, kind: Kind) -> Millis:
        length = self._random.lognormvariate(0.0, kind.spread) * kind.median
        return max(MINUTE, int(length) // SECOND * SECOND)

    def _checkpoints(self, kind: Kind) -> Millis | None:
        return 30 * MINUTE if self._random.random() < kind.checkpoints else None

    def _groups(self, kind: Kind) -> tuple[TaskGroup, ...]:
        gpus = self._random.choice(kind.gpus)
        if not gpus or not self._flavors:
            return (TaskGroup(1, 1000 * self._random.choice((4, 8, 16)), 1024 * 16),)
        tasks = 2 if gpus > 1 and self._random.random() < 0.3 else 1
        each = gpus // tasks
        return (TaskGroup(tasks, 8000 * each, 1024 * 32 * each, each, self._flavors),)


def _liked(rules: Rules, tenant: Tenant) -> tuple[Flavor, ...]:
    """Flavors that the tenant is promised, then those next in value that are whole devices; it is not choosy."""
    values = {flavor.name: flavor.value for flavor in rules.flavors}
    promised: Sequence[Flavor] = [
        flavor_of(name) for name, n in tenant.guarantee.stated if flavor_of(name) and n
    ]
    best = max((values.get(flavor, 0) for flavor in promised), default=max(values.values(), default=0))
    others = [name for name, value in values.items() if value <= best and name not in promised]
    return (
        *sorted(promised, key=lambda name: -values.get(name, 0)),
        *sorted(others, key=lambda name: -values[name]),
    )


def _asked(run: Millis, random: Random) -> Millis:
    """The limit that a user writes for a job that will run so long."""
    wanted = run * random.uniform(1.0, 4.0)
    return next((limit for limit in _WRITTEN if limit >= wanted), _WRITTEN[-1])

"""What Prometheus is told: the ledger's committed totals and the room after its last cycle.

Nothing is counted here beside the loop's own time: the ledger is the truth, and a restart takes nothing back
from a counter. No label names a user or a job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from dure.model.instants import SECOND, Instant
from dure.ports import Totals
from dure.telemetry.base_units import resource_seconds
from dure.telemetry.latency import LoopLatency
from dure.telemetry.room_metrics import room_metrics
from dure.telemetry.view import RoomView

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class RoomCollector(Collector):
    """Asks for totals and view each time it is scraped. `view` answers None before the first cycle."""

    def __init__(
        self, totals: Callable[[], Totals], view: Callable[[], RoomView | None], now: Callable[[], Instant],
        latency: LoopLatency, version: str,
    ) -> None:  # fmt: skip
        self._totals = totals
        self._view = view
        self._now = now
        self._latency = latency
        self._version = version

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be registered asks the ledger for nothing."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric as it stands."""
        now, view = self._now(), self._view()
        yield _info("dure_build", "The version of dure that runs.", {"version": self._version})
        yield from ledger_metrics(self._totals(), now)
        yield _cycles(self._latency)
        if view is not None:
            yield from room_metrics(view, now)


def exposition(collector: Collector) -> bytes:
    """The text that a scrape is answered with, of `CONTENT_TYPE`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)


def ledger_metrics(totals: Totals, now: Instant) -> Iterator[Metric]:
    """Use and states as counters, which never fall: what corrections took has a counter of its own."""
    used = CounterMetricFamily(
        "dure_tenant_resource_seconds",
        "What tenants used by the ledger: core-seconds, byte-seconds or device-seconds.",
        labels=["tenant", "resource"],
    )
    taken = CounterMetricFamily(
        "dure_tenant_corrected_resource_seconds",
        "What corrections took from tenants' use: core-seconds, byte-seconds or device-seconds.",
        labels=["tenant", "resource"],
    )
    for family, lines in ((used, totals.use), (taken, totals.corrections)):
        for (tenant, resource), value in sorted(lines.items()):
            family.add_metric([tenant, resource], resource_seconds(resource, value))
        yield family
    states = CounterMetricFamily(
        "dure_room_state_resource_seconds",
        "Time by state by the ledger: core-seconds, byte-seconds or device-seconds.",
        labels=["state", "resource"],
    )
    for (state, resource), value in sorted(totals.states.items()):
        states.add_metric([state.value, resource], resource_seconds(resource, value))
    yield states
    yield _lag(totals, now)
    yield GaugeMetricFamily(
        "dure_ledger_quarantined_slices", "Doubtful slices that wait for a ruling.", totals.quarantined
    )


def _lag(totals: Totals, now: Instant) -> GaugeMetricFamily:
    lag = GaugeMetricFamily(
        "dure_ledger_lag_seconds",
        "How long ago the pool's watermark is: up to there its use is recorded.",
        labels=["pool"],
    )
    for (_, pool), watermark in sorted(totals.watermarks.items()):
        lag.add_metric([pool], (now - watermark) / SECOND)
    return lag


def _cycles(latency: LoopLatency) -> HistogramMetricFamily:
    return HistogramMetricFamily(
        "dure_cycle_duration_seconds",
        "How long the loop's cycles took, from waking to everything applied.",
        buckets=list(latency.buckets()),
        sum_value=latency.total,
    )


def _info(name: str, text: str, labels: dict[str, str]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{name}_info", text, labels=list(labels))
    family.add_metric(list(labels.values()), 1)
    return family

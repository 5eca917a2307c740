from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from threading import Thread
from typing import Any

import httpx
import pytest

from dure.model.plan import Eviction, Rule
from dure.model.record import JobState
from dure.model.use import State
from tests.backends.kubernetes.stand import Stand

pytestmark = pytest.mark.slow

Span = tuple[str, int, int, str]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


class Pods:
    """The last that the API server told of every pod, by uid: a watch misses none, however soon it is let go."""

    def __init__(self, stand: Stand) -> None:
        self.seen: dict[str, dict[str, Any]] = {}
        self._api, self._path = stand.rig.api, f"/api/v1/namespaces/{stand.space}/pods"
        self._version = self._api.get(self._path)["metadata"]["resourceVersion"]
        Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        with suppress(httpx.HTTPError):  # the rig may go before the watch is over
            for event in self._api.watch(self._path, self._version, seconds=120):
                pod = event["object"]
                self.seen[pod["metadata"]["uid"]] = pod

    def all_over(self) -> bool:
        seen = tuple(self.seen.values())
        return all(pod["status"]["phase"] in {"Succeeded", "Failed"} for pod in seen)

    def spans(self) -> list[Span]:
        """(uid, bound, last container's end, node) of each."""
        return sorted(self._span(uid, pod) for uid, pod in self.seen.items())

    def _span(self, uid: str, pod: dict[str, Any]) -> Span:
        conditions = {each["type"]: each["lastTransitionTime"] for each in pod["status"]["conditions"]}
        ends = [each["state"]["terminated"]["finishedAt"] for each in pod["status"]["containerStatuses"]]
        return uid, ms(conditions["PodScheduled"]), max(map(ms, ends)), pod["spec"]["nodeName"]


def test_slices_are_from_binding_to_the_last_end_pod_by_pod(stand: Stand) -> None:
    """Jobs that succeed, fail, are evicted and run again, and a gang: every pod's second is metered once."""
    pods = Pods(stand)
    good, bad = stand.post("good", runs_for=2), stand.post("bad", runs_for=1, exit_code=1)
    gang, moved = (
        stand.post("gang", pods=3, cpu="250m", runs_for=2),
        stand.post("moved", exit_on_term=0, stops_in=1),
    )
    for job in (good, bad, moved):
        stand.go(job)
    stand.go(gang, (stand.a, 1), (stand.b, 2))
    stand.until(lambda: stand.record(moved).state is JobState.RUNNING)
    stand.call(stand.backend.evict(Eviction(moved.id, 1, Rule.RECLAIM, "owner")))
    stand.until(lambda: stand.record(moved).state is JobState.PENDING)
    stand.go(moved, (stand.b, 1), attempt=2)
    stand.until(lambda: stand.record(moved).state is JobState.RUNNING)
    stand.end(moved)
    jobs = (good, bad, gang, moved)
    stand.until(lambda: pods.all_over() and all(stand.record(job).state.final for job in jobs))
    spans = pods.spans()
    assert len(spans) == 7
    last = max(end for _, _, end, _ in spans)
    stand.until(lambda: stand.slices(0, stand.clock.now())[0].end > last)
    asked, slices = stand.slices(0, stand.clock.now())
    for resource, amount in (("cpu", 1000), ("memory", 100)):
        mine = [s for s in slices if s.resource == resource]
        joined: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for each in mine:
            joined.setdefault((each.uid, each.node), []).append((each.start, each.end))
            wanted = 250 if each.job == gang.id and resource == "cpu" else amount
            assert (each.amount, each.state, each.tenant) == (wanted, State.TENANT, "lab")
        found = sorted((uid, parts[0][0], parts[-1][1], node) for (uid, node), parts in joined.items())
        assert found == [span for span in spans if span[1] < span[2]]
        assert all(a[1] == b[0] for parts in joined.values() for a, b in pairwise(parts))
    assert any(s.grace for s in slices if s.job == moved.id)
    assert stand.slices(0, asked.end) == (asked, slices)
    stand.again()
    assert stand.slices(0, asked.end) == (asked, slices)

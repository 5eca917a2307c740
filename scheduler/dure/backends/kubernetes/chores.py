"""What follows from how things stand, done until it is so: pods placed, attempts sealed, pods let go, limits kept.

Level-triggered: `consider` looks at one object and starts whatever is due for it, once; a failure is looked at
again a little later. Nothing here decides about fairness, and all of it may be cut off after any line.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from dure.backends.kubernetes import admitting
from dure.backends.kubernetes.attempts import AttemptSeen, broken, placeable, to_seal, waiting
from dure.backends.kubernetes.cache import Cache, JobKey
from dure.backends.kubernetes.client import Json, Lane
from dure.backends.kubernetes.errors import ApiError
from dure.backends.kubernetes.kept import Attempted, Ending
from dure.backends.kubernetes.pods import PodSeen
from dure.backends.kubernetes.reading import Queued
from dure.backends.kubernetes.writes import Writes
from dure.model.instants import SECOND, Instant, Millis
from dure.model.plan import EndCause
from dure.ports import Refused

_log = logging.getLogger(__name__)
_AGAIN_S = 1.0


@dataclass
class Chores:
    """The errands of one pool. `seen` reads the live attempt of an object, `now` is the API server's time."""

    cache: Cache
    writes: Writes
    now: Callable[[], Instant]
    seen: Callable[[Queued], AttemptSeen | None]
    start_timeout: Millis
    epoch: int = 0
    _busy: dict[object, asyncio.Task[None]] = field(default_factory=dict)
    _missed: set[object] = field(default_factory=set)
    _assigned: dict[str, int] = field(default_factory=dict)
    _sent: dict[str, str] = field(default_factory=dict)
    _starting: set[JobKey] = field(default_factory=set)
    _closing: set[JobKey] = field(default_factory=set)
    _limits: dict[JobKey, Instant] = field(default_factory=dict)

    def consider(self, key: JobKey) -> None:
        """Start what is due for this object now."""
        queued, pods = self.cache.jobs.get(key), self.cache.pods_of(key)
        for watched in (self._starting, self._closing):
            watched.discard(key)
        self._limits.pop(key, None)
        if queued is None:
            self._let_go(key, pods, sealed=None)
            return
        seen = self.seen(queued)
        if seen is not None:
            self._tend(key, queued, seen, pods)
        self._let_go(key, pods, queued.kept.sealed_number)
        self.cache.forget_pods(key)

    def look_at_time(self) -> None:
        """Do what time alone makes due: limits, starts that do not come up, attempts whose controller is silent."""
        now = self.now()
        for key in {*self._closing, *self.cache.on_silent()}:
            self.cache.touch(key)
        for key in [key for key, limit in self._limits.items() if now >= limit]:
            self._tell(key, EndCause.TIME_LIMIT.value, "asked", requeue=False)
        for key in [*self._starting]:
            self._check_start(key, now)

    async def settle(self) -> None:
        """Wait for what is on its way."""
        while self._busy:
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    # One attempt

    def _tend(self, key: JobKey, queued: Queued, seen: AttemptSeen, pods: Collection[PodSeen]) -> None:
        if seen.over:
            self._seal_at_once(key, queued, seen)
            return
        if seen.ending or queued.finished or queued.deleting is not None:
            self._closing.add(key)
            return
        if why := broken(seen):
            self._tell(key, why, "gang", requeue=False)
            return
        self._place(key, queued, pods)
        if not self._is_up(seen, pods):
            self._starting.add(key)
        self._keep_limit(key, queued, seen)

    def _place(self, key: JobKey, queued: Queued, pods: Collection[PodSeen]) -> None:
        """Let gated pods go to their tasks' nodes; one that is on its way there counts as gone."""
        for pod in pods:
            if not pod.gated:
                self._assigned.pop(pod.uid, None)
        there = [self._as_assigned(pod) for pod in pods]
        for pod, task in placeable(queued, there):
            self._assigned[pod.uid] = task
            patch = admitting.ungate(pod, _live(queued), task)
            self._errand(("place", pod.uid), key, self._let_in(pod, patch))

    def _as_assigned(self, pod: PodSeen) -> PodSeen:
        task = self._assigned.get(pod.uid)
        return replace(pod, gated=False, task=task) if pod.gated and task is not None else pod

    async def _let_in(self, pod: PodSeen, patch: Json) -> None:
        done = False
        try:
            done = await self.writes.pod(pod, patch, Lane.ADMIT)
        finally:
            if not done:
                self._assigned.pop(pod.uid, None)

    def _is_up(self, seen: AttemptSeen, pods: Collection[PodSeen]) -> bool:
        mine = [pod for pod in pods if pod.attempt == seen.attempted.attempt]
        return all(not task.void for task in seen.tasks) and all(pod.ran or pod.over for pod in mine)

    def _check_start(self, key: JobKey, now: Instant) -> None:
        """Put a start back that does not come up in time: it must not hold room that others could use."""
        queued, pods = self.cache.jobs.get(key), self.cache.pods_of(key)
        seen = self.seen(queued) if queued else None
        if seen is None or seen.ending or now < seen.attempted.decided + self.start_timeout:
            return
        why = waiting(seen, pods) or "no pod of it came up"
        self._tell(key, f"did not start within {self.start_timeout // SECOND} s: {why}", "void", requeue=True)

    def _keep_limit(self, key: JobKey, queued: Queued, seen: AttemptSeen) -> None:
        """Starts are recorded by the second, cut off: the limit is counted from the end of that second."""
        starts = [task.record.started for task in seen.tasks if task.record.started is not None]
        limit = queued.job.limit_under(task.record.flavor for task in seen.tasks)
        if starts and limit is not None:
            self._limits[key] = min(starts) + SECOND + limit

    def _tell(self, key: JobKey, reason: str, cause: str, requeue: bool) -> None:
        self._errand(("tell", key), key, self.tell(key, reason, cause, requeue))

    async def tell(self, key: JobKey, reason: str, cause: str, requeue: bool) -> None:
        """Tell the live attempt of an object to end; one that was told before is left alone."""

        def make(queued: Queued) -> Json:
            made = _live(queued)
            at = max(self.now() // SECOND * SECOND, made.decided)
            return admitting.evict(queued, Ending(made.attempt, at, reason, requeue, cause), self.epoch)

        await self.writes.job(key, make, is_told, Lane.ADMIT)

    # An attempt that is over

    def _seal_at_once(self, key: JobKey, queued: Queued, seen: AttemptSeen) -> None:
        if key not in self.cache.ghosts:
            self._errand(("seal", key), key, self._seal(key))
        elif (sealed := to_seal(seen, queued)) is not None:
            self.cache.seal_ghost(key, sealed)

    async def _seal(self, key: JobKey) -> None:
        def sealed(queued: Queued) -> Any:
            return to_seal(self.seen(queued), queued)

        def make(queued: Queued) -> Json:
            return admitting.seal(queued, sealed(queued), self.epoch)

        await self.writes.job(key, make, lambda queued: sealed(queued) is None, Lane.ADMIT)

    def _let_go(self, key: JobKey, pods: Collection[PodSeen], sealed: int | None) -> None:
        """Take our finalizer off pods whose attempt is sealed, or whose object is gone for good."""
        for pod in pods:
            known = sealed is None or (pod.attempt or 0) <= sealed
            if pod.ours and known and (pod.over or sealed is None) and self._sent.get(pod.uid) != pod.version:
                name = ("release", pod.uid)
                if name not in self._busy:  # else what is on its way is for an older pod, and may be refused
                    self._sent[pod.uid] = pod.version
                self._errand(name, key, self._release(pod))

    async def _release(self, pod: PodSeen) -> None:
        try:
            done = await self.writes.pod(pod, admitting.release_pod(pod))
        except ApiError:
            self._sent.pop(pod.uid, None)
            raise
        if done:
            self._sent.pop(pod.uid, None)

    # Errands

    def _errand(self, name: object, key: JobKey, work: Coroutine[Any, Any, Any]) -> None:
        """Do this beside everything else, unless it is being done already."""
        if name in self._busy:
            work.close()
            self._missed.add(name)
            return

        def over(_: asyncio.Task[None]) -> None:
            del self._busy[name]
            if name in self._missed:  # someone wanted it once more meanwhile: look whether it is still due
                self._missed.discard(name)
                self.cache.touch(key)

        task = self._busy[name] = asyncio.get_running_loop().create_task(self._run(key, work))
        task.add_done_callback(over)

    async def _run(self, key: JobKey, work: Coroutine[Any, Any, Any]) -> None:
        """A failure is looked at again a little later, together with whatever has changed by then."""
        try:
            await work
        except KeyError:
            return  # the object is gone; what is left of it is told by its pods
        except (ApiError, Refused) as error:
            _log.warning("to be tried again", extra={"object": "/".join(key), "error": str(error)})
            asyncio.get_running_loop().call_later(_AGAIN_S, self.cache.touch, key)


def _live(queued: Queued) -> Attempted:
    """The attempt that is being made. Raises Refused where there is none."""
    if queued.kept.live is None:
        raise Refused(f"job {queued.job.id} makes no attempt now")
    return queued.kept.live


def is_told(queued: Queued) -> bool:
    """Whether no attempt of it runs that was not told to end already."""
    made, ending = queued.kept.live, queued.kept.ending
    return (
        made is None or queued.finished is not None or (ending is not None and ending.attempt == made.attempt)
    )

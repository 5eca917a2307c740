"""Writes to governed objects: decided on one state of the object, tried again where it has moved on, never blindly.

Every patch carries the resourceVersion that it was decided on. After a conflict, or where nobody knows whether the
last try was carried out, the object is looked at: what is done already is not done again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from dure.backends.kubernetes.cache import Cache, JobKey
from dure.backends.kubernetes.client import Client, Json, Lane
from dure.backends.kubernetes.errors import ApiError, Conflict, Forbidden, Invalid, NotFound, Unavailable
from dure.backends.kubernetes.kinds import Kind, kind_of, url_path
from dure.backends.kubernetes.pods import PodSeen
from dure.backends.kubernetes.reading import Queued
from dure.ports import Refused

_TRIES = 6


@dataclass
class Writes:
    """Sends what was decided, and tells the cache what came of it."""

    client: Client
    cache: Cache

    async def job(
        self, key: JobKey, make: Callable[[Queued], Json], done: Callable[[Queued], bool],
        lane: Lane = Lane.WRITE,
    ) -> Queued:  # fmt: skip
        """Patch an object until `done` says that nothing is left to do; `make` gives the patch for how it stands.

        Raises KeyError where it is gone, Refused where `make` or the cluster refuses, Unavailable where nobody
        answers.
        """
        for _ in range(_TRIES):
            queued = self.cache.jobs[key]
            if done(queued):
                return queued
            path = url_path(queued.kind, queued.namespace, queued.name)
            try:
                self.cache.wrote(queued.kind, await self.client.patch(path, make(queued), lane=lane))
            except (Conflict, NotFound):
                await self.look(key, queued.kind)
            except Unavailable as error:
                if not error.sent:
                    raise
                await self.look(key, queued.kind)
            except (Forbidden, Invalid) as error:
                raise Refused(f"the cluster refuses: {error}") from error
            else:
                return self.cache.jobs[key]
        if done(queued := self.cache.jobs[key]):
            return queued
        raise Refused(f"job {queued.job.id} keeps changing; trying again")

    async def look(self, key: JobKey, kind: Kind) -> None:
        """Read one object as it stands now."""
        try:
            obj = await self.client.get(url_path(kind, *key[1:]), lane=Lane.WRITE)
        except NotFound:
            self.cache.looked(key, kind, None)
        else:
            self.cache.looked(key, kind, obj)

    async def look_at_unobserved(self) -> None:
        """Look at objects that we wrote to and that no watch has told of since."""
        for key in self.cache.unobserved():
            if (queued := self.cache.jobs.get(key)) is not None:
                await self.look(key, queued.kind)

    async def pod(self, pod: PodSeen, patch: Json, lane: Lane = Lane.TIDY) -> bool:
        """Patch a pod; whether it went through. One that changed or went meanwhile is left for another time."""
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
        try:
            await self.client.patch(path, patch, lane=lane, again=True)
        except (Conflict, NotFound):
            return False
        return True

    async def create(self, manifest: Json) -> tuple[Kind, Json]:
        """Create an object, or find the one that has its name. Raises Refused where the cluster takes none."""
        kind = kind_of(manifest["apiVersion"], manifest["kind"])
        namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        try:
            obj = await self.client.create(url_path(kind, namespace), manifest)
        except NotFound as error:
            raise Refused(f"there is no namespace {namespace}; an admin runs dure tenant apply") from error
        except Conflict:
            obj = await self.client.get(url_path(kind, namespace, name), lane=Lane.WRITE)
        except (Forbidden, Invalid) as error:
            raise Refused(f"the cluster refuses: {error}") from error
        self.cache.wrote(kind, obj)
        return kind, obj

    async def delete(self, queued: Queued) -> None:
        """Delete an object and, in the background, what it owns; one that changed meanwhile is left alone."""
        options = {"preconditions": {"uid": queued.uid}, "propagationPolicy": "Background"}
        with suppress(NotFound, Conflict):
            path = url_path(queued.kind, queued.namespace, queued.name)
            await self.client.delete(path, options, lane=Lane.TIDY)


__all__ = ["ApiError", "Writes"]

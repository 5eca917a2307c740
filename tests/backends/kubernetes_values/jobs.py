"""Jobs such as users ask for, and objects such as the API server gives back, for tests that need no server."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

from dure.backends.kubernetes.kinds import BATCH_JOB, JOB_SET
from dure.backends.kubernetes.names import Json
from dure.backends.kubernetes.reading import Queued, Tenancy, queued
from dure.backends.kubernetes.writing import kind_for, manifest
from dure.model.job import Job, Mount, TaskGroup
from dure.model.node import GpuFlavor

FLAVORS = (
    GpuFlavor("h100", 2200, (("nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3"),)),
    GpuFlavor("a100-80g", 1000),
    GpuFlavor("t4", 200),
    GpuFlavor("a100-mig-1g.10gb", 143),
)
VOLUMES = {"data": "claim-of-data", "models": "claim-of-models", "두레": "claim-of-data"}
TENANCY = Tenancy({"lab-ns": "lab"}, FLAVORS)
NAMESPACE = "lab-ns"

texts = st.text(max_size=20)
words = st.lists(
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    max_size=4,
)
commands = st.tuples(st.sampled_from(["python3", "sh", "$(A)", "$$", "두레"]), words).map(
    lambda p: (p[0], *p[1])
)
lengths = st.integers(0, 10**10)
names = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_.-]{0,9}\Z")
ids = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?\Z")
wholes = st.lists(st.sampled_from(["h100", "a100-80g", "t4"]), min_size=1, max_size=3, unique=True).map(tuple)
flavors = st.one_of(wholes, st.just(("a100-mig-1g.10gb",)))


@st.composite
def shapes(draw: st.DrawFn) -> tuple[int, int, int, tuple[str, ...]]:
    gpus = draw(st.integers(0, 8))
    return draw(st.integers(0, 10**6)), draw(st.integers(0, 10**8)), gpus, draw(flavors) if gpus else ()


@st.composite
def groups(draw: st.DrawFn, shape: tuple[int, int, int, tuple[str, ...]] | None = None) -> TaskGroup:
    cpu, memory, gpus, kinds = shape or draw(shapes())
    own = draw(st.one_of(st.just(()), commands)) if shape is None else ()
    return TaskGroup(draw(st.integers(1, 500)), cpu, memory, gpus, kinds, draw(texts), own)


@st.composite
def mounts(draw: st.DrawFn) -> tuple[Mount, ...]:
    paths = draw(
        st.lists(st.sampled_from(["/data", "in/side", "/x/../y".replace("..", "z"), "here"]), unique=True)
    )
    return tuple(Mount(draw(st.sampled_from(sorted(VOLUMES))), path, draw(st.booleans())) for path in paths)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    """Any job that this backend takes: one group, several of one shape, or several of different shape."""
    several = st.one_of(
        st.lists(groups(), min_size=1, max_size=3),
        shapes().flatmap(lambda shape: st.lists(groups(shape), min_size=1, max_size=3)),
    )
    limit = draw(st.one_of(st.none(), lengths))
    kinds = draw(st.lists(st.sampled_from(["h100", "a100-80g"]), unique=True))
    return Job(
        id=draw(ids), tenant="lab", user=draw(texts), submitted=draw(st.integers(0, 2**42)),
        groups=tuple(draw(several)), command=draw(commands), name=draw(texts),
        priority=draw(st.integers(-1000, 1000)), preemptible=draw(st.booleans()), time_limit=limit,
        project=draw(texts), image=draw(st.sampled_from(["busybox:1", "registry:5000/a/b@sha256:0"])),
        workdir=draw(st.sampled_from(["", "/work", "/두레"])),
        environment=tuple(draw(st.lists(st.tuples(names, commands.map(" ".join)), max_size=4))),
        mounts=draw(mounts()), secrets=tuple(draw(st.lists(names, max_size=2, unique=True))),
        after=tuple(draw(st.lists(ids, max_size=2, unique=True))),
        checkpoint_interval=draw(st.one_of(st.none(), lengths)), idempotency_key=draw(texts),
        time_limits=tuple((kind, draw(lengths)) for kind in kinds),
    )  # fmt: skip


def stored(obj: Json, **more: Any) -> Json:
    """The object as the API server gives it back: through JSON, with what a server adds."""
    kept: Json = json.loads(json.dumps(obj))
    kept["metadata"] |= {
        "uid": "uid-1",
        "resourceVersion": "7",
        "creationTimestamp": "2026-11-22T08:00:00Z",
        **more,
    }
    return kept


def written(job: Job, **options: Any) -> Json:
    """The job's object, as stored."""
    return stored(manifest(job, NAMESPACE, VOLUMES, (BATCH_JOB, JOB_SET), FLAVORS, **options))


def read(job: Job) -> Queued:
    """The job's object, written and read."""
    return queued(written(job), kind_for(job), TENANCY)


def merged(obj: Json, patch: Json) -> Json:
    """The object after a JSON merge patch (RFC 7386)."""
    found = copy.deepcopy(obj)
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, dict):
            found[name] = merged(found.get(name) if isinstance(found.get(name), dict) else {}, value)  # type: ignore[arg-type]  # checked
        else:
            found[name] = value
    return found

"""The keys of room.yaml."""

from __future__ import annotations

from typing import Final

from dure_policies.keys.amounts import DEVICES
from dure_policies.kinds import (
    BOOL,
    CPU,
    ID,
    LABEL,
    LINE,
    MEMORY,
    YEARS,
    Fields,
    Key,
    Named,
    choice,
    decimal,
    duration,
    or_word,
    pattern,
    whole,
)  # fmt: skip

LABELS: Final = Named(LABEL, LINE)

PLANNING: Final = Fields(
    "planning",
    {
        "order": Key(choice("fair", "fifo"), "`fair`: by fair share; `fifo`: by arrival", default="fair"),
        "depth": Key(
            or_word(whole(0, 10_000), "all"),
            "how many blocked borrowers hold a reservation; 1 is EASY backfill, `all` conservative backfill",
            default="1",
        ),
        "backfill": Key(
            BOOL, "whether later jobs may go past a blocked one, without delaying it", default="true"
        ),
        "memory": Key(
            decimal(3, "0", "0.9", "0.5"), "how much past use weighs against present use", default="0.5"
        ),
        "half_life": Key(duration("1m", "3650d"), "after this time past use counts half", default="7d"),
        "between_borrowers": Key(
            choice("never", "fair"),
            "`fair`: a borrower displaces another whose share stays above its own",
            default="never",
        ),
        "within_tenant": Key(
            choice("never", "priority"),
            "`priority`: a job displaces jobs of lower priority of its own tenant",
            default="never",
        ),
        "reclaim_within": Key(
            duration("0s", "30d"),
            "how soon a guarantee is given back: as long may borrowers run that must not be displaced",
            default="0s",
        ),
        "claim_timeout": Key(
            duration("1s", "1d"), "how long room that is being vacated is kept for its job", default="10m"
        ),
        "min_runtime": Key(
            duration("0s", "30d"), "between borrowers: who has run less is not displaced", default="0s"
        ),
        "eviction_budget": Key(
            whole(1, 1_000), "between borrowers: how often one job may be displaced", default="any number"
        ),
        "default_time_limit": Key(
            duration("1s", "3650d"), "the time limit of jobs that state none", default="no limit"
        ),
        "grace": Key(
            duration("0s", "1h"), "time between SIGTERM and SIGKILL when a job is ended", default="10s"
        ),
    },
)

FLAVOR: Final = Fields(
    "a GPU flavor",
    {
        "value": Key(
            decimal(3, "0.001", "1_000_000", "1 or 2.25"),
            "what one device weighs beside the others in scores and prices",
            default="1",
        ),
        "node_selector": Key(LABELS, "labels of the nodes that have it, for backends that discover nodes"),
    },
)

NODE: Final = Fields(
    "a node",
    {
        "cpu": Key(CPU, "its cpus", required=True),
        "memory": Key(MEMORY, "its memory", required=True),
        "gpus": Key(DEVICES, "its devices by GPU flavor"),
        "labels": Key(LABELS, "free labels"),
    },
)

OPTIONS: Final = {
    "local": {"path": Key(LINE, "local: PATH of jobs", default="the system's folders")},
    "kubernetes": {
        "kubeconfig": Key(
            LINE,
            "kubernetes: the file by which the cluster is reached",
            default="the pod's own account, else the user's kubeconfig",
        ),
        "context": Key(LINE, "kubernetes: the context of that file", default="its current one"),
        "namespace_prefix": Key(
            pattern(
                "the beginning of a namespace's name",
                "dure-",
                r"[a-z0-9][a-z0-9-]{0,40}",
                "small letters, digits and -",
            ),
            "kubernetes: what stands before a tenant's id in the name of its namespace",
            default="dure-",
        ),
        "start_timeout": Key(
            duration("1s", "1d"),
            "kubernetes: a job whose pods are not up after so long is put back",
            default="5m",
        ),
        "keep_ended": Key(
            duration("1m", "3650d"), "kubernetes: how long ended jobs are kept in the cluster", default="7d"
        ),
        "in_flight": Key(
            whole(2, 256), "kubernetes: requests on their way to the API server at once", default="8"
        ),
    },
}
"""The options of each backend."""

POOL: Final = Fields(
    "a pool",
    {
        "backend": Key(choice(*OPTIONS), "what runs the jobs", required=True),
        "nodes": Key(
            Named(ID, NODE), "local: the nodes that this machine plays, by id; other backends find theirs"
        ),
        "options": Key(
            Fields("options", {name: key for keys in OPTIONS.values() for name, key in keys.items()}),
            "the backend's own settings",
        ),
    },
)

ROOM: Final = Fields(
    "room.yaml",
    {
        "room": Key(ID, "the room's id", required=True),
        "timezone": Key(
            pattern(
                "a time zone",
                "Asia/Seoul",
                r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}",
                "an IANA name",
            ),
            "IANA time zone that decides days, months and price edges",
            default="Asia/Seoul",
        ),
        "longest_term": Key(
            YEARS, "the longest tenancy that is allowed: `4 years`, `18 months`", default="any length"
        ),
        "planning": Key(PLANNING, "how jobs are planned"),
        "flavors": Key(Named(ID, FLAVOR), "GPU flavors by id"),
        "pools": Key(Named(ID, POOL), "pools of nodes by id", required=True),
    },
)

"""Every key of every file: kind, meaning, need, default. Reader, schemas and reference come from here."""

from __future__ import annotations

from typing import Final

from dure_policies.kinds import (
    BOOL,
    CPU,
    DAY,
    GPUS,
    ID,
    LABEL,
    LINE,
    MEMORY,
    MOMENT,
    NAME,
    PATH,
    PROJECT,
    SCRIPT,
    TENANT,
    UNIX_USER,
    VARIABLE,
    YEARS,
    Fields,
    Key,
    Listed,
    Named,
    as_written,
    choice,
    decimal,
    duration,
    integer,
    pattern,
    text,
    whole,
)  # fmt: skip

WON: Final = decimal(6, "0", "1_000_000_000_000", "1_900 or 0.5")
DEVICES: Final = Named(ID, whole(0, 1_000_000))
LABELS: Final = Named(LABEL, LINE)

AMOUNTS: Final = {
    "cpu": Key(CPU, "cpus: `8`, `1.5` or `500m`"),
    "memory": Key(MEMORY, "memory with its unit: `512Mi`, `4Gi`, `1Ti`"),
    "gpus": Key(DEVICES, "devices by GPU flavor"),
}

PLANNING: Final = Fields(
    "planning",
    {
        "order": Key(choice("fair", "fifo"), "`fair`: by fair share; `fifo`: by arrival", default="fair"),
        "depth": Key(
            whole(1, 1),
            "how many blocked borrowers hold a reservation; this version: 1, which is EASY backfill",
            default="1",
        ),
        "memory": Key(
            decimal(3, "0", "0.9", "0.5"), "how much past use weighs against present use", default="0.5"
        ),
        "half_life": Key(duration("1m", "3650d"), "after this time past use counts half", default="7d"),
        "between_borrowers": Key(
            choice("never"),
            "whether one borrower may displace another; this version: `never`",
            default="never",
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

POOL: Final = Fields(
    "a pool",
    {
        "backend": Key(choice("local"), "what runs the jobs; this version: `local`", required=True),
        "nodes": Key(Named(ID, NODE), "the nodes that this machine plays, by id", required=True),
        "options": Key(
            Fields("options", {"path": Key(LINE, "PATH of jobs", default="the system's folders")}),
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

QUOTA: Final = Fields("amounts", AMOUNTS)

TENANT_KEYS: Final = Fields(
    "a tenant",
    {
        "name": Key(NAME, "its name on bills and pages"),
        "name_ko": Key(NAME, "its Korean name"),
        "parent": Key(TENANT, "the tenant that it belongs to; only tenants to whom none belongs run jobs"),
        "weight": Key(whole(1, 1_000_000), "its share among its siblings of what is borrowed", default="1"),
        "guarantee": Key(QUOTA, "what it can always have back; what is not named has no guarantee"),
        "limit": Key(QUOTA, "the most it may hold, guaranteed and borrowed; what is not named has no limit"),
        "term": Key(
            Fields(
                "a tenancy",
                {
                    "first_day": Key(DAY, "its first day", required=True),
                    "last_day": Key(DAY, "its last day, which still belongs to it", required=True),
                },
            ),
            "the tenancy; left out: without end",
        ),
        "business_number": Key(
            pattern(
                "a business registration number",
                "123-00-45673",
                "[0-9]{3}-[0-9]{2}-[0-9]{5}",
                "ten digits as 3-2-5",
            ),
            "business registration number (사업자등록번호), its check digit included",
        ),
        "projects": Key(Listed(PROJECT), "grants or cost codes that its jobs may name"),
        "require_project": Key(BOOL, "whether each job must name one of `projects`", default="false"),
        "default_time_limit": Key(
            duration("1s", "3650d"), "as in `planning`, for its jobs", default="the room's"
        ),
        "default_image": Key(PATH, "container image of jobs that name none"),
        "volumes": Key(
            Named(ID, PATH), "places that its jobs may mount: name and the backend's address of it"
        ),
        "unix_user": Key(UNIX_USER, "Unix user of its local jobs", default="the server's own"),
        "max_pending_jobs": Key(
            whole(1, 10_000_000), "how many of its jobs may wait at once", default="no limit"
        ),
    },
)

TENANTS: Final = Fields(
    "tenants.yaml",
    {"tenants": Key(Named(TENANT, TENANT_KEYS), "tenants by id, in any order", required=True)},
)

PRICES: Final = Fields(
    "prices.yaml",
    {
        "prices": Key(
            Named(
                ID,
                Fields(
                    "a price version",
                    {
                        "start": Key(
                            MOMENT, "in force from here until the next version's start", required=True
                        ),
                        "rates": Key(
                            Fields(
                                "rates",
                                {
                                    "cpu": Key(WON, "won per core-hour"),
                                    "memory": Key(WON, "won per GiB-hour"),
                                    "gpus": Key(Named(ID, WON), "won per device-hour by flavor"),
                                },
                            ),
                            "the rate card in won per hour; what is not named costs nothing by it",
                        ),
                        "pools": Key(
                            Named(
                                NAME,
                                Fields(
                                    "a cost pool",
                                    {
                                        "name_ko": Key(NAME, "its Korean name"),
                                        "monthly": Key(WON, "won a month", required=True),
                                        "measure": Key(
                                            choice("cpu", "memory", "gpu"),
                                            "the use by which tenants share it (`gpu`: weighed by value)",
                                            required=True,
                                        ),
                                    },
                                ),
                            ),
                            "costs of the room, shared among tenants, by name",
                        ),
                    },
                ),
            ),
            "price versions by id",
            required=True,
        )
    },
)

CALENDAR: Final = Fields(
    "calendar.yaml",
    {
        "calendar": Key(
            Named(
                NAME,
                Fields(
                    "an entry",
                    {
                        "name_ko": Key(NAME, "its Korean name"),
                        "start": Key(MOMENT, "when it begins", required=True),
                        "end": Key(MOMENT, "when it is over; a day alone means its midnight", required=True),
                        "tenants": Key(Listed(TENANT), "for whom", required=True),
                        "resources": Key(QUOTA, "how much, together", required=True),
                    },
                ),
            ),
            "entries by name",
            required=True,
        )
    },
)

_COMMAND: Final = Listed(SCRIPT, 10_000)


_SHAPE: Final = {
    "cpu": Key(as_written(CPU), "cpus of one task", default="1"),
    "memory": Key(as_written(MEMORY), "memory of one task", default="512Mi"),
    "gpu": Key(as_written(GPUS), "GPUs of one task: flavors that will do, best first, and a count"),
}


JOB: Final = Fields(
    "a job",
    {
        "command": Key(_COMMAND, "program and arguments", default="an error, unless each group names one"),
        "name": Key(NAME, "a name of your choice"),
        "tasks": Key(whole(1, 1_000_000), "how many equal tasks start together", default="1"),
        **_SHAPE,
        "groups": Key(
            Listed(
                Fields(
                    "a group of equal tasks",
                    {
                        "name": Key(NAME, "its name"),
                        "count": Key(whole(1, 1_000_000), "how many tasks", default="1"),
                        **_SHAPE,
                        "command": Key(_COMMAND, "its own command", default="the job's"),
                    },
                )
            ),
            "unlike tasks of one gang; stands instead of tasks, cpu, memory and gpu",
        ),
        "time": Key(as_written(duration("1s", "3650d")), "the time limit"),
        "priority": Key(integer(-1_000_000, 1_000_000), "order inside the tenant, higher first", default="0"),
        "preemptible": Key(BOOL, "whether it may be displaced", default="true"),
        "project": Key(PROJECT, "the project that it is billed to"),
        "image": Key(LINE, "container image"),
        "workdir": Key(LINE, "working directory"),
        "environment": Key(Named(VARIABLE, SCRIPT), "variables that its tasks see"),
        "mounts": Key(
            Listed(
                Fields(
                    "a mount",
                    {
                        "volume": Key(ID, "a volume of the tenant", required=True),
                        "path": Key(PATH, "where tasks see it", required=True),
                        "read_only": Key(BOOL, "whether it can only be read", default="false"),
                    },
                )
            ),
            "volumes of the tenant that its tasks see",
        ),
        "secrets": Key(Listed(VARIABLE), "names of the tenant's secrets"),
        "after": Key(Listed(text(100)), "jobs that must have succeeded before"),
        "checkpoint_interval": Key(as_written(duration("1s", "3650d")), "how often it makes a checkpoint"),
        "idempotency_key": Key(text(200), "the same key again means the same job"),
        "tenant": Key(TENANT, "for whom, where an admin submits"),
        "hold": Key(BOOL, "whether it waits until released", default="false"),
    },
)

FILES: Final[dict[str, Fields]] = {
    "room.yaml": ROOM,
    "tenants.yaml": TENANTS,
    "prices.yaml": PRICES,
    "calendar.yaml": CALENDAR,
}
"""A bundle's files, in the order in which they are read; the last two may be missing."""

OPTIONAL: Final = frozenset({"prices.yaml", "calendar.yaml"})

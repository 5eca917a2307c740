"""What the API answers: the models behind the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Texted(BaseModel):
    """A reason: a code and its numbers, and the same said in both languages."""

    code: str
    subject: str = ""
    numbers: dict[str, int] = {}
    en: str = ""
    ko: str = ""


class ForecastAnswer(BaseModel):
    """When a waiting job starts by forecast, as worked out at `as_of`; null: later than the forecast looks.

    In half of the futures it starts by `median`, in nine of ten by `p90`.
    """

    median: str | None
    p90: str | None
    as_of: str


class EvictionCounts(BaseModel):
    """How often a job had to leave its place, the rule of the last time, and what was lost in all."""

    count: int = 0
    last_rule: str | None = None
    lost_ms: int = 0


class EvictionAnswer(BaseModel):
    """One attempt that had to leave; `by` is a job or an entry of the calendar, "(others)" for another tenant's."""

    attempt: int
    at: str | None
    rule: str
    by: str
    lost_ms: int
    en: str
    ko: str


class JobAnswer(BaseModel):
    """One job as it is now. `resources` are of all its tasks together; `reason` is null while it runs.

    `time_limits_ms` are limits of its own under some flavors; `vacating` is the rule by which it is leaving its
    place; `checkpoint` the last one that its attempt reported; `forecast` stands while it waits.
    """

    id: str
    tenant: str
    user: str
    name: str
    state: str
    project: str
    priority: int
    preemptible: bool
    tasks: int
    resources: dict[str, int]
    time_limit_ms: int | None
    submitted: str
    started: str | None
    ended: str | None
    attempt: int
    exit_code: int | None
    held: bool
    nodes: list[str]
    reason: Texted | None
    command: list[str]
    workdir: str
    image: str
    after: list[str]
    time_limits_ms: dict[str, int] = {}
    checkpoint_interval_ms: int | None = None
    checkpoint: str | None = None
    vacating: str | None = None
    evictions: EvictionCounts = EvictionCounts()
    forecast: ForecastAnswer | None = None


class Placed(BaseModel):
    """Tasks of a group on one node."""

    group: int
    node: str
    flavor: str
    tasks: int


class Reserved(BaseModel):
    """Capacity promised from an instant on."""

    at: str
    placements: list[Placed]


class Standing(BaseModel):
    """A tenant's share of the room above its guarantee, and its score."""

    share: float
    score: float


class Notes(BaseModel):
    """Sentences that go with an answer."""

    en: list[str] = []
    ko: list[str] = []


class ExplanationAnswer(BaseModel):
    """Every reason for a job's state, the one that decides first; `about` is the job itself."""

    job: str
    state: str
    at: str
    guaranteed: bool
    standing: Standing
    rank: int | None
    ahead: int | None
    reasons: list[Texted]
    notes: Notes
    placements: list[Placed]
    reservation: Reserved | None
    about: JobAnswer
    timezone: str
    evictions: list[EvictionAnswer] = []
    expected: Notes = Notes()


class EstimateAnswer(BaseModel):
    """What would become of a job, were it submitted now: its verdict, its start and its cost in won.

    Null where nothing is known: no start before the forecast's end, or no forecast yet. The cost lies between the
    median run time on the cheapest and nine cases of ten on the dearest of its flavors, by rate card; shares of
    cost pools come on top.
    """

    verdict: Texted | None
    start: ForecastAnswer | None
    cost_low_won: int | None
    cost_high_won: int | None
    as_of: str
    expected: Notes = Notes()


class DrainedAnswer(BaseModel):
    """A node, and whether it takes jobs."""

    node: str
    state: str


class UsageRow(BaseModel):
    """What a tenant used of a resource for a project; `tenant` is "(others)" for all that are not the caller's."""

    tenant: str
    project: str
    resource: str
    quantity: str
    unit: str


class UsageAnswer(BaseModel):
    """Use over [from, to), as far as the ledger knows it (`watermark`)."""

    begin: str = Field(serialization_alias="from")
    to: str
    timezone: str
    watermark: str | None
    rows: list[UsageRow]


class QuotaRow(BaseModel):
    """One resource of one tenant, in millicores, MiB or devices; null where nothing is stated.

    `guarantee` and `limit` are in force now, until `until` where they are not what policy states for the tenant
    (null: for good); `on_top` is what open entries of the calendar promise besides, the first up to `on_top_until`.
    """

    tenant: str
    resource: str
    guarantee: int | None
    limit: int | None
    held: int
    pending: int
    share: float | None
    score: float | None
    stated_guarantee: int | None = None
    stated_limit: int | None = None
    until: str | None = None
    on_top: int = 0
    on_top_until: str | None = None
    notes: Notes = Notes()


class NodeAnswer(BaseModel):
    """A node, what it has and what of it is held."""

    id: str
    pool: str
    state: str
    capacity: dict[str, int]
    held: dict[str, int]


class PausedAnswer(BaseModel):
    """Who may start nothing."""

    room: bool
    tenants: list[str]


class RoomAnswer(BaseModel):
    """The room now."""

    room: str
    policy: str
    timezone: str
    at: str
    paused: PausedAnswer
    nodes: list[NodeAnswer]
    jobs: dict[str, int]
    watermarks: dict[str, str]
    loop: dict[str, Any]


class TokenAnswer(BaseModel):
    """A token as it is kept; its secret is not."""

    id: str
    tenant: str
    user: str
    role: str
    created: str
    last4: str
    revoked: str | None


class NewToken(BaseModel):
    """A token's text, shown this once."""

    id: str
    token: str


class PolicyAnswer(BaseModel):
    """The policy in force, since when, and what is wrong with the one that would replace it."""

    version: str
    since: str
    room: str
    timezone: str
    tenants: list[dict[str, Any]]
    flavors: list[str]
    findings: list[str]


class VersionAnswer(BaseModel):
    """The policy version in force."""

    version: str


class HealthAnswer(BaseModel):
    """Whether the server lives, or serves."""

    status: str


class HistoryAnswer(BaseModel):
    """Live histories beside those rebuilt from the ledger, floats as C99 hexadecimal."""

    watermark: int
    equal: bool
    live: list[list[Any]]
    rebuilt: list[list[Any]]

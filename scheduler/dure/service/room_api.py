"""The room over HTTP: how it is, pausing it, its policy, its tokens."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from dure.ledger import Act, Token
from dure.model.change import Paused
from dure.model.job import TenantId
from dure.model.tenant import Tenant
from dure.ports import PolicyRefused
from dure.service.answers import (
    HistoryAnswer,
    NewToken,
    PausedAnswer,
    PolicyAnswer,
    RoomAnswer,
    TokenAnswer,
    VersionAnswer,
)
from dure.service.errors import bad_input, forbidden, nearest, not_found
from dure.service.hall import Anyone, Hall, RoomAdmin, Serving, SomeAdmin
from dure.service.identity import Caller, Role
from dure.service.instants import to_wire
from dure.service.live import Live
from dure.service.recovery import compare_histories
from dure.service.requests import PauseRequest, TokenRequest
from dure.service.standing import job_counts, node_answers

router = APIRouter(prefix="/v1")


@router.get("/room", tags=["room"])
async def show_room(hall: Serving, caller: Anyone) -> RoomAnswer:
    """Nodes, counts of jobs, policy version, ages: nobody's names."""
    live = hall.live
    watermark = live.metering().watermark
    return RoomAnswer(
        room=live.rules.room,
        policy=live.rules.version,
        timezone=live.rules.timezone,
        at=to_wire(live.now()),
        paused=_paused(live, caller),
        nodes=node_answers(live.observed),
        jobs=job_counts(await live.backend.counts()),
        watermarks={f"{live.backend.source}/{live.backend.cluster}": to_wire(watermark)},
        loop=_loop_answer(live),
    )


@router.post("/room/pause", tags=["room"])
async def pause(body: PauseRequest, hall: Serving, caller: SomeAdmin) -> PausedAnswer:
    """Start nothing more of a tenant and all below it, or of the whole room; what runs goes on."""
    return await _set_paused(hall, caller, body.tenant, paused=True)


@router.post("/room/resume", tags=["room"])
async def resume(body: PauseRequest, hall: Serving, caller: SomeAdmin) -> PausedAnswer:
    """Start jobs again."""
    return await _set_paused(hall, caller, body.tenant, paused=False)


@router.get("/policy", tags=["policy"])
async def show_policy(hall: Serving, caller: Anyone) -> PolicyAnswer:
    """The version in force, and of tenants those that the caller sees."""
    rules = hall.live.rules
    return PolicyAnswer(
        version=rules.version,
        since=to_wire(hall.live.rules_since),
        room=rules.room,
        timezone=rules.timezone,
        tenants=[_tenant(tenant) for tenant in rules.tenants if caller.sees(tenant.id, rules)],
        flavors=[flavor.name for flavor in rules.flavors],
        findings=list(hall.live.findings) if caller.is_room_admin else [],
    )


@router.post("/policy/reload", tags=["policy"])
async def reload_policy(hall: Serving, caller: RoomAdmin) -> VersionAnswer:
    """Read the bundle again; a bad one is refused with its findings, and the old one stays."""
    try:
        version = await hall.policy.reload()
    except PolicyRefused as refusal:
        raise bad_input("the bundle is refused; the old one stays", findings=refusal.findings) from refusal
    act = Act(hall.live.now(), caller.user, "policy reload", version)
    await hall.books.control(lambda control: control.record(act))
    return VersionAnswer(version=version)


@router.get("/tokens", tags=["tokens"])
async def list_tokens(hall: Serving, caller: SomeAdmin) -> list[TokenAnswer]:
    """Tokens, without their secrets."""
    return [_token(token) for token in await hall.tokens.all() if _theirs(token, caller, hall)]


@router.post("/tokens", tags=["tokens"], status_code=201)
async def create_token(body: TokenRequest, hall: Serving, caller: SomeAdmin) -> NewToken:
    """Make a token; its text is in this answer and nowhere else."""
    of_room = body.role in {Role.ROOM_ADMIN, Role.MONITOR}
    if not caller.is_room_admin and (of_room or not caller.sees(body.tenant, hall.live.rules)):
        raise forbidden("a tenant admin makes tokens of users and admins of the own tenant")
    known = {tenant.id for tenant in hall.live.rules.tenants}
    if of_room and body.tenant:
        raise bad_input(f"a {body.role.value} belongs to no tenant", "leave the tenant out")
    if not of_room and body.tenant not in known:
        hint = nearest(body.tenant, known) if body.tenant else "name one with --tenant"
        raise bad_input(f"there is no tenant {body.tenant!r}", hint)
    token, text = await hall.tokens.create(body.tenant, body.user, body.role, hall.live.now(), caller.user)
    return NewToken(id=token.id, token=text)


@router.delete("/tokens/{token}", tags=["tokens"])
async def revoke_token(
    token: Annotated[str, Path(max_length=64)], hall: Serving, caller: SomeAdmin
) -> TokenAnswer:
    """Make a token useless, from now on."""
    known = next((t for t in await hall.tokens.all() if t.id == token and _theirs(t, caller, hall)), None)
    if known is None:
        raise not_found(f"token {token}")
    await hall.tokens.revoke(known.id, hall.live.now(), caller.user)
    return next(_token(t) for t in await hall.tokens.all() if t.id == token)


@router.get("/debug/history", tags=["debug"])
async def history(hall: Serving, _: RoomAdmin) -> HistoryAnswer:
    """Live histories, and those rebuilt from the ledger as after a restart: the same, bit for bit."""
    watermark, live, rebuilt = await hall.loop.ask(lambda: compare_histories(hall.live))
    return HistoryAnswer(watermark=watermark, equal=live == rebuilt, live=live, rebuilt=rebuilt)


async def _set_paused(hall: Hall, caller: Caller, tenant: TenantId | None, *, paused: bool) -> PausedAnswer:
    live = hall.live
    if not caller.is_room_admin and (tenant is None or not caller.sees(tenant, live.rules)):
        raise forbidden("a tenant admin pauses the own tenant only", f"name it: {caller.tenant}")
    known = {known.id for known in live.rules.tenants}
    if tenant is not None and tenant not in known:
        raise bad_input(f"there is no tenant {tenant!r}", nearest(tenant, known))
    at = live.now()
    await hall.books.control(lambda control: control.pause(tenant, paused, at, caller.user))
    await hall.loop.ask(lambda: live.take([Paused(live.now(), tenant, paused)]))
    return _paused(live, caller)


def _paused(live: Live, caller: Caller) -> PausedAnswer:
    seen = [tenant for tenant in sorted(live.observed.paused) if caller.sees(tenant, live.rules)]
    return PausedAnswer(room=live.observed.room_paused, tenants=seen)


def _loop_answer(live: Live) -> dict[str, Any]:
    stats = live.stats
    return {
        "cycles": stats.cycles,
        "failures": stats.failures,
        "refused_starts": stats.refused_starts,
        "last_cycle": None if stats.last_cycle is None else to_wire(stats.last_cycle),
        "last_decide_seconds": round(stats.last_decide_seconds, 6),
    }


def _tenant(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": tenant.id,
        "parent": tenant.parent,
        "name": tenant.name,
        "name_ko": tenant.name_ko,
        "weight": tenant.weight,
        "guarantee": dict(tenant.guarantee.stated),
        "limit": dict(tenant.limit.stated),
        "projects": list(tenant.projects),
    }


def _theirs(token: Token, caller: Caller, hall: Hall) -> bool:
    return caller.is_room_admin or (bool(token.tenant) and caller.sees(token.tenant, hall.live.rules))


def _token(token: Token) -> TokenAnswer:
    return TokenAnswer(
        id=token.id,
        tenant=token.tenant,
        user=token.user,
        role=token.role,
        created=to_wire(token.created),
        last4=token.last4,
        revoked=None if token.revoked is None else to_wire(token.revoked),
    )

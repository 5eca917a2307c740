"""What every request can reach, and who is making it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from dure.ledger import Token
from dure.model.instants import Instant
from dure.model.job import TenantId, UserId
from dure.ports import SpecReader
from dure.service.books import Books
from dure.service.errors import ApiError, bad_input, forbidden, nearest, not_found, unavailable
from dure.service.forecasts import Forecasts
from dure.service.identity import Caller, Role
from dure.service.listing import Listing
from dure.service.live import Live
from dure.service.loop import Loop
from dure.service.metrics_view import CostSoFar
from dure.service.policy import PolicyKeeper


class Tokens:
    """Bearer tokens. One that was found valid is remembered until one is revoked: only this server can do that."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._valid: dict[bytes, Token] = {}

    async def caller(self, text: str) -> Caller | None:
        """Who this token belongs to, or None."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
        token = self._valid.get(digest)
        if token is None:
            token = await self._books.look_up(lambda control: control.verify_token(text))
            if token is None:
                return None
            self._valid[digest] = token
        return Caller(token.tenant, token.user, Role(token.role))

    async def create(
        self, tenant: TenantId, user: UserId, role: Role, at: Instant, who: str
    ) -> tuple[Token, str]:
        """A new token, and its text for this once."""
        return await self._books.control(lambda control: control.create_token(tenant, user, role, at, who))

    async def all(self) -> tuple[Token, ...]:
        """Every token ever made."""
        return await self._books.look_up(lambda control: control.tokens())

    async def revoke(self, token: str, at: Instant, who: str) -> None:
        """Revoke a token at once. Raises KeyError for an unknown one."""
        await self._books.control(lambda control: control.revoke_token(token, at, who))
        self._valid.clear()


@dataclass
class Hall:
    """The parts that answer requests."""

    live: Live
    loop: Loop
    books: Books
    tokens: Tokens
    policy: PolicyKeeper
    read_spec: SpecReader
    cost: CostSoFar = field(default_factory=CostSoFar)
    forecasts: Forecasts = field(init=False)
    listing: Listing = field(default_factory=Listing)

    def __post_init__(self) -> None:
        self.forecasts = Forecasts(self.live)
        self.live.listeners.append(self.listing.hear)
        self.live.readers.append(self.listing.read)


async def hall_of(request: Request) -> Hall:
    """The hall of the app that was asked.

    This and all that requests go through are coroutines: the framework would give plain functions to other threads.
    """
    hall = request.app.state.hall
    assert isinstance(hall, Hall)  # noqa: S101 - narrows for mypy; `create_app` puts it there
    return hall


InHall = Annotated[Hall, Depends(hall_of)]

_bearer = HTTPBearer(auto_error=False, description="A token made by `dure token create`.")


async def caller_of(
    hall: InHall, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Who asks. Raises ApiError 401 without a valid token."""
    caller = await hall.tokens.caller(given.credentials) if given else None
    if caller is None:
        raise ApiError(401, "unauthorized", "a valid bearer token is needed", "see: dure token create")
    return caller


Anyone = Annotated[Caller, Depends(caller_of)]


async def known_parameters(request: Request) -> None:
    """No parameter is passed over: a misspelt one would answer another question. Raises ApiError 422."""
    known = request.app.state.parameters[request.scope["route"].path, request.method.lower()]
    for name in request.query_params:
        if name not in known:
            raise bad_input(f"there is no parameter {name[:64]!r} here", nearest(name[:64], known))


async def room_admin(caller: Anyone) -> Caller:
    """Only room admins."""
    if not caller.is_room_admin:
        raise forbidden("only a room admin may do this")
    return caller


async def some_admin(caller: Anyone) -> Caller:
    """Room admins and tenant admins."""
    if caller.role not in {Role.ROOM_ADMIN, Role.TENANT_ADMIN}:
        raise forbidden("only an admin may do this")
    return caller


async def monitor(caller: Anyone) -> Caller:
    """Room admins and monitors: everybody's numbers."""
    if caller.role not in {Role.ROOM_ADMIN, Role.MONITOR}:
        raise forbidden("a token of role monitor is needed")
    return caller


async def person(caller: Anyone) -> Caller:
    """Everyone but monitors."""
    if caller.role is Role.MONITOR:
        raise forbidden("a monitor's token reads metrics only")
    return caller


async def serving(hall: InHall) -> Hall:
    """The hall once the room is known. Raises ApiError 503 before."""
    if not hall.live.ready:
        raise unavailable("the server is starting or stopping")
    return hall


def seen_tenant(hall: Hall, caller: Caller, tenant: TenantId, gone: Iterable[TenantId] = ()) -> None:
    """Nothing where the caller sees this tenant, or names none (""). Raises ApiError 404 for any other.

    `gone` are tenants that policy may not name any more, of which there is still something to see.
    """
    rules = hall.live.rules
    known = any(known.id == tenant for known in rules.tenants) or tenant in gone
    if tenant and not (known and caller.sees(tenant, rules)):
        raise not_found(f"tenant {tenant}")


RoomAdmin = Annotated[Caller, Depends(room_admin)]
SomeAdmin = Annotated[Caller, Depends(some_admin)]
Monitor = Annotated[Caller, Depends(monitor)]
Person = Annotated[Caller, Depends(person)]
Serving = Annotated[Hall, Depends(serving)]

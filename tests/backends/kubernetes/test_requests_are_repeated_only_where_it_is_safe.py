import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from dure.backends.kubernetes.client import Client
from dure.backends.kubernetes.connection import Connection, NoConnection
from dure.backends.kubernetes.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Unauthorized,
    Unavailable,
)
from tests.backends.kubernetes.fickle import Answer, Fickle, client_of, hung_up, said

Ask = Callable[[Client], Awaitable[object]]


async def tried(folder: Path, ask: Ask, *answers: Answer) -> tuple[object, int]:
    """What came of it, an exception included, and how often it was sent."""
    async with Fickle() as server:
        server.next_answers.extend(answers)
        client = await client_of(server, folder)
        try:
            outcome = await ask(client)
        except ApiError as error:
            outcome = error
        finally:
            await client.close()
        return outcome, len(server.requests)


def read(client: Client) -> Awaitable[object]:
    return client.get("/things")


def patch_once(client: Client) -> Awaitable[object]:
    return client.patch("/things/a", {"metadata": {"resourceVersion": "1"}})


def patch_again(client: Client) -> Awaitable[object]:
    return client.patch("/things/a", {"metadata": {}}, again=True)


@pytest.mark.parametrize(
    "trouble", [said(500), said(503), said(504), hung_up], ids=["500", "503", "504", "cut"]
)
@pytest.mark.parametrize("ask", [read, patch_again])
def test_what_may_be_done_twice_is_tried_again(tmp_path: Path, ask: Ask, trouble: Answer) -> None:
    """Reads and patches that say so survive a server's bad moments."""
    outcome, sent = asyncio.run(tried(tmp_path, ask, trouble, trouble))
    assert (isinstance(outcome, dict), sent) == (True, 3)


@pytest.mark.parametrize("trouble", [said(500), hung_up], ids=["500", "cut"])
def test_what_may_not_be_done_twice_is_sent_once(tmp_path: Path, trouble: Answer) -> None:
    """Nobody knows whether the first was carried out: whoever asked must look."""
    outcome, sent = asyncio.run(tried(tmp_path, patch_once, trouble))
    assert isinstance(outcome, Unavailable)
    assert (outcome.sent, sent) == (True, 1)


def test_a_server_that_is_too_busy_has_done_nothing(tmp_path: Path) -> None:
    """429 may always be followed by another try, when the server says so."""
    busy = said(429, "later", **{"Retry-After": "0"})
    outcome, sent = asyncio.run(tried(tmp_path, patch_once, busy, busy))
    assert (outcome, sent) == ({"done": "PATCH"}, 3)


def test_it_is_given_up_in_the_end(tmp_path: Path) -> None:
    """And the error is the server's own."""
    busy = [said(429, "later", **{"Retry-After": "0"})] * 20
    outcome, sent = asyncio.run(tried(tmp_path, read, *busy))
    assert isinstance(outcome, Unavailable)
    assert (str(outcome), outcome.status, outcome.sent) == ("later", 429, False)
    assert 1 < sent < 20


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (403, "Forbidden", Forbidden), (404, "NotFound", NotFound), (409, "Conflict", Conflict),
        (409, "AlreadyExists", AlreadyExists), (410, "Expired", Gone), (422, "Invalid", Invalid),
    ],
)  # fmt: skip
def test_a_refusal_is_an_exception_of_its_kind(
    tmp_path: Path, status: int, reason: str, kind: type[ApiError]
) -> None:
    """With the server's words, and not asked again."""
    outcome, sent = asyncio.run(tried(tmp_path, read, said(status, "its words", reason)))
    assert (type(outcome), str(outcome), sent) == (kind, "its words", 1)


def test_a_replaced_token_is_read_again(tmp_path: Path) -> None:
    """401 sends the client back to its kubeconfig, once."""

    async def rotated() -> tuple[object, object]:
        async with Fickle() as server:
            client = await client_of(server, tmp_path)
            server.kubeconfig(tmp_path, token="newer")
            tokens: list[str] = []

            def witness(status: int) -> Answer:
                async def answer(request: web.Request) -> web.StreamResponse:
                    tokens.append(request.headers["Authorization"])
                    return await said(status)(request)

                return answer

            server.next_answers.extend([witness(401), witness(404)])
            with pytest.raises(NotFound):
                await client.get("/things")
            server.next_answers.extend([said(401), said(401)])
            with pytest.raises(Unauthorized):
                await client.get("/things")
            await client.close()
            return tokens, len(server.requests)

    assert asyncio.run(rotated()) == (["Bearer secret", "Bearer newer"], 4)


def test_a_server_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """What could not even be sent was not done."""

    async def nobody() -> Unavailable:
        async with Fickle() as server:
            path = server.kubeconfig(tmp_path)
        client = Client(Connection(str(path)), lambda: 0)
        await client.open()
        try:
            with pytest.raises(Unavailable) as error:
                await client.patch("/things/a", {})
        finally:
            await client.close()
        return error.value

    assert not asyncio.run(nobody()).sent


@pytest.mark.parametrize("content", [None, "", "clusters: 3", "current-context: nowhere\ncontexts: []"])
def test_a_kubeconfig_that_cannot_be_used_is_one_clear_error(tmp_path: Path, content: str | None) -> None:
    """Not there, empty, or not one at all."""
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(NoConnection, match="cannot connect"):
        asyncio.run(Connection(str(path)).load())


def test_no_more_than_so_many_are_in_flight(tmp_path: Path) -> None:
    """However many ask at once, the server sees at most as many as were allowed."""

    async def many() -> int:
        async with Fickle() as server:
            server.slow_s = 0.01
            client = await client_of(server, tmp_path, in_flight=4)
            await asyncio.gather(*(client.patch("/things/a", {}) for _ in range(40)))
            await client.close()
            assert len(server.requests) == 40
            return server.most_at_once

    assert asyncio.run(many()) == 4

"""The HTTP client: one request, one answer or one clear message with its exit code."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click
import httpx

from dure_cli.remote import contexts
from dure_cli.remote.exits import BY_STATUS, NOT_FOUND, UNREACHABLE, USAGE, stop
from dure_cli.remote.words import language

_PATIENCE = (0.2, 0.5, 1.0)
"""Seconds between tries of a request that may safely be sent again."""

LONG_PATIENCE = (*_PATIENCE, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0)
"""The same for whoever waits for a job: a room that is started again is worth half a minute."""

_NOT_NOW = 503
_TOKEN = re.compile(r"[!-~]*")
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Client:
    """Talks to one room as one token."""

    def __init__(self, context: contexts.Context) -> None:
        self.server = context.server.rstrip("/")
        if not _TOKEN.fullmatch(context.token):
            stop(
                USAGE,
                "the token holds characters that no token has; copy it again, see DURE_TOKEN, `dure context`",
            )
        headers = {"Authorization": f"Bearer {context.token}"} if context.token else {}
        try:
            self.http = httpx.Client(base_url=self.server, headers=headers, timeout=30, trust_env=False)
        except (httpx.InvalidURL, UnicodeError, ValueError) as fault:
            stop(USAGE, f"{self.server!r} is no address ({fault}); write for example http://127.0.0.1:8765")

    def ask(self, method: str, path: str, patience: tuple[float, ...] = _PATIENCE, **request: Any) -> Any:
        """The JSON answer. Every request is safe to repeat: a submit carries its idempotency key."""
        for pause in (*patience, None):
            try:
                told = self.http.request(method, path, **request)
                if told.status_code != _NOT_NOW or pause is None:
                    return answer(told)
            except UnicodeEncodeError as fault:
                stop(
                    USAGE, f"{fault.object[fault.start : fault.end]!a} is no text in UTF-8; write plain text"
                )
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as fault:
                stop(
                    USAGE, f"{self.server!r} is no address ({fault}); write for example http://127.0.0.1:8765"
                )
            except httpx.TransportError as fault:
                if pause is None:
                    self.unreachable(fault)
            time.sleep(pause)
        raise AssertionError(path)

    def unreachable(self, fault: Exception) -> NoReturn:
        """Stop with exit code 5, naming the server."""
        stop(
            UNREACHABLE,
            f"cannot reach {self.server} ({fault}); is the room up? see DURE_SERVER, `dure context`",
        )

    @contextmanager
    def stream(self, path: str, params: dict[str, Any]) -> Iterator[httpx.Response]:
        """An open answer to read piece by piece.

        Raises httpx.TransportError where it breaks, or the server is only starting or stopping.
        """
        with self.http.stream("GET", path, params=params, timeout=httpx.Timeout(30, read=None)) as response:
            if response.status_code == _NOT_NOW:
                raise httpx.ReadError("the server is starting or stopping", request=response.request)
            if response.is_error:
                response.read()
                refuse(response)
            yield response


def answer(response: httpx.Response) -> Any:
    """The JSON of an answer, or the end of the command where it is an error."""
    if response.is_error:
        refuse(response)
    try:
        return response.json() if response.content else None
    except ValueError:
        stop(UNREACHABLE, f"{response.url.host} does not answer as a dure room does; check the address")


def refuse(response: httpx.Response) -> NoReturn:
    """Stop with the server's own message and the exit code of its status."""
    try:
        told = response.json()
        message, hint = str(told["message"]), str(told.get("hint") or "")
        findings = [str(line) for line in told.get("findings") or []]
    except (ValueError, KeyError, TypeError, AttributeError):
        message, hint, findings = f"the server answered {response.status_code}", "", []
    code = BY_STATUS.get(response.status_code, UNREACHABLE)
    if message not in findings:
        findings.append(f"dure: {message.rstrip('.')}; {hint}" if hint else f"dure: {message}")
    click.echo("\n".join(findings), err=True)
    raise SystemExit(code)


def named(kind: str, text: str) -> str:
    """The text as one segment of a path; stops with exit code 4 where nothing can be called so."""
    if not _SEGMENT.fullmatch(text):
        stop(NOT_FOUND, f"there is no {kind} {text!a}")
    return text


def client() -> Client:
    """The client of the room that options, environment and contexts choose."""
    return Client(contexts.chosen(click.get_current_context().find_root().obj or {}))


def lang() -> str:
    """The language that options and environment choose."""
    return language(click.get_current_context().find_root().obj or {})

"""Request bodies before anyone reads them: bounded in size, and YAML job files turned into the JSON form."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dure.ports import PolicyRefused, SpecReader

LARGEST_BODY = 1 << 20
_YAML = {"application/yaml", "application/x-yaml", "text/yaml"}


class Bodies:
    """Reads a body whole, at most 1 MiB of it, and hands it on."""

    def __init__(self, app: ASGIApp, read_spec: SpecReader) -> None:
        self._app = app
        self._read_spec = read_spec

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] not in {"POST", "PUT", "PATCH"}:
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        if body is None:
            answer = _error(413, "too-large", f"a request has at most {LARGEST_BODY} bytes")
            await answer(scope, receive, send)
            return
        if _content_type(scope) in _YAML:
            try:
                body = await run_in_threadpool(self._as_json, body, _file_name(scope))
            except PolicyRefused as refusal:
                first = refusal.findings[0] if refusal.findings else "the job file cannot be read"
                answer = _error(422, "bad-input", first, findings=list(refusal.findings))
                await answer(scope, receive, send)
                return
            scope = _with_json(scope)
        await self._app(scope, _once(body, receive), send)

    def _as_json(self, body: bytes, name: str) -> bytes:
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            finding = f"{name}:1:1: not UTF-8 (byte {error.start}); save the file as UTF-8"
            raise PolicyRefused((finding,)) from error
        return json.dumps(self._read_spec(text, name), ensure_ascii=True, default=str).encode()


async def _whole(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST_BODY:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _once(body: bytes, receive: Receive) -> Receive:
    """Gives the body, then whatever the connection has to say."""
    given = False

    async def receive_once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_once


def _content_type(scope: Scope) -> str:
    given: bytes = dict(scope["headers"]).get(b"content-type", b"")
    return given.decode("latin-1").partition(";")[0].strip().lower()


def _with_json(scope: Scope) -> Scope:
    others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    return {**scope, "headers": [*others, (b"content-type", b"application/json")]}


def _file_name(scope: Scope) -> str:
    given = parse_qs(scope["query_string"].decode("latin-1")).get("file", ["job.yaml"])[0]
    return "".join(letter for letter in given[:256] if letter.isprintable()) or "job.yaml"


def _error(status: int, code: str, message: str, findings: list[str] | None = None) -> JSONResponse:
    body = {"error": code, "message": message, "hint": "", "findings": findings or []}
    return JSONResponse(body, status_code=status)

"""The HTTP API as one application: its routes, its errors, its OpenAPI document."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dure.service import (
    estimate_api,
    jobs_api,
    logs_api,
    metrics_api,
    node_api,
    room_api,
    submit_api,
    use_api,
)
from dure.service.bodies import Bodies
from dure.service.errors import ApiError, ErrorAnswer, bad_input, unavailable
from dure.service.hall import Hall, known_parameters
from dure.service.live import log
from dure.service.room_client import RoomGone

_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "A body that cannot be parsed."},
    401: {"model": ErrorAnswer, "description": "No valid token."},
    403: {"model": ErrorAnswer, "description": "Refused by policy, or not for this role."},
    404: {"model": ErrorAnswer, "description": "No such thing, or another tenant's."},
    409: {"model": ErrorAnswer, "description": "At odds with how things are."},
    413: {"model": ErrorAnswer, "description": "Too large."},
    422: {"model": ErrorAnswer, "description": "Bad input."},
    503: {"model": ErrorAnswer, "description": "Starting or stopping."},
}
_CODES = {400: "bad-input", 404: "not-found", 405: "not-allowed"}


def create_app(hall: Hall) -> FastAPI:
    """The application over these parts."""
    app = FastAPI(
        title="dure", version=version("dure"), docs_url=None, redoc_url=None, responses=_ERRORS,
        description="Shares one room fairly, meters it and bills it. Instants are ISO 8601 UTC.",
    )  # fmt: skip
    app.state.hall = hall
    for module in (submit_api, estimate_api, jobs_api, logs_api, node_api, use_api, room_api, metrics_api):
        app.include_router(module.router, dependencies=[Depends(known_parameters)])
    app.state.parameters = _parameters(app)
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(RoomGone, _gone)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _fault)
    app.add_middleware(Bodies, read_spec=hall.read_spec)
    return app


def _parameters(app: FastAPI) -> dict[tuple[str, str], set[str]]:
    """(path, method) -> the query parameters of an operation, as the document has them."""
    return {
        (path, method): {each["name"] for each in told.get("parameters", ()) if each["in"] == "query"}
        for path, operations in app.openapi()["paths"].items()
        for method, told in operations.items()
    }


def _answer(error: ApiError) -> JSONResponse:
    body = {"error": error.error, "message": error.message, "hint": error.hint, "findings": [], **error.more}
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return JSONResponse(_sendable(body), error.status, headers)


async def _api_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this kind only
    return _answer(error)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """Everything that is wrong at once, each with the field's name; the input itself is not sent back."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this kind only
    findings = [_finding(each) for each in error.errors()[:100]]
    return _answer(bad_input(findings[0] if findings else "bad input", findings=findings))


def _finding(error: dict[str, Any]) -> str:
    place = [str(part)[:64] for part in error["loc"] if part not in {"body", "query", "path", "[key]"}]
    said = str(error["msg"]).removeprefix("Value error, ")[:500]
    return f"{'.'.join(place)}: {said}" if place else said


async def _gone(_: Request, error: Exception) -> JSONResponse:
    log.info("asked while the room is being read", error=str(error))
    return _answer(unavailable("the room is being read again"))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this kind only
    code = _CODES.get(error.status_code, "error")
    said = {
        404: f"there is no path {request.url.path[:100]}",
        405: f"{request.method[:16]} is not what {request.url.path[:100]} takes",
    }.get(error.status_code, str(error.detail))
    hint = "GET /openapi.json tells all there are" if error.status_code in {404, 405} else ""
    answer = _answer(ApiError(error.status_code, code, said, hint))
    answer.headers.update(error.headers or {})
    return answer


async def _fault(request: Request, error: Exception) -> JSONResponse:
    log.error(
        "request failed", path=request.url.path, error=f"{type(error).__name__}: {error}", exc_info=error
    )
    return _answer(ApiError(500, "fault", "the server has met a fault of its own; it is in its log"))


def _sendable(body: dict[str, Any]) -> dict[str, Any]:
    """Lone surrogates, which came in with the request, cannot go out as UTF-8."""
    return {name: _clean(value) for name, value in body.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(each) for each in value]
    return value

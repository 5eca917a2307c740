"""Errors as the API says them: a status, a code, one sentence, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import BaseModel


class ApiError(Exception):
    """An answer other than success."""

    def __init__(self, status: int, error: str, message: str, hint: str = "", **more: object) -> None:
        super().__init__(message)
        self.status, self.error, self.message, self.hint, self.more = status, error, message, hint, more


class ErrorAnswer(BaseModel):
    """Every error's body. `findings` stands where several things are wrong."""

    error: str
    message: str
    hint: str
    findings: list[str] = []


def bad_input(message: str, hint: str = "", findings: Iterable[str] = ()) -> ApiError:
    """What was sent cannot be read."""
    return ApiError(422, "bad-input", message, hint, findings=list(findings))


def refused(message: str, hint: str = "") -> ApiError:
    """Policy does not allow it."""
    return ApiError(403, "refused", message, hint)


def forbidden(message: str, hint: str = "") -> ApiError:
    """The caller's role does not allow it."""
    return ApiError(403, "forbidden", message, hint)


def not_found(what: str) -> ApiError:
    """There is no such thing, or it is not the caller's to see."""
    return ApiError(404, "not-found", f"there is no {what}")


def unavailable(message: str) -> ApiError:
    """The server starts or stops."""
    return ApiError(503, "unavailable", message, "try again in a moment")


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest right name, or all of them where none is near."""
    names = sorted(known)
    if close := get_close_matches(name, names, n=1, cutoff=0.5):
        return f"did you mean {close[0]}?"
    return f"known: {', '.join(names[:20])}" if names else "none is known"

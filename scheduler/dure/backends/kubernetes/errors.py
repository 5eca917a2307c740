"""What an API server answers when it does not do what it was asked."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer that is no success. `status` is HTTP's, 0 where none came; `reason` the server's own word."""

    def __init__(self, message: str, status: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class BadRequest(ApiError):  # noqa: N818 - named as the API names them, here and below
    """400: what was asked makes no sense to the server."""


class Unauthorized(ApiError):  # noqa: N818 - as the API names it
    """401: it does not know who asks."""


class Forbidden(ApiError):  # noqa: N818 - as the API names it
    """403: who asks may not do this, or an admission policy refused it."""


class NotFound(ApiError):  # noqa: N818 - as the API names it
    """404: no such object, or no such kind."""


class Conflict(ApiError):  # noqa: N818 - as the API names it
    """409: the object is not the one that was meant any more."""


class AlreadyExists(Conflict):
    """409: an object of this name stands already."""


class Gone(ApiError):  # noqa: N818 - as the API names it
    """410: that revision is not kept any more; list again."""


class Invalid(ApiError):  # noqa: N818 - as the API names it
    """422: the object would break a rule of its kind."""


class Unavailable(ApiError):  # noqa: N818 - as the API names it
    """No answer, 429, or a 5xx. `sent`: the request may have been carried out all the same."""

    def __init__(self, message: str, status: int = 0, reason: str = "", *, sent: bool = True) -> None:
        super().__init__(message, status, reason)
        self.sent = sent


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
}


def error_of(status: int, body: object) -> ApiError:
    """The exception for an HTTP status and the Status object (or text) that came with it."""
    told: dict[str, Any] = body if isinstance(body, dict) else {}
    reason = str(told.get("reason") or "")
    message = str(told.get("message") or (body if isinstance(body, str) else "") or f"HTTP {status}").strip()
    if status == 429 or status >= 500:
        # 429 is said before anything is done; of a 5xx nobody knows.
        return Unavailable(message, status, reason, sent=status != 429)
    if reason == "AlreadyExists":
        return AlreadyExists(message, status, reason)
    return _BY_STATUS.get(status, ApiError)(message, status, reason)

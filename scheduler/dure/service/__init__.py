"""The loop that observes, decides, verifies, applies and records, and the HTTP API over it.

`serve` is the way in; it is imported when it is asked for, so that the Room child loads no web server.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dure.service.clock import SystemClock
    from dure.service.server import serve
    from dure.service.settings import Settings

__all__ = ["Settings", "SystemClock", "serve"]

_HOMES = {
    "Settings": "dure.service.settings",
    "SystemClock": "dure.service.clock",
    "serve": "dure.service.server",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module  # noqa: PLC0415 - only when something is asked for

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(name)

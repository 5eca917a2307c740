"""The address of the API: taken before anything is written, and told in words where it cannot be."""

from __future__ import annotations

import errno
import socket

from dure.service.pools import CannotServe
from dure.service.settings import Settings

_BACKLOG = 128


def listen(settings: Settings) -> socket.socket:
    """A socket that listens at the settings' host and port. Raises CannotServe saying what to do instead."""
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotServe(_why(error, settings)) from error
    return listener


def address(listener: socket.socket) -> str:
    """`http://127.0.0.1:8765`: where a listening socket is reached."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def _why(error: OSError, settings: Settings) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {settings.port} of {settings.host} is taken; end what listens there, "
            "or take another with --port (0 takes a free one)"
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"this user may not listen on port {settings.port}; take one from 1024 on with --port"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"{settings.host} is no address of this machine; name one with --host, for example 127.0.0.1"
    return f"cannot listen on port {settings.port} of {settings.host}: {error.strerror}"

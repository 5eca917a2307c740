"""Exit codes, and the one way to stop with a message: `dure: what; what would be right` on stderr."""

from __future__ import annotations

from typing import NoReturn

import click

OK, FAILED, USAGE, REFUSED, NOT_FOUND, UNREACHABLE = 0, 1, 2, 3, 4, 5
INTERRUPTED = 130
"""Ctrl-C while waiting, as shells count it: nothing is known of the job."""

BY_STATUS = {
    400: USAGE, 401: REFUSED, 403: REFUSED, 404: NOT_FOUND, 405: UNREACHABLE, 409: USAGE, 413: USAGE,
    415: USAGE, 422: USAGE,
}  # fmt: skip


def stop(code: int, message: str) -> NoReturn:
    """End the command with this code, saying why on stderr."""
    click.echo(f"dure: {message}", err=True)
    raise SystemExit(code)

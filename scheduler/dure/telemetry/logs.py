"""Structured logs on stderr: one event a line, as JSON or for a person; job and tenant bound where known."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any, Literal

import structlog

from dure.model.job import Job

LEVELS = ("debug", "info", "warning", "error")

_BEFORE: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
)

_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)  # locals may hold a token or a secret
)


def configure_logs(form: Literal["json", "console"] = "console", level: str = "info") -> None:
    """Send our own and every library's events to stderr in one form, from this level on.

    Raises ValueError for an unknown form or level.
    """
    if form not in {"json", "console"} or level not in LEVELS:
        raise ValueError(
            f"log form {form!r} and level {level!r}: take json or console, and {', '.join(LEVELS)}"
        )
    structlog.configure(
        processors=[*_BEFORE, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_BEFORE,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(form)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def logger(name: str, **bound: object) -> structlog.stdlib.BoundLogger:
    """A logger with values bound to all its events."""
    log: structlog.stdlib.BoundLogger = structlog.get_logger(name, **bound)
    return log


def job_logger(name: str, job: Job) -> structlog.stdlib.BoundLogger:
    """A logger of events about one job: its id and tenant bound, never its command, environment or secrets."""
    return logger(name, job=job.id, tenant=job.tenant)


def _rendering(form: str) -> tuple[Any, ...]:
    if form == "json":
        return _TRACEBACKS, structlog.processors.JSONRenderer(ensure_ascii=False)
    colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return (structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback),)

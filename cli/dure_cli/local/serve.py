"""`dure serve`: the one place that puts the parts of a room together."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click


@click.command()
@click.option(
    "--policy",
    type=click.Path(),
    metavar="DIR",
    default="demo",
    show_default=True,
    help="A bundle's directory, or a bundled one's name.",
)
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("dure-data"),
    show_default=True,
    help="Where queue, ledger and logs are kept.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port; 0 takes a free one, see DIR/server.json.",
)
@click.option(
    "--check-plans",
    is_flag=True,
    help="Hold every plan against the invariants before it is acted on; one that breaks any is logged, not done.",
)
@click.option("--log-format", type=click.Choice(["console", "json"]), default="console", show_default=True)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
def serve(
    policy: str, data: Path, host: str, port: int, check_plans: bool,
    log_format: Literal["console", "json"], log_level: str,
) -> None:  # fmt: skip
    """Run a room on this machine until SIGTERM or Ctrl-C; running jobs go on and are adopted by the next server.

    SIGHUP reads the policy again. Exit codes: 0 stopped as told, 2 the bundle or the directory cannot be served.
    """
    import asyncio

    from dure.service import Settings, SystemClock
    from dure.service import serve as serve_room
    from dure.telemetry.logs import configure_logs
    from dure_cli.local.bundles import directory
    from dure_policies import DirectoryPolicy, read_spec

    configure_logs(log_format, log_level)
    settings = Settings(data=data.resolve(), host=host, port=port, check_plans=check_plans)
    raise SystemExit(
        asyncio.run(serve_room(settings, DirectoryPolicy(directory(policy)), read_spec, SystemClock()))
    )

"""`dure context`: keep servers and tokens by name."""

from __future__ import annotations

import sys

import click

from dure_cli.remote import contexts
from dure_cli.remote.client import lang
from dure_cli.remote.complete import context_names
from dure_cli.remote.exits import NOT_FOUND, USAGE, stop
from dure_cli.remote.output import OUTPUT, Column, show


@click.group()
def context() -> None:
    """Keep servers and tokens by name."""


@context.command("set")
@click.argument("name")
@click.option("--server", required=True, metavar="URL", help="The room's address.")
@click.option("--token", metavar="TOKEN", help="The bearer token; asked for when left out.")
def set_(name: str, server: str, token: str | None) -> None:
    """Keep a context under NAME and make it current."""
    secret = token if token is not None else _asked()
    kept = contexts.read()
    contexts.write(contexts.Contexts(name, kept.by_name | {name: contexts.Context(server, secret)}))


def _asked() -> str:
    """The token, typed unseen, or the first line of what is piped in."""
    if sys.stdin.isatty():
        return str(click.prompt("token", hide_input=True, err=True))
    piped = sys.stdin.readline().strip()
    if not piped:
        stop(USAGE, "no token came; pipe it in, or give --token")
    return piped


@context.command()
@click.argument("name", shell_complete=context_names)
def use(name: str) -> None:
    """Make NAME the current context."""
    kept = contexts.read()
    if name not in kept.by_name:
        stop(NOT_FOUND, f"no context {name!r}; known: {', '.join(sorted(kept.by_name)) or 'none yet'}")
    contexts.write(contexts.Contexts(name, kept.by_name))


@context.command()
@click.argument("name", shell_complete=context_names)
def delete(name: str) -> None:
    """Forget a context."""
    kept = contexts.read()
    if name not in kept.by_name:
        stop(NOT_FOUND, f"no context {name!r}")
    rest = {n: c for n, c in kept.by_name.items() if n != name}
    contexts.write(contexts.Contexts("" if kept.current == name else kept.current, rest))


@context.command("list")
@OUTPUT
def list_(output: str) -> None:
    """List the contexts; tokens are not shown."""
    kept = contexts.read()
    rows = [
        {"name": name, "server": c.server, "current": "*" if name == kept.current else ""}
        for name, c in sorted(kept.by_name.items())
    ]
    show(rows, [Column("current"), Column("name"), Column("server")], output, lang())

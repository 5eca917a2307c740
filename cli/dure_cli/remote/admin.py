"""`dure token|pause|resume|room` and what `dure policy` asks the room."""

from __future__ import annotations

from typing import Any

import click

from dure_cli.remote import words
from dure_cli.remote.client import client, lang, named
from dure_cli.remote.output import OUTPUT, Column, emit, show

_ROLES = ["user", "tenant-admin", "room-admin", "monitor"]


@click.group()
def token() -> None:
    """Create, list and revoke tokens."""


@token.command()
@click.option("--tenant", default="", help="Whose jobs the token may see and submit; none for room roles.")
@click.option("--user", required=True, help="Who uses it.")
@click.option("--role", type=click.Choice(_ROLES), default="user", show_default=True)
def create(tenant: str, user: str, role: str) -> None:
    """Create a token and print it, this once; the room keeps only its hash."""
    made = client().ask("POST", "/v1/tokens", json={"tenant": tenant, "user": user, "role": role})
    click.echo(f"token {made['id']} for {user}; it is not shown again", err=True)
    click.echo(made["token"])


@token.command("list")
@OUTPUT
def list_(output: str) -> None:
    """List tokens; secrets are not kept and cannot be shown."""
    keys = ["id", "tenant", "user", "role", "created", "last4", "revoked"]
    show(client().ask("GET", "/v1/tokens"), [Column(key) for key in keys], output, lang())


@token.command()
@click.argument("token_id")
def revoke(token_id: str) -> None:
    """Make a token useless, by its id."""
    client().ask("DELETE", f"/v1/tokens/{named('token', token_id)}")
    click.echo(f"token {token_id} is revoked", err=True)


@click.command()
@click.option("--tenant", help="Only this tenant and all below it.")
def pause(tenant: str | None) -> None:
    """Stop starting jobs; what runs goes on."""
    client().ask("POST", "/v1/room/pause", json={"tenant": tenant})
    click.echo(f"{tenant or 'the room'} is paused", err=True)


@click.command()
@click.option("--tenant", help="Only this tenant.")
def resume(tenant: str | None) -> None:
    """Start jobs again."""
    client().ask("POST", "/v1/room/resume", json={"tenant": tenant})
    click.echo(f"{tenant or 'the room'} is resumed", err=True)


@click.group()
def node() -> None:
    """Drain nodes and take them back."""


@node.command()
@click.argument("name", metavar="NODE")
def drain(name: str) -> None:
    """Start nothing more on NODE; what runs there goes on."""
    _turn(name, "drain")


@node.command("return")
@click.argument("name", metavar="NODE")
def return_(name: str) -> None:
    """Let NODE take jobs again."""
    _turn(name, "return")


def _turn(name: str, way: str) -> None:
    told = client().ask("POST", f"/v1/nodes/{named('node', name)}/{way}")
    click.echo(f"node {told['node']}: {told['state']}", err=True)


def _node_rows(room: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"node": node["id"], "pool": node["pool"], "state": node["state"], "resource": name,
         "capacity": amount, "held": node["held"].get(name, 0)}
        for node in room["nodes"] for name, amount in node["capacity"].items()
    ]  # fmt: skip


@click.command()
@OUTPUT
def room(output: str) -> None:
    """Show the room: nodes and what is held on them."""
    told = client().ask("GET", "/v1/room")
    if output in {"json", "yaml"}:
        emit(told, output)
        return
    keys = ["node", "pool", "state", "resource", "held", "capacity"]
    rows = _node_rows(told)
    if output != "csv":
        rows = [
            row | {key: words.amount(row["resource"], row[key]) for key in ("held", "capacity")}
            for row in rows
        ]
    show(rows, [Column(key, right=key in {"held", "capacity"}) for key in keys], output, lang())
    click.echo("\n".join(_state(told)), err=True)


def _state(told: dict[str, Any]) -> list[str]:
    """What a person wants to know of the room besides its nodes."""
    paused = ["the room"] if told["paused"]["room"] else told["paused"]["tenants"]
    jobs = ", ".join(f"{count} {state}" for state, count in told["jobs"].items() if count)
    marks = ", ".join(
        f"{pool} {words.local(at, told['timezone'])}" for pool, at in told["watermarks"].items()
    )
    return [
        f"room {told['room']}, policy {told['policy']}",
        f"jobs: {jobs or 'none'}",
        f"metered up to: {marks or 'nothing yet'}",
        *([f"paused: {', '.join(paused)}; see dure resume"] if paused else []),
    ]


@click.command()
@click.option("-o", "--output", type=click.Choice(["json", "yaml"]), default="yaml", show_default=True)
def policy_show(output: str) -> None:
    """Show the policy in force."""
    emit(client().ask("GET", "/v1/policy"), output)


@click.command()
def policy_reload() -> None:
    """Read the room's bundle again; a bad one is refused and the old one stays."""
    told = client().ask("POST", "/v1/policy/reload")
    click.echo(f"policy {told['version']} is in force", err=True)

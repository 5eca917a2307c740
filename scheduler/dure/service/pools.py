"""Which backend runs a room's jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dure.backends.local import LocalBackend
from dure.model.node import Pool
from dure.model.rules import Rules
from dure.ports import Backend, Clock
from dure.service.settings import Settings


class CannotServe(Exception):  # noqa: N818 - it says what the bundle asks for, not that we failed
    """The bundle asks for pools that this server does not run."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A backend, and how it is told of new rules."""

    backend: Backend
    use_rules: Callable[[Rules], None]


def local_pool(rules: Rules, settings: Settings, clock: Clock) -> Opened:
    """The room's one local pool. Raises CannotServe where it has another kind, or several."""
    pool = _only_local(rules)
    backend = LocalBackend(pool, rules, settings.data, clock)

    def use_rules(newer: Rules) -> None:
        same = next((known for known in newer.pools if known.name == pool.name), pool)
        backend.use_rules(same, newer)

    return Opened(backend, use_rules)


def check_pools(rules: Rules, now: Rules) -> None:
    """Raises CannotServe where new rules rename the pool in service: what it runs would be nobody's."""
    if _only_local(rules).name != _only_local(now).name:
        raise CannotServe(
            f"pool {_only_local(now).name} is in service and cannot be renamed while the server runs"
        )


def _only_local(rules: Rules) -> Pool:
    if len(rules.pools) != 1 or rules.pools[0].backend != "local":
        named = ", ".join(f"{pool.name} ({pool.backend})" for pool in rules.pools) or "none"
        raise CannotServe(f"this server runs one pool of backend local; room.yaml has {named}")
    return rules.pools[0]

"""Which backend runs a room's jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def open_pool(rules: Rules, settings: Settings, clock: Clock) -> Opened:
    """The room's one pool. Raises CannotServe where it has several, or one of another kind."""
    pool = _only_pool(rules)
    return _MAKERS[pool.backend](pool, rules, settings, clock)


def check_pools(rules: Rules, now: Rules) -> None:
    """Raises CannotServe where new rules change which pool is in service: what it runs would be nobody's."""
    new, old = _only_pool(rules), _only_pool(now)
    if new.name != old.name:
        raise CannotServe(f"pool {old.name} is in service and cannot be renamed while the server runs")
    if new.backend != old.backend or (old.backend != "local" and new.options != old.options):
        raise CannotServe(
            f"backend and options of pool {old.name} change only when the server is started again"
        )


def _local(pool: Pool, rules: Rules, settings: Settings, clock: Clock) -> Opened:
    backend = LocalBackend(pool, rules, settings.data, clock)

    def use_rules(newer: Rules) -> None:
        same = next((known for known in newer.pools if known.name == pool.name), pool)
        backend.use_rules(same, newer)

    return Opened(backend, use_rules)


def _kubernetes(pool: Pool, rules: Rules, _: Settings, clock: Clock) -> Opened:
    from dure.backends.kubernetes import KubernetesBackend  # noqa: PLC0415 - with its HTTP client

    try:
        backend = KubernetesBackend(pool, rules, clock)
    except ValueError as error:
        raise CannotServe(f"pool {pool.name}: {error}") from error
    return Opened(backend, backend.use_rules)


_MAKERS: Mapping[str, Callable[[Pool, Rules, Settings, Clock], Opened]] = {
    "local": _local,
    "kubernetes": _kubernetes,
}


def _only_pool(rules: Rules) -> Pool:
    if len(rules.pools) != 1 or rules.pools[0].backend not in _MAKERS:
        named = ", ".join(f"{pool.name} ({pool.backend})" for pool in rules.pools) or "none"
        kinds = " or ".join(sorted(_MAKERS))
        raise CannotServe(f"this server runs one pool of backend {kinds}; room.yaml has {named}")
    return rules.pools[0]

"""The settings of a Kubernetes pool, as its policy states them: text, lengths of time in ms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dure.model.instants import DAY, MINUTE, Millis
from dure.model.job import TenantId

_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]{0,40})?|")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Options:
    """`kubeconfig` and `context`: how to reach the cluster; both empty: the pod's own account, or the user's file.

    Tenant `lab` has the namespace `namespace_prefix` + `lab`. An attempt whose pods are not up `start_timeout` ms
    after it was decided is put back. Ended jobs are kept for `keep_ended` ms. `in_flight` requests at once.
    """

    kubeconfig: str = ""
    context: str = ""
    namespace_prefix: str = "dure-"
    start_timeout: Millis = 5 * MINUTE
    keep_ended: Millis = 7 * DAY
    in_flight: int = 8

    def namespace(self, tenant: TenantId) -> str:
        """The namespace of a tenant. Raises ValueError where Kubernetes takes no such name."""
        name = self.namespace_prefix + tenant
        if not _LABEL.fullmatch(name):
            raise ValueError(
                f"tenant {tenant} would have the namespace {name}, which Kubernetes does not take; "
                "name it with small letters, digits and - alone, 63 characters with the prefix"
            )
        return name

    @classmethod
    def read(cls, options: Iterable[tuple[str, str]]) -> Options:
        """From a pool's options. Raises ValueError, which names the option and says what would be right."""
        found: dict[str, Any] = {}
        for name, text in options:
            if name not in READERS:
                raise ValueError(
                    f"a kubernetes pool has no option {name}; there are {', '.join(sorted(READERS))}"
                )
            try:
                found[name] = READERS[name](text)
            except ValueError as error:
                raise ValueError(f"option {name}: {error}") from error
        return cls(**found)


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise ValueError(f"{text[:50]!r} cannot begin a namespace's name; write small letters, digits and -")
    return text


def _at_once(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= 256:
        raise ValueError(f"{text[:20]!r} is no number of requests; write one from 2 to 256")
    return int(text)


READERS: Mapping[str, Callable[[str], object]] = {
    "kubeconfig": str,
    "context": str,
    "namespace_prefix": _prefix,
    "start_timeout": int,
    "keep_ended": int,
    "in_flight": _at_once,
}
"""Every option, and what reads its text."""

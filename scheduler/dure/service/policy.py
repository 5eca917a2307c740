"""The policy in force: watched, read again, put in force between two cycles; a bad bundle changes nothing."""

from __future__ import annotations

import asyncio
import contextlib

from dure.model.rules import Rules
from dure.ports import PolicyRefused, PolicySource
from dure.service.live import Live, log
from dure.service.loop import Loop
from dure.service.pools import CannotServe, check_pools
from dure.service.recovery import adopt


class PolicyKeeper:
    """Reads the source when it is told to or sees it change."""

    def __init__(self, source: PolicySource, live: Live, loop: Loop, every_s: float) -> None:
        self._source = source
        self._live = live
        self._loop = loop
        self._every_s = every_s
        self._one_at_a_time = asyncio.Lock()

    async def reload(self) -> str:
        """Read the bundle and put it in force; its version. Raises PolicyRefused, and the old one stays."""
        async with self._one_at_a_time:
            rules = await self._read()
            if rules.version != self._live.rules.version:
                self._check(rules)
                await self._loop.ask(lambda: adopt(self._live, rules))
            self._live.findings = ()
            return rules.version

    async def watch(self) -> None:
        """Reload whenever the source has changed, until the server stops."""
        while not self._live.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._live.stopping.wait(), self._every_s)
            try:
                if self._live.ready and await asyncio.to_thread(self._source.changed):
                    await self.reload()
            except PolicyRefused:
                continue  # said already, and shown by GET /v1/policy
            except Exception as error:  # noqa: BLE001 - the next look may go better
                log.error("policy could not be read", error=f"{type(error).__name__}: {error}")

    def _check(self, rules: Rules) -> None:
        try:
            check_pools(rules, self._live.rules)
        except CannotServe as fault:
            self._live.findings = (f"room.yaml:1:1: {fault}",)
            raise PolicyRefused(self._live.findings) from fault

    async def _read(self) -> Rules:
        try:
            return await asyncio.to_thread(self._source.read)
        except PolicyRefused as refusal:
            self._live.findings = refusal.findings
            log.warning("policy refused; the old one stays", findings=list(refusal.findings[:20]))
            raise

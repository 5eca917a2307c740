"""The child process that holds the Room."""

from __future__ import annotations

import sys
from dataclasses import replace

from dure.model.change import Submitted
from dure.model.instants import Instant
from dure.model.plan import Explanation
from dure.model.rules import Rules
from dure.model.snapshot import Snapshot
from dure.planning.check import check
from dure.planning.room import Room
from dure.planning.told import Told
from dure.service import frames
from dure.service.child import run
from dure.service.packing import pack


class Desk:
    """Answers requests about one Room."""

    def __init__(self) -> None:
        self._room: Room | None = None
        self._rules: Rules | None = None
        self._anew = True

    def answer(self, request: object) -> object:
        """What the request asks for, or Failed."""
        try:
            return self._answer(request)
        except KeyError as error:
            named = isinstance(request, frames.Explain) and error.args == (request.job,)
            return frames.Failed(f"KeyError: {error}", unknown_job=named)
        except Exception as error:  # noqa: BLE001 - the server logs it and starts this child anew
            return frames.Failed(f"{type(error).__name__}: {error}")

    def _answer(self, request: object) -> object:
        match request:
            case frames.Begin(snapshot, rules, since):
                self._begin(snapshot, rules, since)
            case frames.Adopt(rules, since):
                self._begin(self._held().snapshot(), rules, since)
            case frames.Apply(changes):
                for change in changes:
                    self._held().apply(change)
            case frames.Decide(now, checked, news):
                decided = self._decide(now, checked)
                return self._news(decided) if news else decided
            case frames.Explain(job, now):
                return self._held().explain(job, now)
            case frames.Suppose():
                return self._suppose(request)
            case frames.Show():
                return self._held().snapshot()
            case frames.Pack():
                return pack(self._held().snapshot())
        return None

    def _begin(self, snapshot: Snapshot, rules: Rules, since: Instant) -> None:
        self._room, self._rules, self._anew = Room.of(snapshot, rules, since), rules, True

    def _news(self, decided: frames.Decided) -> frames.Decided:
        """With the verdicts that changed, or with all of them after a beginning."""
        if self._anew:
            self._anew = False
            return decided
        verdicts = decided.plan.verdicts
        moved = verdicts.moved if isinstance(verdicts, Told) else tuple(verdicts)
        changed = {key: verdicts[key] for key in moved if key in verdicts}
        gone = tuple(key for key in moved if key not in changed)
        return frames.Decided(replace(decided.plan, verdicts=changed), decided.found, gone, anew=False)

    def _decide(self, now: Instant, checked: bool) -> frames.Decided:
        room = self._held()
        plan = room.decide(now)
        if not checked or self._rules is None:
            return frames.Decided(plan)
        found = check(room.snapshot(), self._rules, plan)
        return frames.Decided(plan, tuple(map(str, found)))

    def _held(self) -> Room:
        if self._room is None:
            raise RuntimeError("the room was not begun")
        return self._room

    def _suppose(self, request: frames.Suppose) -> Explanation:
        if self._rules is None:
            raise RuntimeError("the room was not begun")
        copy = Room.of(self._held().snapshot(), self._rules)
        copy.apply(Submitted(request.now, request.job, waiting_for=request.waiting_for))
        return copy.explain(request.job.id, request.now)


if __name__ == "__main__":
    run(Desk().answer, int(sys.argv[1]))

"""The child process that holds the Room: reads requests from its standard input, answers on its output.

It ends when the server closes the pipe, and, should the server be killed, by the kernel's word of its death. It
keeps the lock of the data directory open, so that no second server begins while it lives.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import BinaryIO

from dure.model.change import Submitted
from dure.model.plan import Explanation
from dure.model.rules import Rules
from dure.planning.room import Room
from dure.service import frames

_PR_SET_PDEATHSIG = 1  # prctl(2)


class Desk:
    """Answers requests about one Room."""

    def __init__(self) -> None:
        self._room: Room | None = None
        self._rules: Rules | None = None

    def answer(self, request: frames.Request) -> object:
        """What the request asks for, or Failed."""
        try:
            return self._answer(request)
        except KeyError as error:
            named = isinstance(request, frames.Explain) and error.args == (request.job,)
            return frames.Failed(f"KeyError: {error}", unknown_job=named)
        except Exception as error:  # noqa: BLE001 - the server logs it and starts this child anew
            return frames.Failed(f"{type(error).__name__}: {error}")

    def _answer(self, request: frames.Request) -> object:
        match request:
            case frames.Begin(snapshot, rules, since):
                self._room, self._rules = Room.of(snapshot, rules, since), rules
            case frames.Adopt(rules, since):
                self._room, self._rules = Room.of(self._held().snapshot(), rules, since), rules
            case frames.Apply(changes):
                for change in changes:
                    self._held().apply(change)
            case frames.Decide(now):
                return self._held().decide(now)
            case frames.Explain(job, now):
                return self._held().explain(job, now)
            case frames.Suppose():
                return self._suppose(request)
            case frames.Show():
                return self._held().snapshot()
        return None

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


def serve_requests(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the other side closes the pipe."""
    desk = Desk()
    while (request := frames.read(requests)) is not None:
        answers.write(frames.encode(desk.answer(request)))
        answers.flush()


def _die_with(parent: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit(0)


def main(parent: int) -> None:
    """Run as a child of process `parent`."""
    _die_with(parent)
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # sent to a whole group: the server's to act on
        signal.signal(number, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing but answers may reach the pipe
    try:
        serve_requests(sys.stdin.buffer, answers)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))

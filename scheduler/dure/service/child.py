"""A child process's side of its pipe: requests come on its standard input, answers go out on its output.

It ends when the server closes the pipe, and, should the server be killed, by the kernel's word of its death. It
keeps the lock of the data directory open, so that no second server begins while it lives.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from dure.service import frames

_PR_SET_PDEATHSIG = 1  # prctl(2)


def serve_requests(answer: Callable[[object], object], requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the other side closes the pipe."""
    while (request := frames.read(requests)) is not None:
        answers.write(frames.encode(answer(request)))
        answers.flush()


def run(answer: Callable[[object], object], parent: int) -> None:
    """Answer requests as a child of process `parent`, to the end."""
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
        serve_requests(answer, sys.stdin.buffer, answers)
    except BrokenPipeError:
        sys.exit(0)


def _die_with(parent: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit(0)

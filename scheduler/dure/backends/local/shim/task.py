"""A task from its `started` to its `exit`: who owns it, how long it may live, and what is left of it."""

from __future__ import annotations

import marshal
import os
import signal
import sys
import time

from dure.backends.local import disk, processes
from dure.backends.local.shim import command

TYPE_CHECKING = False  # as type checkers know it: typing takes as long to load as all the rest
if TYPE_CHECKING:
    from dure.backends.local.shim.orders import Orders

_SIGNALS = {signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGINT}
_BEAT, _WATCH, _CLEAN = 1.0, 0.15, 0.02  # seconds between looks: at ease, at a memory limit, at the end
_MIB = 1 << 20


class Life:
    """The task's own clock: the wall clock read once, then elapsed time, so that no clock step moves an end.

    Elapsed time is CLOCK_BOOTTIME: a suspended machine still holds the task's place.
    """

    def __init__(self, decided: int) -> None:
        self._mark = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.started = max(time.time_ns() // 1_000_000, decided)

    def elapsed(self) -> int:
        """Milliseconds since the start."""
        return (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - self._mark) // 1_000_000

    def now(self) -> int:
        """The present instant by this clock."""
        return self.started + self.elapsed()


class Task:
    """One task under this shim, in `folder`."""

    def __init__(self, folder: str, orders: Orders) -> None:
        self.orders = orders
        self.life = Life(orders["decided"])
        self.started_file = os.path.join(folder, "started")
        self.exit_file = os.path.join(folder, "exit")
        self.end_file = os.path.join(os.path.dirname(folder), "end.json")
        self.log_file = os.path.join(folder, "log")
        self.main = 0
        self.status: int | None = None
        self.reason = ""
        self.peak = 0
        self.told: int | None = None
        self.terminated = False

    def run(self) -> None:
        """Own the task or leave it; then run it and record its end."""
        if os.path.exists(self.end_file) or not self._claim():
            return
        self._ring()
        try:
            self._spawn()
        except OSError as error:
            self.reason = f"spawn {error.errno} {error.filename}"
            code = 127
        else:
            code = self._live()
        self._record(code, self.life.now())
        self._ring()

    def _claim(self) -> bool:
        pid = os.getpid()
        content = (
            f'{{"owner": "shim", "at": {self.life.started}, "boot": "{processes.boot_id()}", '
            f'"pid": {pid}, "ticks": {processes.start_ticks(pid)}}}\n'
        )
        return disk.write_new(self.started_file, content.encode(), modified=self.life.started)

    def _spawn(self) -> None:
        command.adopt_orphans()
        log = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.main = command.spawn(self.orders, log)
        os.close(log)

    def _live(self) -> int:
        while self._reap():
            self._prove()
            self._judge()
            self._listen()
        return os.waitstatus_to_exitcode(self.status or 0)

    def _prove(self) -> None:
        """Give a proof of life, where a lost task ends; a disk that fails takes nobody's task away."""
        try:
            disk.stamp(self.started_file, self.life.now())
        except OSError:
            return

    def _reap(self) -> bool:
        """Take in all who have ended; whether anyone is left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self.peak = max(self.peak, usage.ru_maxrss * 1024)
            if pid == self.main:
                self.status = status

    def _judge(self) -> None:
        """End what is over: what the main process left behind, what was told to end, what is past a limit."""
        below = processes.descendants(os.getpid())
        self._watch_memory(below)
        self._watch_end()
        if self.reason or (self.status is not None and self.told is None) or self._grace_over():
            _signal(below, signal.SIGKILL)
        elif self.told is not None and not self.terminated:
            self.terminated = True
            _signal(below, signal.SIGTERM)
            _signal(below, signal.SIGCONT)

    def _watch_memory(self, below: list[int]) -> None:
        held = processes.resident(below)
        if self.orders["memory"] and held > self.orders["memory"] * _MIB:
            held = processes.proportional(below)
            if held > self.orders["memory"] * _MIB and not self.reason:
                self.reason = f"memory {-(-held // _MIB)}"
        self.peak = max(self.peak, held)

    def _watch_end(self) -> None:
        limit = self.orders["limit"]
        if self.told is None and limit is not None and self.life.elapsed() >= limit:
            self._tell("limit", "time-limit")
            self.told = self.life.elapsed()
        if self.told is None and os.path.exists(self.end_file):
            self.told = self.life.elapsed()

    def _tell(self, cause: str, reason: str) -> None:
        """Put on disk that this attempt is to end, for the other tasks and the server, if the disk lets us."""
        content = f'{{"at": {self.life.now()}, "cause": "{cause}", "reason": "{reason}", "requeue": false}}\n'
        try:
            disk.write_new(self.end_file, content.encode())
        except OSError:
            return
        self._ring()

    def _grace_over(self) -> bool:
        return self.told is not None and self.life.elapsed() >= self.told + self.orders["grace"]

    def _listen(self) -> None:
        """Sleep until something happens or it is time to look again."""
        over = self.reason or self.status is not None or self._grace_over()
        pause = _CLEAN if over else _WATCH if self.orders["memory"] or self.told is not None else _BEAT
        heard = signal.sigtimedwait(_SIGNALS, pause)
        if heard and heard.si_signo != signal.SIGCHLD and not os.path.exists(self.end_file):
            self._tell("signal", f"told to end by signal {heard.si_signo} from outside")

    def _record(self, code: int, end: int) -> None:
        """Put the end on disk before anyone is told; where the disk is full, wait for room."""
        content = (
            f'{{"end": {end}, "code": {code}, "reason": "{_plain(self.reason)}", '
            f'"peak": {-(-self.peak // _MIB)}}}\n'
        )
        while True:
            try:
                disk.write_new(self.exit_file, content.encode())
            except OSError:
                time.sleep(_BEAT)
            else:
                return

    def _ring(self) -> None:
        """Wake the server, if there is one; what it misses it finds on disk."""
        try:
            bell = os.open(self.orders["bell"], os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.write(bell, f"{self.orders['name']}\n".encode())
            os.close(bell)
        except OSError:
            return


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue


def _plain(text: str) -> str:
    """Text that may stand between JSON's quotation marks."""
    return "".join(letter if letter.isprintable() and letter not in '"\\' else "?" for letter in text)


def main(folder: str) -> None:
    """Run the task in `folder`, with orders from standard input."""
    with open(0, "rb", closefd=False) as file:
        orders: Orders = marshal.loads(file.read())  # noqa: S302 - from the server that started this process
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    Task(folder, orders).run()
    sys.stderr.flush()
    os._exit(0)

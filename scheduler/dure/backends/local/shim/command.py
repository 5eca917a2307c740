"""The user's command: from a fork of the shim to the program in its own session."""

from __future__ import annotations

import ctypes
import os
import resource
import signal

TYPE_CHECKING = False  # as type checkers know it: typing takes as long to load as all the rest
if TYPE_CHECKING:
    from typing import NoReturn

    from dure.backends.local.shim.orders import Orders

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_OPEN_FILES = 65_536


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends: a daemon stays within reach (prctl(2))."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def spawn(orders: Orders, log: int) -> int:
    """Start the command and return its process id.

    Raises OSError, with the file in question where there is one, if it cannot be started.
    """
    listen, tell = os.pipe()
    shim = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(orders, log, tell, shim)
    os.close(tell)
    with open(listen, "rb") as answer:
        refusal = answer.read()
    if refusal:
        number, _, path = refusal.decode(errors="replace").partition(" ")
        os.waitpid(pid, 0)
        raise OSError(int(number), os.strerror(int(number)), path)
    return pid


def _become(orders: Orders, log: int, tell: int, shim: int) -> NoReturn:
    """In the child: turn into the command. `tell` closes by itself when that has worked."""
    try:
        environment = orders["environment"] | _secrets(orders)
        _detach(log)
        os.chdir(orders["work"])
        _drop_to(orders)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # after the change of user, which would clear it
        if os.getppid() != shim:
            os._exit(126)
        _enter(orders)
        _restore_signals()
        _execute(orders["argv"], environment)
    except OSError as error:
        os.write(tell, f"{error.errno or 0} {error.filename or orders['argv'][0]}".encode())
    except BaseException:  # noqa: BLE001 - nothing may unwind into the shim's own code, in a second process
        os.write(tell, b"0 the shim failed")
    os._exit(126)


def _secrets(orders: Orders) -> dict[str, str]:
    values = {}
    for name, path in orders["secrets"]:
        with open(path, encoding="utf-8") as file:
            values[name] = file.read().removesuffix("\n")
    return values


def _detach(log: int) -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)


def _offer_to_oom_killer() -> None:
    """Should memory run out, the kernel takes the task before its shim or the server."""
    try:
        with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
            file.write(b"500")
    except OSError:
        return


def _drop_to(orders: Orders) -> None:
    _offer_to_oom_killer()
    os.umask(0o077 if orders["user"] else 0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if orders["user"]:
        uid, gid, groups = orders["user"]
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)


def _enter(orders: Orders) -> None:
    """Go where the command starts, already as the user: links follow nothing the user may not follow."""
    for path, target in orders["links"]:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if not (os.path.islink(path) and os.readlink(path) == target):
            os.symlink(target, path)
    if orders["workdir"] and not os.path.isabs(orders["workdir"]):
        os.makedirs(orders["workdir"], exist_ok=True)
    os.chdir(orders["workdir"] or ".")


def _execute(argv: list[str], environment: dict[str, str]) -> NoReturn:
    """As os.execvpe, which would load a module on the way: the user need not be able to read Python's."""
    folders = environment.get("PATH", os.defpath).split(os.pathsep) if "/" not in argv[0] else [""]
    refusal: OSError = FileNotFoundError(2, "", argv[0])
    for folder in folders:
        try:
            os.execve(os.path.join(folder, argv[0]), argv, environment)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            refusal = error
    raise refusal


def _restore_signals() -> None:
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())

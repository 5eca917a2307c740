"""What the kernel says of processes: who is whose, what they hold, and whether one is still the same."""

import os

_PAGE = os.sysconf("SC_PAGE_SIZE")


def boot_id() -> str:
    """Names this boot of the machine; process ids mean nothing across two boots."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def start_ticks(pid: int) -> int | None:
    """When a process started, in ticks since boot; None where it is gone or only waits to be reaped.

    Together with the boot, (pid, ticks) names a process for good (proc(5), stat, fields 3 and 22).
    """
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] not in (b"Z", b"X") else None


def descendants(pid: int) -> list[int]:
    """Every process below this one, parents before their children."""
    found: list[int] = []
    ahead = _children(pid)
    while ahead:
        found += ahead
        ahead = [grandchild for child in ahead for grandchild in _children(child)]
    return found


def resident(pids: list[int]) -> int:
    """Bytes of memory these processes have in RAM, a shared page counted for each that maps it."""
    return sum(_resident(pid) for pid in pids)


def proportional(pids: list[int]) -> int:
    """Bytes of memory these processes have in RAM, a shared page divided among those that map it."""
    return sum(_proportional(pid) for pid in pids)


def _stat(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            return file.read(4096).rpartition(b")")[2].split()
    except OSError:
        return []


def _children(pid: int) -> list[int]:
    """Children stand under the thread that made them (proc(5), task/TID/children)."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except OSError:
        return found
    return found


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:
            return int(file.read(256).split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return _resident(pid)
    return 0

"""Files that are either there whole, through a power cut, or not there at all. Used by server and shim."""

import os
from itertools import count

_serial = count()


def sync_folder(folder: str) -> None:
    """Make the entries of a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_new(path: str, content: bytes, modified: int | None = None) -> bool:
    """Create a file that must not exist, whole and durable; False where it exists already.

    `modified`: its modification time in ms since 1970, set before the file can be seen.
    """
    temporary = _write_beside(path, content, modified)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    sync_folder(os.path.dirname(path))
    return True


def replace(path: str, content: bytes) -> None:
    """Write a file whole and durable, over what was there."""
    os.replace(_write_beside(path, content), path)
    sync_folder(os.path.dirname(path))


def stamp(file: int | str, at: int) -> None:
    """Set a file's modification time, in ms since 1970. Cheap, and not forced to the disk."""
    os.utime(file, ns=(at * 1_000_000, at * 1_000_000))


def stamped(path: str) -> int | None:
    """A file's own modification time in ms since 1970 (no link is followed), None where there is none."""
    try:
        return os.lstat(path).st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return None


def remove(path: str) -> None:
    """Remove a file, durably; one that is not there is no error."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    sync_folder(os.path.dirname(path))


def read(path: str) -> bytes | None:
    """The content of a file, None where there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def is_temporary(name: str) -> bool:
    """Whether a file or folder of this name was still being written."""
    return name.startswith(".")


def temporary_beside(path: str) -> str:
    """A name next to `path`, of this process alone."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{os.getpid()}.{next(_serial)}")


def _write_beside(path: str, content: bytes, modified: int | None = None) -> str:
    temporary = temporary_beside(path)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        if modified is not None:
            stamp(file.fileno(), modified)
        os.fsync(file.fileno())
    return temporary

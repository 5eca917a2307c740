"""The embedded backend: this machine, or virtual nodes on it, as a pool.

`LocalBackend` is loaded when it is asked for: a task's shim imports its few modules through this package, and
must be there in milliseconds.
"""

TYPE_CHECKING = False  # as type checkers know it; typing itself would cost a shim half its start
if TYPE_CHECKING:
    from dure.backends.local.backend import LocalBackend

__all__ = ["LocalBackend"]


def __getattr__(name: str) -> object:
    if name == "LocalBackend":
        from dure.backends.local.backend import LocalBackend  # noqa: PLC0415 - the shim must not load it

        return LocalBackend
    raise AttributeError(name)

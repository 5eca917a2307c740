"""The Kubernetes backend: a cluster's nodes as a pool, its suspended Jobs as the queue.

`KubernetesBackend` is loaded when it is asked for: with it comes an HTTP client that other pools do not need.
"""

TYPE_CHECKING = False  # as type checkers know it
if TYPE_CHECKING:
    from dure.backends.kubernetes.backend import KubernetesBackend

__all__ = ["KubernetesBackend"]


def __getattr__(name: str) -> object:
    if name == "KubernetesBackend":
        from dure.backends.kubernetes.backend import KubernetesBackend  # noqa: PLC0415 - only when it is asked for

        return KubernetesBackend
    raise AttributeError(name)

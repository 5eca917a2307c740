"""Where the API server is and who we are to it, read by the official client's own configuration code."""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class NoConnection(Exception):  # noqa: N818 - said to an admin, who put something wrong in a file
    """The kubeconfig cannot be used; the message says why."""


@dataclass
class Connection:
    """One API server and our credentials there.

    `kubeconfig` and `context` name a file and one of its contexts; both empty: the pod's own service account
    where this runs in a cluster, else the usual kubeconfig of the user ($KUBECONFIG, ~/.kube/config).
    """

    kubeconfig: str = ""
    context: str = ""
    host: str = ""
    tls: ssl.SSLContext | None = None
    proxy: str | None = None
    server_name: str | None = None
    _configuration: Any = None
    _loader: Any = None
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def load(self) -> None:
        """Read the configuration, exec plugins and token files included. Raises NoConnection."""
        async with self._loading:
            try:
                self._configuration, self._loader = await _load(self.kubeconfig, self.context)
                rest = _rest(self._configuration)
            except Exception as error:  # whatever a file, a plugin or a certificate may do
                raise NoConnection(f"cannot connect to Kubernetes: {error}") from error
        self.host = str(self._configuration.host).rstrip("/")
        self.tls = rest.ssl_context if self.host.startswith("https") else None
        self.proxy, self.server_name = rest.proxy, self._configuration.tls_server_name

    async def authorization(self) -> str | None:
        """The Authorization header as it is now; a service account's token is read again every minute."""
        await self._refresh()
        token = await self._configuration.get_api_key_with_prefix("BearerToken")
        return str(token).strip() if token else None

    async def _refresh(self) -> None:
        """Ask an exec plugin again, once what it gave has run out."""
        if getattr(self._loader, "exec_plugin_expiry", None) is None:
            return
        async with self._loading:
            await self._loader.load_from_exec_plugin()
            self._configuration.api_key["BearerToken"] = self._loader.token


async def _load(kubeconfig: str, context: str) -> tuple[Any, Any]:
    """The official client is loaded here and not before: it takes most of a second."""
    from kubernetes.aio import client, config  # noqa: PLC0415 - see above

    configuration = client.Configuration()
    if not kubeconfig and not context and "KUBERNETES_SERVICE_HOST" in os.environ:
        config.load_incluster_config(configuration)
        return configuration, None
    if kubeconfig:
        kubeconfig = await asyncio.to_thread(_file, kubeconfig)
    loader = await config.load_kube_config(
        kubeconfig or None, context or None, client_configuration=configuration, persist_config=False
    )
    return configuration, loader


def _file(name: str) -> str:
    path = Path(name).expanduser()
    if not path.is_file():
        raise NoConnection(f"there is no kubeconfig {name}")
    return str(path)


def _rest(configuration: Any) -> Any:
    """The official client's idea of TLS and proxies."""
    from kubernetes.aio.client.rest import RESTClientObject  # noqa: PLC0415 - as above

    return RESTClientObject(configuration)

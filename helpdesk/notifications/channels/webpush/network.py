"""Connect to push services: only to addresses that were checked, of names that browsers may have made up."""

import asyncio
import socket
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import httpcore
from httpcore import SOCKET_OPTION

from helpdesk import tls
from helpdesk.errors import Overloaded
from helpdesk.notifications.channels.webpush.endpoints import is_global, is_listed
from helpdesk.threads import Threads

THREADS = Threads(4)
"""For names. The event loop's own threads serve other connections, which must not wait for a name server."""
RESOLVE_SECONDS = 5.0
MOST_TRIED = 3
MOST_CONNECTIONS, MOST_IDLE, IDLE_SECONDS = 50, 20, 60.0

Pool = httpcore.AsyncConnectionPool


class ProxyDown(httpcore.ProxyError):
    """There is no connection to the proxy itself."""


def pool(proxy: str | None, bundle: Path | None, own_hosts: Collection[str]) -> Pool:
    """Return connections to push services, directly or by a proxy, which then resolves their names."""
    context = tls.context(bundle)
    if proxy is None:
        network = CheckedNetwork(own_hosts)
        return Pool(context, None, MOST_CONNECTIONS, MOST_IDLE, IDLE_SECONDS, network_backend=network)
    address, account = _proxy(proxy)
    encrypted = context if address.startswith("https:") else None
    return httpcore.AsyncHTTPProxy(
        address,
        proxy_auth=account,
        ssl_context=context,
        proxy_ssl_context=encrypted,
        max_connections=MOST_CONNECTIONS,
        max_keepalive_connections=MOST_IDLE,
        keepalive_expiry=IDLE_SECONDS,
        network_backend=ProxyNetwork(),
    )


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, in the order in which they are tried. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(it[4][0]) for it in found))


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves each name by itself, and connects to the very addresses that it has checked.

    A name of an administrator's own hosts may lead into the company; all others only to public addresses.
    """

    def __init__(self, own_hosts: Collection[str]) -> None:
        self._own_hosts, self._network = own_hosts, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        error: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError("the name has no address")
        for address in (await self._addresses(host, port))[:MOST_TRIED]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                addresses = await THREADS.run(resolve, host, port)
        except (OSError, UnicodeError, Overloaded) as error:
            raise httpcore.ConnectError("the name can't be resolved") from error
        if not is_listed(host, self._own_hosts) and not all(map(is_global, addresses)):
            raise httpcore.ConnectError("the name leads to an address that is not public")
        return addresses


class ProxyNetwork(httpcore.AsyncNetworkBackend):
    """Tells a proxy that can't be reached from a push service that can't."""

    def __init__(self) -> None:
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            raise ProxyDown("the proxy can't be reached") from error


def _proxy(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return the proxy's address without the account, and the account."""
    parts = urlsplit(url)
    address = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "", "", ""))
    account = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return address, account

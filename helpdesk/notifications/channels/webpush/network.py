"""Connect to push services: only to addresses that were checked, of names that browsers may have made up."""

import asyncio
import socket
from collections.abc import Collection

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from helpdesk import tls
from helpdesk.errors import Overloaded
from helpdesk.notifications.channels.webpush.endpoints import is_global, is_listed
from helpdesk.settings.settings import Settings
from helpdesk.threads import Threads

THREADS = Threads(4)
"""For names. The event loop's own threads serve other connections, which must not wait for a name server."""
RESOLVE_SECONDS = 5.0
MOST_CONNECTIONS, IDLE_SECONDS = 20, 60.0
NAME_SECONDS = 60


def open_session(settings: Settings, seconds: float) -> ClientSession:
    """Return connections to push services, directly or by a proxy, which then resolves their names. A request may take
    so many seconds. It needs a running event loop."""
    checked = None if settings.outbound_proxy else CheckedResolver(settings.push_hosts or ())
    connector = TCPConnector(
        resolver=checked,
        ssl=tls.context(settings.ca_bundle),
        limit=MOST_CONNECTIONS,
        keepalive_timeout=IDLE_SECONDS,
        ttl_dns_cache=NAME_SECONDS,
    )
    return ClientSession(
        connector=connector,
        timeout=ClientTimeout(seconds),
        proxy=settings.outbound_proxy,
        trust_env=False,
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        headers={"User-Agent": "helpdesk"},
    )


def addresses_of(host: str, port: int) -> list[ResolveResult]:
    """Resolve a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [
        ResolveResult(
            hostname=host, host=str(address[0]), port=port, family=family, proto=proto, flags=socket.AI_NUMERICHOST
        )
        for family, _, proto, _, address in found
    ]


class CheckedResolver(AbstractResolver):
    """Resolves names to the very addresses that are connected to, and refuses those that are not public.

    A name of an administrator's own hosts may lead into the company.
    """

    def __init__(self, own_hosts: Collection[str]) -> None:
        self._own_hosts = own_hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name. Raises OSError when one of them is not public."""
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await THREADS.run(addresses_of, host, port)
        except (UnicodeError, Overloaded) as error:
            raise OSError("the name can't be resolved") from error
        if not is_listed(host, self._own_hosts) and not all(is_global(it["host"]) for it in found):
            raise OSError("the name leads to an address that is not public")
        return found

    async def close(self) -> None:
        """There is nothing to close."""

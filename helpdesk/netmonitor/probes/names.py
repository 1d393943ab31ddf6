"""Find the addresses of names, so that a silent name server keeps no probe of another host from its turn.

The machine's own way is asked (`getaddrinfo`), which knows its file of hosts, too. It may take half a minute, so it
runs in threads of its own, one for a name, and is waited for only a while. An answer is kept for a minute. While name
servers are silent, it is used for ten minutes more: not every host is down then, and there is a probe for name servers.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from cachetools import TTLCache

from helpdesk.errors import Overloaded
from helpdesk.netmonitor.addresses import ip_address
from helpdesk.netmonitor.probes.faults import ProbeFailed
from helpdesk.threads import Threads

FRESH_SECONDS, KNOWN_SECONDS = 60.0, 660.0
PATIENCE_SECONDS = 2.0
"""So long a probe waits for a name."""
MOST_THREADS, MOST_NAMES, MOST_ADDRESSES = 32, 1024, 4
NO_SUCH_NAME = {socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_FAIL}
NO_ANSWER = "no name server has answered in time"


class Address(NamedTuple):
    """An IP address and its family, AF_INET or AF_INET6."""

    family: int
    ip: str


class _Known(NamedTuple):
    addresses: tuple[Address, ...]
    found_at: float


LookUp = Callable[[str], tuple[Address, ...]]


def look_up(name: str) -> tuple[Address, ...]:
    """Ask the machine for the addresses of a name, in the order in which they are to be tried. Raises OSError."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(Address(family, str(address[0])) for family, _, _, _, address in found))


def literal(host: str) -> Address | None:
    """Return an IP address that needs no name server."""
    ip = ip_address(host)
    return Address(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip) if ip else None


class Names:
    def __init__(self, look_up: LookUp = look_up) -> None:
        self._look_up = look_up
        self._threads = Threads(MOST_THREADS, PATIENCE_SECONDS)
        self._asked: dict[str, asyncio.Task[tuple[Address, ...]]] = {}
        self._known: TTLCache[str, _Known] = TTLCache(MOST_NAMES, KNOWN_SECONDS)

    async def addresses(self, host: str) -> Sequence[Address]:
        """Return the addresses of a host of `ascii_host`, not more than four. Raises ProbeFailed."""
        if not host:
            raise ProbeFailed("name", "this is no name")
        if address := literal(host):
            return (address,)
        loop, known = asyncio.get_running_loop(), self._known.get(host)
        if known and loop.time() - known.found_at < FRESH_SECONDS:
            return known.addresses
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await asyncio.shield(self._ask(host))
        except (TimeoutError, Overloaded) as error:
            return _or_known(known, NO_ANSWER, error)
        except socket.gaierror as error:
            if error.errno in NO_SUCH_NAME:
                self._known.pop(host, None)
                raise ProbeFailed("name", error.strerror or "") from error
            return _or_known(known, error.strerror or "", error)
        self._known[host] = _Known(found, loop.time())
        return found

    def close(self) -> None:
        """Stop waiting for names."""
        for task in self._asked.values():
            task.cancel()

    def _ask(self, host: str) -> asyncio.Task[tuple[Address, ...]]:
        """Return the one question for a name; it goes on when nobody waits for it any more."""
        if host not in self._asked:
            self._asked[host] = task = asyncio.create_task(self._found(host))
            task.add_done_callback(partial(self._answered, host))
        return self._asked[host]

    def _answered(self, host: str, task: asyncio.Task[tuple[Address, ...]]) -> None:
        del self._asked[host]
        if not task.cancelled():
            task.exception()  # retrieve it: nobody may be waiting any more

    async def _found(self, host: str) -> tuple[Address, ...]:
        return (await self._threads.run(self._look_up, host))[:MOST_ADDRESSES]


def _or_known(known: _Known | None, detail: str, error: Exception) -> tuple[Address, ...]:
    if known is None:
        raise ProbeFailed("name", detail) from error
    return known.addresses

"""Connect to TCP ports."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from time import perf_counter

from helpdesk.netmonitor.model import Outcome
from helpdesk.netmonitor.probes.faults import ProbeFailed, of_error, until
from helpdesk.netmonitor.probes.names import Address


async def connect(addresses: Sequence[Address], port: int, ends: float) -> socket.socket:
    """Return a connection to the first address that takes one. Raises ProbeFailed of the first address, Overloaded.

    Each address has its share of the time.
    """
    loop, first = asyncio.get_running_loop(), ProbeFailed("name")
    for place, address in enumerate(addresses):
        now = loop.time()
        try:
            async with until(now + (ends - now) / (len(addresses) - place), "silent"):
                return await _connected(address, port)
        except ProbeFailed as failed:
            first = failed if place == 0 else first
    raise first


async def probe(addresses: Sequence[Address], port: int, ends: float) -> Outcome:
    """Return how long a connection takes. Nothing is sent over it. Raises ProbeFailed, Overloaded."""
    begins = perf_counter()
    with await connect(addresses, port, ends):
        return Outcome((perf_counter() - begins) * 1000)


async def _connected(address: Address, port: int) -> socket.socket:
    try:
        with ExitStack() as failing:
            sock = failing.enter_context(socket.socket(address.family, socket.SOCK_STREAM))
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, (address.ip, port))
            failing.pop_all()
            return sock
    except OSError as error:
        raise of_error(error) from error

"""Choose how this machine pings: the best way that it allows.

The kernel's own pinging needs no right but a line of its configuration (net.ipv4.ping_group_range), raw packets need
CAP_NET_RAW, which the command `ping` often has when we have not. Where none works, a host is asked for a TCP port: one
that refuses is up, too.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Protocol

from helpdesk.netmonitor.model import Outcome, Way
from helpdesk.netmonitor.probes import ping_command, tcp
from helpdesk.netmonitor.probes.faults import ProbeFailed
from helpdesk.netmonitor.probes.names import Address
from helpdesk.netmonitor.probes.ping_command import PingCommand
from helpdesk.netmonitor.probes.ping_socket import Kind, PingSocket

LOOPBACK = "127.0.0.1"
PORTS = (443, 80, 22, 445)
"""One of them is open or refused on most machines that drop nothing."""


class Pinger(Protocol):
    """Pings a host. `way` names how."""

    way: Way

    async def ping(self, addresses: Sequence[Address], ends: float) -> Outcome:
        """Ping one of a host's addresses. Raises ProbeFailed and Overloaded."""
        ...

    def close(self) -> None: ...


def choose() -> Pinger:
    """Return the best way that works on this machine, tried at its own address. It may block for two seconds."""
    kinds: tuple[Kind, ...] = ("datagram", "raw")
    for kind in kinds:
        if sockets := _sockets(kind):
            return SocketPinger(kind, sockets)
    command = PingCommand(ping_command.found())
    return command if command.path and command.works(LOOPBACK) else TcpPinger()


class SocketPinger:
    """Pings over a socket for each family that this machine has."""

    def __init__(self, way: Kind, sockets: Mapping[int, PingSocket]) -> None:
        self.way: Way = way
        self._sockets = sockets

    async def ping(self, addresses: Sequence[Address], ends: float) -> Outcome:
        """Ping the first address of a family that this machine has. Raises ProbeFailed and Overloaded."""
        for address in addresses:
            if it := self._sockets.get(address.family):
                return await it.ping(address, ends)
        raise ProbeFailed("unreachable")

    def close(self) -> None:
        for it in self._sockets.values():
            it.close()


class TcpPinger:
    """Connects to a few ports at once: a host that takes or refuses one of these connections is up."""

    way: Way = "tcp"

    async def ping(self, addresses: Sequence[Address], ends: float) -> Outcome:
        """Return how long the first sign of the first address took. Raises ProbeFailed and Overloaded."""
        begins = perf_counter()
        tries = [asyncio.create_task(_fault(addresses[0], port, ends)) for port in PORTS]
        faults = []
        try:
            for each in asyncio.as_completed(tries):
                if (fault := await each) is None:
                    return Outcome((perf_counter() - begins) * 1000)
                faults.append(fault)
        finally:
            for it in tries:
                it.cancel()
            await asyncio.gather(*tries, return_exceptions=True)
        raise faults[0]

    def close(self) -> None:
        """There is nothing to close."""


async def _fault(address: Address, port: int, ends: float) -> ProbeFailed | None:
    """Return why a port shows no sign of its host; None when it does."""
    try:
        with await tcp.connect((address,), port, ends):
            return None
    except ProbeFailed as failed:
        return None if failed.outcome.fault == "refused" else failed


def _sockets(kind: Kind) -> dict[int, PingSocket]:
    """Return the sockets of this kind; none unless that of IPv4 works."""
    found: dict[int, PingSocket] = {}
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            found[family] = PingSocket(family, kind)
        except OSError:
            break
    ipv4 = found.get(socket.AF_INET)
    if ipv4 and ipv4.works(LOOPBACK):
        return found
    for it in found.values():
        it.close()
    return {}

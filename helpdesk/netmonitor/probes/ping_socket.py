"""Ping all hosts over one socket of a family, by the kernel's own pinging ("datagram") or by raw packets.

A raw socket gets the answers to everybody's pings, so an answer counts only from the address that was asked, with the
number and the token of the request.
"""

import asyncio
import secrets
import select
import socket
import struct
from time import monotonic, perf_counter, time
from typing import Literal, NamedTuple

from helpdesk.errors import Overloaded
from helpdesk.netmonitor.model import Outcome
from helpdesk.netmonitor.probes import packet_filter, packets
from helpdesk.netmonitor.probes.faults import ProbeFailed, of_error, until
from helpdesk.netmonitor.probes.names import Address
from helpdesk.netmonitor.probes.packets import Received

Kind = Literal["datagram", "raw"]
KINDS = {"datagram": socket.SOCK_DGRAM, "raw": socket.SOCK_RAW}
NUMBERS = 65_536
LARGEST_PACKET, ANCILLARY_BYTES = 2048, 512
MOST_AT_ONCE = 256
"""So many packets are read before other work gets its turn."""
FULL_SECONDS, TRIAL_SECONDS = 0.01, 0.1

ROOM_BYTES = 2**20
"""For the answers of hundreds of hosts that come at once."""
# Linux's own numbers, which Python does not name (linux/in.h, in6.h, asm-generic/socket.h).
RECEIVE_ERRORS = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
SO_TIMESTAMPNS, TIMESPEC = 35, struct.Struct("@ll")


class _Waiting(NamedTuple):
    """A request without an answer yet; `sent_at` is the machine's clock, as the kernel notes the arrival."""

    address: Address
    token: bytes
    began: float
    sent_at: float
    answer: asyncio.Future[float]


class PingSocket:
    """Raises OSError where this machine does not allow such a socket."""

    def __init__(self, family: socket.AddressFamily, kind: Kind) -> None:
        self.family, self._is_raw = family, kind == "raw"
        self._has_ip_header = self._is_raw and family == socket.AF_INET
        protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
        self._socket = socket.socket(family, KINDS[kind], protocol)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM_BYTES)
        # uvloop stops to read a socket that has an error, as one has for each host that is unreachable. This is none.
        self._ready = select.epoll()
        self._ready.register(self._socket, select.EPOLLIN)
        self._id, self._last = secrets.randbits(16), secrets.randbits(16)
        self._waiting: dict[int, _Waiting] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        if self._is_raw:
            packet_filter.attach(self._socket, self._id)
        else:
            self._socket.setsockopt(*RECEIVE_ERRORS[family], 1)

    async def ping(self, address: Address, ends: float) -> Outcome:
        """Send one request and wait for its answer. Raises ProbeFailed and Overloaded."""
        self._join()
        number = self._number()
        token = secrets.token_bytes(packets.TOKEN_BYTES)
        request = packets.request(self.family, self._id, number, token)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = _Waiting(address, token, perf_counter(), time(), answer)
        try:
            await self._send(request, address, ends)
            async with until(ends, "silent"):
                return Outcome(await answer)
        finally:
            del self._waiting[number]

    def works(self, ip: str) -> bool:
        """Tell whether a host answers. It is asked before a loop reads, and waits for a tenth of a second at most."""
        token = secrets.token_bytes(packets.TOKEN_BYTES)
        ends = monotonic() + TRIAL_SECONDS
        try:
            self._socket.sendto(packets.request(self.family, self._id, 0, token), (ip, 0))
            while (left := ends - monotonic()) > 0:
                self._socket.settimeout(left)
                found = self._read(self._socket.recv(LARGEST_PACKET))
                if found and found.token == token:
                    return True
        except OSError:
            return False
        finally:
            self._socket.setblocking(False)
        return False

    def close(self) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.remove_reader(self._ready)
        self._ready.close()
        self._socket.close()

    def _join(self) -> None:
        """Read in the loop that runs now."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._ready, self._receive)

    def _number(self) -> int:
        """Return the next number for which nobody waits. Raises Overloaded."""
        if len(self._waiting) == NUMBERS:
            raise Overloaded(detail="too many pings at once")
        self._last = (self._last + 1) % NUMBERS
        while self._last in self._waiting:
            self._last = (self._last + 1) % NUMBERS
        return self._last

    async def _send(self, request: bytes, address: Address, ends: float) -> None:
        """Send a request. Raises ProbeFailed, and Overloaded when the socket stays full."""
        try:
            async with asyncio.timeout_at(ends):
                while not self._is_sent(request, address):
                    await asyncio.sleep(FULL_SECONDS)
        except TimeoutError as error:
            raise Overloaded(detail="the socket for pings is full") from error

    def _is_sent(self, request: bytes, address: Address) -> bool:
        """Send a request, if there is room for it. Raises ProbeFailed and Overloaded."""
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # forget the error of an earlier request
        try:
            self._socket.sendto(request, (address.ip, 0))
        except BlockingIOError:
            return False
        except OSError as error:
            raise of_error(error) from error
        return True

    def _receive(self) -> None:
        """Read what has come."""
        for _ in range(MOST_AT_ONCE):
            try:
                packet, ancillary, _, sender = self._socket.recvmsg(LARGEST_PACKET, ANCILLARY_BYTES)
            except BlockingIOError:
                break
            except OSError:
                continue  # the kernel reports an error, whose packet is in the queue of errors
            if found := self._read(packet):
                self._answer(found, sender[0], ancillary)
        if not self._is_raw:
            self._receive_errors()

    def _receive_errors(self) -> None:
        """Read the requests of which the kernel has heard that there is no way to their hosts."""
        for _ in range(MOST_AT_ONCE):
            try:
                request, _, _, _ = self._socket.recvmsg(LARGEST_PACKET, ANCILLARY_BYTES, socket.MSG_ERRQUEUE)
            except OSError:
                return
            if len(request) >= packets.ECHO.size:
                self._fail(packets.ECHO.unpack_from(request)[4])

    def _read(self, packet: bytes) -> Received | None:
        """Read a packet; None for one that answers no request of this socket."""
        if not self._is_raw:  # the kernel gives each socket an id of its own
            return packets.read(self.family, packet)
        found = packets.read(self.family, packets.without_ip_header(packet) if self._has_ip_header else packet)
        return found if found and found.id == self._id else None

    def _answer(self, found: Received, sender: str, ancillary: list[tuple[int, int, bytes]]) -> None:
        if found.token is None:
            self._fail(found.number)
            return
        waiting = self._waiting.get(found.number)
        if waiting and waiting.address.ip == sender and waiting.token == found.token and not waiting.answer.done():
            waiting.answer.set_result(_ms(waiting, ancillary))

    def _fail(self, number: int) -> None:
        waiting = self._waiting.get(number)
        if waiting and not waiting.answer.done():
            waiting.answer.set_exception(ProbeFailed("unreachable"))


def _ms(waiting: _Waiting, ancillary: list[tuple[int, int, bytes]]) -> float:
    """Return how long an answer took, by the kernel's note of its arrival, so that our own work is not counted.

    The machine's clock may have been set meanwhile: then our own reckoning is right.
    """
    most = perf_counter() - waiting.began
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS) and len(data) == TIMESPEC.size:
            seconds, nanoseconds = TIMESPEC.unpack(data)
            noted = seconds + nanoseconds / 1e9 - waiting.sent_at
            most = noted if 0 < noted < most else most
    return most * 1000

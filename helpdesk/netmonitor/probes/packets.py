"""Write echo requests of ICMP, and read what comes back.

Sources: RFC 792 and RFC 4443; the checksum is that of RFC 1071. The data of a request begins with a token that nobody
else knows, so that an answer can be only to it.
"""

import socket
import struct
from typing import NamedTuple

ECHO = struct.Struct("!BBHHH")
TOKEN_BYTES = 16


class Types(NamedTuple):
    """The types of a family's messages."""

    request: int
    reply: int
    unreachable: int
    exceeded: int


TYPES = {socket.AF_INET: Types(8, 0, 3, 11), socket.AF_INET6: Types(128, 129, 1, 3)}


class Received(NamedTuple):
    """An answer to the request of this number, by a token, or without one that there is no way."""

    id: int
    number: int
    token: bytes | None


def request(family: int, id: int, number: int, token: bytes) -> bytes:
    """Return an echo request. Of IPv6 the kernel reckons the checksum."""
    kind = TYPES[socket.AddressFamily(family)].request
    checksum = _checksum(ECHO.pack(kind, 0, 0, id, number) + token) if family == socket.AF_INET else 0
    return ECHO.pack(kind, 0, checksum, id, number) + token


def read(family: int, packet: bytes) -> Received | None:
    """Read a message of ICMP; None for one that answers no echo request."""
    if len(packet) < ECHO.size:
        return None
    types = TYPES[socket.AddressFamily(family)]
    kind, _, _, id, number = ECHO.unpack_from(packet)
    if kind == types.reply:
        return Received(id, number, packet[ECHO.size : ECHO.size + TOKEN_BYTES])
    if kind not in (types.unreachable, types.exceeded):
        return None
    asked = _asked(family, packet[ECHO.size :])
    if len(asked) < ECHO.size or asked[0] != types.request:
        return None
    _, _, _, id, number = ECHO.unpack_from(asked)
    return Received(id, number, None)


def without_ip_header(packet: bytes) -> bytes:
    """Return the message of a packet as raw sockets of IPv4 give it."""
    return packet[_header_bytes(packet) :] if packet else b""


def _asked(family: int, packet: bytes) -> bytes:
    """Return the request of ours that a router or a host sends back, as far as it does."""
    if family == socket.AF_INET:
        is_ours = len(packet) >= 20 and packet[9] == socket.IPPROTO_ICMP
        return packet[_header_bytes(packet) :] if is_ours else b""
    is_ours = len(packet) >= 40 and packet[6] == socket.IPPROTO_ICMPV6
    return packet[40:] if is_ours else b""


def _header_bytes(packet: bytes) -> int:
    return (packet[0] & 0xF) * 4


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF

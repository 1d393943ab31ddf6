"""What pings find in a network of their own, where the kernel does not answer but an imitation does; prints JSON.

It is started by `unshare --map-root-user --net`: there the ways to ping can be allowed and forbidden, and a raw socket
can answer what it likes for all addresses of the loopback network.
"""

import asyncio
import fcntl
import json
import secrets
import socket
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from helpdesk.errors import Overloaded
from helpdesk.netmonitor.model import Target
from helpdesk.netmonitor.probes import NetworkProbes, ping
from helpdesk.netmonitor.probes.faults import ProbeFailed
from helpdesk.netmonitor.probes.names import Address, Names
from helpdesk.netmonitor.probes.packets import ECHO, TYPES, request
from helpdesk.netmonitor.probes.ping_socket import Kind, PingSocket

V4 = Path("/proc/sys/net/ipv4")
SIOCGIFFLAGS, SIOCSIFFLAGS, UP = 0x8913, 0x8914, 1
LIMIT, PATIENCE = 1.0, 10.0
"""Seconds that a ping waits here, and where all are answered."""
KINDS: tuple[Kind, ...] = ("datagram", "raw")
KNOWS_NOTHING = bytes(16)

Reply = tuple[str, bytes]
"""The address from which it comes, and a message of ICMP."""


def begin() -> None:
    """Bring the loopback network up."""
    with socket.socket() as any_socket:
        name = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16xH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, name))[0]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | UP))


def allow_datagrams() -> None:
    """Let the kernel ping for us, which it does not in a new network."""
    (V4 / "ping_group_range").write_text("0 0")


def answer_pings(answered: bool) -> None:
    """Let the kernel answer pings, or not."""
    (V4 / "icmp_echo_ignore_all").write_text("0" if answered else "1")


def echo(id: int, number: int, token: bytes) -> bytes:
    """An answer to a ping."""
    asked = bytearray(request(socket.AF_INET, id, number, token))
    asked[0] = TYPES[socket.AddressFamily.AF_INET].reply
    total = sum(struct.unpack(f"!{len(asked) // 2}H", bytes(asked[:2]) + b"\0\0" + bytes(asked[4:])))
    total = (total >> 16) + (total & 0xFFFF)
    asked[2:4] = struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)
    return bytes(asked)


def unreachable(packet: bytes) -> bytes:
    """A router's word that a packet could not be brought to its host."""
    said = struct.pack("!BBHI", 3, 1, 0, 0) + packet
    said += b"\0" * (len(said) % 2)
    total = sum(struct.unpack(f"!{len(said) // 2}H", said))
    total = (total >> 16) + (total & 0xFFFF)
    return said[:2] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + said[4:]


@asynccontextmanager
async def answering(answers: Callable[[str, bytes], Iterable[Reply]]) -> AsyncIterator[None]:
    """Answer the pings of this network: of each, the address that was pinged and the whole packet are given."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as listener:
        listener.setblocking(False)

        def read() -> None:
            packet, sender = listener.recvfrom(2048)
            if packet[20] != TYPES[socket.AddressFamily.AF_INET].request:
                return
            for source, message in answers(socket.inet_ntoa(packet[16:20]), packet):
                with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as speaker:
                    speaker.bind((source, 0))
                    speaker.sendto(message, sender)

        loop.add_reader(listener, read)
        try:
            yield
        finally:
            loop.remove_reader(listener)


async def pinged(by: PingSocket, ip: str, seconds: float = LIMIT) -> str:
    """The fault of a ping; empty when it was answered."""
    ends = asyncio.get_running_loop().time() + seconds
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    try:
        found = await by.ping(Address(family, ip), ends)
        return "" if found.ms and 0 < found.ms < seconds * 1000 else f"{found.ms} ms"
    except ProbeFailed as failed:
        return failed.outcome.fault


async def ways() -> object:
    """Which way is chosen where which are allowed, and what it finds."""
    found = [await _way()]
    allow_datagrams()
    found.append(await _way())
    answer_pings(False)
    found.append(await _way())
    answer_pings(True)
    return found


async def _way() -> list[str]:
    here = NetworkProbes(ping.choose(), Names())
    hosts = ("127.0.0.1", "127.0.1.9", "::1")
    outcomes = [await here.probe(Target(1, "", "icmp", ip)) for ip in hosts]
    await here.close()
    return [here.ping_way, *(it.fault for it in outcomes)]


def lies(ip: str, packet: bytes) -> Iterable[Reply]:
    """What is answered for each address."""
    _, _, _, id, number = ECHO.unpack_from(packet, 20)
    token = packet[28:44]
    right = echo(id, number, token)
    wrong = {
        1: [(ip, echo(id ^ 1, number, token))],
        2: [(ip, echo(id, number ^ 1, token))],
        3: [(ip, echo(id, number, KNOWS_NOTHING))],
        4: [(ip, echo(id, number, token[:8]))],
        5: [("127.0.2.2", right)],
        6: [(ip, right[:7])],
        7: [(ip, unreachable(packet))],
        8: [("127.0.2.2", unreachable(packet[:28]))],
        9: [(ip, unreachable(packet[:24]))],
        10: [(ip, unreachable(packet[:20] + bytes([8, 0, 0, 0]) + struct.pack("!HH", id ^ 1, number)))],
        11: [(ip, right), (ip, right), (ip, unreachable(packet))],
        12: [(ip, echo(id, number, KNOWS_NOTHING)), ("127.0.2.2", right), (ip, right)],
        13: [],
    }
    return wrong.get(int(ip.rpartition(".")[2]), [(ip, right)])


async def lying() -> object:
    """What is found where the answers are lies, by kind of socket."""
    answer_pings(False)
    found = {}
    async with answering(lies):
        for kind in KINDS:
            by = PingSocket(socket.AF_INET, kind)
            found[kind] = await asyncio.gather(*(pinged(by, f"127.0.1.{number}") for number in range(1, 15)))
            by.close()
    answer_pings(True)
    return found


async def flooded() -> object:
    """What is found while somebody else's answers pour in."""
    found = {}
    for kind in KINDS:
        by = PingSocket(socket.AF_INET, kind)
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as other:
            other.bind(("127.0.1.1", 0))
            pings = [asyncio.create_task(pinged(by, f"127.0.1.{number}", PATIENCE)) for number in range(1, 201)]
            for _ in range(20):
                for _ in range(100):
                    other.sendto(echo(secrets.randbits(16), secrets.randbits(16), KNOWS_NOTHING), ("127.0.0.1", 0))
                await asyncio.sleep(0)
            found[kind] = sorted(set(await asyncio.gather(*pings)))
        by.close()
    return found


class FullSocket:
    """An imitation of a socket that takes nothing: a real one can't be filled over the loopback network."""

    def getsockopt(self, *_: object) -> int:
        return 0

    def sendto(self, *_: object) -> int:
        raise BlockingIOError


async def full() -> object:
    """What is found before a socket is full, while it is, and after."""
    found = {}
    for kind in KINDS:
        by = PingSocket(socket.AF_INET, kind)
        found[kind] = [await pinged(by, "127.0.0.1")]
        real, by._socket = by._socket, FullSocket()  # type: ignore[assignment]
        try:
            found[kind].append(await pinged(by, "127.0.0.1"))
        except Overloaded as error:
            found[kind].append(type(error).__name__)
        by._socket = real
        found[kind].append(await pinged(by, "127.0.0.1"))
        by.close()
    return found


async def main() -> None:
    begin()
    scenes: dict[str, Callable[[], Awaitable[object]]] = {
        "ways": ways,
        "lying": lying,
        "flooded": flooded,
        "full": full,
    }
    print(json.dumps({name: await scene() for name, scene in scenes.items()}))


if __name__ == "__main__":
    {"asyncio": asyncio.run, "uvloop": uvloop.run}[sys.argv[1]](main())

"""Ask a name server for a name, over UDP.

Of an answer only the head and the question are read, as RFC 1035 (4.1) lays them out: whether it answers this question,
whether there was an error, and how many records it holds. So an answer of 64 KB takes no time, whatever is in it.
"""

import asyncio
import secrets
import socket
import struct
from pathlib import Path
from time import perf_counter

from helpdesk.netmonitor.addresses import ascii_host
from helpdesk.netmonitor.model import Outcome
from helpdesk.netmonitor.probes.faults import ProbeFailed, of_error, until
from helpdesk.netmonitor.probes.names import Address, literal

PORT = 53
HEAD = struct.Struct("!6H")
RECURSION, ANSWERS = 0x0100, 0x8000
A, AAAA, INTERNET = 1, 28, 1
ERRORS = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
NO_SUCH_NAME = 3
LARGEST_ANSWER = 65_535
MOST_FOREIGN = 16
"""So many answers to something else are passed over."""
CONFIGURATION, LARGEST_CONFIGURATION = Path("/etc/resolv.conf"), 65_536


def system_server(configuration: Path = CONFIGURATION) -> Address:
    """Return the name server that this machine asks first."""
    try:
        with configuration.open(encoding="utf-8", errors="replace") as file:
            lines = file.read(LARGEST_CONFIGURATION).splitlines()
    except OSError:
        lines = []
    words = (line.split() for line in lines)
    found = (literal(it[1]) for it in words if len(it) > 1 and it[0] == "nameserver")
    return next(filter(None, found), Address(socket.AF_INET, "127.0.0.1"))


async def probe(server: Address, port: int, name: str, ends: float) -> Outcome:
    """Return how long a server takes to find an address of a name, of IPv4 or of IPv6. Raises ProbeFailed, Overloaded.

    That there is none has the fault "name", another error of the server "status".
    """
    host = ascii_host(name)
    if not host:
        raise ProbeFailed("name", "this is no name")
    async with until(ends, "silent"):
        begins = perf_counter()
        try:
            found = await _records(server, port, host, A) or await _records(server, port, host, AAAA)
        except OSError as error:
            raise of_error(error) from error
    if not found:
        raise ProbeFailed("name", "no address")
    return Outcome((perf_counter() - begins) * 1000)


async def _records(server: Address, port: int, host: str, kind: int) -> int:
    """Return how many records a server has for a name. Raises ProbeFailed and OSError."""
    number, asked = secrets.randbits(16), _question(host, kind)
    loop = asyncio.get_running_loop()
    with socket.socket(server.family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect((server.ip, port))
        sock.send(HEAD.pack(number, RECURSION, 1, 0, 0, 0) + asked)
        for _ in range(MOST_FOREIGN):
            answer = await loop.sock_recv(sock, LARGEST_ANSWER)
            if (records := _read(answer, number, asked)) is not None:
                return records
    raise ProbeFailed("nonsense")


def _question(host: str, kind: int) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
    return labels + b"\0" + struct.pack("!2H", kind, INTERNET)


def _read(answer: bytes, number: int, asked: bytes) -> int | None:
    """Return the number of records of an answer; None when it answers something else. Raises ProbeFailed."""
    if len(answer) < HEAD.size:
        return None
    answered, flags, _, records, _, _ = HEAD.unpack_from(answer)
    error = flags & 0xF
    its_question = answer[HEAD.size : HEAD.size + len(asked)].lower()
    if answered != number or not flags & ANSWERS or its_question not in (asked, b"" if error else asked):
        return None
    if error:
        raise ProbeFailed("name" if error == NO_SUCH_NAME else "status", ERRORS.get(error, f"error {error}"))
    return int(records)

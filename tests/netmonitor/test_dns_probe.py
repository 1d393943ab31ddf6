"""What a probe finds of name servers: imitated ones, which answer rightly, wrongly, or not at all."""

import asyncio
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.netmonitor.model import Outcome, Target
from helpdesk.netmonitor.probes import NetworkProbes
from helpdesk.netmonitor.probes.dns import AAAA, system_server
from helpdesk.netmonitor.probes.names import Address

OK, SERVFAIL, NXDOMAIN, REFUSED = 0x8180, 0x8182, 0x8183, 0x8185
NAME = "site.example"
Answer = Callable[[bytes], list[bytes]]


def record(asked: bytes, flags: int = OK, records: int = 1, rest: bytes = b"") -> bytes:
    """An answer to what was asked."""
    return asked[:2] + struct.pack("!5H", flags, 1, records, 0, 0) + asked[12:] + rest


class _Server(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer, by: socket.socket | None) -> None:
        self.answer, self.by = answer, by

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for each in self.answer(data):
            (self.by or self.transport).sendto(each, addr)


async def found(
    here: NetworkProbes, answer: Answer, address: str = "127.0.0.1", by: socket.socket | None = None
) -> Outcome:
    """The outcome at a name server that answers so, from its own or another socket, without the time that it took."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Server(answer, by), (address, 0))
    port = transport.get_extra_info("sockname")[1]
    try:
        outcome = await here.probe(Target(1, "", "dns", address, port, NAME))
    finally:
        transport.close()
    return outcome._replace(ms=0.0 if outcome.ms is not None else None)


def kind_of(asked: bytes) -> int:
    return int.from_bytes(asked[-4:-2])


UP = Outcome(0.0)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (lambda asked: [record(asked)], UP),
        (lambda asked: [record(asked.upper())] if asked.upper()[:2] == asked[:2] else [record(asked)], UP),
        (lambda asked: [record(asked, OK | 0x0200)], UP),
        (lambda asked: [record(asked, rest=b"\xc0\x0c" * 30_000)], UP),
        (lambda asked: [record(asked, records=kind_of(asked) == AAAA)], UP),
        (lambda asked: [record(asked, records=0)], Outcome(None, "name", "no address")),
        (lambda asked: [record(asked, NXDOMAIN, 0)], Outcome(None, "name", "NXDOMAIN")),
        (lambda asked: [record(asked, SERVFAIL, 0)], Outcome(None, "status", "SERVFAIL")),
        (lambda asked: [record(asked, REFUSED, 0)[:12]], Outcome(None, "status", "REFUSED")),
        (lambda asked: [record(asked, 0x8186, 0)], Outcome(None, "status", "error 6")),
        (lambda asked: [b"", record(asked).replace(b"site", b"evil"), record(asked)], UP),
        (lambda asked: [b"nonsense"] * 100, Outcome(None, "nonsense")),
    ],
)
async def test_the_answer_is_judged(here: NetworkProbes, answer: Answer, outcome: Outcome) -> None:
    assert await found(here, answer) == outcome


async def test_a_server_is_asked_over_ipv6(here: NetworkProbes) -> None:
    assert await found(here, lambda asked: [record(asked)], "::1") == UP


async def test_a_machine_without_a_name_server_refuses(here: NetworkProbes) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert await here.probe(Target(1, "", "dns", "127.0.0.1", port, NAME)) == Outcome(None, "refused")


@pytest.mark.parametrize(
    "answer",
    [
        lambda asked: [],
        lambda asked: [b"", b"x", asked],
        lambda asked: [bytes(each ^ 0xFF for each in asked[:2]) + record(asked)[2:]],
        lambda asked: [record(asked)[:12]],
        lambda asked: [record(asked).replace(b"site", b"evil")],
    ],
)
async def test_what_answers_something_else_is_no_answer(hasty: NetworkProbes, answer: Answer) -> None:
    assert await found(hasty, answer) == Outcome(None, "silent")


async def test_an_answer_from_elsewhere_does_not_count(hasty: NetworkProbes) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as elsewhere:
        assert await found(hasty, lambda asked: [record(asked)], by=elsewhere) == Outcome(None, "silent")


@given(st.lists(st.binary(max_size=64), max_size=4), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
async def test_no_answer_makes_a_probe_raise(here: NetworkProbes, parts: list[bytes], is_right: bool) -> None:
    def answer(asked: bytes) -> list[bytes]:
        return [asked[:2] + each if is_right else each for each in parts] + [record(asked)]

    assert (await found(here, answer)).fault in ("", "status", "name")


@pytest.mark.parametrize("name", ["", "a..b", "n" * 300, "-x", "10.0.0.256"])
async def test_what_is_no_name_is_not_asked_for(here: NetworkProbes, name: str) -> None:
    assert (await here.probe(Target(1, "", "dns", "127.0.0.1", 9, name))).fault == "name"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("# nameserver 127.0.0.9\nsearch site.example\nnameserver 127.0.0.3\nnameserver 127.0.0.4\n", "127.0.0.3"),
        ("nameserver\nnameserver fe80::1%eth0\nnameserver ::1\n", "::1"),
        ("\xff\x00", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_machines_own_name_server_is_the_first_that_it_names(tmp_path: Path, text: str, address: str) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(text)
    assert system_server(file).ip == address
    assert system_server(tmp_path / "absent") == Address(socket.AF_INET, "127.0.0.1")

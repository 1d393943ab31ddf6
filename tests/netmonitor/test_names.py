"""Names that are looked up: a silent name server delays no probe of another host, and not every host is down then.

The machine's way to look up is an imitation: a name server can't be silenced here.
"""

import asyncio
import socket
from collections.abc import Iterator
from threading import Event, Lock

import pytest

from helpdesk.netmonitor.model import Target
from helpdesk.netmonitor.probes import NetworkProbes, names, ping
from helpdesk.netmonitor.probes.faults import ProbeFailed
from helpdesk.netmonitor.probes.names import MOST_ADDRESSES, MOST_THREADS, Address, Names

HERE = Address(socket.AF_INET, "127.0.0.1")


class Machine:
    """Looks names up: those of `silent` hang until the end of the test, those of `unknown` do not exist."""

    def __init__(self) -> None:
        self.silent: set[str] = set()
        self.unknown: set[str] = set()
        self.asked: list[str] = []
        self.answers: tuple[Address, ...] = (HERE,)
        self.goes_on = Event()
        self._lock = Lock()

    def look_up(self, name: str) -> tuple[Address, ...]:
        with self._lock:
            self.asked.append(name)
        if name in self.silent:
            self.goes_on.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if name in self.unknown:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self.answers


@pytest.fixture
def machine() -> Iterator[Machine]:
    machine = Machine()
    yield machine
    machine.goes_on.set()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "PATIENCE_SECONDS", 0.2)


async def fault(of: Names, host: str) -> str:
    with pytest.raises(ProbeFailed) as caught:
        await of.addresses(host)
    return caught.value.outcome.fault


async def test_an_address_needs_no_name_server(machine: Machine) -> None:
    known = Names(machine.look_up)
    assert await known.addresses("127.0.0.1") == (HERE,)
    assert await known.addresses("::1") == (Address(socket.AF_INET6, "::1"),)
    assert machine.asked == []


async def test_an_answer_is_kept_for_a_while(machine: Machine) -> None:
    known = Names(machine.look_up)
    machine.answers = (HERE,) * 3 + tuple(Address(socket.AF_INET, f"127.0.0.{number}") for number in range(9))
    assert len(await known.addresses("gate.example")) == MOST_ADDRESSES
    await known.addresses("gate.example")
    assert machine.asked == ["gate.example"]


async def test_a_name_that_is_gone_is_a_fault_at_once(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "FRESH_SECONDS", 0.0)
    known = Names(machine.look_up)
    await known.addresses("gate.example")
    machine.unknown.add("gate.example")
    assert await fault(known, "gate.example") == "name"
    machine.silent.add("gate.example")
    machine.goes_on.set()
    assert await fault(known, "gate.example") == "name"


async def test_while_name_servers_are_silent_the_last_answer_is_taken(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    monkeypatch.setattr(names, "FRESH_SECONDS", 0.0)
    known = Names(machine.look_up)
    await known.addresses("gate.example")
    machine.silent |= {"gate.example", "other.example"}
    assert await known.addresses("gate.example") == (HERE,)
    assert await fault(known, "other.example") == "name"
    machine.goes_on.set()  # the question ends in an error, which says the same
    assert await known.addresses("gate.example") == (HERE,)


async def test_a_silent_name_server_delays_no_other_probe(machine: Machine, impatient: None) -> None:
    """More names hang than there are threads, each asked several times: one thread is for each, and those for no more
    than there are."""
    machine.silent = {f"host{number}.example" for number in range(MOST_THREADS + 18)}
    here = NetworkProbes(ping.choose(), Names(machine.look_up))
    hanging = [
        asyncio.create_task(here.probe(Target(1, "", "tcp", name, 9))) for name in sorted(machine.silent) for _ in "12"
    ]
    await asyncio.sleep(0)
    assert (await here.probe(Target(1, "", "icmp", "127.0.0.1"))).fault == ""
    assert not any(task.done() for task in hanging)
    assert {found.fault for found in await asyncio.gather(*hanging)} == {"name"}
    assert len(machine.asked) == len(set(machine.asked)) == MOST_THREADS
    assert {
        found.fault for found in await asyncio.gather(*map(here.probe, [Target(1, "", "icmp", "127.0.0.1")] * 9))
    } == {""}
    machine.goes_on.set()
    await here.close()


async def test_this_machine_looks_up_its_own_name() -> None:
    assert HERE in await Names().addresses("localhost")
    assert await fault(Names(), "") == "name"

"""What the network monitor costs: `python -m bench.netmonitor` prints the CPU of probing alone, and with the store.

Two hundred hosts are probed every ten seconds. They are imitated, in another process on the same machine.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
import uvloop
from sqlmodel import Session

from bench.beside import beside
from helpdesk.netmonitor.model import Target
from helpdesk.netmonitor.news import Newsroom
from helpdesk.netmonitor.probes import NetworkProbes, connect
from helpdesk.netmonitor.sampler import Sampler
from helpdesk.notifications.channels.port import Resources
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.readers import Rules
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.settings import settings as configuration
from helpdesk.store import people, schema
from helpdesk.store.database import Database
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostSample
from tests.netmonitor.serving import serving
from tests.servers.certificates import Authority
from tests.servers.imitated_hosts import PAGE, ImitatedHosts
from tests.store.monitored import add_host

INTERVAL_SECONDS, SECONDS, WARM_SECONDS = 10, 60, 12
ICMP, TCP, HTTP, HTTPS, DNS = 120, 50, 10, 10, 10
NAME = "site.example"
ANSWERED = b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"


class Network(NamedTuple):
    """The imitated hosts, and the authority of those that encrypt."""

    hosts: list[Target]
    authority: Path


class NameServer(asyncio.DatagramProtocol):
    """Says to every question that there is one address, without naming it: nobody looks."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data[:2] + ANSWERED + data[12:], addr)


async def _imitate(line: Connection, folder: Path) -> None:
    authority = Authority(folder)
    loop = asyncio.get_running_loop()
    names, _ = await loop.create_datagram_endpoint(NameServer, ("127.0.0.1", 0))
    with ImitatedHosts(ICMP + TCP + HTTP) as hosts:
        async with serving(PAGE, authority.server_context()) as encrypted:
            page = f"https://127.0.0.1:{encrypted.port}/"
            port = names.get_extra_info("sockname")[1]
            targets = [
                *(hosts.target(number, "icmp") for number in range(ICMP)),
                *(hosts.target(number, "tcp") for number in range(ICMP, ICMP + TCP)),
                *(hosts.target(number, "http") for number in range(ICMP + TCP, ICMP + TCP + HTTP)),
                *(Target(0, f"secure {number}", "http", page, certificate_days=1) for number in range(HTTPS)),
                *(Target(0, f"names {number}", "dns", "127.0.0.1", port, NAME) for number in range(DNS)),
            ]
            line.send(Network(targets, authority.file))
            await loop.run_in_executor(None, line.recv)
    names.close()


def _run(line: Connection, folder: Path) -> None:
    asyncio.run(_imitate(line, folder))


async def share(work: Coroutine[Any, Any, None], seconds: float) -> float:
    """Return the seconds of CPU that this process takes in a second while it works."""
    working = asyncio.create_task(work)
    await asyncio.sleep(WARM_SECONDS)
    began, used = time.perf_counter(), cpu()
    await asyncio.sleep(seconds)
    found = (cpu() - used) / (time.perf_counter() - began)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return found


async def probing(probes: NetworkProbes, targets: Sequence[Target], faults: list[str]) -> None:
    """Probe each host in its turn, all within the interval, until cancelled."""

    async def one(target: Target) -> None:
        faults.append((await probes.probe(target)).fault)

    loop = asyncio.get_running_loop()
    begins, turn = loop.time(), 0
    async with asyncio.TaskGroup() as group:
        while True:
            group.create_task(one(targets[turn % len(targets)]))
            turn += 1
            await asyncio.sleep(begins + turn * INTERVAL_SECONDS / len(targets) - loop.time())


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def monitored(file: Path, them: Network, seconds: float) -> str:
    """Measure the sampler with its store: samples, states, history."""
    database = Database(f"sqlite:///{file}")
    schema.migrate(database, "production")

    def add(session: Session) -> None:
        for number, target in enumerate(them.hosts):
            columns = target._replace(name=f"host {number}", interval_seconds=INTERVAL_SECONDS)._asdict()
            add_host(session, **{name: it for name, it in columns.items() if name != "id"})

    database.run_here(add, writes=True)
    settings = configuration.load({}, Path("/nowhere"))
    clock = partial(datetime.now, UTC)
    outbox = Outbox(Resources(settings, database), DeliveryChecks(None, database, None, None, clock), clock)  # type: ignore[arg-type]  # nobody is notified
    newsroom = Newsroom(Rules(people.known_in_embedded), outbox, Wakeups(), clock, UTC, opens_tasks=False)
    load = await share(Sampler(partial(connect, them.authority), database, newsroom, clock).watch(), seconds)
    ms = table(HostSample).c.ms
    count, answered = database.run_here(lambda db: db.execute(sa.select(sa.func.count(), sa.func.count(ms))).one())
    database.close()
    return f"with the store: {load:.2%} of a core; {count} samples, {count - answered} of them failed"


async def measured(folder: Path, seconds: float) -> list[str]:
    """Measure probing alone, then the monitor."""
    with beside(_run, folder / "authority") as line:
        them: Network = line.recv()
        probes, faults = connect(them.authority), list[str]()
        load = await share(probing(probes, them.hosts, faults), seconds)
        await probes.close()
        done = f"{len(faults)} probes, {sum(map(bool, faults))} of them failed"
        return [
            f"probing alone, pings by {probes.ping_way}: {load:.2%} of a core; {done}",
            await monitored(folder / "helpdesk.db", them, seconds),
        ]


if __name__ == "__main__":
    reader = argparse.ArgumentParser(prog="bench.netmonitor", description=__doc__)
    reader.add_argument("--seconds", type=int, default=SECONDS)
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print("\n".join(uvloop.run(measured(Path(name), asked.seconds))))

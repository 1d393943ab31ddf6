"""What polling the phone system costs: `python -m bench.telephony` writes docs/polling.md anew.

200 agents are signed in here, with a page on a screen. An imitated Finesse runs in a process of its own, brings the
calls, and looks into our store when each of them has come there.
"""

import argparse
import asyncio
import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from threading import Event, Thread
from typing import NamedTuple

import uvloop
from sqlmodel import Session

from bench.beside import beside
from helpdesk import tls
from helpdesk.encryption import Box
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.people.rights import AGENT
from helpdesk.store import people, phone_agents, rights, schema
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.telephony import numbers
from helpdesk.telephony.credentials import sealed
from helpdesk.telephony.finesse.phone import FinessePhone
from helpdesk.telephony.phone import Credentials
from helpdesk.telephony.poller import Poller
from tests.servers.certificates import Authority
from tests.servers.imitated_finesse import ImitatedFinesse, imitated_finesse
from tests.world import settle

DOCUMENT = Path(__file__).parent.parent / "docs" / "polling.md"
AGENTS, CALLS_A_MINUTE, SECONDS = 200, 20, 180
RINGS, TALKS = 4.0, 30.0
LOOK_SECONDS = 0.01
WARM_SECONDS = 6.0
READS = 4_000
PASSWORD = "пароль-1"
HEAD = """\
# The cost of polling the phone system

`python -m bench.telephony` measured this on {now:%Y-%m-%d}: one process with uvloop, SQLite, {cores} cores, load
average {load:.1f}; {seconds} seconds. {agents} agents are signed in and have a page on a screen. Their calls are asked
for every two seconds, each agent every ten, over TLS. {calls} calls a minute ring for {rings:g} s and last {talks:g} s.
Finesse is imitated, in another process on the same machine; it tells when a call rang, and looks every {look:g} ms
whether it is in our store. Pages of the agent are woken at that moment.

| what | found | goal |
|---|---|---|"""


class Found(NamedTuple):
    """Seconds of CPU in a second; seconds from ringing to the store; requests in a second; CPU seconds of a read."""

    load: float
    waits: list[float]
    requests: float
    unchanged: float
    changed: float


class Exchange:
    """The imitated Finesse with its calls, and what it finds in our store."""

    def __init__(self, finesse: ImitatedFinesse, agents: list[str]) -> None:
        self.finesse, self.agents = finesse, agents
        self.rang: dict[str, float] = {}
        self.waits: list[float] = []
        self.is_over = Event()

    def bring_calls(self, calls_a_minute: int) -> None:
        """Let calls come, be taken and end, until it is over. A call is taken and ended by the exchange itself."""
        number, due = 0, []
        while not self.is_over.wait(60 / calls_a_minute):
            agent = self.agents[number % len(self.agents)]
            dialog, now = self.finesse.ring(agent), time.monotonic()
            self.rang[dialog] = now
            due.append((now + RINGS + TALKS, dialog))
            self.finesse.later(partial(self.finesse.act, self.finesse.agents[agent], dialog, "ANSWER", ""), RINGS)
            number += 1
            for until, ending in [it for it in due if it[0] <= now]:
                self.finesse.hang_up(ending)
                due.remove((until, ending))

    def look(self, file: Path) -> None:
        """Look when each call is in the store."""
        store, last = sqlite3.connect(f"file:{file}?mode=ro", uri=True), 0
        while not self.is_over.wait(LOOK_SECONDS):
            query = "SELECT id, dialog_id FROM phone_call WHERE id > ? ORDER BY id"
            for number, dialog in store.execute(query, (last,)).fetchall():
                last = number
                self.waits.append(time.monotonic() - self.rang[dialog])
        store.close()


def _imitate(line: Connection, folder: Path, file: Path, agents: list[str], calls_a_minute: int) -> None:
    authority = Authority(folder)
    with imitated_finesse(authority) as finesse:
        for agent in agents:
            finesse.add(agent, PASSWORD, agent).state = "READY"
        exchange = Exchange(finesse, agents)
        line.send((finesse.url, authority.file))
        line.recv()
        works: list[Callable[[], None]] = [lambda: exchange.bring_calls(calls_a_minute), lambda: exchange.look(file)]
        threads = [Thread(target=work) for work in works]
        for thread in threads:
            thread.start()
        line.recv()
        exchange.is_over.set()
        for thread in threads:
            thread.join()
        line.send((exchange.waits, sum(finesse.checks.values())))
        line.recv()


def prepared(database: Database, box: Box, agents: list[str]) -> None:
    """Make a store with agents who are signed in to the phone, each with a page on a screen."""
    schema.migrate(database, "production")
    database.run_here(settle, writes=True)

    def work(session: Session) -> None:
        now = datetime.now(UTC)
        for agent in agents:
            person = people.add_local(session, f"a{agent}", f"Agent {agent}", "", "x", is_admin=False)
            rights.grant(session, person.id or 0, AGENT)
            lasting = {"created_at": now, "expires_at": now + timedelta(hours=8), "last_used": now}
            session.add(tables.Session(id_hash=agent, person_id=person.id, **lasting))
            session.flush()
            secret = sealed(box, Credentials(agent, PASSWORD, agent))
            phone_agents.sign_in(session, agent, person.id or 0, agent, agent, secret)
            session.flush()
            phone_agents.watch(session, agent, now + timedelta(minutes=50))

    database.run_here(work, writes=True)


async def polled(phone: FinessePhone, database: Database, box: Box, line: Connection, seconds: float) -> float:
    """Poll for so long, and return the seconds of CPU in a second."""
    poller = Poller(phone, database, box, Wakeups(), lambda: datetime.now(UTC), partial(numbers.key_of, prefixes=()))
    running = asyncio.create_task(poller.watch())
    await asyncio.sleep(WARM_SECONDS)
    line.send(None)
    began, used = time.perf_counter(), cpu()
    await asyncio.sleep(seconds)
    load = (cpu() - used) / (time.perf_counter() - began)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return load


async def read(phone: FinessePhone, who: Credentials, is_known: bool) -> float:
    """Return the CPU seconds of a read of an agent's calls, of which the answer is known or not."""
    used = cpu()
    for _ in range(READS):
        if not is_known:
            phone._dialogs.clear()
        await phone.dialogs(who)
    return (cpu() - used) / READS


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measured(folder: Path, agents: list[str], calls_a_minute: int, seconds: float) -> Found:
    file = folder / "helpdesk.db"
    database, box = Database(f"sqlite:///{file}"), Box(("k" * 40,))
    with beside(_imitate, folder / "authority", file, agents, calls_a_minute) as line:
        url, authority = line.recv()
        prepared(database, box, agents)
        phone = FinessePhone(url.split(","), tls.context(authority))
        load = await polled(phone, database, box, line, seconds)
        line.send(None)
        waits, requests = line.recv()
        who = Credentials(agents[0], PASSWORD, agents[0])
        unchanged, changed = [await read(phone, who, it) for it in (True, False)]
        await phone.close()
    database.close()
    return Found(load, waits, requests / (seconds + WARM_SECONDS), unchanged, changed)


def document(found: Found, agents: int, calls: int, seconds: float) -> Iterator[str]:
    told = {"now": datetime.now(UTC), "cores": os.cpu_count(), "load": os.getloadavg()[0], "seconds": seconds}
    yield HEAD.format(agents=agents, calls=calls, rings=RINGS, talks=TALKS, look=LOOK_SECONDS * 1000, **told)
    waits = f"p50 {median(found.waits):.2f} s, p95 {quantiles(found.waits, n=20)[-1]:.2f} s"
    yield f"| CPU of the process for all polling | {found.load:.1%} of a core | 10% |"
    yield f"| questions to Finesse | {found.requests:.0f} a second | |"
    yield f"| ringing → stored, {len(found.waits)} calls | {waits} | p95 2.5 s |"
    yield f"| a read of an agent's calls, unchanged | {found.unchanged * 1000:.2f} ms of CPU | |"
    yield f"| the same, parsed | {found.changed * 1000:.2f} ms of CPU | |"


if __name__ == "__main__":
    reader = argparse.ArgumentParser(prog="bench.telephony", description=__doc__)
    reader.add_argument("--agents", type=int, default=AGENTS)
    reader.add_argument("--calls", type=int, default=CALLS_A_MINUTE)
    reader.add_argument("--seconds", type=int, default=SECONDS)
    asked = reader.parse_args()
    names = [str(100_000 + number) for number in range(asked.agents)]
    with tempfile.TemporaryDirectory() as name:
        lines = list(document(uvloop.run(measured(Path(name), names, asked.calls, asked.seconds)), asked.agents,
                              asked.calls, asked.seconds))  # fmt: skip
    print("\n".join(lines))
    DOCUMENT.write_text("\n".join(lines) + "\n", "utf-8")

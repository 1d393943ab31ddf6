"""What sending costs: `python -m bench.outbox` writes docs/outbox.md anew.

Once the other side of each channel accepts at once, so that the outbox alone is measured; then the real senders send to
an imitated push service and an imitated mail server, which run in a process of their own.
"""

import argparse
import asyncio
import os
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

import sqlalchemy as sa
import uvloop
from sqlmodel import Session

from bench.beside import beside
from helpdesk.notifications.channels import email, webpush
from helpdesk.notifications.channels.port import SENT, Connect, Item, Outcome, Resources, Sender
from helpdesk.notifications.channels.webpush import keys
from helpdesk.notifications.delivery import to_content
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.outbox_worker import OutboxWorker
from helpdesk.notifications.readers import Rules
from helpdesk.settings.settings import Settings
from helpdesk.store import devices, outbox, people, schema
from helpdesk.store.database import Database
from helpdesk.store.devices import Address
from helpdesk.store.models import tables
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.tasks.model import Edit
from tests.servers.certificates import Authority
from tests.servers.imitated_push_service import imitated_push_service
from tests.servers.imitated_smtp import imitated_smtp
from tests.world import EmbeddedWorld, settle

PAIR = keys.new_pair()

DOCUMENT = Path(__file__).parent.parent / "docs" / "outbox.md"
PEOPLE, EVENTS, BATCH = 200, 50, 50
ENDED = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
INSERT INTO outbox (channel, person_id, event, type, device_id, notification_id, task_id, content, bundle, state,
                    reason, detail, attempts, due_at, holder, created_at, ended_at)
SELECT 'webpush', :first + i % :people, 'journal.' || i, 'comment', i % 7, 0, i % 5000, '', '', 'sent', '', '', 1,
       :at, '', :at, :at FROM n"""
HEAD = """\
# The cost of sending

`python -m bench.outbox` measured this on {now:%Y-%m-%d}: one process with uvloop, SQLite, {cores} cores, load average
{load:.1f}. {waiting:,} items wait, beside {ended:,} that ended within the last 30 days. Alone: the other side accepts
at once, so this is what the outbox, the checks before sending and the recording of outcomes take. Real: pushes are
encrypted and signed for a push service that decrypts them, mails go to a mail server; both are imitated, in another
process on the same machine.

| what | alone | real | goal |
|---|---|---|---|"""


class Accepting:
    """Accepts everything."""

    batch = BATCH

    async def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
        for item in items:
            await asyncio.sleep(0)
            yield item, SENT

    async def close(self) -> None:
        pass


class Timed:
    """A sender of which is known when the other side accepted what."""

    def __init__(self, sender: Sender) -> None:
        self.sender, self.batch = sender, sender.batch
        self.accepted: dict[str, float] = {}
        self.count = 0
        self.heard = asyncio.Event()

    async def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
        async for item, outcome in self.sender.send(items):
            if outcome.state == "sent":
                self.accepted[item.row.event] = time.perf_counter()
                self.count += 1
                self.heard.set()
            yield item, outcome

    async def close(self) -> None:
        await self.sender.close()


class Services(NamedTuple):
    """The imitated services: the addresses of browsers, the authority of their certificate, and the mail server."""

    browsers: list[Address]
    authority: Path
    smtp_port: int


def _imitate(line: Connection, folder: Path, public_key: str) -> None:
    authority = Authority(folder)
    with imitated_push_service(authority, public_key) as push, imitated_smtp() as smtp:
        subscriptions = [push.subscribe(str(number)) for number in range(PEOPLE)]
        browsers = [Address("webpush", it.endpoint, it.keys["p256dh"], it.keys["auth"]) for it in subscriptions]
        line.send(Services(browsers, authority.file, smtp.port))
        line.recv()


class Bench(NamedTuple):
    world: EmbeddedWorld
    events: list[str]
    task: int
    first: int
    senders: Mapping[str, Callable[[], Sender]] = {}

    @property
    def database(self) -> Database:
        return self.world.database

    def worker(self, channel: str) -> tuple[OutboxWorker, Timed]:
        checks = DeliveryChecks(self.world.feed, self.database, Rules(people.known_in_embedded), None, now)
        sender = Timed(self.senders.get(channel, Accepting)())
        return OutboxWorker(channel, sender, self.database, checks, now), sender

    def row(self, channel: str, person: int, event: str, device: int = 0, task: int = 0) -> dict[str, object]:
        told = NotificationRow(
            person, event, "comment", "commented", self.task, 1, "Стул", "Борис", "", "", "Готово", False, "", now()
        )
        return {
            "channel": channel,
            "person_id": person,
            "event": event,
            "type": "comment",
            "task_id": task or self.task,
            "device_id": device,
            "content": to_content(told),
            "due_at": now(),
            "created_at": now(),
        }


def now() -> datetime:
    return datetime.now(UTC)


async def prepared(database: Database, folder: Path, ended: int, browsers: Sequence[Address]) -> Bench:
    """A store with people, each with a browser, some comments on one task, and what ended before."""
    schema.migrate(database, "production")
    database.run_here(settle, writes=True)
    world = EmbeddedWorld(database, folder)
    first = database.run_here(lambda db: _people(db, browsers), writes=True)
    task = world.new_task()
    for number in range(EVENTS):
        await world.backend.change(world.actor("admin"), task, Edit(comment=f"№ {number}"))
    ids = database.run_here(lambda db: db.execute(sa.select(tables.Entry.id).order_by(tables.Entry.id)).scalars().all())
    values = {"many": ended, "first": first, "people": PEOPLE, "at": now() - timedelta(days=2)}
    database.run_here(lambda db: db.execute(sa.text(ENDED), values), writes=True)
    return Bench(world, [f"entry.{it}" for it in ids], task, first)


def _people(session: Session, browsers: Sequence[Address]) -> int:
    first = 0
    for number in range(PEOPLE):
        person = people.add_local(
            session, f"p{number}", f"Person {number}", f"p{number}@example.test", "x", is_admin=False
        )
        session.add(tables.Membership(project_id=1, person_id=person.id, role_id=1))
        devices.subscribe(session, person.id or 0, browsers[number], "", "", now())
        first = first or person.id or 0
    return first


def fill(bench: Bench, channel: str, count: int) -> None:
    own = bench.database.run_here(
        lambda db: devices.services_of(db, range(bench.first, bench.first + PEOPLE)), writes=False
    )
    rows = [
        bench.row(channel, person, event, own[person][0][0] if channel == "webpush" else 0, number + 1)
        for number, event in enumerate(bench.events)
        for person in range(bench.first, bench.first + PEOPLE)
    ]
    bench.database.run_here(lambda db: outbox.add(db, rows[:count]), writes=True)


async def emptied(bench: Bench, channel: str, count: int) -> tuple[float, float]:
    """Items a second, and megabytes by which memory grew after the first tenth."""
    fill(bench, channel, count)
    worker, sender = bench.worker(channel)
    began, grown = time.perf_counter(), 0
    while sender.count < count:
        if await worker.step():
            raise RuntimeError(f"{count - sender.count} items are left")
        if not grown and sender.count >= count / 10:
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = time.perf_counter() - began
    await sender.close()
    return count / took, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown) / 1024


async def delays(bench: Bench, times: int) -> list[float]:
    """Milliseconds from the commit of each notification until it is accepted, when nothing else waits."""
    worker, sender = bench.worker("webpush")
    ((device, _),) = bench.database.run_here(lambda db: devices.services_of(db, [bench.first]))[bench.first]
    running, waits = asyncio.create_task(worker.watch()), []
    for event in bench.events[:times]:
        sender.heard.clear()
        row = bench.row("webpush", bench.first, event, device)
        await bench.database.run(lambda db, row=row: outbox.add(db, [row]), writes=True)
        committed = time.perf_counter()
        worker.wake()
        await sender.heard.wait()
        waits.append((sender.accepted[event] - committed) * 1000)
        await worker.recorder.flush()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)  # it closes the sender
    return waits


def claims(bench: Bench, times: int) -> list[float]:
    """Milliseconds of each claim beside everything that waits."""
    waits = []
    for number in range(times):
        began = time.perf_counter()
        bench.database.run_here(
            lambda db, number=number: outbox.claim(db, "webpush", f"b{number}", now(), 1e6, BATCH), writes=True
        )
        waits.append((time.perf_counter() - began) * 1000)
    return waits


class Measured(NamedTuple):
    pushes: float
    grown: float
    mails: float
    delays: list[float]
    claims: list[float]


async def measured(folder: Path, waiting: int, ended: int, services: Services, is_real: bool) -> Measured:
    """Measure the outbox alone, or with the real senders."""
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'helpdesk.db'}")
    bench = await prepared(database, folder, ended, services.browsers)
    if is_real:
        resources = Resources(_settings(services), database)
        bench = bench._replace(
            senders={
                "webpush": lambda: _connected(webpush.connect, resources),
                "email": lambda: _connected(email.connect, resources),
            }
        )
    waits = await delays(bench, EVENTS)
    bench.database.run_here(lambda db: db.execute(sa.text("DELETE FROM outbox WHERE event LIKE 'e%'")), writes=True)
    pushes, grown = await emptied(bench, "webpush", waiting)
    mails, _ = await emptied(bench, "email", waiting // 2)
    bench.database.run_here(lambda db: db.execute(sa.text("DELETE FROM outbox WHERE event LIKE 'e%'")), writes=True)
    fill(bench, "webpush", waiting)
    claiming = claims(bench, 20)
    database.close()
    return Measured(pushes, grown, mails, waits, claiming)


def _connected(connect: Connect, resources: Resources) -> Sender:
    sender = connect(resources)
    assert sender
    return sender


def _settings(services: Services) -> Settings:
    return replace(
        Settings(),
        vapid_public_key=PAIR.public,
        vapid_private_key=PAIR.private,
        vapid_claim_email="admin@example.test",
        push_hosts=("127.0.0.1",),
        ca_bundle=services.authority,
        smtp_host="127.0.0.1",
        smtp_given_port=services.smtp_port,
        smtp_encryption="off",
        smtp_from="desk@example.test",
        public_url="https://desk.example.test",
        secret_key="s" * 40,
    )


def _document(waiting: int, ended: int, alone: Measured, real: Measured) -> Iterator[str]:
    told = {"now": now(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    yield HEAD.format(waiting=waiting, ended=ended, **told)
    both = (alone, real)
    rows = {
        f"{waiting:,} pushes by one process": ([f"{it.pushes:,.0f} a second" for it in both], "300"),
        "growth of its memory after the first tenth": ([f"{it.grown:.1f} MB" for it in both], "flat"),
        f"{waiting // 2:,} mails over one connection": ([f"{it.mails:,.0f} a second" for it in both], "100"),
        f"a claim of {BATCH}": ([_spread(it.claims) for it in both], ""),
        "committed → accepted, nothing waiting": ([_spread(it.delays) for it in both], "p50 150 ms"),
    }
    for what, (found, goal) in rows.items():
        yield f"| {what} | {' | '.join(found)} | {goal} |"


def _spread(times: list[float]) -> str:
    return f"p50 {median(times):.1f} ms, p95 {quantiles(times, n=20)[-1]:.1f} ms"


async def lines(folder: Path, waiting: int, ended: int, services: Services) -> list[str]:
    alone = await measured(folder / "alone", waiting, ended, services, is_real=False)
    real = await measured(folder / "real", waiting, ended, services, is_real=True)
    return list(_document(waiting, ended, alone, real))


if __name__ == "__main__":
    reader = argparse.ArgumentParser(prog="bench.outbox", description=__doc__)
    reader.add_argument("--waiting", type=int, default=PEOPLE * EVENTS)
    reader.add_argument("--ended", type=int, default=1_000_000)
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as name, beside(_imitate, Path(name), PAIR.public) as line:
        services: Services = line.recv()
        found = uvloop.run(lines(Path(name), asked.waiting, asked.ended, services))
    print("\n".join(found))
    DOCUMENT.write_text("\n".join(found) + "\n", "utf-8")

"""What the outbox itself costs: `python -m bench.outbox` writes docs/outbox.md anew. The other side accepts at once."""

import argparse
import asyncio
import os
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.notifications.channels.port import SENT, Item, Outcome
from helpdesk.notifications.delivery import to_content
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.outbox_worker import OutboxWorker
from helpdesk.store import devices, outbox, people, rights, schema
from helpdesk.store.database import Database
from helpdesk.store.devices import Address
from helpdesk.store.models import tables
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.tasks.model import Edit
from tests.world import EmbeddedWorld, settle

DOCUMENT = Path(__file__).parent.parent / "docs" / "outbox.md"
PEOPLE, EVENTS, BATCH = 200, 50, 50
ENDED = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
INSERT INTO outbox (channel, person_id, event, type, device_id, notification_id, task_id, content, bundle, state,
                    reason, detail, attempts, due_at, holder, created_at, ended_at)
SELECT 'webpush', :first + i % :people, 'journal.' || i, 'comment', i % 7, 0, i % 5000, '', '', 'sent', '', '', 1,
       :at, '', :at, :at FROM n"""
HEAD = """\
# The cost of the outbox

`python -m bench.outbox` measured this on {now:%Y-%m-%d}: one process, SQLite, {cores} cores, load average {load:.1f}.
The other side of each channel accepts at once, so this is what the outbox, the checks before sending and the recording
of outcomes take. {waiting:,} items wait, beside {ended:,} that ended within the last 30 days.

| what | measured | goal |
|---|---|---|"""


class Accepting:
    """Accepts everything. Pushes come at once, mails one after the other."""

    batch = BATCH

    def __init__(self) -> None:
        self.accepted: dict[str, float] = {}
        self.count = 0
        self.heard = asyncio.Event()

    async def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
        for item in items:
            await asyncio.sleep(0)
            self.accepted[item.row.event] = time.perf_counter()
            self.count += 1
            self.heard.set()
            yield item, SENT

    async def close(self) -> None:
        pass


class Bench(NamedTuple):
    world: EmbeddedWorld
    events: list[str]
    task: int
    first: int

    @property
    def database(self) -> Database:
        return self.world.database

    def worker(self, channel: str) -> tuple[OutboxWorker, Accepting]:
        checks = DeliveryChecks(
            self.world.feed, self.database, people.known_in_embedded, rights.administrators, None, now
        )
        sender = Accepting()
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


async def prepared(database: Database, folder: Path, ended: int) -> Bench:
    """A store with people, each with a browser, some comments on one task, and what ended before."""
    schema.migrate(database, "production")
    database.run_here(settle, writes=True)
    world = EmbeddedWorld(database, folder)
    first = database.run_here(_people, writes=True)
    task = world.new_task()
    for number in range(EVENTS):
        await world.backend.change(world.actor("admin"), task, Edit(comment=f"№ {number}"))
    ids = database.run_here(lambda db: db.execute(sa.select(tables.Entry.id).order_by(tables.Entry.id)).scalars().all())
    values = {"many": ended, "first": first, "people": PEOPLE, "at": now() - timedelta(days=2)}
    database.run_here(lambda db: db.execute(sa.text(ENDED), values), writes=True)
    return Bench(world, [f"entry.{it}" for it in ids], task, first)


def _people(session: Session) -> int:
    first = 0
    for number in range(PEOPLE):
        person = people.add_local(
            session, f"p{number}", f"Person {number}", f"p{number}@example.test", "x", is_admin=False
        )
        session.add(tables.Membership(project_id=1, person_id=person.id, role_id=1))
        devices.subscribe(session, person.id or 0, Address("webpush", f"https://push.test/{number}"), "", "", now())
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
    return count / took, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown) / 1024


async def delays(bench: Bench, times: int) -> list[float]:
    """Milliseconds from the commit of each notification until it is accepted, when nothing else waits."""
    worker, sender = bench.worker("fcm")
    device = bench.database.run_here(
        lambda db: devices.subscribe(db, bench.first, Address("fcm", "phone"), "", "", now()).id, writes=True
    )
    running, waits = asyncio.create_task(worker.watch()), []
    for event in bench.events[:times]:
        sender.heard.clear()
        row = bench.row("fcm", bench.first, event, device or 0)
        await bench.database.run(lambda db, row=row: outbox.add(db, [row]), writes=True)
        committed = time.perf_counter()
        worker.wake()
        await sender.heard.wait()
        waits.append((sender.accepted[event] - committed) * 1000)
        await worker.recorder.flush()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
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


async def lines(folder: Path, waiting: int, ended: int) -> list[str]:
    database = Database(f"sqlite:///{folder / 'helpdesk.db'}")
    bench = await prepared(database, folder, ended)
    waits = await delays(bench, EVENTS)
    pushes, grown = await emptied(bench, "webpush", waiting)
    mails, _ = await emptied(bench, "email", waiting // 2)
    bench.database.run_here(
        lambda db: db.execute(sa.text("DELETE FROM outbox WHERE state = 'sent' AND event LIKE 'e%'")), writes=True
    )
    fill(bench, "webpush", waiting)
    claiming = claims(bench, 20)
    database.close()
    return list(_document(waiting, ended, pushes, grown, mails, waits, claiming))


def _document(
    waiting: int, ended: int, pushes: float, grown: float, mails: float, waits: list[float], claiming: list[float]
) -> Iterator[str]:
    told = {"now": now(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    yield HEAD.format(waiting=waiting, ended=ended, **told)
    yield f"| {waiting:,} pushes by one process | {pushes:,.0f} a second | 300 |"
    yield f"| growth of its memory after the first tenth | {grown:.1f} MB | flat |"
    yield f"| {waiting // 2:,} mails | {mails:,.0f} a second | 100 |"
    yield f"| a claim of {BATCH} | p50 {median(claiming):.1f} ms, p95 {quantiles(claiming, n=20)[-1]:.1f} ms | |"
    late = quantiles(waits, n=20)[-1]
    yield f"| committed → accepted, nothing waiting | p50 {median(waits):.1f} ms, p95 {late:.1f} ms | p50 150 ms |"


if __name__ == "__main__":
    reader = argparse.ArgumentParser(prog="bench.outbox", description=__doc__)
    reader.add_argument("--waiting", type=int, default=PEOPLE * EVENTS)
    reader.add_argument("--ended", type=int, default=1_000_000)
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = asyncio.run(lines(Path(name), asked.waiting, asked.ended))
    print("\n".join(found))
    DOCUMENT.write_text("\n".join(found) + "\n", "utf-8")

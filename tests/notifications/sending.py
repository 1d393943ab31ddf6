"""What waits in an outbox, and a sender that does what a test says."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from helpdesk.notifications.channels.port import SENT, Item, Outcome
from helpdesk.notifications.delivery import to_content
from helpdesk.notifications.outbox_worker import OutboxWorker
from helpdesk.store import channel_states, devices, outbox
from helpdesk.store.database import Database
from helpdesk.store.devices import Address
from helpdesk.store.models.delivery import ChannelState, OutboxRow
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.outbox import Row
from tests.clocks import NOON, Clock
from tests.world import PEOPLE_IDS

ANNA, BORIS, IRINA = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"], PEOPLE_IDS["irina"]
NUMBERS = itertools.count(1)


def notified(person: int = ANNA, event: str = "entry.1", task: int = 7, **values: Any) -> NotificationRow:
    row = NotificationRow(person, event, "comment", "commented", task, 1, "Стул", "Борис", "", "", "", False, "", NOON)
    return row._replace(**values)


def waiting(
    event: str = "", person: int = ANNA, task: int = 7, channel: str = "webpush", **values: Any
) -> dict[str, Any]:
    """The columns of a row, whose event is a new one unless it is named."""
    event = event or f"entry.{next(NUMBERS)}"
    row = {"person_id": person, "event": event, "task_id": task, "channel": channel, "type": "comment"}
    content = to_content(notified(person, event, task))
    return row | {"device_id": 0, "content": content, "due_at": NOON, "created_at": NOON, **values}


def put(database: Database, *rows: Mapping[str, Any]) -> list[str]:
    """Put these rows into the outbox; their events."""
    database.run_here(lambda db: outbox.add(db, rows), writes=True)
    return [row["event"] for row in rows]


def device(database: Database, person: int = ANNA, address: str = "", service: str = "webpush") -> int:
    """A new device of a person, or an old one that changes hands."""
    at = Address(service, address or f"https://push.test/{next(NUMBERS)}")
    subscribe = lambda db: devices.subscribe(db, person, at, "Firefox", "", NOON).id  # noqa: E731
    return database.run_here(subscribe, writes=True) or 0


def claim(
    database: Database, now: datetime = NOON, limit: int = 50, channel: str = "webpush", seconds: float = 90
) -> list[Row]:
    holder = f"holder.{next(NUMBERS)}"
    return database.run_here(lambda db: outbox.claim(db, channel, holder, now, seconds, limit), writes=True)


def write(database: Database, work: Callable[[Session], Any]) -> Any:
    return database.run_here(work, writes=True)


def stored(database: Database) -> dict[str, OutboxRow]:
    """The rows by their events, with more where an event has several."""
    rows = database.run_here(lambda db: db.exec(select(OutboxRow).order_by(OutboxRow.id)).all())
    number = Counter(row.event for row in rows)
    return {
        it.event if number[it.event] == 1 else f"{it.event} {it.person_id} {it.channel} {it.device_id}": it
        for it in rows
    }


def states(database: Database) -> dict[str, tuple[str, str]]:
    return {event: (row.state, row.reason) for event, row in stored(database).items()}


def state_of(database: Database, channel: str = "webpush") -> ChannelState:
    return database.run_here(lambda db: channel_states.state(db, channel))


def leased(database: Database) -> int:
    count = sa.select(sa.func.count()).where(OutboxRow.holder != "")
    return database.run_here(lambda db: db.execute(count).scalar_one())


class NoChecks:
    """Refuses nothing but what `refuses` says. `meanwhile` happens at each question."""

    def __init__(self) -> None:
        self.refuses: dict[str, Outcome] = {}
        self.meanwhile: Callable[[Sequence[Item]], object] = lambda items: None
        self.asked = 0

    async def refused(self, items: Sequence[Item]) -> dict[int, Outcome]:
        self.asked += 1
        self.meanwhile(items)
        return {it.row.id: self.refuses[it.row.event] for it in items if it.row.event in self.refuses}


class ScriptedSender:
    """Yields for each event what `outcomes` has for it: several in turn, the last one ever after. An exception is
    raised; what is awaitable is awaited before. What is not named is sent."""

    batch = 50

    def __init__(self, **outcomes: Any) -> None:
        self.outcomes: dict[str, list[Any]] = {event: list(it) for event, it in outcomes.items()}
        self.calls: list[list[str]] = []
        self.sent = asyncio.Queue[str]()
        self.closed = 0

    def says(self, event: str, *outcomes: Any) -> None:
        self.outcomes[event] = list(outcomes)

    async def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
        self.calls.append([it.row.event for it in items])
        for item in items:
            script = self.outcomes.get(item.row.event, [SENT])
            said = script.pop(0) if len(script) > 1 else script[0]
            if callable(said):
                said = await said()
            if isinstance(said, BaseException):
                raise said
            for outcome in said if isinstance(said, list) else [said]:
                yield item, outcome
                if outcome == SENT:
                    self.sent.put_nowait(item.row.event)

    async def close(self) -> None:
        self.closed += 1


class Post:
    """A worker over a store, with its sender, checks and clock."""

    def __init__(self, database: Database, clock: Clock | None = None, channel: str = "webpush") -> None:
        self.database, self.clock = database, clock or Clock()
        self.sender, self.checks = ScriptedSender(), NoChecks()
        self.worker = OutboxWorker(channel, self.sender, database, self.checks, self.clock.now)  # type: ignore[arg-type]  # a test's checks

    async def run(self, steps: int = 50) -> None:
        """Work until nothing is due."""
        for _ in range(steps):
            if await self.worker.step():
                return
        raise AssertionError("there is always more")

    async def run_until(self, reached: Callable[[], bool], seconds: float = 300_000) -> None:
        """Let time pass until it is so."""
        until = self.clock.seconds + seconds
        while not reached():
            assert self.clock.seconds < until, "it never was so"
            await self.run()
            self.clock.pass_(5.0 + self.clock.seconds / 2)


Answer = Callable[[], Awaitable[Outcome | BaseException]]

"""The proof of what is sent: each item reaches its person, or is refused for a reason that holds, whatever is killed.

Processes with the workers of all channels, over one store, send to imitated channels that fail in many ways, and are
killed at any moment. While none lives, people lose rights, mute, read, change devices or leave; what they did is kept
in a model of its own, against which each accepted item and each end is held.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from helpdesk.notifications.channels import registry
from helpdesk.notifications.feed_poller import FeedPoller
from helpdesk.services import utc_now
from helpdesk.store import notifications, preferences
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.delivery import Device, OutboxRow
from helpdesk.store.models.notifications import Notification
from helpdesk.tasks.model import Edit
from tests.notifications import sending_process
from tests.notifications.sending import ANNA, BORIS, IRINA, device, write
from tests.running import begun
from tests.servers.imitated_channels import Arrived, ImitatedChannels, imitated_channels
from tests.servers.process import Process
from tests.world import EmbeddedWorld

SOAK, SEED = bool(os.environ.get("SOAK")), os.environ.get("SEED", "1")
NOTIFICATIONS, KILLS = (int(it) for it in os.environ.get("SENT_AND_KILLS", "1000 20" if SOAK else "60 4").split())
PATIENCE_SECONDS = 600 if SOAK else 60
TASKS = 8
AT_ONCE = 2


class Town:
    """The store, who did what meanwhile, and the processes that send."""

    def __init__(self, world: EmbeddedWorld, folder: Path, dice: Random) -> None:
        self.world, self.database, self.folder, self.dice = world, world.database, folder, dice
        self.store = str(world.database.engine.url)
        self.owners, self.kept = dict[str, int](), set[str]()
        self.muted, self.read = set[tuple[int, int]](), set[tuple[int, str]]()
        self.away, self.removed = set[int](), set[str]()
        self.withdrawn = set[str]()
        self.tasks = [
            world.new_task(project=project, author="irina", assignee=assignee)
            for project in ("help", "office")
            for assignee in ("anna", "boris")
            for _ in range(TASKS // 4)
        ]
        for person, services in ((ANNA, ("webpush", "webpush")), (IRINA, ("fcm", "webpush")), (BORIS, ("fcm", "fcm"))):
            for service in services:
                self.give(person, service)
        self.kept = {address for address, person in self.owners.items() if person == IRINA}

    def give(self, person: int, service: str) -> None:
        address = f"https://push.test/{len(self.owners)}"
        device(self.database, person, address, service)
        self.owners[address] = person

    def rows(self) -> list[OutboxRow]:
        return self.database.run_here(lambda db: list(db.exec(sa.select(OutboxRow)).scalars()))

    def unended(self) -> int:
        count = sa.select(sa.func.count()).where(OutboxRow.state == "waiting")
        return self.database.run_here(lambda db: db.execute(count).scalar_one())

    def asks(self, it: Arrived) -> None:
        """Hold what is about to be accepted against the store and the model."""
        row = self.database.run_here(lambda db: db.get(OutboxRow, it.row))
        assert row and row.state == "waiting", f"sent again after its end was recorded: {it}"
        assert self.owners.get(it.address, it.person) == it.person, f"to the device of another: {it}"
        assert it.address not in self.removed, f"to a device that was removed: {it}"
        assert (it.person, it.task) not in self.muted and (it.person, it.event) not in self.read, it
        assert it.person not in self.away and it.event not in self.withdrawn, it

    def act(self) -> None:
        """Somebody does something between a notification and its sending."""
        person = self.dice.choice((ANNA, BORIS, IRINA))
        waiting = [it for it in self.rows() if it.state == "waiting"]
        kinds = {"mute": self.mute, "read": self.has_read, "remove": self.remove, "sell": self.sell, "take": self.take}
        for name in self.dice.sample(sorted(kinds), 3):
            kinds[name](person, self.dice.choice(waiting) if waiting else None)

    def mute(self, person: int, _: object) -> None:
        self.muted.add((person, self.dice.choice(self.tasks)))
        chosen = f'{{"muted_tasks": {[task for it, task in self.muted if it == person]}}}'
        write(self.database, lambda db: preferences.save(db, person, chosen))

    def has_read(self, _: int, row: OutboxRow | None) -> None:
        if row:
            which = (Notification.person_id == row.person_id, Notification.event == row.event)
            write(self.database, lambda db: db.exec(sa.update(Notification).where(*which).values(read_at=utc_now())))
            self.read.add((row.person_id, row.event))

    def remove(self, person: int, _: object) -> None:
        mine = [address for address, owner in self.owners.items() if owner == person and self.may_go(address)]
        if mine:
            write(self.database, lambda db: db.exec(sa.delete(Device).where(Device.address == mine[0])))
            self.removed.add(mine[0])
            self.give(person, self.dice.choice(("fcm", "webpush")))

    def sell(self, person: int, _: object) -> None:
        """Somebody else subscribes in the same browser."""
        address = self.dice.choice([it for it in self.owners if self.may_go(it)])
        device(self.database, person, address)
        self.owners[address] = person

    def may_go(self, address: str) -> bool:
        return address not in self.removed | self.kept

    def take(self, _: int, row: OutboxRow | None) -> None:
        if row and row.event not in self.withdrawn and len(self.withdrawn) < 3:
            write(self.database, lambda db: notifications.take_back(db, row.event))
            self.withdrawn.add(row.event)

    def leave(self) -> None:
        """Boris leaves for good."""
        gone = tables.Membership.person_id == BORIS
        write(self.database, lambda db: db.exec(sa.delete(tables.Membership).where(gone)))
        self.away.add(BORIS)

    def begin(self, port: int) -> Process:
        return begun(["tests.notifications.sending_process", self.store, str(port)], self.folder)


@pytest.fixture
async def town(database: Database, embedded: EmbeddedWorld, tmp_path: Path) -> Town:
    return Town(embedded, tmp_path, Random(SEED))


async def live(town: Town, channels: ImitatedChannels, reached: Any) -> None:
    """Let processes send until it is so, then kill them one after the other."""
    alive = [town.begin(channels.port) for _ in range(AT_ONCE)]
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not reached():
                await asyncio.sleep(0.005)
            for each in alive:
                await asyncio.sleep(town.dice.random() / 10)
                os.kill(each.pid, signal.SIGKILL)
    finally:
        for each in alive:
            each.kill()
            await asyncio.get_running_loop().run_in_executor(None, partial(each.wait, 10))
        while channels.busy:  # what was on its way when they were killed
            await asyncio.sleep(0.005)


async def happens(town: Town, poller: FeedPoller, times: int) -> None:
    actor = town.world.actor("admin")
    for number in range(times):
        await town.world.backend.change(actor, town.dice.choice(town.tasks), Edit(comment=f"№ {number}"))
    await poller.poll()


@pytest.fixture
async def poller(town: Town, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FeedPoller]:
    monkeypatch.setattr(registry, "CHANNELS", list(registry.CHANNELS))
    services = sending_process.wired(town.store, 0)
    (poller,) = (it.__self__ for it in services.watchers if isinstance(getattr(it, "__self__", None), FeedPoller))
    await poller.poll()
    yield poller
    await services.close()


@pytest.mark.soak
@pytest.mark.timeout(2 * PATIENCE_SECONDS)
async def test_each_item_reaches_its_person_or_is_refused_for_a_reason_that_holds(
    town: Town, poller: FeedPoller
) -> None:
    lives = KILLS // AT_ONCE
    async with imitated_channels(SEED, town.asks) as channels:
        channels.kept = town.kept
        for life in range(lives):
            await happens(town, poller, NOTIFICATIONS // 2 // lives)  # each is told to two people
            town.act()
            if life == lives - 1:
                town.leave()
            some = len(channels.arrived) + town.dice.randint(3, 30)
            await live(town, channels, lambda some=some: len(channels.arrived) >= some or not town.unended())
        await live(town, channels, lambda: not town.unended())
    print(len(channels.arrived), "arrived", Counter(it.did for it in channels.arrived), reasons(town))
    assert channels.errors == []
    hold_ends(town, channels)
    hold_order(channels.accepted)
    hold_completeness(town)


def reasons(town: Town) -> Counter[tuple[str, str, str]]:
    return Counter((it.channel, it.state, it.reason) for it in town.rows())


def hold_ends(town: Town, channels: ImitatedChannels) -> None:
    """Each end is true: sent is what was accepted, and what was not sent has a reason that holds."""
    accepted = {it.row for it in channels.accepted}
    holds = {
        "muted": lambda it: (it.person_id, it.task_id) in town.muted,
        "read": lambda it: (it.person_id, it.event) in town.read,
        "not_visible": lambda it: it.person_id in town.away,
        "withdrawn": lambda it: it.event in town.withdrawn,
        "refused": lambda it: "refused" in channels.done_to(it.id),
        "gone": lambda it: it.device_id and not is_theirs(town, it) or "gone" in channels.done_to(it.id),
    }
    for row in town.rows():
        if row.state == "sent":
            assert row.id in accepted and not row.content, row
        else:
            assert row.reason in holds and holds[row.reason](row), row


def hold_completeness(town: Town) -> None:
    """Each notification has its rows, and irina's browser follows where her phone fails."""
    rows, listed = town.rows(), sa.select(Notification.person_id, Notification.event)
    told = {tuple(it) for it in town.database.run_here(lambda db: db.execute(listed).all())}
    mailed = {(it.person_id, it.event) for it in rows if it.channel == "email"}
    assert told <= mailed and len(mailed) >= NOTIFICATIONS * 0.7
    hers = [it for it in rows if it.person_id == IRINA]
    browsers = {it.event for it in hers if it.channel == "webpush"}
    failed = {it.event for it in hers if it.channel == "fcm" and it.state == "failed"}
    assert failed - {it.event for it in hers if it.channel == "fcm" and it.state != "failed"} <= browsers


def is_theirs(town: Town, row: OutboxRow) -> bool:
    found = town.database.run_here(lambda db: db.get(Device, row.device_id))
    return bool(found and found.person_id == row.person_id and found.service == row.channel)


def hold_order(accepted: list[Arrived]) -> None:
    """What one device gets of one task comes in its order; again comes only what nothing followed."""
    last = dict[tuple[str, str, int, int], int]()
    for it in accepted:
        key = (it.channel, it.address, it.person, it.task)
        assert it.row >= last.get(key, 0), f"after a later one: {it}"
        last[key] = it.row


def test_the_proof_notices_what_is_wrong() -> None:
    first = Arrived(2, "webpush", ANNA, "entry.2", 7, "x", 1, "accepted")
    with pytest.raises(AssertionError):
        hold_order([first, first._replace(row=1)])

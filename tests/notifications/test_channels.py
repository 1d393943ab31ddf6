"""A channel is a folder and a line in the registry: everything else asks that list."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from helpdesk.errors import sentence
from helpdesk.notifications import preferences
from helpdesk.notifications.channels import dispatcher, registry
from helpdesk.notifications.channels.dispatcher import ChannelQueue, Dispatcher
from helpdesk.notifications.channels.port import Channel, Delivery, Option, PermanentFailure, Resources
from helpdesk.notifications.feed_poller import FeedPoller
from helpdesk.settings import settings as configuration
from helpdesk.store import notifications
from helpdesk.store import preferences as stored_preferences
from helpdesk.store.database import Database
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.tasks.model import Edit
from helpdesk.wiring import wire
from tests.world import PEOPLE_IDS, EmbeddedWorld

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROW = NotificationRow(1, "entry.1", "comment", "commented", 7, 1, "Стул", "Борис", "", "", "", False, "", NOON)
PIGEON = Option("pigeon", sentence("Pigeon"), frozenset({"comment"}))


class Loft:
    """What a pigeon brings; the first tries raise `errors`."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.brought = list(errors), asyncio.Queue[Delivery]()
        self.tries = 0

    async def deliver(self, delivery: Delivery) -> None:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        self.brought.put_nowait(delivery)

    def connect(self, resources: Resources) -> Callable[[Delivery], Awaitable[None]]:
        return self.deliver

    @property
    def channel(self) -> Channel:
        return Channel("pigeon", (PIGEON,), self.connect)


@asynccontextmanager
async def running(*watched: Callable[[], Any]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each()) for each in watched]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def loft(monkeypatch: pytest.MonkeyPatch) -> Loft:
    """The one line that a new channel takes."""
    loft = Loft()
    monkeypatch.setattr(registry, "CHANNELS", [*registry.CHANNELS, loft.channel])
    return loft


def poller_of(watchers: tuple[Any, ...]) -> FeedPoller:
    (found,) = (it.__self__ for it in watchers if isinstance(it.__self__, FeedPoller))
    return found


def numbered(*ids: int) -> list[Delivery]:
    return [Delivery(ROW._replace(id=id), frozenset({"pigeon"})) for id in ids]


async def delivered(
    loft: Loft, database: Database, embedded: EmbeddedWorld, task: int, chosen: Mapping[str, object]
) -> Delivery:
    """What reaches the new channel of a comment on the task, where people have chosen so by their logins."""
    environ = {"SECRET_KEY": "s" * 40, "DATABASE_URL": str(database.engine.url)}
    services = wire(configuration.load(environ, Path("/nonexistent")))
    for login, wanted in chosen.items():
        said = json.dumps({"wanted": {"comment": wanted}})
        database.run_here(partial(stored_preferences.save, person_id=PEOPLE_IDS[login], text=said), writes=True)
    await poller_of(services.watchers).poll()
    async with running(*services.watchers):
        await embedded.backend.change(embedded.actor("boris"), task, Edit(comment="Готово"))
        brought = await loft.brought.get()
    await services.close()
    return brought


async def test_a_new_channel_gets_what_happens_to_tasks_by_what_each_person_chose(
    loft: Loft, database: Database, embedded: EmbeddedWorld
) -> None:
    task = embedded.new_task(author="irina", assignee="anna")
    brought = await delivered(loft, database, embedded, task, {"irina": {"pigeon": False}})
    rows = database.run_here(lambda db: notifications.page(db, PEOPLE_IDS["anna"], limit=9))
    assert brought.notification in rows and brought.notification.excerpt == "Готово"
    assert "pigeon" in brought.options and loft.brought.empty(), "irina does not want it"


async def test_a_person_without_the_list_is_reached_over_other_channels(
    loft: Loft, database: Database, embedded: EmbeddedWorld
) -> None:
    task = embedded.new_task(author="anna", assignee="anna")
    brought = await delivered(loft, database, embedded, task, {"anna": {"page": False}})
    assert (brought.notification.person_id, brought.notification.id) == (PEOPLE_IDS["anna"], 0)
    assert database.run_here(lambda db: notifications.total(db, PEOPLE_IDS["anna"], type="comment")) == 0


async def test_nothing_that_runs_beside_requests_ends_by_itself(database: Database) -> None:
    environ = {"SECRET_KEY": "s" * 40, "DATABASE_URL": str(database.engine.url)}
    services = wire(configuration.load(environ, Path("/nonexistent")))
    tasks = [asyncio.create_task(watch()) for watch in services.watchers]
    for _ in range(20):
        await asyncio.sleep(0)
    assert tasks and not [task for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await services.close()


def test_preferences_offer_a_new_channel_and_keep_what_was_chosen_before_it_came(loft: Loft) -> None:
    before = preferences.from_json('{"wanted": {"comment": {"page": false}}}')
    assert ("comment", "pigeon") in before.wanted and ("mention", "pigeon") not in before.wanted
    assert ("comment", "page") not in before.wanted and "comment:pigeon" in preferences.cells()
    stored = json.loads(preferences.to_json(before))
    assert list(stored["wanted"]["comment"]) == ["page", "sound", "email", "push", "pigeon"]


async def test_a_failed_delivery_is_retried_behind_the_others_and_a_permanent_failure_never(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dispatcher, "PAUSES", (0.0,))
    loft = Loft(ConnectionError("away"), PermanentFailure("no such loft"))
    queue = ChannelQueue(loft.channel, loft.deliver)
    queue.put(numbered(1, 2, 3))
    with caplog.at_level(logging.WARNING):
        async with running(queue.watch):
            brought = [(await loft.brought.get()).notification.id for _ in range(2)]
    assert brought == [3, 1] and loft.tries == 4
    assert [it.message for it in caplog.records] == ["a notification cannot be delivered"]


async def test_a_delivery_that_always_fails_is_dropped_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dispatcher, "PAUSES", (0.0,))
    loft = Loft(*[ValueError("no")] * dispatcher.MOST_TRIES)
    queue = ChannelQueue(loft.channel, loft.deliver)
    queue.put(numbered(1))
    async with running(queue.watch):
        while not caplog.records:
            await asyncio.sleep(0)
        queue.put(numbered(2))
        assert (await loft.brought.get()).notification.id == 2
    assert loft.tries == dispatcher.MOST_TRIES + 1 and caplog.records[0].__dict__["channel"] == "pigeon"


async def test_a_delivery_that_never_ends_is_given_up_and_the_next_one_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "PAUSES", (0.0,))
    monkeypatch.setattr(dispatcher, "DELIVER_SECONDS", 0.01)
    loft, hanging = Loft(), asyncio.Event()

    async def deliver(delivery: Delivery) -> None:
        await (hanging.wait() if delivery.notification.id == 1 else loft.deliver(delivery))

    queue = ChannelQueue(loft.channel, deliver)
    queue.put(numbered(1, 2))
    async with running(queue.watch):
        assert (await loft.brought.get()).notification.id == 2


def test_too_many_waiting_deliveries_drop_the_oldest_with_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dispatcher, "MOST_WAITING", 2)
    queue = ChannelQueue(Loft().channel, Loft().deliver)
    queue.put(numbered(1, 2, 3))
    assert [it.delivery.notification.id for it in queue._waiting] == [2, 3]
    assert [it.__dict__["notifications"] for it in caplog.records] == [1]


def test_a_channel_that_is_not_built_or_not_chosen_gets_nothing(loft: Loft, database: Database) -> None:
    each = Dispatcher(Resources(None, database))  # type: ignore[arg-type]  # nobody is connected here
    assert [queue.name for queue in each.queues] == ["pigeon"]
    each.dispatch([Delivery(ROW, frozenset({"page", "email"}))])
    assert [len(queue._waiting) for queue in each.queues] == [0]

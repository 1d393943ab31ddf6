"""Between a notification and its sending people lose rights, read, mute and sleep: nothing gets past that."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.errors import Unavailable
from helpdesk.notifications import delivery_checks
from helpdesk.notifications.channels import registry
from helpdesk.notifications.channels.port import Item
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.feed_poller import FeedPoller
from helpdesk.notifications.kinds import READERS, TYPES
from helpdesk.notifications.preferences import PERSONAL, Preferences
from helpdesk.notifications.preferences_json import to_json
from helpdesk.notifications.readers import Rules
from helpdesk.settings import settings as configuration
from helpdesk.store import letters, people, preferences
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.notifications import Notification
from helpdesk.store.outbox import Row
from helpdesk.tasks.model import Actor, Edit
from helpdesk.wiring import wire
from tests.clocks import NOON
from tests.notifications.listed_feed import ListedFeed
from tests.notifications.sending import ANNA, BORIS, IRINA, ScriptedSender, device, notified, stored, waiting, write
from tests.notifications.test_preferences import MOMENTS, NUMBERS, PREFERENCES
from tests.world import PEOPLE_IDS, EmbeddedWorld

ALWAYS = {"quiet": {"days": list(range(7)), "start": "12:00", "end": "12:00", "zone": "Europe/Moscow"}}
ALL_OFF = {"wanted": {"comment": {"push": False, "email": False}}}


class Office(NamedTuple):
    """A helpdesk of which only the other sides are imitated, and a comment of boris on a task of anna and irina."""

    world: EmbeddedWorld
    services: Any
    task: int

    @property
    def database(self) -> Database:
        return self.world.database

    def write(self, model: Any, which: Any, **values: Any) -> None:
        write(self.database, lambda db: db.exec(sa.update(model).where(which).values(**values)))

    def choose(self, person: int, wanted: object) -> None:
        write(self.database, lambda db: preferences.save(db, person, json.dumps(wanted)))

    async def send(self) -> dict[tuple[int, str], tuple[str, str]]:
        """Let the workers send; what became of each person's row of each channel."""
        for worker in self.services.outbox.workers.values():
            while not await worker.step():
                pass
        return {(it.person_id, it.channel): (it.state, it.reason) for it in stored(self.database).values()}


@pytest.fixture
async def office(database: Database, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    imitated = [
        replace(it, connect={name: lambda resources: ScriptedSender() for name in it.connect})
        for it in registry.CHANNELS
    ]
    monkeypatch.setattr(registry, "CHANNELS", imitated)
    services = wire(
        configuration.load({"SECRET_KEY": "s" * 40, "DATABASE_URL": str(database.engine.url)}, Path("/nonexistent"))
    )
    (poller,) = (it.__self__ for it in services.watchers if isinstance(getattr(it, "__self__", None), FeedPoller))
    for person in (ANNA, IRINA):
        device(database, person)
    task = embedded.new_task(author="irina", assignee="anna")
    await poller.poll()
    await embedded.backend.change(embedded.actor("boris"), task, Edit(comment="Готово"))
    await poller.poll()
    yield Office(embedded, services, task)
    await services.close()


def leave(office: Office, person: int) -> None:
    write(
        office.database, lambda db: db.exec(sa.delete(tables.Membership).where(tables.Membership.person_id == person))
    )


def hide(office: Office) -> None:
    office.write(tables.Entry, tables.Entry.task_id == office.task, is_private=True)


def disable(office: Office) -> None:
    office.write(tables.Person, tables.Person.id == ANNA, is_active=False)


def read(office: Office) -> None:
    office.write(Notification, Notification.person_id == ANNA, read_at=NOON)


def take_back(office: Office) -> None:
    write(office.database, lambda db: db.exec(sa.delete(Notification).where(Notification.person_id == ANNA)))


def choose(wanted: Any) -> Callable[[Office], None]:
    return lambda office: office.choose(ANNA, wanted if isinstance(wanted, dict) else {wanted: [office.task]})


SENT, UNSEEN = ("sent", ""), ("skipped", "not_visible")


@pytest.mark.parametrize(
    ("meanwhile", "push", "mail"),
    [
        (lambda office: None, SENT, SENT),
        (partial(leave, person=ANNA), UNSEEN, UNSEEN),
        (disable, ("skipped", "account"), ("skipped", "account")),
        (read, ("skipped", "read"), ("skipped", "read")),
        (take_back, ("skipped", "withdrawn"), ("skipped", "withdrawn")),
        (choose("muted_tasks"), ("skipped", "muted"), ("skipped", "muted")),
        (choose({"muted_projects": [1]}), ("skipped", "muted"), ("skipped", "muted")),
        (choose(ALL_OFF), ("skipped", "unwanted"), ("skipped", "unwanted")),
        (choose({"in_browser": False}), ("skipped", "off"), SENT),
        (choose(ALWAYS), ("skipped", "quiet"), ("waiting", "quiet")),
    ],
    ids=["nothing", "left", "disabled", "read", "taken back", "muted", "project", "unchecked", "off", "quiet"],
)
async def test_what_changed_since_the_notification_counts(
    office: Office, meanwhile: Callable[[Office], None], push: tuple[str, str], mail: tuple[str, str]
) -> None:
    meanwhile(office)
    found = await office.send()
    assert (found[ANNA, "webpush"], found[ANNA, "email"]) == (push, mail)
    assert found[IRINA, "webpush"] == found[IRINA, "email"] == SENT, "others get it"


async def test_a_requester_gets_what_they_may_still_read_of_their_request(office: Office) -> None:
    leave(office, IRINA)
    assert (await office.send())[IRINA, "webpush"] == SENT


@pytest.mark.parametrize("meanwhile", [hide, "another's"])
async def test_a_requester_gets_nothing_of_what_is_private_or_is_not_theirs_any_more(
    office: Office, meanwhile: Any
) -> None:
    leave(office, IRINA)
    if callable(meanwhile):
        meanwhile(office)
    else:
        office.write(tables.Task, tables.Task.id == office.task, author_id=BORIS)
    found = await office.send()
    assert found[IRINA, "webpush"] == found[IRINA, "email"] == UNSEEN and found[ANNA, "email"] == SENT


async def test_a_comment_that_became_private_goes_to_those_who_may_read_it(office: Office) -> None:
    hide(office)
    found = await office.send()
    assert (found[ANNA, "webpush"], found[IRINA, "webpush"]) == (SENT, UNSEEN)


async def test_what_cannot_be_asked_waits_uncounted(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(*_: object) -> frozenset[int]:
        raise Unavailable(detail="no answer within 5 s")

    with monkeypatch.context() as patch:
        for worker in office.services.outbox.workers.values():
            patch.setattr(worker.checks.feed, "visible_to", silent)
        found = await office.send()
    assert set(found.values()) == {("waiting", "unchecked")}
    assert {it.attempts for it in stored(office.database).values()} == {0}


async def test_what_a_slow_backend_has_answered_in_time_is_sent(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_checks, "SECONDS", 0.5)
    checks, asked = checks_of(database), items(ANNA, ["email"], ["commented", "mentioned", "given"])

    async def visible_to(event: Any, actors: Sequence[Actor]) -> frozenset[int]:
        if event.key == "mentioned":
            await asyncio.Event().wait()
        return frozenset(it.id for it in actors)

    monkeypatch.setattr(checks.feed, "visible_to", visible_to)
    found = await checks.refused(asked)
    assert {id: it.reason for id, it in found.items()} == {2: "unchecked"}


def checks_of(database: Database, moment: datetime = NOON) -> DeliveryChecks:
    return DeliveryChecks(ListedFeed(), database, Rules(people.known_in_embedded), None, lambda: moment)  # type: ignore[arg-type]  # a test's feed


def items(person: int, channels: Sequence[str], kinds: Sequence[str], project: int = 1, task: int = 7) -> list[Item]:
    found = []
    for channel in channels:
        for kind in kinds:
            row = waiting(kind, person, task, channel, type="comment", attempts=0, notification_id=0, letter_id=None)
            extra = dict.fromkeys(Row._fields) | row | {"id": len(found) + 1, "bundle": "", "holder": "h"}
            told = notified(person, kind, task, kind=kind, project_id=project)
            found.append(Item(Row(**{name: extra[name] for name in Row._fields}), told))
    return found


async def test_what_is_for_administrators_goes_to_no_other(database: Database) -> None:
    for person, refused in ((PEOPLE_IDS["admin"], 0), (ANNA, 3)):
        found = await checks_of(database).refused(items(person, ["email"], ["put_aside", "system_down", "system_up"]))
        assert len([it for it in found.values() if it.reason == "not_visible"]) == refused


@given(PREFERENCES, st.booleans(), NUMBERS, NUMBERS, MOMENTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_channel_gets_past_the_matrix_a_mute_quiet_hours_or_a_switched_off_browser(
    database: Database, wanted: Preferences, in_browser: bool, projects: Any, tasks: Any, moment: datetime
) -> None:
    wanted = replace(wanted, in_browser=in_browser)
    write(database, lambda db: preferences.save(db, ANNA, to_json(wanted)))
    kinds = [kind for kind in TYPES if kind not in READERS]
    project, task = min(projects, default=1), min(tasks, default=1)
    asked = items(ANNA, ["email", "webpush", "fcm"], kinds, project, task)
    refused = asyncio.run(checks_of(database, moment).refused(asked))
    is_muted = project in wanted.muted_projects or task in wanted.muted_tasks
    for item in asked:
        assert item.notification
        type = next(type for kind, type in TYPES.items() if kind == item.notification.kind)
        option = "email" if item.row.channel == "email" else "push"
        allowed = (
            (type, option) in wanted.wanted
            and (not is_muted or type in PERSONAL)
            and not (wanted.quiet and wanted.quiet.hold(moment))
            and (option == "email" or in_browser)
        )
        assert (item.row.id not in refused) == allowed


@pytest.mark.parametrize(("meanwhile", "end"), [(disable, ("skipped", "account")), (lambda office: None, SENT)])
async def test_a_letter_from_a_task_is_sent_for_an_active_author_alone(
    office: Office, meanwhile: Callable[[Office], None], end: tuple[str, str]
) -> None:
    letter = letters.NewLetter(office.task, ["boss@firma.test"], [], "Готово", "Всё готово.", "Subject: Готово")
    write(office.database, lambda db: letters.add(db, ANNA, letter, office.services.clock()))
    meanwhile(office)
    await office.send()
    (row,) = (it for it in stored(office.database).values() if it.letter_id)
    assert (row.state, row.reason) == end

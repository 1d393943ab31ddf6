"""Whom an announcement reaches: everybody whom it concerns, once, whatever happens to the process that does it."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.people.rights import WRITER
from helpdesk.posts import announcer
from helpdesk.store import announcements, notifications, preferences, rights
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.delivery import OutboxRow
from helpdesk.store.models.notifications import NotificationPreference
from helpdesk.store.models.posts import Post, PostAudience
from helpdesk.store.notifications import NOTIFICATION
from tests.clocks import NOON
from tests.notifications.sending import device, write
from tests.posts.announcing import Announcing
from tests.posts.publishing import publish
from tests.running import begun
from tests.servers.process import wait_until
from tests.world import PEOPLE_IDS, EmbeddedWorld

ANNA, BORIS, IRINA, STRANGER, ADMIN_ID = (PEOPLE_IDS[it] for it in ("anna", "boris", "irina", "stranger", "admin"))
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def world(embedded: EmbeddedWorld) -> None:
    """People are there."""


def people_of(database: Database, event: str) -> list[int]:
    """Who has a notification of this event, as often as they have it."""
    query = sa.select(NOTIFICATION.c.person_id).where(NOTIFICATION.c.event == event).order_by(NOTIFICATION.c.id)
    return list(database.run_here(lambda db: db.execute(query).scalars().all()))


def announce(database: Database, minutes: int = 0) -> None:
    asyncio.run(Announcing(database, minutes).step())


def post(database: Database, post_id: int) -> Post:
    return database.run_here(lambda db: db.get_one(Post, post_id))


def test_everybody_but_the_author_is_notified_once(database: Database) -> None:
    number = publish(database, author_id=BORIS, content="# Лифт **стоит** до [обеда](/tasks/7) [[Обед|сегодня]]")
    announce(database)
    announce(database, 1)
    assert people_of(database, f"post.{number}") == [ADMIN_ID, ANNA, IRINA, STRANGER]
    (row,) = database.run_here(lambda db: notifications.page(db, ANNA, limit=5))
    assert (row.type, row.kind, row.task_id, row.subject) == ("post", "post", 0, "Лифт")
    assert row.author == "Борис Кузнецов" and row.excerpt == "Лифт стоит до обеда сегодня"
    assert post(database, number).announced_at == NOON


@pytest.mark.parametrize("audience", [(("department", "склад"),), (("right", WRITER),)])
def test_only_the_audience_is_notified_and_not_all_who_may_read(
    database: Database, audience: tuple[tuple[str, str], ...]
) -> None:
    def work(db: Session) -> None:
        for id, is_proven in ((ANNA, True), (IRINA, False)):
            person = db.get_one(tables.Person, id)
            person.department, person.is_department_proven = "Склад", is_proven
        rights.grant(db, STRANGER, WRITER)

    write(database, work)
    number = publish(database, *audience)
    announce(database)
    assert people_of(database, f"post.{number}") == ([ANNA] if audience[0][0] == "department" else [STRANGER])


@pytest.mark.parametrize(
    "values",
    [
        {"is_draft": True},
        {"published_from": NOON + HOUR},
        {"published_until": NOON - timedelta(minutes=1)},
        {"announced_at": NOON - HOUR},
        {"kind": "page"},
    ],
)
def test_what_is_not_published_now_is_not_announced(database: Database, values: dict[str, object]) -> None:
    number = publish(database, **values)
    announce(database)
    assert people_of(database, f"post.{number}") == []


def test_what_is_published_later_is_announced_then_and_edits_announce_nothing(database: Database) -> None:
    number = publish(database, published_from=NOON + HOUR)
    announce(database)
    assert people_of(database, f"post.{number}") == []
    announce(database, 60)
    assert len(people_of(database, f"post.{number}")) == 4
    write(database, lambda db: db.add(tables.Person(**new_person(1))))
    write(database, lambda db: db.exec(sa.update(Post).values(title="Лифт опять едет", version=9)))
    announce(database, 61)
    assert len(people_of(database, f"post.{number}")) == 4


def new_person(number: int) -> dict[str, Any]:
    login = f"employee{number}"
    names = {"login": login, "login_folded": login, "full_name": login, "email": "", "email_folded": ""}
    return {"source": "local", "created_at": NOON, **names}


def test_closed_joined_and_blocked_accounts_get_nothing(database: Database) -> None:
    def work(db: Session) -> None:
        db.get_one(tables.Person, ANNA).is_active = False
        db.get_one(tables.Person, IRINA).blocked_at = NOON
        db.get_one(tables.Person, STRANGER).joined_into = BORIS

    write(database, work)
    number = publish(database, author_id=BORIS)
    announce(database)
    assert people_of(database, f"post.{number}") == [ADMIN_ID]


def test_each_gets_it_by_their_preferences(database: Database) -> None:
    for person in (ANNA, IRINA):
        device(database, person)

    def work(db: Session) -> None:
        preferences.save(db, ANNA, json.dumps({"wanted": {"post": {"page": False, "push": True}}}))
        preferences.save(db, STRANGER, json.dumps({"wanted": {"post": {"page": False, "push": False}}}))

    write(database, work)
    number = publish(database)
    announce(database)
    sent = database.run_here(lambda db: db.exec(select(OutboxRow.person_id).order_by(col(OutboxRow.person_id))).all())
    assert people_of(database, f"post.{number}") == [ADMIN_ID, IRINA] and list(sent) == [ANNA, IRINA]


def test_what_is_taken_back_meanwhile_goes_no_further(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer, "PEOPLE_AT_ONCE", 2)
    number = publish(database, author_id=BORIS)
    first = Announcing(database)
    write(database, lambda db: first._notify_some(db, number))
    write(database, lambda db: db.exec(sa.update(Post).values(is_draft=True)))
    announce(database, 1)
    assert people_of(database, f"post.{number}") == [ADMIN_ID, ANNA] and not post(database, number).announced_at
    write(database, lambda db: db.exec(sa.update(Post).values(is_draft=False)))
    write(database, lambda db: db.add(PostAudience(post_id=number, kind="right", value=WRITER, value_folded=WRITER)))
    announce(database, 2)
    assert people_of(database, f"post.{number}") == [ADMIN_ID, ANNA], "the rest is not concerned any more"


async def test_two_processes_notify_nobody_twice(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer, "PEOPLE_AT_ONCE", 5)
    write(database, lambda db: db.add_all(tables.Person(**new_person(it)) for it in range(60)))
    number = publish(database)
    await asyncio.gather(*(Announcing(database).step() for _ in range(4)))
    told = Counter(people_of(database, f"post.{number}"))
    assert len(told) == 64 and set(told.values()) == {1}


def test_a_process_that_is_killed_leaves_nobody_out_and_notifies_nobody_twice(
    database: Database, tmp_path: Path
) -> None:
    """Half of the people want it only pushed, so that no row of the list keeps them from getting it twice."""
    write(database, lambda db: db.add_all(tables.Person(**new_person(it)) for it in range(300)))
    pushed = json.dumps({"wanted": {"post": {"page": False, "push": True}}})
    ids = database.run_here(lambda db: list(db.exec(select(tables.Person.id).order_by(col(tables.Person.id)))))
    for id in ids[::2]:
        device(database, id or 0)
    rows = [{"person_id": id, "told": pushed} for id in ids[::2]]
    write(database, lambda db: db.execute(sa.insert(NotificationPreference), rows))
    number, dice, deaths = publish(database), Random(7), 0
    url = str(database.engine.url)
    for life in range(40):
        process = begun(["tests.posts.announcing", url, str(life)], tmp_path)
        before, most = post(database, number).announced_to, dice.randint(20, 120)
        is_far = lambda: post(database, number).announced_to >= before + most or process.poll() is not None  # noqa: E731, B023
        wait_until(is_far, seconds=60, what="some are announced", every=0.001)
        if process.poll() is None:
            process.kill()
            deaths += 1
        process.wait()
        if post(database, number).announced_at:
            break
    assert deaths >= 2 and post(database, number).announced_at
    expected = set(ids) - {BORIS}
    told, sent = (
        Counter(people_of(database, f"post.{number}")),
        Counter(database.run_here(lambda db: db.exec(select(OutboxRow.person_id)).all())),
    )
    assert set(told) == expected - set(ids[::2]) and set(sent) == expected & set(ids[::2])
    assert set((told + sent).values()) == {1}


def test_ten_thousand_people_are_notified_in_transactions_of_two_hundred(
    database: Database, statements: list[str]
) -> None:
    write(database, lambda db: db.execute(sa.insert(tables.Person), [new_person(it) for it in range(10_000)]))
    number = publish(database)
    statements.clear()
    announce(database)
    begun = sum(it.startswith("BEGIN") for it in statements)
    assert len(set(people_of(database, f"post.{number}"))) == 10_004
    assert begun == 1 + 51 + 1, "what waits, the people, and the end"


def test_nothing_is_written_while_nothing_waits(database: Database, statements: list[str]) -> None:
    publish(database, announced_at=NOON)
    statements.clear()
    announce(database)
    assert not [it for it in statements if not it.startswith(("SELECT", "BEGIN"))]
    assert database.run_here(lambda db: announcements.waiting(db, NOON)) == []

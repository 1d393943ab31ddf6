"""What asks for attention, what a feed shows and what is announced, in SQLite, a real MariaDB and a real PostgreSQL."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.notifications.readers import Rules, unreadable
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.people.rights import WRITER
from helpdesk.posts.announcer import Announcer
from helpdesk.store import announcements, notifications, people, post_feeds, post_reads, posts
from helpdesk.store.database import Database
from helpdesk.store.models.posts import Post, PostAudience, PostFeed, PostRead
from helpdesk.store.models.tables import Person
from helpdesk.store.post_readers import Reader
from tests.clocks import NOON, Clock
from tests.notifications.listed_feed import ListedFeed, outbox_of
from tests.posts.publishing import publish
from tests.world import PEOPLE_IDS

IRINA, BORIS = PEOPLE_IDS["irina"], PEOPLE_IDS["boris"]
EVERYBODY, WRITING = Reader(), Reader("", frozenset({WRITER}))
DAY = timedelta(days=1)


@pytest.fixture
def store(told_store: Database) -> Iterator[Database]:
    """Without posts that other tests left in a shared server."""

    def clear(db: Session) -> None:
        for model in (PostAudience, PostRead, PostFeed, Post):
            db.exec(sa.delete(model))

    told_store.run_here(clear, writes=True)
    yield told_store
    told_store.run_here(clear, writes=True)


def news(store: Database, reader: Reader = EVERYBODY, person: int = IRINA, limit: int = 9) -> tuple[list[str], int]:
    rows, total = store.run_here(lambda db: posts.news(db, reader, person, NOON, limit))
    return [it.title for it in rows], total


def test_what_is_important_comes_first_and_what_is_old_does_not_come(store: Database) -> None:
    publish(store, title="Новое")
    publish(store, title="Важное", is_important=True, published_from=NOON - 90 * DAY)
    publish(store, title="Закреплённое", is_pinned=True, published_from=NOON - 90 * DAY)
    for values in (
        {"published_from": NOON - 31 * DAY},
        {"is_draft": True},
        {"published_from": NOON + DAY},
        {"published_until": NOON},
        {"kind": posts.PAGE},
        {"author_id": IRINA},
    ):
        publish(store, title="Не это", **values)
    publish(store, ("right", WRITER), title="Пишущим")
    assert news(store) == (["Важное", "Закреплённое", "Новое"], 3) and news(store, limit=1) == (["Важное"], 3)
    assert news(store, WRITING) == (["Важное", "Закреплённое", "Пишущим", "Новое"], 4)


def test_what_is_read_or_understood_asks_no_more_until_it_is_asked_anew(store: Database) -> None:
    plain, important = publish(store, title="Новое"), publish(store, title="Важное", is_important=True)

    def read(db: Session) -> None:
        for id in (plain, important):
            post_reads.note_read(db, id, IRINA, NOON)

    store.run_here(read, writes=True)
    assert news(store) == (["Важное"], 1) and news(store, person=PEOPLE_IDS["anna"])[1] == 2
    store.run_here(lambda db: post_reads.understand(db, EVERYBODY, important, IRINA, 1, NOON), writes=True)
    assert news(store) == ([], 0)
    asked = sa.update(Post).where(col(Post.id) == important).values(version=2, asked_version=2)
    store.run_here(lambda db: db.execute(asked), writes=True)
    assert news(store) == (["Важное"], 1)


def test_a_feed_has_what_is_published_the_newest_first(store: Database) -> None:
    publish(store, title="Вчера", published_from=NOON - DAY, is_pinned=True)
    publish(store, title="Сегодня")
    publish(store, title="Черновик", is_draft=True)
    publish(store, ("right", WRITER), title="Пишущим", published_from=NOON - 2 * DAY)

    def titles(reader: Reader, limit: int = 9) -> list[str]:
        return [it.title for it in store.run_here(lambda db: posts.published(db, reader, NOON, limit))]

    assert titles(EVERYBODY) == ["Сегодня", "Вчера"] and titles(EVERYBODY, 1) == ["Сегодня"]
    assert titles(WRITING) == ["Сегодня", "Вчера", "Пишущим"]


def test_a_token_of_a_feed_is_one_at_a_time_and_its_use_is_recorded_each_hour(store: Database) -> None:
    def owner(token: str) -> post_feeds.Owner | None:
        return store.run_here(lambda db: post_feeds.owner(db, token))

    first, second = (store.run_here(lambda db: post_feeds.make(db, IRINA, NOON), writes=True) for _ in range(2))
    assert owner(first) is None and owner(second) == (IRINA, None)
    for minutes, expected in ((0, 0), (30, 0), (61, 61)):
        at = NOON + timedelta(minutes=minutes)
        store.run_here(lambda db, at=at: post_feeds.record_use(db, IRINA, at), writes=True)
        found = owner(second)
        assert found and found.used_at == NOON + timedelta(minutes=expected)
    assert store.run_here(lambda db: post_feeds.revoke(db, IRINA), writes=True) and owner(second) is None
    assert not store.run_here(lambda db: post_feeds.revoke(db, IRINA), writes=True)


async def test_an_announcement_is_stored_once_for_each_and_hidden_when_it_is_taken_back(store: Database) -> None:
    number, clock = publish(store, title="Лифт"), Clock()
    outbox: Any = outbox_of(ListedFeed(), store, clock)
    announcer = Announcer(store, outbox, Wakeups(), clock.now, ZoneInfo("Europe/Moscow"))
    await announcer.step()
    await announcer.step()
    told = store.run_here(lambda db: notifications.page(db, IRINA, limit=5))
    assert [it.event for it in told] == [f"post.{number}"]
    assert store.run_here(lambda db: announcements.waiting(db, NOON)) == []
    there = sa.select(sa.func.count()).where(col(Person.is_active), col(Person.joined_into).is_(None))
    counts = (there, sa.select(sa.func.count()).select_from(notifications.NOTIFICATION))
    everybody, stored = (store.run_here(lambda db, it=it: db.execute(it).scalar_one()) for it in counts)
    assert stored == everybody - 1, "all but the author"

    def hidden() -> int:
        return len(store.run_here(lambda db: unreadable(db, told, Rules(people.known_in_embedded), NOON)))

    assert hidden() == 0
    store.run_here(lambda db: db.execute(sa.update(Post).values(is_draft=True)), writes=True)
    assert hidden() == 1

"""Who reads which posts, in SQLite, a real MariaDB and a real PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.people.rights import ADMIN, AGENT, WRITER
from helpdesk.store import posts
from helpdesk.store.casefold import fold
from helpdesk.store.database import Database
from helpdesk.store.models.posts import Post, PostAudience, PostFile, PostRead, PostRevision
from helpdesk.store.post_readers import DEPARTMENT, RIGHT, Reader, is_for
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANNA, IRINA = PEOPLE_IDS["anna"], PEOPLE_IDS["irina"]
READERS = {
    "nobody's department": Reader(),
    "sales": Reader(fold("Отдел продаж")),
    "stores": Reader(fold("Склад")),
    "agent": Reader("", frozenset({AGENT})),
    "agent of sales": Reader(fold("Отдел продаж"), frozenset({AGENT})),
    "a department named like a right": Reader(AGENT),
    "writer": Reader("", frozenset({WRITER})),
    "admin": Reader("", frozenset({ADMIN})),
}
AUDIENCES: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    ((DEPARTMENT, "Отдел Продаж"),),
    ((DEPARTMENT, "отдел продаж"), (DEPARTMENT, "Склад")),
    ((RIGHT, AGENT),),
    ((DEPARTMENT, "Склад"), (RIGHT, AGENT)),
)
PERIODS: tuple[tuple[bool, datetime | None, datetime | None, bool], ...] = (
    (False, NOW - HOUR, None, True),
    (False, NOW, NOW + HOUR, True),
    (False, NOW - HOUR, NOW, False),
    (False, NOW + HOUR, None, False),
    (False, None, None, False),
    (True, NOW - HOUR, None, False),
)


@pytest.fixture
def store(told_store: Database) -> Iterator[Database]:
    """Without posts that other tests left in a shared server."""

    def clear(db: Session) -> None:
        for model in (PostAudience, PostFile, PostRead, PostRevision, Post):
            db.exec(sa.delete(model))

    told_store.run_here(clear, writes=True)
    yield told_store
    told_store.run_here(clear, writes=True)


def write(
    store: Database, title: str = "Новость", audience: tuple[tuple[str, str], ...] = (), text: str = "", **more: Any
) -> int:
    """Store a post that is published unless `more` says otherwise; its id."""
    known = {"kind": posts.POST, "is_draft": False, "published_from": NOW - HOUR, "author_id": ANNA}
    times = {"updated_by": ANNA, "created_at": NOW - HOUR, "updated_at": NOW - HOUR}
    texts = {"title": title, "title_folded": fold(title), "content": text, "words": posts.folded_words(title, text)}

    def work(db: Session) -> int:
        row = Post(**{**known, **times, **texts, **more})
        db.add(row)
        db.flush()
        assert row.id
        for kind, value in audience:
            db.add(PostAudience(post_id=row.id, kind=kind, value=value, value_folded=fold(value)))
        return row.id

    return store.run_here(work, writes=True)


def listed(store: Database, reader: Reader, **asked: Any) -> list[int]:
    rows, total = store.run_here(lambda db: posts.page(db, reader, NOW, **asked))
    assert total >= len(rows)
    return [row.id for row in rows]


def named(store: Database, reader: Reader, ids: list[int]) -> set[int]:
    return set(store.run_here(lambda db: posts.titles(db, reader, NOW, ids)))


def may_read(store: Database, reader: Reader, post_id: int) -> bool:
    try:
        return store.run_here(lambda db: posts.one(db, reader, post_id, NOW)).id == post_id
    except NotFound:
        return False


def test_a_post_is_read_by_its_audience_while_it_is_published(store: Database) -> None:
    written = {
        write(store, audience=audience, is_draft=draft, published_from=begun, published_until=end): (audience, is_on)
        for audience, (draft, begun, end, is_on) in product(AUDIENCES, PERIODS)
    }
    for name, reader in READERS.items():
        shown = {
            id
            for id, (audience, is_on) in written.items()
            if reader.may_write or (is_on and is_for([(kind, fold(value)) for kind, value in audience], reader))
        }
        assert set(listed(store, reader, limit=100)) == shown, name
        assert {id for id in written if may_read(store, reader, id)} == shown, name
        assert named(store, reader, list(written)) == shown, name
    assert is_for([(DEPARTMENT, AGENT)], READERS["agent"]) is False


def test_who_must_understand_a_post_is_its_audience_until_they_have(store: Database) -> None:
    for_all, for_sales = (write(store, is_important=True, audience=each) for each in ((), AUDIENCES[1]))
    write(store, is_important=False), write(store, is_important=True, is_draft=True)

    def asked(reader: Reader) -> set[int]:
        return {row.id for row in store.run_here(lambda db: posts.unread_important(db, reader, IRINA, NOW))}

    assert asked(READERS["sales"]) == {for_all, for_sales}
    assert asked(READERS["writer"]) == asked(READERS["stores"]) == {for_all}
    read = PostRead(post_id=for_all, person_id=IRINA, read_at=NOW, understood_at=NOW, understood_version=1)
    store.run_here(lambda db: db.add(PostRead(**read.model_dump())), writes=True)
    assert asked(READERS["sales"]) == {for_sales}
    store.run_here(lambda db: db.exec(sa.update(Post).values(version=2)), writes=True)
    assert asked(READERS["sales"]) == {for_sales}, "an edit alone asks nobody again"
    store.run_here(lambda db: db.exec(sa.update(Post).values(asked_version=2)), writes=True)
    assert asked(READERS["sales"]) == {for_all, for_sales}


def test_pinned_posts_come_first_then_the_newest(store: Database) -> None:
    old = write(store, published_from=NOW - 3 * HOUR)
    new = write(store, published_from=NOW - HOUR)
    pinned = write(store, published_from=NOW - 9 * HOUR, is_pinned=True)
    draft = write(store, published_from=None, is_draft=True, updated_at=NOW - 2 * HOUR)
    assert listed(store, READERS["writer"]) == [pinned, new, draft, old]
    assert listed(store, Reader(), limit=1, offset=1) == [new]
    assert listed(store, Reader(), kind=posts.PAGE) == []
    assert listed(store, Reader(), author_id=IRINA) == []


def test_a_search_finds_each_word_whatever_its_case_and_no_pattern(store: Database) -> None:
    found = write(store, "Отпуск Алёны", text="С понедельника, на 100%")
    write(store, "Отпуск", text="Бориса")
    assert listed(store, Reader(), q="АЛЕНЫ отпуск") == [found]
    assert listed(store, Reader(), q="100%") == [found]
    assert listed(store, Reader(), q="%") == [found]
    assert listed(store, Reader(), q="_") == []
    assert len(listed(store, Reader(), q=" \n ")) == 2


def test_a_list_has_the_beginning_of_a_long_text_and_its_length(store: Database) -> None:
    text = "Ы" * (posts.LONGEST_EXCERPT + 5)
    post_id = write(store, text=text)
    (row,), total = store.run_here(lambda db: posts.page(db, Reader(), NOW, person_id=IRINA))
    assert (len(row.content), row.length, total) == (posts.LONGEST_EXCERPT, len(text), 1)
    assert store.run_here(lambda db: posts.one(db, Reader(), post_id, NOW)).content == text


@pytest.mark.parametrize(("number", "state"), [(0, "published"), (2, "expired"), (3, "scheduled"), (4, "draft")])
def test_the_word_for_a_post_agrees_with_the_rule(store: Database, number: int, state: str) -> None:
    draft, begun, end, is_on = PERIODS[number]
    post_id = write(store, is_draft=draft, published_from=begun, published_until=end)
    row = store.run_here(lambda db: posts.one(db, READERS["writer"], post_id, NOW))
    assert row.state(NOW) == state and (state == "published") is is_on


def test_an_audience_names_its_parts(store: Database) -> None:
    post_id = write(store, audience=AUDIENCES[4])
    assert store.run_here(lambda db: posts.audience(db, post_id)) == [(RIGHT, AGENT), (DEPARTMENT, "Склад")]

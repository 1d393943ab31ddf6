"""Posts: who reads which, how they are written and understood, in SQLite, a real MariaDB and a real PostgreSQL."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from helpdesk.errors import Conflict, Invalid, NotFound
from helpdesk.people.rights import ADMIN, AGENT, WRITER
from helpdesk.store import post_audience, post_edits, post_files, post_reads, posts, rights
from helpdesk.store.casefold import fold
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.posts import Post, PostAudience, PostFile, PostRead, PostRevision
from helpdesk.store.post_edits import Wanted
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


def test_departments_that_differ_in_an_accent_are_two(store: Database) -> None:
    both = tuple(posts.Part(DEPARTMENT, name) for name in ("Café", "Cafe"))
    for_one, for_both = add(store, audience=both[:1]), add(store, audience=both)
    assert listed(store, Reader(fold("Cafe"))) == [for_both]
    assert sorted(listed(store, Reader(fold("CAFÉ")))) == [for_one, for_both]


def test_who_must_understand_a_post_is_its_audience_until_they_have(store: Database) -> None:
    for_all, for_sales = (write(store, is_important=True, audience=each) for each in ((), AUDIENCES[1]))
    write(store, is_important=False), write(store, is_important=True, is_draft=True)

    def asked(reader: Reader) -> set[int]:
        return {
            row.id for row in store.run_here(lambda db: posts.news(db, reader, IRINA, NOW, 9))[0] if row.is_important
        }

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
    draft = write(store, published_from=None, is_draft=True, created_at=NOW - 2 * HOUR)
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


# Writing


def wanted(title: str = "Новость", **more: Any) -> Wanted:
    return Wanted(title, more.pop("content", "Текст"), **more)


def add(store: Database, *, by: int = ANNA, **more: Any) -> int:
    return store.run_here(lambda db: post_edits.add(db, by, wanted(**more), NOW), writes=True).id


def edit(store: Database, post_id: int, seen: int, by: int = ANNA, **more: Any) -> int:
    return store.run_here(
        lambda db: post_edits.edit(db, by, post_id, seen, wanted(**more), NOW + HOUR), writes=True
    ).version


def staged(store: Database, name: str, by: int = ANNA, at: datetime = NOW) -> str:
    """Stage a file of this name; its token."""

    def work(db: Session) -> None:
        post_files.stage(db, by, f"blob of {name}", name, "text/plain", f"token of {name}", at)
        post_files.complete(db, by, f"token of {name}", 7)

    store.run_here(work, writes=True)
    return f"token of {name}"


def whole(store: Database, post_id: int) -> posts.PostRow:
    return store.run_here(lambda db: posts.one(db, READERS["admin"], post_id, NOW + HOUR))


def names_of(store: Database, post_id: int) -> dict[str, int]:
    return {it.filename: it.id for it in store.run_here(lambda db: post_files.of_post(db, post_id))}


def left(store: Database, before: datetime = NOW) -> set[str]:
    return set(store.run_here(lambda db: post_files.left(db, before), writes=True))


def test_an_edit_is_the_next_version_and_one_of_an_earlier_version_is_refused(store: Database) -> None:
    post_id = add(store, title="Раз", content="Один", audience=(posts.Part(RIGHT, AGENT),))
    assert (whole(store, post_id).version, whole(store, post_id).published_from) == (1, NOW)
    assert edit(store, post_id, 1, by=IRINA, title="Два", content="Два", is_draft=True) == 2
    row = whole(store, post_id)
    assert (row.title, row.is_draft, row.author.id, row.editor.id) == ("Два", True, ANNA, IRINA)
    assert store.run_here(lambda db: posts.audience(db, post_id)) == []
    with pytest.raises(Conflict):
        edit(store, post_id, 1, title="Поздно")
    assert listed(store, READERS["admin"], q="два") == [post_id] and not listed(store, READERS["admin"], q="поздно")
    texts = store.run_here(lambda db: post_reads.texts(db, post_id, (1, 2)))
    assert texts == {1: ("Раз", "Один"), 2: ("Два", "Два")}
    kept = store.run_here(lambda db: post_reads.revisions(db, post_id))
    assert [(it.version, it.editor.id, it.title) for it in kept] == [(2, IRINA, "Два"), (1, ANNA, "Раз")]


def test_of_two_editors_at_once_one_is_refused(store: Database) -> None:
    post_id, start = add(store), threading.Barrier(2)

    def one(number: int) -> bool:
        start.wait()
        try:
            return edit(store, post_id, 1, title=f"Правка {number}") == 2
        except Conflict:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == [False, True]


def test_a_published_post_keeps_its_moment_and_a_draft_gets_one_when_it_is_published(store: Database) -> None:
    post_id = add(store, is_draft=True)
    assert whole(store, post_id).published_from is None
    edit(store, post_id, 1)
    assert whole(store, post_id).published_from == NOW + HOUR
    edit(store, post_id, 2, published_from=NOW - HOUR)
    edit(store, post_id, 3)
    assert whole(store, post_id).published_from == NOW - HOUR


def test_a_scheduled_post_without_a_moment_is_published_at_once(store: Database) -> None:
    post_id = add(store, published_from=NOW + 9 * HOUR)
    edit(store, post_id, 1)
    assert whole(store, post_id).published_from == NOW + HOUR


def test_who_understood_a_post_is_asked_again_when_it_becomes_important_again(store: Database) -> None:
    post_id = add(store, is_important=True)
    for seen, is_important in ((1, True), (2, False), (3, True), (4, True)):
        edit(store, post_id, seen, is_important=is_important)
    assert whole(store, post_id).asked_version == 4


def test_the_audit_names_a_post_and_for_whom_it_has_become(store: Database) -> None:
    post_id = add(store, audience=(posts.Part(RIGHT, AGENT),))
    edit(store, post_id, 1, audience=(posts.Part(RIGHT, AGENT),))
    edit(store, post_id, 2)
    store.run_here(lambda db: post_edits.remove(db, post_id, NOW), writes=True)
    newest = sa.select(tables.AuditRecord.details).order_by(tables.AuditRecord.id.desc()).limit(4)  # type: ignore[call-overload, union-attr]
    noted = [json.loads(it) for it in reversed(store.run_here(lambda db: db.scalars(newest).all()))]
    assert [it["post"] for it in noted] == [post_id] * 4
    assert [it.get("for") for it in noted] == [[AGENT], None, "everybody", None]


def test_the_oldest_versions_go(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post_edits, "MOST_REVISIONS", 2)
    post_id = add(store)
    for version in (1, 2, 3):
        edit(store, post_id, version)
    assert [it.version for it in store.run_here(lambda db: post_reads.revisions(db, post_id))] == [4, 3]


def test_files_belong_to_a_post_once_and_to_who_staged_them(store: Database) -> None:
    post_id = add(store, files=(staged(store, "a"), staged(store, "b")))
    numbers = names_of(store, post_id)
    assert numbers.keys() == {"a", "b"} and not left(store, NOW - HOUR)
    for again in ("token of a", staged(store, "c", by=IRINA), "no token"):
        with pytest.raises(Invalid):
            edit(store, post_id, 1, files=(again,))
    edit(store, post_id, 1, files=(staged(store, "d"),), kept_files=(numbers["b"],))
    assert names_of(store, post_id).keys() == {"b", "d"}
    assert left(store, NOW - HOUR) == {"blob of a"}
    with pytest.raises(NotFound):
        store.run_here(lambda db: post_files.one(db, post_id, numbers["a"]))


def test_what_was_staged_and_never_taken_goes_in_time(store: Database) -> None:
    staged(store, "old", at=NOW - HOUR), staged(store, "new", at=NOW)
    assert left(store, NOW - HOUR) == {"blob of old"}
    with pytest.raises(Invalid):
        add(store, files=("token of old",))
    store.run_here(lambda db: post_files.forget(db, ["blob of old", "blob of new"]), writes=True)
    assert left(store, NOW - HOUR) == set()
    add(store, files=("token of new",))


def test_a_picture_takes_the_place_of_the_one_before(store: Database) -> None:
    post_id = add(store, picture=staged(store, "one"), picture_alt="Схема")
    assert (whole(store, post_id).picture, whole(store, post_id).picture_size) == ("blob of one", 7)
    edit(store, post_id, 1, picture_alt="Схема этажа")
    assert (whole(store, post_id).picture, whole(store, post_id).picture_alt) == ("blob of one", "Схема этажа")
    edit(store, post_id, 2, picture=staged(store, "two"), picture_alt="План")
    assert whole(store, post_id).picture == "blob of two" and left(store, NOW - HOUR) == {"blob of one"}
    edit(store, post_id, 3, keeps_picture=False, picture_alt="План")
    assert (whole(store, post_id).picture, whole(store, post_id).picture_alt) == (None, "")
    assert left(store, NOW - HOUR) == {"blob of one", "blob of two"}


def test_a_post_is_deleted_with_all_that_belongs_to_it(store: Database) -> None:
    files = (staged(store, "a"),)
    post_id = add(store, files=files, picture=staged(store, "p"), audience=(posts.Part(RIGHT, AGENT),))
    below = write(store, kind=posts.PAGE, parent_id=post_id)
    store.run_here(lambda db: post_reads.note_read(db, post_id, IRINA, NOW), writes=True)
    store.run_here(lambda db: post_edits.remove(db, post_id, NOW), writes=True)
    assert left(store, NOW - HOUR) == {"blob of a", "blob of p"}
    assert store.run_here(lambda db: db.get_one(Post, below).parent_id) is None
    for work in (post_edits.remove, lambda db, id, now: posts.one(db, READERS["admin"], id, now)):
        with pytest.raises(NotFound):
            store.run_here(lambda db, work=work: work(db, post_id, NOW), writes=True)
    store.run_here(lambda db: post_reads.note_read(db, post_id, IRINA, NOW), writes=True)


def test_a_content_that_could_not_be_written_is_let_go_at_once(store: Database) -> None:
    token = staged(store, "a")
    store.run_here(lambda db: post_files.withdraw(db, ANNA, token), writes=True)
    assert left(store, NOW - HOUR) == {"blob of a"}
    with pytest.raises(Invalid):
        add(store, files=(token,))


# Reading and understanding


def understand(store: Database, post_id: int, seen: int, reader: Reader = READERS["sales"]) -> bool:
    return store.run_here(
        lambda db: post_reads.understand(db, reader, post_id, IRINA, seen, NOW + HOUR), writes=True
    ).is_understood


def states(store: Database, post_id: int) -> dict[int, str]:
    post = whole(store, post_id)
    found = store.run_here(lambda db: post_reads.asked(db, post, None))
    return {it.member.id: it.state for it in found}


def test_who_understood_an_earlier_text_is_asked_again_if_the_writer_says_so(store: Database) -> None:
    post_id = add(store, is_important=True)
    assert set(states(store, post_id).values()) == {post_reads.NOT_YET} and IRINA in states(store, post_id)
    assert understand(store, post_id, 1)
    edit(store, post_id, 1, is_important=True)
    assert states(store, post_id)[IRINA] == post_reads.UNDERSTOOD
    edit(store, post_id, 2, is_important=True, asks_again=True)
    assert states(store, post_id)[IRINA] == post_reads.EARLIER
    assert not understand(store, post_id, 2), "the page was of the text before"
    assert states(store, post_id)[IRINA] == post_reads.EARLIER
    assert understand(store, post_id, 99), "no later version than the present one"
    assert whole(store, post_id).version == 3 and states(store, post_id)[IRINA] == post_reads.UNDERSTOOD


def test_nobody_understands_what_they_may_not_read_or_what_asks_nobody(store: Database) -> None:
    plain = add(store)
    for_stores = add(store, is_important=True, audience=(posts.Part(DEPARTMENT, "Склад"),))
    for post_id in (plain, for_stores):
        with pytest.raises(NotFound):
            understand(store, post_id, 1)


def test_who_writes_understands_only_what_asks_them(store: Database) -> None:
    for_stores = (posts.Part(DEPARTMENT, "Склад"),)
    asking = add(store, is_important=True, published_from=NOW)
    asking_none = (
        add(store, is_important=True, is_draft=True),
        add(store, is_important=True, published_from=NOW + 2 * HOUR),
        add(store, is_important=True, audience=for_stores),
    )
    for post_id in asking_none:
        with pytest.raises(NotFound):
            understand(store, post_id, 1, READERS["writer"])
    assert understand(store, asking, 1, READERS["writer"])


def test_the_people_of_an_audience_are_active_and_proven(store: Database) -> None:
    def settle(db: Session) -> None:
        for login, (name, is_proven) in {"anna": ("склад", True), "irina": ("Склад", False)}.items():
            person = db.get_one(tables.Person, PEOPLE_IDS[login])
            person.department, person.is_department_proven = name, is_proven
        rights.grant(db, PEOPLE_IDS["boris"], AGENT)

    def undo(db: Session) -> None:
        db.exec(sa.update(tables.Person).values(department="", is_department_proven=False))
        rights.revoke(db, PEOPLE_IDS["boris"], AGENT, None)

    store.run_here(settle, writes=True)
    try:
        parts = [posts.Part(DEPARTMENT, "СКЛАД"), posts.Part(RIGHT, AGENT)]
        found = store.run_here(lambda db: post_audience.members(db, parts, None))
        assert {it.login for it in found} == {"anna", "boris"}
        assert store.run_here(post_audience.departments) == ["склад"]
        named = (("local", "stranger"),)
        found = store.run_here(lambda db: post_audience.members(db, [posts.Part(RIGHT, ADMIN)], named))
        assert {it.login for it in found} == {"admin", "stranger"}
    finally:
        store.run_here(undo, writes=True)


def test_reading_many_times_at_once_is_one_reading(store: Database) -> None:
    post_id = add(store)

    def read(_: int) -> None:
        store.run_here(lambda db: post_reads.note_read(db, post_id, IRINA, NOW), writes=True)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, range(8)))
    assert store.run_here(lambda db: len(db.exec(select(PostRead)).all())) == 1

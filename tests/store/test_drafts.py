"""Drafts and reply templates in the store: whose they are, how long, how many."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from helpdesk.store import drafts, reply_templates
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
ANNA, BORIS = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]


@pytest.fixture(
    params=["sqlite", *(pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in ("mariadb", "postgresql"))]
)
def database(request: pytest.FixtureRequest, settled_store: Path, tmp_path: Path) -> Iterator[Database]:
    """A store of this test's own in SQLite, or the shared one in a real MariaDB or PostgreSQL without what
    other tests left."""
    if request.param != "sqlite":
        shared: Database = request.getfixturevalue(f"embedded_on_{request.param}").database
        for table in (tables.Draft, tables.ReplyTemplate):
            shared.run_here(lambda db, table=table: db.exec(sa.delete(table)), writes=True)
        yield shared
    else:
        own = Database(f"sqlite:///{shutil.copy(settled_store, tmp_path / 'helpdesk.db')}")
        yield own
        own.close()


def save(database: Database, text: str, place: str = "task:7:comments", person: int = ANNA, at: datetime = NOW) -> None:
    database.run_here(lambda db: drafts.save(db, person, place, {"comment": text}, at), writes=True)


def texts(database: Database, start: str = "task:7:", person: int = ANNA, at: datetime = NOW) -> dict[str, str]:
    found = database.run_here(lambda db: drafts.with_prefix(db, person, start, at))
    return {kept.place: kept.fields["comment"] for kept in found}


def test_a_place_holds_one_draft_and_the_last_one_counts(database: Database) -> None:
    save(database, "раз")
    save(database, 'два 🙂 \\ "кавычки"', at=NOW + timedelta(minutes=1))
    assert texts(database) == {"task:7:comments": 'два 🙂 \\ "кавычки"'}
    (kept,) = database.run_here(lambda db: drafts.with_prefix(db, ANNA, "task:7:", NOW))
    assert kept.updated_at == NOW + timedelta(minutes=1)


def test_a_draft_is_seen_by_its_own_person_in_its_own_places_only(database: Database) -> None:
    save(database, "мой")
    save(database, "его", person=BORIS)
    save(database, "другая задача", place="task:71:comments")
    save(database, "новая", place="tasks:new")
    assert texts(database) == {"task:7:comments": "мой"}
    assert texts(database, person=BORIS) == {"task:7:comments": "его"}
    assert texts(database, "task_7:") == {} and texts(database, "task%") == {}


def test_forgetting_takes_one_persons_draft_of_one_place(database: Database) -> None:
    for person, place in ((ANNA, "task:7:comments"), (ANNA, "task:7:status"), (BORIS, "task:7:comments")):
        save(database, "текст", place, person)
    database.run_here(lambda db: drafts.delete(db, ANNA, "task:7:comments"), writes=True)
    assert texts(database) == {"task:7:status": "текст"}
    assert texts(database, person=BORIS) == {"task:7:comments": "текст"}


def test_a_draft_is_gone_after_thirty_days_for_good(database: Database) -> None:
    save(database, "старый")
    assert texts(database, at=NOW + timedelta(days=29, hours=23)) and not texts(database, at=NOW + timedelta(days=30))
    save(database, "новый", "task:8:comments", at=NOW + timedelta(days=31))
    assert texts(database, "task:") == {"task:8:comments": "новый"}


def test_beyond_two_hundred_the_oldest_of_this_person_goes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drafts.MOST_OF_PERSON == 200
    save(database, "чужой", person=BORIS)
    monkeypatch.setattr(drafts, "MOST_OF_PERSON", 20)
    for number in range(1, drafts.MOST_OF_PERSON + 3):
        save(database, str(number), f"task:{number}:comments", at=NOW + timedelta(seconds=number))
    kept = set(texts(database, "task:").values())
    assert len(kept) == drafts.MOST_OF_PERSON and kept.isdisjoint({"1", "2"}) and str(drafts.MOST_OF_PERSON + 2) in kept
    assert texts(database, "task:7:", BORIS)


def test_a_person_sees_own_templates_first_then_the_shared_each_in_order(database: Database) -> None:
    def fill(db: reply_templates.Session) -> None:
        reply_templates.add(db, None, "общий", "…")
        first = reply_templates.add(db, ANNA, "первый", "…")
        second = reply_templates.add(db, ANNA, "второй", "…")
        reply_templates.add(db, BORIS, "его", "…")
        assert (first.position, second.position) == (1, 2)
        reply_templates.change(db, first.id, "позже", first.text, 3)

    database.run_here(fill, writes=True)
    mine = database.run_here(lambda db: reply_templates.of_person(db, ANNA, True))
    assert [(it.name, it.shared) for it in mine] == [("второй", False), ("позже", False), ("общий", True)]
    assert database.run_here(lambda db: reply_templates.names(db, ANNA, True)) == [(it.id, it.name) for it in mine]
    assert database.run_here(lambda db: reply_templates.one(db, BORIS, mine[0].id, True)) is None
    assert database.run_here(lambda db: reply_templates.one(db, BORIS, mine[2].id, True)) == mine[2]


def test_a_requester_has_own_templates_alone(database: Database) -> None:
    def fill(db: reply_templates.Session) -> tuple[int, int]:
        return reply_templates.add(db, None, "общий", "…").id, reply_templates.add(db, ANNA, "свой", "…").id

    shared, own = database.run_here(fill, writes=True)
    assert [it.id for it in database.run_here(lambda db: reply_templates.of_person(db, ANNA, False))] == [own]
    assert database.run_here(lambda db: reply_templates.names(db, ANNA, False)) == [(own, "свой")]
    assert database.run_here(lambda db: reply_templates.one(db, ANNA, shared, False)) is None


def test_a_list_of_templates_has_its_bound_and_others_have_theirs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply_templates, "MOST_IN_LIST", 2)

    def add(person: int | None) -> None:
        database.run_here(lambda db: reply_templates.add(db, person, "a", "b"), writes=True)

    for person in (ANNA, ANNA, None, None, BORIS):
        add(person)
    for person in (ANNA, None):
        with pytest.raises(reply_templates.TooMany):
            add(person)

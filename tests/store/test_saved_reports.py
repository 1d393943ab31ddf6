"""Saved reports and their mailings, in every database: whose they are, how many, and what goes with them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from helpdesk.errors import NotFound
from helpdesk.store import outbox, saved_reports
from helpdesk.store.database import Database
from helpdesk.store.models.delivery import OutboxRow
from helpdesk.store.models.reports import ReportMailing, SavedReport
from helpdesk.store.saved_reports import NameTaken, TooMany
from tests.store.test_races import as_one, at_once
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 11, 30, 5, tzinfo=UTC)
ANNA, BORIS = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]


@pytest.fixture
def store(told_store: Database) -> Iterator[Database]:
    for model in (ReportMailing, SavedReport):
        told_store.run_here(lambda db, model=model: db.execute(sa.delete(model)), writes=True)
    yield told_store
    for model in (ReportMailing, SavedReport):
        told_store.run_here(lambda db, model=model: db.execute(sa.delete(model)), writes=True)


def add(store: Database, person: int = BORIS, name: str = "Отчёт") -> int:
    return store.run_here(lambda db: saved_reports.add(db, person, name, "group=time", NOW), writes=True)


def write(store: Database, work: Any) -> Any:
    return store.run_here(work, writes=True)


def test_a_report_is_its_owners_until_it_is_shared(store: Database) -> None:
    number = add(store)
    assert store.run_here(lambda db: saved_reports.one(db, ANNA, number)) is None
    assert store.run_here(lambda db: saved_reports.shared(db, ANNA)) == []
    write(store, lambda db: saved_reports.share(db, ANNA, number, is_shared=True))
    assert store.run_here(lambda db: saved_reports.one(db, ANNA, number)) is None, "only its owner shares it"
    write(store, lambda db: saved_reports.share(db, BORIS, number, is_shared=True))
    (seen,) = store.run_here(lambda db: saved_reports.shared(db, ANNA))
    assert (seen.id, seen.owner_id, seen.name, seen.query, seen.is_shared) == (
        number,
        BORIS,
        "Отчёт",
        "group=time",
        True,
    )
    assert store.run_here(lambda db: saved_reports.shared(db, BORIS)) == []
    for work in (
        lambda db: saved_reports.rename(db, ANNA, number, "Моё"),
        lambda db: saved_reports.share(db, ANNA, number, is_shared=False),
        lambda db: saved_reports.remove(db, ANNA, number),
    ):
        write(store, work)
    assert store.run_here(lambda db: saved_reports.of_person(db, BORIS)) == [seen]


def test_a_name_is_one_persons_once_in_any_case(store: Database) -> None:
    add(store, name="Итог é")
    number = add(store, name="Итог e")
    add(store, ANNA, "итог É")
    with pytest.raises(NameTaken):
        add(store, name="ИТОГ É")
    with pytest.raises(NameTaken):
        write(store, lambda db: saved_reports.rename(db, BORIS, number, "итог É"))
    write(store, lambda db: saved_reports.rename(db, BORIS, number, "ИТОГ E"))
    assert add(store, name="ß" * 60)


def test_nobody_has_more_than_so_many(store: Database) -> None:
    for number in range(saved_reports.MOST_OF_PERSON):
        add(store, name=str(number))
    with pytest.raises(TooMany):
        add(store, name="x")
    assert add(store, ANNA)


def test_with_a_report_go_its_mailings_and_what_waits_of_them(store: Database) -> None:
    numbers = [add(store, name=name) for name in "ab"]
    for number in numbers:
        write(store, lambda db, number=number: saved_reports.share(db, BORIS, number, is_shared=True))
        for person in (ANNA, BORIS):
            row = {"channel": "email", "person_id": person, "event": f"{saved_reports.event_of(number)}.2026-11-30"}
            row |= {"type": "system", "device_id": 0, "task_id": 0, "due_at": NOW, "created_at": NOW}
            write(store, lambda db, row=row: outbox.add(db, [row]))
            write(store, lambda db, p=person, n=number: saved_reports.mail(db, p, n, "weekly", NOW))
    write(store, lambda db: saved_reports.share(db, BORIS, numbers[0], is_shared=False))

    def left() -> list[tuple[int, int]]:
        found = store.run_here(lambda db: db.exec(select(ReportMailing.report_id, ReportMailing.person_id)).all())
        waiting = store.run_here(lambda db: db.exec(select(OutboxRow.event, OutboxRow.person_id)).all())
        assert sorted(found) == sorted((int(event.split(".")[1]), person) for event, person in waiting)
        return sorted((numbers.index(number), person) for number, person in found)

    assert left() == [(0, BORIS), (1, ANNA), (1, BORIS)]
    write(store, lambda db: saved_reports.remove(db, BORIS, numbers[1]))
    assert left() == [(0, BORIS)]


def test_a_mailing_that_is_due_is_put_off_by_one_alone(store: Database) -> None:
    number = add(store)
    write(store, lambda db: saved_reports.mail(db, BORIS, number, "monthly", NOW))
    assert store.run_here(lambda db: saved_reports.due(db, NOW - timedelta(seconds=1), 9)) == []
    (due,) = store.run_here(lambda db: saved_reports.due(db, NOW, 9))
    assert (due.report_id, due.person_id, due.rhythm, due.next_at, due.query) == (
        number,
        BORIS,
        "monthly",
        NOW,
        "group=time",
    )
    later = NOW + timedelta(days=30)
    assert as_one(store, lambda db: saved_reports.put_off(db, due, later)).count(True) == 1
    assert not write(store, lambda db: saved_reports.put_off(db, due, later))
    write(store, lambda db: saved_reports.mail(db, BORIS, number, "weekly", NOW))
    assert [it.rhythm for it in store.run_here(lambda db: saved_reports.of_person(db, BORIS))] == ["weekly"]
    assert not write(store, lambda db: saved_reports.put_off(db, due, later)), "another rhythm was chosen meanwhile"


def test_who_asks_for_a_mailing_twice_at_once_has_one(store: Database) -> None:
    number = add(store)
    found = as_one(store, lambda db: saved_reports.mail(db, BORIS, number, "weekly", NOW))
    assert set(found) == {None}
    assert len(store.run_here(lambda db: saved_reports.due(db, NOW, 99))) == 1


def test_a_report_that_is_removed_while_others_choose_it_is_gone(store: Database) -> None:
    for name in map(str, range(6)):
        number = add(store, name=name)
        write(store, lambda db, number=number: saved_reports.share(db, BORIS, number, is_shared=True))
        found = at_once(
            store,
            lambda db, number=number: saved_reports.remove(db, BORIS, number),
            *[
                lambda db, number=number, it=it: saved_reports.mail(db, it, number, "weekly", NOW)
                for it in (ANNA, BORIS)
            ],
        )
        assert {type(it) for it in found} <= {type(None), NotFound}, found
        assert store.run_here(lambda db, number=number: saved_reports.one(db, BORIS, number)) is None
    assert store.run_here(lambda db: saved_reports.due(db, NOW, 99)) == []


def test_nobody_has_more_than_so_many_nor_two_of_a_name_however_many_are_saved_at_once(store: Database) -> None:
    found = as_one(store, lambda db: saved_reports.add(db, BORIS, "Отчёт", "", NOW), 5)
    assert sorted(type(it).__name__ for it in found) == [*["NameTaken"] * 4, "int"]
    for number in range(saved_reports.MOST_OF_PERSON - 3):
        add(store, name=str(number))
    at_once(store, *[lambda db, it=it: saved_reports.add(db, BORIS, f"+{it}", "", NOW) for it in range(6)])
    assert len(store.run_here(lambda db: saved_reports.of_person(db, BORIS))) == saved_reports.MOST_OF_PERSON

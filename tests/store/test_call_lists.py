"""The log of calls in each of our databases: conditions, sums, writes under conditions."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store import call_lists, call_notes, call_privacy
from helpdesk.store.call_lists import CallQuery
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.telephony import PhoneCall
from helpdesk.store.tracker import requests as request_rows
from tests.web.calls.logged import NOON, log, stored
from tests.world import PEOPLE_IDS, PROJECT_IDS

BORIS, IRINA = PEOPLE_IDS["boris"], PEOPLE_IDS["irina"]


@pytest.fixture
def store(told_store: Database) -> Database:
    """Without calls that other tests left in a shared server."""
    told_store.run_here(lambda db: db.exec(sa.delete(PhoneCall)), writes=True)
    return told_store


def test_sums_counts_and_pages_are_of_the_same_calls(store: Database) -> None:
    calls = log(
        store,
        {"ended_at": NOON + timedelta(seconds=10.4)},
        {"agent": "anna", "queue": "Касса"},
        {"outcome": "missed", "number": "1204"},
        {"outcome": "", "ended_at": None},
        {"outcome": "missed"},
        {"direction": "out", "began_at": NOON + timedelta(hours=1)},
    )
    query = CallQuery(NOON, NOON + timedelta(hours=2))
    shown = store.run_here(lambda db: call_lists.page(db, query))
    assert [it.id for it in shown] == calls[::-1]
    sums = store.run_here(lambda db: call_lists.sums(db, query))
    assert (sums.calls, sums.answered, sums.missed, sums.talks) == (6, 3, 2, 3)
    assert sums.seconds == pytest.approx(0.4 + 60 + 60, abs=0.01) and sums.average == 40
    hours = [NOON, NOON + timedelta(hours=1), NOON + timedelta(hours=2)]
    counted = store.run_here(lambda db: call_lists.by_agent_and_hour(db, hours))
    assert [(it.agent_id, it.by_hour) for it in counted] == [("1001", (1, 0)), ("1002", (4, 1))]
    assert sum(it.sums.seconds for it in counted) == pytest.approx(sums.seconds)
    back = store.run_here(lambda db: call_lists.page(db, query._replace(outcome=call_lists.TO_CALL_BACK)))
    assert [it.id for it in back] == [calls[2]], "the other one was answered an hour later"
    part = store.run_here(lambda db: call_lists.page(db, query._replace(number="5550142")))
    assert len(part) == 5
    assert store.run_here(lambda db: call_lists.page(db, query._replace(number="%"))) == []
    assert store.run_here(lambda db: call_lists.queues(db, NOON, None)) == ["Касса"]


def test_nothing_gives_sums_of_nothing(store: Database) -> None:
    assert store.run_here(lambda db: call_lists.sums(db, CallQuery())) == call_lists.Sums()


def test_an_export_has_each_call_once_also_those_of_one_moment(store: Database) -> None:
    calls = log(store, *({"began_at": NOON + timedelta(seconds=it // 3)} for it in range(8)))
    found: list[int] = []
    after = None
    while batch := store.run_here(lambda db, after=after: call_lists.batch(db, CallQuery(), after, 2)):
        found += [it.id for it in batch]
        after = batch[-1].row.began_at, batch[-1].id
    assert found == calls[::-1]


def test_a_note_falls_to_one_write(store: Database) -> None:
    (call,) = log(store, {})

    def note(text: str, at: datetime | None = NOON) -> bool:
        return store.run_here(lambda db: call_notes.note(db, call, text, "", at), writes=True)

    assert [note("a", None), note("a"), note("a"), note("b"), note("")] == [False, True, False, True, False]
    assert (stored(store, call).note, stored(store, call).noted_at) == ("", None)
    assert note("c")
    store.run_here(lambda db: call_notes.not_written(db, call, "other", NOON), writes=True)
    assert not note("c"), "another text's failure is not this one's"
    store.run_here(lambda db: call_notes.not_written(db, call, "c", NOON), writes=True)
    assert note("c")
    store.run_here(lambda db: call_notes.link(db, call, 7), writes=True)
    assert note("c"), "the other task does not have it yet"
    store.run_here(lambda db: call_notes.link(db, call, 7), writes=True)
    assert not note("c"), "linked as before"
    minutes = call_notes.CLAIMED
    assert not note("c", NOON + minutes / 2), "a process is at it"
    assert note("c", NOON + minutes) and not note("c", NOON + minutes), "it has died at it"
    store.run_here(lambda db: call_notes.written(db, call, "c", NOON), writes=True)
    assert not stored(store, call).noted_at, "the claim of then is another one's now"
    store.run_here(lambda db: call_notes.written(db, call, "c", NOON + minutes), writes=True)
    assert stored(store, call).noted_at and not note("c", NOON + 9 * minutes)


def test_who_is_noted_in_a_task_falls_to_one_write_and_goes_with_the_link(store: Database) -> None:
    (call,) = log(store, {})

    def noted(task: int, before: int | None, after: int | None) -> bool:
        return store.run_here(lambda db: call_notes.requester_noted(db, call, task, before, after), writes=True)

    store.run_here(lambda db: call_notes.link(db, call, 7, began_task=True), writes=True)
    assert [noted(7, None, IRINA), noted(7, None, BORIS), noted(8, IRINA, BORIS)] == [True, False, False]
    assert (stored(store, call).began_task, stored(store, call).requester_id) == (True, IRINA)
    store.run_here(lambda db: call_notes.link(db, call, 7), writes=True)
    assert noted(7, IRINA, BORIS) and stored(store, call).began_task, "linked as before"
    store.run_here(lambda db: call_notes.link(db, call, 8), writes=True)
    assert (stored(store, call).began_task, stored(store, call).requester_id) == (False, None)


def test_one_person_calls_back(store: Database) -> None:
    (call,) = log(store, {"outcome": "missed"})
    again = [
        store.run_here(lambda db, who=who: call_notes.called_back(db, call, who, NOON), writes=True)
        for who in (BORIS, IRINA)
    ]
    assert again == [True, False] and stored(store, call).called_back_by == BORIS


def test_callers_are_forgotten_and_old_calls_go(store: Database) -> None:
    incoming, outgoing, kept = log(
        store, {"caller_id": IRINA}, {"caller_id": IRINA, "direction": "out"}, {"began_at": NOON + timedelta(days=1)}
    )
    store.run_here(lambda db: call_privacy.forget_callers(db, [IRINA]), writes=True)
    masked = [stored(store, it) for it in (incoming, outgoing)]
    assert [(it.from_number, it.to_number, it.other_key) for it in masked] == [("", "5500", ""), ("1002", "", "")]
    assert store.run_here(lambda db: call_privacy.delete_old(db, NOON + timedelta(hours=1)), writes=True) == 2
    assert store.run_here(lambda db: call_lists.one(db, kept)) and not store.run_here(
        lambda db: call_lists.one(db, incoming)
    )


def test_a_requester_is_added_while_there_is_room(store: Database) -> None:
    def work(db: Session) -> list[str]:
        task = tables.Task(
            project_id=PROJECT_IDS["help"], kind_id=1, status_id=1, priority_id=1, author_id=BORIS, subject="x",
            description="", words="", created_at=NOON, updated_at=NOON,
        )  # fmt: skip
        db.add(task)
        db.flush()
        found = []
        for address in ("irina@example.test", "b@example.test", "x" * 999):
            request_rows.add_requester(db, task.id or 0, address)
            found.append(
                db.execute(sa.select(col(tables.Task.requester)).where(col(tables.Task.id) == task.id)).scalar()
            )
        db.delete(task)
        return found

    both = "irina@example.test, b@example.test"
    assert store.run_here(work, writes=True) == ["irina@example.test", both, both]


def test_a_missed_call_is_returned_by_an_answer_that_came_after_it(store: Database) -> None:
    minute = timedelta(minutes=1)
    log(store, {"began_at": NOON - minute, "ended_at": NOON + minute})
    early, rang_beside, waits = (
        log(store, {"outcome": "missed", "began_at": NOON + it, "number": number})[0]
        for it, number in ((minute, "+79035550142"), (2 * minute, "1204"), (3 * minute, "1205"))
    )
    log(
        store,
        {"began_at": NOON + 2 * minute, "number": "1204", "dialog_id": "7"},
        {"number": "1205", "outcome": "no_answer"},
    )
    back = CallQuery(outcome=call_lists.TO_CALL_BACK)
    assert [it.id for it in store.run_here(lambda db: call_lists.page(db, back))] == [waits, early]
    assert store.run_here(lambda db: call_lists.sums(db, back)).calls == 2
    (answer,) = log(store, {"began_at": NOON + 9 * minute, "direction": "out"})
    assert [it.id for it in store.run_here(lambda db: call_lists.page(db, back))] == [waits]
    returned = {it.id: it.is_returned for it in store.run_here(lambda db: call_lists.page(db, CallQuery()))}
    assert returned[early] and returned[rang_beside] and not returned[waits] and not returned[answer]


def test_many_missed_calls_of_one_number_are_not_compared_with_each_other(database: Database) -> None:
    """Steps of the store, since a time would tell of the machine."""
    log(database, *({"outcome": "missed", "began_at": NOON + timedelta(seconds=it)} for it in range(2_000)))
    steps, most = 0, 2_000 * 100

    def work(db: Session) -> int:
        def step() -> None:
            nonlocal steps
            steps += 1_000

        connection = db.connection().connection.driver_connection
        assert connection
        connection.set_progress_handler(step, 1_000)
        try:
            return call_lists.sums(db, CallQuery(outcome=call_lists.TO_CALL_BACK)).calls
        finally:
            connection.set_progress_handler(None, 0)

    assert database.run_here(work) == 2_000
    assert 0 < steps < most

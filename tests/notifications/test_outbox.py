"""The outbox in SQLite, a real MariaDB and a real PostgreSQL: who claims what, in which order, and for how long."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import Session

from helpdesk.store import channel_states, devices, outbox
from helpdesk.store.database import Database
from helpdesk.store.models.delivery import Letter
from helpdesk.store.outbox import FAILED, SENT, Row
from tests.clocks import NOON
from tests.notifications.sending import (
    ANNA,
    BORIS,
    IRINA,
    claim,
    device,
    leased,
    put,
    state_of,
    states,
    stored,
    waiting,
    write,
)
from tests.store.test_plans import steps

LATER = NOON + timedelta(seconds=91)
AN_HOUR = timedelta(hours=1)


def events(rows: list[Row]) -> list[str]:
    return [row.event for row in rows]


def letter(database: Database) -> int:
    made = Letter(author_id=BORIS, task_id=7, subject="Стул", text="…", created_at=NOON)

    def add(db: Session) -> int:
        db.add(made)
        db.flush()
        return made.id or 0

    number: int = write(database, add)
    return number


def test_of_workers_that_claim_at_once_each_gets_its_own(told_store: Database) -> None:
    put(told_store, *[waiting(task=it, device_id=it % 3) for it in range(60)])
    together = threading.Barrier(4)

    def work(_: int) -> list[Row]:
        together.wait(30)
        found = list[Row]()
        while some := claim(told_store, limit=7):
            found += some
            for row in some:
                write(told_store, partial(outbox.end, row=row, state=SENT, now=NOON))
        return found

    with ThreadPoolExecutor(4) as threads:
        claimed = [event for rows in threads.map(work, range(4)) for event in events(rows)]
    left = claim(told_store, limit=60)  # of two that met at the same rows, one may have gone without
    assert sorted([*claimed, *events(left)]) == sorted(stored(told_store)) and leased(told_store) == len(left)


def test_a_claim_lasts_as_long_as_its_lease_and_a_lost_one_writes_nothing(told_store: Database) -> None:
    (event,) = put(told_store, waiting())
    (first,) = claim(told_store)
    assert claim(told_store) == [] == claim(told_store, NOON + timedelta(seconds=89))
    (second,) = claim(told_store, LATER)
    assert second.event == event and second.holder != first.holder
    assert not write(told_store, lambda db: outbox.end(db, first, FAILED, LATER, "refused"))
    assert not write(told_store, lambda db: outbox.postpone(db, first, LATER + AN_HOUR, "busy"))
    write(told_store, lambda db: outbox.release(db, first.holder))
    assert stored(told_store)[event].holder == second.holder and claim(told_store, LATER) == []
    assert write(told_store, lambda db: outbox.end(db, second, SENT, LATER))
    assert not write(told_store, lambda db: outbox.end(db, second, FAILED, LATER))
    assert states(told_store) == {event: (SENT, "")} and stored(told_store)[event].content == ""


def test_the_order_of_a_person_device_and_task_holds(told_store: Database) -> None:
    one, two, other_task, other_device, other_person = put(
        told_store,
        waiting(),
        waiting(),
        waiting(task=8),
        waiting(device_id=5),
        waiting(person=BORIS),
    )
    first, *_ = rows = claim(told_store)
    assert events(rows) == [one, other_task, other_device, other_person]
    write(told_store, lambda db: outbox.postpone(db, first, NOON + AN_HOUR, "busy"))
    assert claim(told_store, NOON + timedelta(minutes=1)) == [], "the second one does not overtake"
    (first,) = (it for it in claim(told_store, NOON + AN_HOUR) if it.event == one)
    assert first.attempts == 1
    write(told_store, lambda db: outbox.end(db, first, SENT, NOON))
    assert events(claim(told_store, NOON + AN_HOUR)) == [two]


def test_letters_and_bundles_neither_wait_nor_are_waited_for(told_store: Database) -> None:
    number = letter(told_store)
    late = {"due_at": NOON + AN_HOUR}
    one, two, by_hand, night, also_night = put(
        told_store,
        waiting(channel="email", **late),
        waiting(channel="email"),
        waiting(channel="email", letter_id=number),
        waiting(channel="email", bundle="night"),
        waiting(channel="email", bundle="night"),
    )
    assert events(claim(told_store, channel="email")) == [by_hand, night, also_night]
    put(told_store, waiting("letter", IRINA, channel="email", letter_id=number, **late))
    (after,) = put(told_store, waiting(person=IRINA, channel="email"))
    assert events(claim(told_store, channel="email")) == [after] and two not in states(told_store).get(one, ())


def test_what_is_due_for_a_person_in_bundles_is_claimed_whole(
    told_store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_IN_BUNDLE", 5)
    ours = [waiting(person=it, channel="email", bundle="digest") for _ in range(3) for it in (ANNA, BORIS)]
    put(told_store, *ours, waiting(person=IRINA, channel="email"), waiting(channel="email", bundle="night"))
    put(told_store, waiting(channel="email", bundle="digest", due_at=NOON + AN_HOUR))
    first, second = (claim(told_store, channel="email", limit=4) for _ in range(2))
    assert {it.person_id for it in first} == {ANNA} and len(first) == 4, "all four of anna, and none of boris"
    assert [it.person_id for it in second] == [BORIS, BORIS, BORIS, IRINA] or len(second) == 4
    assert claim(told_store, channel="email") == []


def test_a_bundle_of_too_many_is_claimed_in_parts(told_store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_IN_BUNDLE", 5)
    put(told_store, *[waiting(channel="email", bundle="digest") for _ in range(7)])
    assert [len(claim(told_store, channel="email")) for _ in range(3)] == [5, 2, 0]


def test_the_next_look_is_when_something_may_be_claimed(told_store: Database) -> None:
    def next_due() -> object:
        return told_store.run_here(lambda db: outbox.next_due(db, "webpush", NOON))

    assert next_due() is None
    put(told_store, waiting(), waiting(), waiting(task=8, due_at=NOON + 2 * AN_HOUR))
    assert next_due() == NOON
    (first,) = claim(told_store)
    assert next_due() == NOON + 2 * AN_HOUR, "the second one waits for what is being sent"
    write(told_store, lambda db: outbox.postpone(db, first, NOON + AN_HOUR, "busy"))
    assert next_due() == NOON + AN_HOUR, "and for what was put off"


def test_what_follows_waits_as_long_as_what_it_follows(told_store: Database) -> None:
    later, rows = NOON + timedelta(hours=1), [waiting(), waiting(), waiting(task=8), waiting(bundle="digest")]
    put(told_store, *rows)
    first = claim(told_store, limit=1)[0]
    write(told_store, lambda db: outbox.postpone(db, first, later, "busy"))
    dues = [stored(told_store)[it["event"]].due_at for it in rows]
    assert dues == [later, later, NOON, NOON]


def test_a_lease_of_a_clock_that_was_ahead_holds_nothing(told_store: Database) -> None:
    put(told_store, waiting())
    assert len(claim(told_store, NOON + timedelta(hours=2), seconds=90)) == len(claim(told_store)) == 1


def test_the_same_is_added_once(told_store: Database) -> None:
    row = waiting("entry.once", device_id=3)
    put(told_store, row, row, row | {"device_id": 4})
    put(told_store, row | {"due_at": LATER}, row | {"person_id": BORIS, "device_id": 5})
    assert len(stored(told_store)) == 3 == len(claim(told_store))


def test_a_device_that_is_not_the_persons_any_more_has_no_address(told_store: Database) -> None:
    mine, sold, phone = device(told_store), device(told_store, address="x"), device(told_store, service="fcm")
    ids = put(told_store, *[waiting(device_id=it, task=it) for it in (mine, sold, phone, 10**6)])
    assert [bool(it.address) for it in claim(told_store)] == [True, True, False, False], "a phone is no browser"
    assert device(told_store, BORIS, "x") == sold and leased(told_store) == 3
    assert states(told_store)[ids[1]] == (FAILED, "gone"), "ended, though it was claimed"
    write(told_store, lambda db: devices.forget(db, BORIS, mine))
    (late,) = put(told_store, waiting(device_id=sold, task=9))
    again = {it.event: it.address for it in claim(told_store, LATER)}
    assert again[ids[0]] and ids[1] not in again, "nobody forgets the device of another"
    assert again[late] is None, "it is boris's now"


def test_what_is_taken_back_is_not_sent_but_what_ended_stays(told_store: Database) -> None:
    put(told_store, waiting("entry.a"), waiting("entry.a", BORIS), waiting("entry.b", IRINA))
    first, *_ = claim(told_store, limit=1)
    write(told_store, lambda db: outbox.end(db, first, SENT, NOON))
    write(told_store, lambda db: outbox.take_back(db, "entry.a"))
    assert states(told_store) == {"entry.a": (SENT, ""), "entry.b": ("waiting", "")}


def test_what_ended_long_ago_is_forgotten_with_its_letters(
    told_store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, used = letter(told_store), letter(told_store)
    ended = {"state": SENT, "ended_at": NOON}
    put(told_store, waiting("a", letter_id=old, **ended), waiting("b", letter_id=used), waiting("c", **ended))
    monkeypatch.setattr(outbox, "MOST_PRUNED", 1)
    rounds = 0
    for days, left in ((30, {"a", "b", "c"}), (31, {"b"})):
        while write(told_store, lambda db, days=days: outbox.prune(db, NOON + timedelta(days=days))):
            rounds += 1
        assert stored(told_store).keys() == left
    assert told_store.run_here(lambda db: [db.get(Letter, it) is not None for it in (old, used)]) == [False, True]
    assert rounds == 3, "others write in between"


def test_processes_that_find_a_channel_broken_at_once_count_each(told_store: Database) -> None:
    together = threading.Barrier(6)

    def fail(_: int) -> None:
        def work(db: Session) -> None:
            channel_states.fail(db, "fcm", "not_ours", "403", NOON, LATER)

        together.wait(30)
        write(told_store, work)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(fail, range(6)))
    state = state_of(told_store, "fcm")
    assert (state.failures, state.failing_since, state.paused_until, state.reason) == (6, NOON, LATER, "not_ours")


def test_what_is_claimed_is_found_by_an_index(database: Database) -> None:
    def look(db: Session) -> object:
        return outbox.claim(db, "email", "one", NOON, 90, 50), outbox.next_due(db, "email", NOON)

    put(database, waiting(channel="email", bundle="digest"))
    planned = database.run_here(lambda db: steps(database, db, look), writes=True)
    assert not [it for it in planned if it.startswith("SCAN outbox")]
    for index in ("ix_outbox_due (channel=? AND state=?", "ix_outbox_order (state=? AND channel=? AND person_id=?"):
        assert any(index in it for it in planned), planned
    ordered = "ix_outbox_order (state=? AND channel=? AND person_id=? AND device_id=? AND task_id=? AND id<?)"
    assert sum(ordered in it for it in planned) == 2, planned

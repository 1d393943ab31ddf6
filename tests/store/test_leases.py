"""Leases, in SQLite, a real MariaDB and a real PostgreSQL: one holds it, until it lets go or no longer renews it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from helpdesk.errors import StoreUnavailable
from helpdesk.store import feed_state, leases
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.notifications import EventRecord

NOW = datetime(2026, 3, 4, 5, 6, 7, 250_000, tzinfo=UTC)


def take(database: Database, holder: str, after: float = 0.0) -> bool:
    """`after` seconds from now, for ten."""
    now = NOW + timedelta(seconds=after)
    return database.run_here(lambda db: leases.take(db, "feed", holder, now, 10), writes=True)


def test_another_has_to_wait_until_it_runs_out(told_store: Database) -> None:
    assert take(told_store, "one") and not take(told_store, "two", 9.999)
    assert take(told_store, "two", 10) and not take(told_store, "one", 11)


def test_a_renewed_lease_is_kept(told_store: Database) -> None:
    assert take(told_store, "one") and take(told_store, "one", 9)
    assert not take(told_store, "two", 18.999) and take(told_store, "two", 19)


def test_a_late_holder_keeps_the_lease_when_nobody_took_it(told_store: Database) -> None:
    assert take(told_store, "one") and take(told_store, "one", 100) and not take(told_store, "two", 101)


def test_a_released_lease_is_free_at_once_but_only_its_holder_releases_it(told_store: Database) -> None:
    assert take(told_store, "one")
    told_store.run_here(lambda db: leases.release(db, "feed", "two", NOW), writes=True)
    assert not take(told_store, "two", 1)
    told_store.run_here(lambda db: leases.release(db, "feed", "one", NOW), writes=True)
    assert take(told_store, "two", 1)


def test_leases_of_other_names_are_others(told_store: Database) -> None:
    assert take(told_store, "one")
    assert told_store.run_here(lambda db: leases.take(db, "mail", "two", NOW, 10), writes=True)


def test_of_many_at_once_one_gets_it(told_store: Database) -> None:
    """The first one ever, and one that has run out."""

    for after in (0.0, 60.0):
        together = threading.Barrier(8)
        with ThreadPoolExecutor(8) as threads:
            got = [threads.submit(attempt, told_store, together, f"{after} {it}", after) for it in range(8)]
        assert [each.result() for each in got].count(True) == 1


def attempt(database: Database, together: threading.Barrier, holder: str, after: float) -> bool:
    together.wait()
    try:
        return take(database, holder, after)
    except StoreUnavailable:  # a deadlock that the database broke
        return False


def test_a_holder_sees_all_that_the_one_before_wrote(told_store: Database) -> None:
    """Though it began to wait for the lease before that was written to the end."""
    assert take(told_store, "one")
    begun, waits = threading.Event(), threading.Event()

    def write(session: Session) -> None:
        leases.take(session, "feed", "one", NOW, 10)
        begun.set()
        waits.wait(10)
        feed_state.mark_processed(session, EventRecord("journal.1", 7, False, "", "", "Борис", NOW), NOW)

    def see(session: Session) -> bool:
        return leases.take(session, "feed", "two", NOW + timedelta(seconds=60), 10) and bool(
            session.get(tables.ProcessedEvent, "journal.1")
        )

    with ThreadPoolExecutor(2) as threads:
        writing = threads.submit(told_store.run_here, write, True)
        begun.wait(10)
        seeing = threads.submit(told_store.run_here, see, True)
        waits.set()
        writing.result()
        assert seeing.result() is True


def test_one_that_is_held_for_longer_than_can_be_is_free_and_that_is_said(
    told_store: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever took it had a clock that was ahead by an hour."""
    assert take(told_store, "one", 3600) and "clock is wrong" not in caplog.text
    assert take(told_store, "two") and "a clock is wrong" in caplog.text
    assert not take(told_store, "three", 1) and take(told_store, "one", 3600)


def test_clocks_that_differ_by_seconds_are_all_believed(told_store: Database) -> None:
    assert take(told_store, "one", 50) and not take(told_store, "two")

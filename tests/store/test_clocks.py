"""What was written while a clock was ahead does not count until that moment comes."""

from datetime import UTC, datetime, timedelta

from helpdesk.store import login_attempts, sessions, tokens
from helpdesk.store.database import Database
from helpdesk.store.sessions import LONG
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)


def test_failures_of_a_moment_to_come_lock_nobody_out(database: Database) -> None:
    def attempt(now: datetime) -> int:
        return database.run_here(lambda db: login_attempts.record(db, "anna", "10.0.0.1", now, 5, 60).wait, writes=True)

    assert [attempt(NOW + AN_HOUR) for _ in range(6)][-1] > 0
    assert [attempt(NOW) for _ in range(6)] == [0, 0, 0, 0, 0, 60]


def test_a_session_lasts_no_longer_than_any_may(database: Database) -> None:
    def found(session_id: str, now: datetime) -> tuple[bool, bool]:
        mark = tokens.hashed(session_id)
        one = database.run_here(lambda db: sessions.find(db, session_id, now))
        return one is not None, mark in database.run_here(lambda db: sessions.lasting(db, [mark], now))

    anna, begun = PEOPLE_IDS["anna"], NOW + timedelta(days=365)
    then, _ = database.run_here(lambda db: sessions.begin(db, anna, begun, True, "", ""), writes=True)
    usual, _ = database.run_here(lambda db: sessions.begin(db, anna, NOW, True, "", ""), writes=True)
    assert found(then, NOW) == (False, False) and found(usual, NOW) == (True, True)
    assert found(usual, NOW + LONG - AN_HOUR) == (True, True) and found(usual, NOW + LONG + AN_HOUR) == (False, False)

"""A session ends when its person does nothing, whatever an open page fetches by itself."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from itsdangerous import Signer
from sqlmodel import Session
from starlette.testclient import TestClient

from helpdesk.errors import StoreUnavailable
from helpdesk.notifications.channels.sse.streams import Face
from helpdesk.services import Services
from helpdesk.store import sessions, tokens
from helpdesk.store.database import Database
from helpdesk.web.live import events
from helpdesk.web.live.hub import Live
from tests.web.conftest import HTML, HTMX, Visit
from tests.world import PASSWORDS, PEOPLE_IDS

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANNA = {"username": "anna", "password": PASSWORDS["anna"]}
BROWSER = {**HTML, "User-Agent": "Mozilla/5.0"}
USED = {
    "a page opened": {**BROWSER, "Sec-Fetch-Dest": "document"},
    "a page opened at a plain http address": {**BROWSER, "Upgrade-Insecure-Requests": "1"},
    "a browser without scripts": {**HTML, "User-Agent": "w3m/0.5"},
    "a program": {},
}
NOT_USED = {
    "a fragment": HTMX | BROWSER,
    "a script": {**BROWSER, "Sec-Fetch-Dest": "empty"},
    "a script at a plain http address": {**BROWSER, "Accept": "*/*"},
    "a picture": {**BROWSER, "Sec-Fetch-Dest": "image"},
}

At = Callable[[timedelta], TestClient]


@pytest.fixture
def at(visit: Visit) -> At:
    """`at(later)` is anna's client so much after she signed in, where sessions idle for ten minutes at most."""
    client = visit(session_idle=10 * MINUTE)
    found = client.app.app.state.services

    def move(later: timedelta) -> TestClient:
        client.app.app.state.services = replace(found, clock=lambda: NOW + later)
        return client

    assert move(timedelta()).post("/users/login", json=ANNA).status_code == 200
    return move


@pytest.mark.parametrize("how", [*USED, *NOT_USED])
def test_a_session_goes_on_by_what_its_person_does_and_not_by_what_a_page_fetches(at: At, how: str) -> None:
    for later in (8 * MINUTE, 16 * MINUTE):
        answer = at(later).get("/users/login", headers=(USED | NOT_USED)[how], follow_redirects=False)
    signed_in = at(16 * MINUTE).get("/tasks/my-tasks").status_code == 200
    assert signed_in == (how in USED), answer


def test_a_write_counts_as_use_of_the_session(at: At) -> None:
    headers = {**HTMX, "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}
    assert at(8 * MINUTE).post("/preferences", data={"theme": "dark"}, headers=headers).status_code == 200
    assert at(16 * MINUTE).get("/tasks/my-tasks").status_code == 200


def test_that_a_page_of_an_agent_is_on_a_screen_is_no_use_of_the_session(at: At) -> None:
    """Refused or not: the page writes it by itself each minute."""
    assert at(8 * MINUTE).post("/calls/watch", headers=HTMX).status_code == 404
    assert at(11 * MINUTE).get("/tasks/my-tasks").status_code == 401


def test_a_store_that_takes_no_writes_keeps_nobody_from_reading(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise StoreUnavailable("read-only")

    monkeypatch.setattr(sessions, "use", down)
    assert at(8 * MINUTE).get("/tasks/my-tasks").status_code == 200
    assert at(11 * MINUTE).get("/tasks/my-tasks").status_code == 401


def test_a_session_that_is_used_all_the_time_ends_after_30_days(database: Database) -> None:
    idle = timedelta(hours=1)

    def work(db: Session) -> list[timedelta]:
        name, _ = sessions.begin(db, PEOPLE_IDS["anna"], NOW, False, "", "", idle)
        used, later = [], timedelta()
        while found := sessions.find(db, name, NOW + later):
            if sessions.is_due(found, NOW + later, idle):
                sessions.use(db, found.mark, NOW + later, idle)
                db.flush()
                used.append(later)
            later += timedelta(minutes=45)
        return [later, *used]

    ended, *used = database.run_here(work, writes=True)
    assert timedelta(days=30) <= ended < timedelta(days=30, hours=1)
    assert len(used) > 900


def test_the_time_of_use_is_not_written_with_each_request(database: Database) -> None:
    def work(db: Session) -> list[bool]:
        name, _ = sessions.begin(db, PEOPLE_IDS["anna"], NOW, False, "", "", 20 * MINUTE)
        found = sessions.find(db, name, NOW)
        assert found
        return [sessions.is_due(found, NOW + later, 20 * MINUTE) for later in (MINUTE / 2, MINUTE)]

    assert database.run_here(work, writes=True) == [False, True]


async def test_the_streams_of_a_session_that_idled_are_told_that_it_ended(services: Services) -> None:
    moved = replace(services, clock=lambda: datetime.now(UTC) + timedelta(hours=13))
    live = Live(moved, events.Events(None))  # type: ignore[arg-type]  # nothing is rendered
    begun = services.database.run_here(
        lambda db: sessions.begin(db, PEOPLE_IDS["anna"], datetime.now(UTC), False, "", ""), writes=True
    )
    stream = live.streams.open(PEOPLE_IDS["anna"], tokens.hashed(begun[0]), Face(events.PROGRAM, "en"), 0, None)
    await live.end_finished()
    async with asyncio.timeout(5):
        told = await stream.next()
    assert told is not None and b"session_ended" in told


def test_nothing_is_signed_by_an_empty_key(visit: Visit) -> None:
    empty = visit(secret_key="")
    empty.cookies.set("session", Signer("", salt="session").sign("1").decode())
    assert empty.get("/tasks").status_code == 500

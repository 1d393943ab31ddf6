"""A person sees where they are signed in, and ends what they do not know; nobody else does either."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from itsdangerous import Signer
from sqlmodel import Session, select
from starlette.testclient import TestClient

from helpdesk.languages import say
from helpdesk.notifications.channels.sse.streams import Face
from helpdesk.services import Services
from helpdesk.store import sessions, tokens
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.web.accounts import user_agent
from helpdesk.web.live import events
from tests.web.conftest import HTML, SECRET, Visit
from tests.web.dom import parsed
from tests.world import PASSWORDS, PEOPLE_IDS

ADDRESS = "/users/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"


def listed(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(ADDRESS).json()["sessions"]
    return found


def works(client: TestClient) -> bool:
    return client.get("/tasks/my-tasks").status_code == 200


def signed_in(visit: Visit, login: str, agent: str = FIREFOX) -> TestClient:
    client = visit()
    body = {"username": login, "password": PASSWORDS[login]}
    assert client.post("/users/login", json=body, headers={"User-Agent": agent}).status_code == 200
    return client


def test_each_session_is_told_with_its_device_and_times(visit: Visit) -> None:
    other, mine = signed_in(visit, "anna", EDGE), signed_in(visit, "anna")
    first, second = listed(mine)
    assert (first["device"], first["is_current"]) == ("Firefox on Linux", True)
    assert (second["device"], second["is_current"]) == ("Edge on Windows", False)
    assert first["address"] == "testclient" and first["created_at"] <= first["last_used"] < first["expires_at"]
    assert [it["is_current"] for it in listed(other)] == [True, False]
    page = mine.get(ADDRESS, headers=HTML).text
    assert "Firefox on Linux" in page and page.count(">this one<") == 1
    assert f'href="{ADDRESS}"' in mine.get("/users/menu", headers=HTML).text


def test_one_session_is_ended_by_the_button_beside_it(visit: Visit) -> None:
    other, mine = signed_in(visit, "anna", EDGE), signed_in(visit, "anna")
    page = parsed(mine.get(ADDRESS, headers=HTML).text)
    button = page.one(lambda it: it.get("name") == "end" and it.get("aria-label") == "End the session: Edge on Windows")
    answer = mine.post(ADDRESS, data={"end": button.get("value")}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, ADDRESS)
    assert not works(other) and works(mine)


@pytest.mark.parametrize(("which", "left"), [("others", True), ("all", False)])
def test_all_others_or_all_sessions_are_ended_at_once(visit: Visit, which: str, left: bool) -> None:
    other, boris, mine = signed_in(visit, "anna"), signed_in(visit, "boris"), signed_in(visit, "anna")
    kept = mine.cookies["session"]
    answer = mine.post(ADDRESS, data={"end": which}, headers=HTML)
    mine.cookies.set("session", kept)  # of a browser that does not forget
    assert answer.headers["location"] == (ADDRESS if left else "/users/login")
    assert (works(other), works(mine), works(boris)) == (False, left, True)
    assert ("clear-site-data" in answer.headers) is not left


def test_ending_the_session_in_use_signs_out_here(visit: Visit) -> None:
    mine = signed_in(visit, "anna")
    answer = mine.post(ADDRESS, json={"end": listed(mine)[0]["id"]})
    assert answer.json()["success"] and 'session=""' in answer.headers["set-cookie"]
    assert not works(mine)


def test_nobody_ends_or_sees_a_session_of_somebody_else(visit: Visit) -> None:
    anna, boris = signed_in(visit, "anna"), signed_in(visit, "boris")
    (his,) = listed(boris)
    for which in (his["id"], his["id"].upper(), "", "x" * 64, "0" * 65, "%", "a\0b", ["all"], None):
        assert anna.post(ADDRESS, json={"end": which}).status_code in (404, 422), which
    assert his["id"] not in str(listed(anna)) and works(boris) and works(anna)
    assert anna.post(ADDRESS, json={"end": his["id"]}).json()["error"] == "not_found"


def test_the_id_of_a_session_lets_nobody_in(visit: Visit) -> None:
    anna, thief = signed_in(visit, "anna"), visit()
    name = listed(anna)[0]["id"]
    for value in (name, Signer(SECRET, salt="session").sign(name).decode()):
        thief.cookies.set("session", value)
        assert not works(thief)


def test_the_form_of_another_site_ends_nothing(visit: Visit) -> None:
    mine = signed_in(visit, "anna")
    assert mine.post(ADDRESS, data={"end": "all"}, headers={"Origin": "https://evil.test"}).status_code == 403
    assert works(mine)


def test_an_ended_session_is_not_listed(visit: Visit, services: Services) -> None:
    mine = signed_in(visit, "anna")

    def expire(db: Session) -> None:
        db.add(
            tables.Session(
                id_hash="0" * 64,
                person_id=PEOPLE_IDS["anna"],
                created_at=datetime.now(UTC) - timedelta(hours=2),
                expires_at=datetime.now(UTC) - timedelta(hours=1),
            )
        )

    services.database.run_here(expire, writes=True)
    assert len(listed(mine)) == 1


def test_the_streams_of_an_ended_session_end(visit: Visit, services: Services) -> None:
    mine = signed_in(visit, "anna")
    live = mine.app.app.state.services.live  # type: ignore[attr-defined]  # Edge's
    begun = services.database.run_here(
        lambda db: sessions.begin(db, PEOPLE_IDS["anna"], datetime.now(UTC), False, "", ""), writes=True
    )
    stream = live.streams.open(PEOPLE_IDS["anna"], tokens.hashed(begun[0]), Face(events.PROGRAM, "en"), 0, None)
    mine.post(ADDRESS, json={"end": "others"}).raise_for_status()
    assert stream.is_over and b"session_ended" in (asyncio.run(stream.next()) or b"")


@pytest.mark.parametrize("remember", [False, True])
def test_when_a_session_was_seen_last_is_recorded_with_its_use(services: Services, remember: bool) -> None:
    """Also of a remembered one, which is not prolonged."""
    now, idle = datetime(2026, 3, 4, 9, tzinfo=UTC), timedelta(hours=12)

    def work(db: Session) -> list[datetime]:
        name, _ = sessions.begin(db, PEOPLE_IDS["anna"], now, remember, "", "", idle)
        seen = []
        for later in (timedelta(minutes=1), timedelta(hours=2)):
            found = sessions.find(db, name, now + later)
            assert found
            if sessions.is_due(found, now + later, idle):
                sessions.use(db, found.mark, now + later, idle)
            db.flush()
            seen.append(sessions.of_person(db, PEOPLE_IDS["anna"], now + later)[0].last_used - now)
        return seen

    assert services.database.run_here(work, writes=True) == [timedelta(), timedelta(hours=2)]


def test_a_session_is_found_by_one_query(database: Database, statements: list[str]) -> None:
    now = datetime.now(UTC)
    begun = database.run_here(lambda db: sessions.begin(db, PEOPLE_IDS["anna"], now, False, "", ""), writes=True)
    statements.clear()
    database.run_here(lambda db: sessions.find(db, begun[0], now))
    assert len([it for it in statements if it.startswith("SELECT")]) == 1


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (EDGE, "Edge on Windows"),
        (SAFARI, "Safari on iPhone"),
        ("curl/8.5.0", "Program: curl"),
        ("python-requests/2.32", "Program: python-requests"),
        ("Mozilla/5.0 (Windows NT 10.0)", "Program: Windows"),
        ("", "Unknown device"),
        ("<script>alert(1)</script>", "Unknown device"),
        ("\u202e" * 200, "Unknown device"),
        ("a" * 200, f"Program: {'a' * 31}"),
    ],
)
def test_a_device_is_told_in_words(agent: str, words: str) -> None:
    assert say("en", user_agent.device(agent)) == words


def test_what_a_program_calls_itself_is_cut_when_it_is_stored(visit: Visit, services: Services) -> None:
    signed_in(visit, "anna", "x" * 5_000)
    stored = services.database.run_here(lambda db: db.exec(select(tables.Session.user_agent)).all())
    assert [len(it) for it in stored] == [200]

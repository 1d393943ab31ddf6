"""A token lets a program do what its person may do, and nothing that decides how somebody gets in."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select
from starlette.testclient import TestClient

from helpdesk.errors import StoreUnavailable
from helpdesk.notifications.channels.sse.streams import Face
from helpdesk.services import Services
from helpdesk.store import api_tokens, sessions, tokens
from helpdesk.store.database import Database
from helpdesk.store.models.tables import ApiToken, FirstAnswer, Person
from helpdesk.web.live import events
from helpdesk.web.routes import ROUTES
from tests.web.conftest import HTML, HTMX, Visit, notes
from tests.web.dom import parsed
from tests.web.test_passwords import whole_log, whole_store
from tests.web.tokens import ADDRESS, make, program
from tests.world import PASSWORDS, PEOPLE_IDS

READING = "/tasks/my-tasks"
WITHOUT_THE_PHONE = {
    "/calls",
    "/calls.csv",
    "/calls/team",
    "/calls/{call_id:int}",
    "/calls/{call_id:int}/caller",
    "/calls/{call_id:int}/note",
    "/calls/{call_id:int}/task",
    "/calls/{call_id:int}/called-back",
    "/finesse/agents/status",
    "/finesse/calls",
    "/finesse/health-check",
}
"""Addresses of the call desk that a token may use."""
SHUT_OUT = ({"is_active": False}, {"blocked_at": datetime.fromisoformat("2026-01-01T00:00:00Z")})
"""An account that is disabled here, and one that a directory blocks."""
IN_PERSON = {
    "/posts/feed",
    "/posts/feed/revoke",
    "/netmonitor/hosts",
    "/netmonitor/hosts/new",
    "/netmonitor/hosts/{host_id:int}",
    "/netmonitor/hosts/{host_id:int}/remove",
    "/netmonitor/maintenance",
    "/quality-control/choices",
    "/quality-control/comparison",
    "/quality-control/forms",
    "/quality-control/forms/{form_id:int}",
    "/netmonitor/maintenance/{window_id:int}/end",
    "/users/export",
    "/users/login",
    "/users/logout",
    "/users/register",
    "/users/sessions",
    "/users/second-factor",
    "/users/second-factor/confirm",
    "/users/second-factor/codes",
    "/users/second-factor/off",
    "/users/password",
    "/users/password/{token}",
    "/users/tokens",
    "/users/tokens/{token_id:int}/revoke",
}


def at(client: TestClient, later: timedelta) -> TestClient:
    """The same client when so much time has gone by."""
    found = client.app.app.state.services  # type: ignore[attr-defined]  # Edge's
    client.app.app.state.services = replace(found, clock=lambda: found.clock() + later)  # type: ignore[attr-defined]
    return client


def rows(services: Services) -> list[ApiToken]:
    return list(services.database.run_here(lambda db: db.exec(select(ApiToken)).all()))


# Making and revoking


def test_a_token_is_shown_once_by_the_page_that_makes_it(visit: Visit) -> None:
    anna = visit("anna")
    form = {"name": "Отчёт <b>", "scope": "read", "days": "90"}
    page = anna.post(ADDRESS, data=form, headers=HTML)
    text = parsed(page.text).one(lambda it: it.get("id") == "token").text
    assert page.status_code == 201 and api_tokens.SHAPE.fullmatch(text)
    assert page.headers["cache-control"] == "no-store" and text not in str(page.headers)
    later = anna.get(ADDRESS, headers=HTML).text
    assert text not in later and "Отчёт &lt;b&gt;" in later and "not used yet" in later
    assert f'href="{ADDRESS}"' in anna.get("/users/menu", headers=HTML).text
    assert program(visit, text).get(READING).status_code == 200


def test_a_program_is_told_the_token_and_its_properties(visit: Visit) -> None:
    anna = visit("anna")
    told = make(anna, "read", days="365")
    lasts = datetime.fromisoformat(told["expires_at"]) - datetime.fromisoformat(told["created_at"])
    assert (told["name"], told["scope"], told["last_used"], lasts) == ("script", "read", None, timedelta(days=365))
    assert make(anna, days=None)["expires_at"] is None
    (_, listed) = anna.get(ADDRESS).json()["tokens"]
    assert listed == {name: told[name] for name in ("id", "name", "scope", "created_at", "expires_at", "last_used")}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": ["a"]}, "name"),
        ({"name": "a", "scope": "admin"}, "scope"),
        ({"name": "a", "scope": ["read"]}, "scope"),
        ({"name": "a", "days": "36500"}, "days"),
        ({"name": "a", "days": "-1"}, "days"),
        ({"name": "a", "days": True}, "days"),
    ],
)
def test_a_wrong_wish_makes_no_token(visit: Visit, services: Services, sent: dict[str, Any], field: str) -> None:
    anna = visit("anna")
    answer = anna.post(ADDRESS, json=sent)
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [field]
    assert anna.post(ADDRESS, data={"name": "", "days": ""}, headers=HTML).status_code == 422
    assert rows(services) == []


def test_a_token_reads_only_unless_more_is_asked_for(visit: Visit) -> None:
    told = visit("anna").post(ADDRESS, json={"name": "x"}).json()
    assert told["scope"] == "read" and told["expires_at"] is not None


def test_two_at_once_do_not_both_make_the_last_token(visit: Visit, services: Services) -> None:
    anna = visit("anna")
    for _ in range(api_tokens.MOST_OF_PERSON - 1):
        make(anna)
    with ThreadPoolExecutor(2) as pool:
        sent = pool.map(lambda it: it.post(ADDRESS, json={"name": "x"}).status_code, [visit("anna"), visit("anna")])
        assert sorted(sent) == [201, 422]
    assert len(rows(services)) == api_tokens.MOST_OF_PERSON
    assert "20 tokens already" in anna.post(ADDRESS, data={"name": "x", "days": "30"}, headers=HTML).text
    make(visit("boris"))


def test_a_revoked_token_is_refused_at_once(visit: Visit) -> None:
    anna = visit("anna")
    told, kept = make(anna), make(anna)
    assert program(visit, told["token"]).get(READING).status_code == 200
    page = parsed(anna.get(ADDRESS, headers=HTML).text)
    action = f"{ADDRESS}/{told['id']}/revoke"
    assert page.one(lambda it: it.get("action") == action).get("method") == "post"
    assert anna.post(action, headers=HTML).headers["location"] == ADDRESS
    refused = program(visit, told["token"]).get(READING)
    assert (refused.status_code, refused.json()["error"]) == (401, "not_signed_in")
    assert "revoked" in refused.json()["message"]
    assert program(visit, kept["token"]).get(READING).status_code == 200


def test_nobody_sees_or_revokes_a_token_of_somebody_else(visit: Visit) -> None:
    told, boris = make(visit("anna")), visit("boris")
    for number in (told["id"], 0, 77, "9" * 30):
        assert boris.post(f"{ADDRESS}/{number}/revoke").status_code == 404
    assert boris.get(ADDRESS).json()["tokens"] == []
    assert program(visit, told["token"]).get(READING).status_code == 200


def test_the_form_of_another_site_makes_and_revokes_nothing(visit: Visit, services: Services) -> None:
    anna, foreign = visit("anna"), {"Origin": "https://evil.test"}
    told = make(anna)
    assert anna.post(ADDRESS, data={"name": "x"}, headers=foreign).status_code == 403
    assert anna.post(f"{ADDRESS}/{told['id']}/revoke", headers=foreign).status_code == 403
    assert len(rows(services)) == 1


# Acting


def test_a_token_acts_as_its_person(visit: Visit, number: int) -> None:
    anna = program(visit, make(visit("anna"))["token"])
    stranger = program(visit, make(visit("stranger"))["token"])
    assert [it["id"] for it in anna.get(READING).json()["tasks"]] == [number]
    answer = anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "Готово"})
    assert answer.status_code == 201 and answer.json()["comment"]["author"]["id"] == PEOPLE_IDS["anna"]
    assert stranger.get(f"/tasks/api/task/{number}").status_code == 404
    assert anna.get("/tasks/board/columns").status_code == 403
    assert program(visit, make(visit("admin"))["token"]).get("/tasks/board/columns").status_code == 200


def test_a_reading_token_writes_nothing(visit: Visit, number: int) -> None:
    reader = program(visit, make(visit("anna"), "read")["token"])
    assert reader.head(READING).status_code == reader.get(READING).status_code == 200
    for method, path in (
        ("POST", f"/tasks/api/task/{number}/comments"),
        ("PUT", f"/tasks/api/task/{number}/status"),
        ("DELETE", f"/tasks/api/task/{number}"),
        ("POST", f"/tasks/{number}/comments"),
        ("POST", "/notifications/read"),
    ):
        answer = reader.request(method, path, json={"comment": "Нет", "status_id": 2})
        assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed"), path
        assert "only read" in answer.json()["message"]
    assert notes(reader, number) == []


def test_the_answer_to_a_program_with_a_token_is_json_without_cookies(visit: Visit, number: int) -> None:
    client = program(visit, make(visit("anna"))["token"])
    for headers in (HTML, HTMX, {}):
        answer = client.post(f"/tasks/{number}/comments", json={"comment": f"{len(headers)}"}, headers=headers)
        assert answer.headers["content-type"] == "application/json" and "set-cookie" not in answer.headers
    assert client.get("/", headers=HTML).status_code == 302
    theme = client.post("/preferences", json={"theme": "dark"}, headers=HTML)
    assert theme.status_code == 303 and "set-cookie" not in theme.headers


def test_a_token_skips_the_check_of_the_origin_and_a_cookie_beside_it_is_not_looked_at(
    visit: Visit, number: int
) -> None:
    foreign, path = (
        {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
        f"/tasks/api/task/{number}/comments",
    )
    token, boris = make(visit("anna"))["token"], visit("boris")
    answer = boris.post(path, json={"comment": "Да"}, headers={**foreign, "Authorization": f"Bearer {token}"})
    assert answer.json()["comment"]["author"]["id"] == PEOPLE_IDS["anna"]
    for forged in ("x", f"{token}x"):
        answer = boris.post(path, json={"comment": "Нет"}, headers={**foreign, "Authorization": f"Bearer {forged}"})
        assert answer.status_code == 401
    assert boris.post(path, json={"comment": "Нет"}, headers=foreign).status_code == 403


def test_a_token_decides_nothing_about_getting_in(visit: Visit) -> None:
    told, anna = make(visit("anna")), visit("anna")
    client = program(visit, told["token"])
    password = {"old_password": PASSWORDS["anna"], "password": "another-77", "confirm_password": "another-77"}
    for method, path, body in (
        ("GET", ADDRESS, None),
        ("POST", ADDRESS, {"name": "x", "scope": "write"}),
        ("POST", f"{ADDRESS}/{told['id']}/revoke", {}),
        ("GET", "/users/sessions", None),
        ("POST", "/users/sessions", {"end": "all"}),
        ("GET", "/users/password", None),
        ("POST", "/users/password", password),
        ("POST", "/users/logout", {"everywhere": True}),
        ("GET", "/users/logout", None),
        ("POST", "/users/login", {"username": "anna", "password": PASSWORDS["anna"]}),
    ):
        answer = client.request(method, path, json=body)
        assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed"), path
        assert "set-cookie" not in answer.headers
    assert anna.get(READING).status_code == client.get(READING).status_code == 200


def test_these_addresses_need_a_session() -> None:
    in_person = {route.path for route in ROUTES if hasattr(route.endpoint, "takes_no_token")}
    assert {it for it in in_person if not it.startswith(("/admin/", "/calls/", "/finesse/"))} == IN_PERSON
    phone = {it for it in in_person if it.startswith(("/calls/", "/finesse/"))}
    every = {route.path for route in ROUTES if route.path.startswith(("/calls", "/finesse/"))}
    assert every - phone == WITHOUT_THE_PHONE, "the phone belongs to a session"


@pytest.mark.parametrize("values", SHUT_OUT)
def test_the_token_of_somebody_who_is_shut_out_is_refused(
    visit: Visit, services: Services, values: dict[str, object]
) -> None:
    client = program(visit, make(visit("anna"))["token"])
    shut = sa.update(Person).where(Person.id == PEOPLE_IDS["anna"]).values(values)
    services.database.run_here(lambda db: db.execute(shut), writes=True)
    assert client.get(READING).json()["error"] == "not_signed_in"


@pytest.mark.parametrize("days", [30, 90, 365])
def test_an_expired_token_is_refused(visit: Visit, days: int) -> None:
    anna = visit("anna")
    token = make(anna, days=days)["token"]
    assert at(program(visit, token), timedelta(days=days, seconds=-5)).get(READING).status_code == 200
    assert at(program(visit, token), timedelta(days=days, seconds=5)).get(READING).status_code == 401


def test_an_expired_token_is_marked_and_one_without_an_end_is_not(visit: Visit, services: Services) -> None:
    anna = visit("anna")
    make(anna, days=30)
    make(anna, days=None)
    old = sa.update(ApiToken).where(ApiToken.expires_at.is_not(None)).values(expires_at=services.clock())
    services.database.run_here(lambda db: db.execute(old), writes=True)
    page = anna.get(ADDRESS, headers=HTML).text
    assert page.count(">expired<") == 1 and page.count("valid until it is revoked") == 1


def test_no_forged_token_lets_anybody_in(visit: Visit, services: Services) -> None:
    token, stored = make(visit("anna"))["token"], rows(services)[0].token_hash
    forged = {
        "another character": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "a longer one": f"{token}A",
        "another case": token.swapcase(),
        "without its beginning": token.removeprefix("hd_"),
        "what the store holds": stored,
        "what the store holds, with a beginning": f"hd_{stored[:43]}",
        "nothing": "",
        "a joker": "hd_" + "%" * 43,
        "SQL": "' OR 1=1 --",
        "two words": f"{token} {token}",
    }
    for name, text in forged.items():
        answer = program(visit, text).get(READING)
        assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in"), name


@pytest.mark.parametrize("header", ["Basic {}", "Token {}", "{}", "Bearer{}", "Digest {}"])
def test_another_scheme_is_not_ours(visit: Visit, header: str) -> None:
    """A proxy in front of us may ask for a password of its own: then the cookie counts."""
    token = make(visit("anna"))["token"]
    headers = {"Authorization": header.format(token)}
    assert visit().get(READING, headers=headers).status_code == 401
    assert visit("boris").get(READING, headers=headers).status_code == 200


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER   {}", "Bearer {} "])
def test_the_scheme_is_known_in_any_case(visit: Visit, header: str) -> None:
    token = make(visit("anna"))["token"]
    assert visit().get(READING, headers={"Authorization": header.format(token)}).status_code == 200


def test_two_tokens_in_one_request_are_refused(visit: Visit) -> None:
    token = make(visit("anna"))["token"]
    answer = visit().get(READING, headers=[("Authorization", f"Bearer {token}")] * 2)
    assert answer.status_code == 401


def test_a_token_in_an_address_or_a_body_or_a_cookie_is_not_looked_at(visit: Visit) -> None:
    token = make(visit("anna"))["token"]
    for name in ("token", "access_token", "key", "authorization", "Authorization"):
        assert visit().get(READING, params={name: token}).status_code == 401
        assert visit().post("/notifications/read", json={name: token}).status_code == 401
    client = visit()
    client.cookies.set("session", token)
    assert client.get(READING).status_code == 401


def test_ten_megabytes_are_no_token(visit: Visit) -> None:
    assert program(visit, "hd_" + "x" * 10_000_000).get(READING).status_code == 431
    assert program(visit, "hd_" + "x" * 20_000).get(READING).status_code == 401


# What is written about it


def test_the_time_of_use_is_recorded_once_a_minute(visit: Visit, database: Database, services: Services) -> None:
    client = program(visit, make(visit("anna"))["token"])
    found = client.app.app.state.services  # type: ignore[attr-defined]  # Edge's
    began, seen = found.clock(), []
    for later in (0, 30, 59, 60, 90):
        moved = replace(found, clock=lambda later=later: began + timedelta(seconds=later))
        client.app.app.state.services = moved  # type: ignore[attr-defined]
        assert client.get(READING).status_code == 200
        last_used = rows(services)[0].last_used
        assert last_used is not None
        seen.append(round((last_used - began).total_seconds()))
    assert seen == [0, 0, 0, 60, 60]


def test_a_use_within_a_minute_writes_nothing(visit: Visit, services: Services) -> None:
    client = program(visit, make(visit("anna"))["token"])
    asked: list[str] = []
    sa.event.listen(services.database.engine, "before_cursor_execute", lambda *them: asked.append(them[2]))
    for wanted in (True, False, False):
        asked.clear()
        assert client.get(READING).status_code == 200
        assert any("UPDATE" in it or "IMMEDIATE" in it for it in asked) is wanted


def test_of_two_requests_at_once_one_records_the_use(database: Database, services: Services) -> None:
    now = services.clock()

    def work(db: Session) -> datetime | None:
        token, _ = api_tokens.add(db, PEOPLE_IDS["anna"], "x", "read", None, now)
        for later in (0, 1):
            api_tokens.record_use(db, token.id, now + timedelta(seconds=later))
        return api_tokens.of_person(db, PEOPLE_IDS["anna"])[0].last_used

    assert database.run_here(work, writes=True) == now


def test_a_store_that_takes_no_writes_keeps_no_program_from_reading(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise StoreUnavailable("read-only")

    client = program(visit, make(visit("anna"))["token"])
    monkeypatch.setattr(api_tokens, "record_use", down)
    assert client.get(READING).status_code == 200


def test_a_token_is_found_by_one_query(database: Database, services: Services, statements: list[str]) -> None:
    now = services.clock()
    _, text = database.run_here(lambda db: api_tokens.add(db, 2, "x", "read", None, now), writes=True)
    statements.clear()
    found = database.run_here(lambda db: api_tokens.find(db, text, now))
    assert found and found.person.login == "anna"
    assert len([it for it in statements if it.startswith("SELECT")]) == 1
    statements.clear()
    assert database.run_here(lambda db: api_tokens.find(db, "hd_x", now)) is None
    assert not [it for it in statements if it.startswith("SELECT")]


def test_no_token_is_logged_or_stored_also_not_for_an_idempotency_key(
    visit: Visit, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    anna, key = visit("anna"), {"Idempotency-Key": "k"}
    made = [anna.post(ADDRESS, json={"name": "x"}, headers=key).json()["token"] for _ in range(2)]
    made.append(make(anna)["token"])
    for token in made:
        program(visit, token).get(READING)
        program(visit, f"{token}x").get(READING)
    log, store = whole_log(caplog), whole_store(services)
    assert '"message": "a token was made"' in log and '"token_id": 3}' in log
    for token in made:
        assert token not in log and token.encode() not in store
    assert len(set(made)) == 3
    assert services.database.run_here(lambda db: db.exec(select(FirstAnswer)).all()) == []


# Streams


def test_a_stream_of_a_token_ends_when_it_is_revoked_and_others_go_on(visit: Visit, services: Services) -> None:
    anna = visit("anna")
    revoked, kept = make(anna), make(anna)
    live = anna.app.app.state.services.live  # type: ignore[attr-defined]  # Edge's
    face = Face(events.PROGRAM, "en")
    streams = [
        live.streams.open(PEOPLE_IDS["anna"], tokens.hashed(it["token"]), face, 0, None) for it in (revoked, kept)
    ]
    anna.post(f"{ADDRESS}/{revoked['id']}/revoke").raise_for_status()
    assert [it.is_over for it in streams] == [True, False]
    assert b"session_ended" in (asyncio.run(streams[0].next()) or b"")


@pytest.mark.parametrize("values", SHUT_OUT)
def test_streams_of_tokens_end_with_the_token_and_with_the_account(
    services: Services, values: dict[str, object]
) -> None:
    now = services.clock()

    def work(db: Session) -> list[str]:
        ends = (None, now + timedelta(minutes=1), now - timedelta(minutes=1))
        made = [api_tokens.add(db, PEOPLE_IDS["anna"], "x", "read", at, now)[1] for at in ends]
        return [tokens.hashed(it) for it in made]

    marks = services.database.run_here(work, writes=True)
    lasting = services.database.run_here(lambda db: sessions.lasting(db, [*marks, "0" * 64], now))
    assert lasting == set(marks[:2])
    shut = sa.update(Person).where(Person.id == PEOPLE_IDS["anna"]).values(values)
    services.database.run_here(lambda db: db.execute(shut), writes=True)
    assert services.database.run_here(lambda db: sessions.lasting(db, marks, now)) == set()


def test_which_streams_go_on_is_asked_for_by_one_query(database: Database, statements: list[str]) -> None:
    database.run_here(lambda db: sessions.lasting(db, ["a", "b"], datetime.fromisoformat("2026-01-01T00:00:00Z")))
    assert len([it for it in statements if it.startswith("SELECT")]) == 1


def test_the_stream_for_programs_opens_with_a_token(visit: Visit, services: Services) -> None:
    client = program(visit, make(visit("anna"), "read")["token"])
    live = client.app.app.state.services.live  # type: ignore[attr-defined]  # Edge's
    live.streams.end_all()  # so that the stream ends as soon as it is open
    answer = client.get("/tasks/api/notifications/stream")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
    assert program(visit, "hd_forged").get("/tasks/api/notifications/stream").status_code == 401

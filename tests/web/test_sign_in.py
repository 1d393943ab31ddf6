"""Guesses are slowed down and nobody else is; each attempt is logged, and no password that was typed as a login."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from helpdesk.errors import DirectoryUnavailable
from helpdesk.people import passwords
from helpdesk.services import Services
from helpdesk.settings.settings import RateLimit
from helpdesk.store import login_attempts, people
from helpdesk.store.models import tables
from helpdesk.web.core.navigation import LONGEST_ADDRESS
from tests.people.scripted import ScriptedDirectory
from tests.web.conftest import HTML, Visit
from tests.web.dom import parsed
from tests.world import PASSWORDS, PEOPLE_IDS

LIMIT = RateLimit(2, 60)
MANY = LIMIT.count * login_attempts.PEOPLE_AT_ADDRESS
TYPED_AMISS = "Sesame-77, typed as a login"


def body(login: str, password: str | None = None) -> dict[str, Any]:
    return {"json": {"username": login, "password": PASSWORDS[login] if password is None else password}}


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What the log says of each attempt."""
    names = ("login", "login_hash", "person_id", "address", "error", "source")
    found = [record for record in caplog.records if record.name == "helpdesk.sign_in"]
    return [{"message": it.getMessage()} | {name: getattr(it, name, None) for name in names} for it in found]


@pytest.fixture
def crowded(visit: Visit, services: Services) -> Visit:
    """Visitors at an address where somebody failed with many logins."""

    def fail(db: Session) -> None:
        for number in range(MANY):
            login_attempts.record(db, str(number), "testclient", services.clock(), *LIMIT)

    services.database.run_here(fail, writes=True)
    return partial(visit, login_rate_limit=LIMIT)


def test_a_right_password_passes_where_others_failed(crowded: Visit) -> None:
    assert crowded().post("/users/login", **body("anna")).status_code == 200
    assert crowded().post("/users/login", **body("boris")).status_code == 200


def test_a_login_that_failed_where_many_did_is_slowed_down_at_once(crowded: Visit) -> None:
    client = crowded()
    for password in ("wrong", "wrong again", PASSWORDS["anna"]):
        answer = client.post("/users/login", **body("anna", password))
        assert answer.status_code == 429 and 1 <= int(answer.headers["retry-after"]) <= LIMIT.seconds
    assert client.post("/users/login", **body("boris")).status_code == 200


def test_a_known_device_is_not_slowed_down_by_what_fails_elsewhere(visit: Visit) -> None:
    known, other = visit(login_rate_limit=LIMIT), visit(login_rate_limit=LIMIT)
    assert known.post("/users/login", **body("anna")).status_code == 200
    for status in (401, 401, 429):
        assert other.post("/users/login", **body("anna", "wrong")).status_code == status
    assert other.post("/users/login", **body("anna")).status_code == 429
    assert known.post("/users/login", **body("anna", "wrong")).status_code == 401
    assert known.post("/users/login", **body("anna")).status_code == 200


def test_guesses_on_a_known_device_are_bounded_and_only_its_own_people_are_known_there(visit: Visit) -> None:
    client = visit(login_rate_limit=LIMIT)
    assert client.post("/users/login", **body("boris")).status_code == 200
    for login in ("boris", "anna"):
        sent = [client.post("/users/login", **body(login, "wrong")).status_code for _ in range(3)]
        assert sent == [401, 401, 429]
    client.cookies.clear()
    assert client.post("/users/login", **body("anna")).status_code == 429
    assert client.post("/users/login", **body("boris")).status_code == 200


def test_a_shared_device_is_known_for_all_who_signed_in_there(visit: Visit) -> None:
    shared, other = visit(login_rate_limit=LIMIT), visit(login_rate_limit=LIMIT)
    for login in ("anna", "boris"):
        assert shared.post("/users/login", **body(login)).status_code == 200
        shared.post("/users/logout")
    for login in ("anna", "boris"):
        for _ in range(3):
            other.post("/users/login", **body(login, "wrong"))
        assert shared.post("/users/login", **body(login)).status_code == 200


@pytest.mark.parametrize("cookie", ["", "x", "WyJhIixbMl1d.aaaa.bbbb", "a" * 5000])
def test_a_made_up_device_is_not_known(visit: Visit, cookie: str) -> None:
    client = visit(login_rate_limit=LIMIT)
    client.cookies.set("device", cookie)
    assert [client.post("/users/login", **body("anna", "wrong")).status_code for _ in range(3)] == [401, 401, 429]


def test_the_cookie_of_a_device_is_sent_to_the_sign_in_page_alone(visit: Visit) -> None:
    answer = visit().post("/users/login", **body("anna"))
    (cookie,) = [it for it in answer.headers.get_list("set-cookie") if it.startswith("device=")]
    assert "Path=/users/login" in cookie and "HttpOnly" in cookie and "SameSite=lax" in cookie


def test_an_e_mail_and_its_login_are_counted_as_one(visit: Visit) -> None:
    client = visit(login_rate_limit=LIMIT)
    for login in ("anna@example.test", " ANNA "):
        assert client.post("/users/login", **body(login, "wrong")).status_code == 401
    for login in ("anna", "Anna@Example.test"):  # the right one is not found by guessing on under another name
        assert client.post("/users/login", **body(login, PASSWORDS["anna"])).status_code == 401
        assert client.post("/users/login", **body(login, PASSWORDS["anna"])).status_code == 429


def test_an_e_mail_of_two_people_lets_nobody_guess_more_often(visit: Visit, services: Services) -> None:
    def work(db: Session) -> None:
        people.bind_redmine(db, 7, "smirnova", "Анна", "anna@example.test")

    services.database.run_here(work, writes=True)
    client = visit(login_rate_limit=LIMIT)
    for login in ("anna@example.test", "anna"):
        assert client.post("/users/login", **body(login, "wrong")).status_code == 401
    for login in ("anna@example.test", "anna"):
        assert client.post("/users/login", **body(login, PASSWORDS["anna"])).status_code == 401


@pytest.mark.parametrize("place", ["quiet", "crowded"])
def test_no_answer_and_nothing_written_tells_whether_two_names_are_one_persons(
    visit: Visit, services: Services, place: str, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue("crowded")() if place == "crowded" else visit(login_rate_limit=LIMIT)

    def noted() -> int:
        return services.database.run_here(lambda db: len(db.exec(select(tables.SigninAttempt.id)).all()))

    def guess(typed: str) -> tuple[int, str, int]:
        before = noted()
        answer = client.post("/users/login", **body(typed, "wrong"))
        return answer.status_code, answer.json()["error"], noted() - before

    anna, ghost = ([guess(it) for it in (name, f"{name}@example.test") * 3] for name in ("anna", "ghost"))
    assert anna == ghost and {status for status, *_ in anna} == ({429} if place == "crowded" else {401, 429})


def test_a_password_of_an_account_that_is_limited_takes_the_work_of_a_wrong_one(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, checked = visit(login_rate_limit=LIMIT), []
    for _ in range(2):
        client.post("/users/login", **body("anna", "wrong"))
    verify = passwords._verify
    monkeypatch.setattr(passwords, "_verify", lambda *asked: checked.append(asked) or verify(*asked))
    assert client.post("/users/login", **body("anna@example.test", PASSWORDS["anna"])).status_code == 401
    ((kept, password),) = checked
    assert kept and password != PASSWORDS["anna"]


def test_an_outage_of_one_directory_gives_no_more_guesses_at_another(visit: Visit, services: Services) -> None:
    client, down, other = visit(login_rate_limit=LIMIT), ScriptedDirectory("oracle"), ScriptedDirectory("ldap")
    down.failure = DirectoryUnavailable(detail="down")
    here = client.app.app.state.services
    both = replace(services.authentication, directories=(down, other, *services.authentication.directories))
    client.app.app.state.services = replace(here, authentication=both)
    sent = [client.post("/users/login", **body("nobody", "wrong")).status_code for _ in range(4)]
    assert sent == [503, 503, 429, 429] and len(other.asked) == 2


def test_success_forgives_whatever_name_was_typed(visit: Visit) -> None:
    client = visit(login_rate_limit=LIMIT)
    for login, password, status in (
        ("anna", "wrong", 401),
        ("anna@example.test", PASSWORDS["anna"], 200),
        ("anna@example.test", "wrong", 401),
        ("anna", PASSWORDS["anna"], 200),
    ):
        client.cookies.clear()
        assert client.post("/users/login", **body(login, password)).status_code == status


def test_a_wrong_password_keeps_the_way_back_whole_or_drops_it(visit: Visit) -> None:
    """Half of an address leads to another list."""
    for target, kept in (("/tasks?search=" + "x" * 1_000, True), ("/tasks?search=" + "x" * LONGEST_ADDRESS, False)):
        form = {"username": "a" * 300, "password": "wrong", "next": target}
        page = parsed(visit().post("/users/login", data=form, headers=HTML).text)
        named = {it.get("name"): it.get("value") for it in page.all(lambda it: it.tag == "input")}
        assert named.get("next") == (target if kept else None) and named["username"] == "a" * 200


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    caplog.set_level(logging.DEBUG)
    yield caplog


def test_sign_ins_and_failures_are_logged_with_login_and_person(visit: Visit, logged: pytest.LogCaptureFixture) -> None:
    client = visit(login_rate_limit=LIMIT)
    client.post("/users/login", **body("anna"))
    client.cookies.clear()
    for _ in range(3):
        client.post("/users/login", **body("ANNA@example.test", "wrong"))
    anna = {"login": "anna", "login_hash": None, "person_id": PEOPLE_IDS["anna"], "address": "testclient"}
    failed = {"message": "sign-in refused", **anna, "source": None}
    assert told(logged) == [
        {"message": "signed in", **anna, "error": None, "source": "local"},
        failed | {"error": "wrong_credentials"},
        failed | {"error": "wrong_credentials"},
        failed | {"error": "too_many_attempts"},
    ]
    assert "wrong" not in " ".join(str(vars(it)) for it in logged.records).replace("wrong_credentials", "")


def test_a_password_typed_as_a_login_lies_in_no_log_and_not_in_the_store(
    visit: Visit, logged: pytest.LogCaptureFixture, tmp_path: Path, services: Services
) -> None:
    for _ in range(2):
        visit().post("/users/login", **body(TYPED_AMISS, "x"))
    visit().post("/users/login", **body(TYPED_AMISS + "?", "x"))
    first, again, other = [it["login_hash"] for it in told(logged)]
    assert first and first == again != other
    words = " ".join(str(vars(record)) for record in logged.records)
    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("helpdesk.db*"))
    for part in (TYPED_AMISS, TYPED_AMISS.lower()):
        assert part not in words and part.encode() not in stored
    kept = services.database.run_here(lambda db: list(db.exec(select(tables.SigninAttempt.login_hash))))
    assert len(set(kept)) == 2


def test_the_hash_of_a_login_needs_our_key(visit: Visit, logged: pytest.LogCaptureFixture) -> None:
    for key in ("k" * 32, "l" * 32):
        visit(secret_key=key).post("/users/login", **body(TYPED_AMISS, "x"))
    first, other = [it["login_hash"] for it in told(logged)]
    assert first != other


def test_the_line_of_the_request_that_signs_in_names_who_did(visit: Visit, logged: pytest.LogCaptureFixture) -> None:
    client = visit()
    client.post("/users/login", **body("anna", "wrong"))
    client.post("/users/login", **body("anna"))
    lines = [it for it in logged.records if it.name == "helpdesk.requests"]
    assert [(it.login, it.person_id) for it in lines] == [(None, None), ("anna", PEOPLE_IDS["anna"])]

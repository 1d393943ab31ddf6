"""Local accounts change their passwords, by the old one or by an administrator's link, and other sessions end."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select
from starlette.testclient import TestClient

from helpdesk import __main__, commands, logs
from helpdesk.services import Services
from helpdesk.settings.settings import RateLimit
from helpdesk.store import local_passwords, people
from helpdesk.store.database import Database
from helpdesk.store.models.tables import AuditRecord, Person
from tests.web.conftest import HTML, Visit
from tests.web.dom import parsed
from tests.world import PASSWORDS, PEOPLE_IDS

ADDRESS = "/users/password"
OLD, NEW = PASSWORDS["anna"], "совсем-другой-пароль-77"
LIMIT = RateLimit(2, 60)
PUBLIC_URL = "https://helpdesk.test"

Command = Callable[..., tuple[int, str]]


def body(old: str = OLD, new: Any = NEW, again: Any = None) -> dict[str, Any]:
    return {"old_password": old, "password": new, "confirm_password": new if again is None else again}


def may_sign_in(visit: Visit, password: str, login: str = "anna") -> bool:
    answer = visit().post("/users/login", json={"username": login, "password": password})
    return answer.status_code == 200


def works(client: TestClient) -> bool:
    return client.get("/tasks/my-tasks").status_code == 200


def whole_log(caplog: pytest.LogCaptureFixture) -> str:
    """What our own loggers would write; the test's client also logs addresses."""
    lines = logs.JsonLines()
    return "\n".join(lines.format(it) for it in caplog.records if it.name.startswith("helpdesk"))


def whole_store(services: Services) -> bytes:
    file = Path(str(services.database.engine.url.database))
    return b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))


@pytest.fixture
def helpdesk_user(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`helpdesk_user("list")` is the exit code of `helpdesk user list` and what it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "keep_private", lambda: None)  # which is for processes of their own
    monkeypatch.setenv("DATABASE_URL", str(database.engine.url))

    def run(*arguments: str, public_url: str = PUBLIC_URL) -> tuple[int, str]:
        monkeypatch.setenv("PUBLIC_URL", public_url)
        code = __main__.main(["user", *arguments])
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


@pytest.fixture
def link(helpdesk_user: Command) -> str:
    """The path of a link for anna."""
    return made(helpdesk_user)


def made(helpdesk_user: Command, login: str = "anna") -> str:
    code, told = helpdesk_user("password-link", login)
    assert code == 0 and told.startswith(f"{PUBLIC_URL}{ADDRESS}/")
    return told.strip().removeprefix(PUBLIC_URL)


# By the old password


def test_a_new_password_takes_the_place_of_the_old_one(visit: Visit) -> None:
    anna = visit("anna")
    form = parsed(anna.get(ADDRESS, headers=HTML).text)
    assert {it.get("name") for it in form.all(lambda it: it.get("type") == "password")} == set(body())
    answer = anna.post(ADDRESS, data=body(), headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, ADDRESS)
    assert "The password was changed." in anna.get(ADDRESS, headers=HTML).text
    assert (may_sign_in(visit, OLD), may_sign_in(visit, NEW)) == (False, True)


def test_other_sessions_end_and_this_one_goes_on(visit: Visit) -> None:
    other, boris, mine = visit("anna"), visit("boris"), visit("anna")
    assert mine.post(ADDRESS, json=body()).json()["success"]
    assert (works(other), works(boris), works(mine)) == (False, True, True)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (body(old="wrong"), "old_password"),
        (body(old=""), "old_password"),
        (body(old=OLD.upper()), "old_password"),
        (body(new="short"), "password"),
        (body(new=" " * 9), "password"),
        (body(new="x" * 1_001), "password"),
        (body(new="nul\0nul\0nul"), "password"),
        (body(new=["a long enough one"]), "password"),
        (body(again=NEW.upper()), "confirm_password"),
        ({}, "old_password"),
    ],
)
def test_a_refused_change_changes_nothing(visit: Visit, sent: dict[str, Any], field: str) -> None:
    other, mine = visit("anna"), visit("anna")
    answer = mine.post(ADDRESS, json=sent)
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [field]
    assert works(other) and may_sign_in(visit, OLD)


def test_a_refused_form_names_the_field_and_sends_no_password_back(visit: Visit) -> None:
    answer = visit("anna").post(ADDRESS, data=body(old="a-wrong-one-99"), headers=HTML)
    assert answer.status_code == 422 and "This is not your password." in answer.text
    assert parsed(answer.text).one(lambda it: it.get("id") == "old_password").get("aria-invalid") == "true"
    assert "a-wrong-one-99" not in answer.text and NEW not in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("address", "sent", "field"),
    [
        (ADDRESS, body(old="wrong"), "old_password"),
        (ADDRESS, body(new="short", again="another"), "password"),
        (ADDRESS, body(again="another"), "confirm_password"),
        ("/users/tokens", {"name": " "}, "token-name"),
        ("/users/tokens", {"name": "x", "scope": "all"}, "token-scope"),
        ("/users/tokens", {"name": "x", "days": "9"}, "token-days"),
        ("/users/second-factor", {"password": "wrong"}, "password-"),
    ],
)
def test_the_focus_is_on_the_first_wrong_field(visit: Visit, address: str, sent: dict[str, str], field: str) -> None:
    """A whole page comes back: without it the focus would be on none of its fields."""
    anna = visit("anna")
    before = parsed(anna.get(address, headers=HTML).text)
    assert not before.all(lambda it: it.get("autofocus") is not None)
    answer = anna.post(address, data=sent, headers=HTML)
    focused = parsed(answer.text).all(lambda it: it.get("autofocus") is not None)
    assert answer.status_code == 422 and [it.get("id") for it in focused] == [field]


def test_ten_megabytes_are_no_password(visit: Visit) -> None:
    assert visit("anna").post(ADDRESS, json=body(new="x" * 10_000_000)).status_code == 413


def test_the_old_password_is_guessed_at_only_as_often_as_at_a_sign_in(visit: Visit) -> None:
    """By a session that was stolen, from whatever address; somebody else is not slowed down."""
    anna = visit("anna", login_rate_limit=LIMIT)
    sent = [anna.post(ADDRESS, json=body(old="wrong")).status_code for _ in range(LIMIT.count)]
    refused = anna.post(ADDRESS, json=body())
    assert sent == [422] * LIMIT.count and refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
    elsewhere = TestClient(anna.app, client=("203.0.113.9", 50_000))
    elsewhere.cookies.set("session", anna.cookies["session"])
    assert elsewhere.post(ADDRESS, json=body()).status_code == 429
    boris = visit("boris", login_rate_limit=LIMIT)
    assert boris.post(ADDRESS, json=body(old=PASSWORDS["boris"])).status_code == 200


def test_two_changes_at_once_leave_one_password(visit: Visit) -> None:
    clients, new = [visit("anna") for _ in range(2)], [f"new-password-{number}" for number in range(2)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda it: it[0].post(ADDRESS, json=body(new=it[1])), zip(clients, new, strict=True)))
    assert sorted(it.status_code for it in answers)[0] == 200
    assert [may_sign_in(visit, it) for it in new].count(True) == 1


@pytest.mark.parametrize("source", ["redmine", "oracle", "ldap"])
def test_a_password_of_another_directory_is_changed_there(visit: Visit, services: Services, source: str) -> None:
    move = sa.update(Person).where(Person.id == PEOPLE_IDS["anna"]).values(source=source)
    services.database.run_here(lambda db: db.execute(move), writes=True)
    anna = visit("anna")
    page = anna.get(ADDRESS, headers=HTML).text
    assert "change it there" in page and "old_password" not in page
    assert anna.get(ADDRESS).json()["can_change"] is False
    assert anna.post(ADDRESS, json=body()).json()["error"] == "not_allowed"


def test_no_password_is_logged_or_stored(visit: Visit, services: Services, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    anna = visit("anna")
    anna.post(ADDRESS, json=body(old="guessed-at-55"), headers={"Idempotency-Key": "k"})
    assert anna.post(ADDRESS, json=body(), headers={"Idempotency-Key": "k"}).status_code == 200
    log, store = whole_log(caplog), whole_store(services)
    assert "a password was changed" in log and "a password was not changed" in log
    for secret in (OLD, NEW, "guessed-at-55"):
        assert secret not in log and secret.encode() not in store


# By a link


def test_a_link_sets_a_password_once_and_ends_all_sessions(visit: Visit, link: str) -> None:
    mine, boris, guest = visit("anna"), visit("boris"), visit()
    page = guest.get(link, headers=HTML)
    assert (
        page.status_code == 200 and parsed(page.text).one(lambda it: it.get("id") == "username").get("value") == "anna"
    )
    answer = guest.post(link, data=body(), headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/users/login")
    assert (works(mine), works(boris)) == (False, True)
    assert (may_sign_in(visit, OLD), may_sign_in(visit, NEW)) == (False, True)
    for method in ("GET", "POST"):
        assert guest.request(method, link, json=body(new="yet-another-88")).status_code == 404
    assert may_sign_in(visit, NEW)


def test_a_link_of_a_joined_account_ends_the_sessions_of_the_one_it_signs_in_to(
    visit: Visit, services: Services, link: str
) -> None:
    boris = visit("boris")
    join = sa.update(Person).where(Person.id == PEOPLE_IDS["anna"]).values(joined_into=PEOPLE_IDS["boris"])
    services.database.run_here(lambda db: db.execute(join), writes=True)
    assert visit().post(link, json=body()).status_code == 200
    assert not works(boris)


def test_nobody_is_signed_in_by_a_link_alone(visit: Visit, link: str) -> None:
    guest = visit()
    guest.get(link)
    assert guest.post(link, json=body()).json()["success"]
    assert "session" not in guest.cookies and not works(guest)


def test_a_new_link_voids_the_earlier_one_and_so_does_a_change(visit: Visit, helpdesk_user: Command) -> None:
    first, second, of_boris = made(helpdesk_user), made(helpdesk_user), made(helpdesk_user, "boris")
    assert [visit().get(it, headers=HTML).status_code for it in (first, second, of_boris)] == [404, 200, 200]
    assert visit("anna").post(ADDRESS, json=body()).status_code == 200
    assert [visit().get(it, headers=HTML).status_code for it in (second, of_boris)] == [404, 200]


@pytest.fixture
def tomorrow(visit: Visit) -> TestClient:
    """A visitor after a day."""
    client = visit()
    found = client.app.app.state.services  # type: ignore[attr-defined]  # Edge's
    later = replace(found, clock=lambda: found.clock() + timedelta(hours=24, seconds=1))
    client.app.app.state.services = later  # type: ignore[attr-defined]
    return client


def test_a_link_is_void_after_a_day(tomorrow: TestClient, visit: Visit, link: str) -> None:
    assert tomorrow.post(link, json=body()).status_code == 404
    assert visit().get(link, headers=HTML).status_code == 200


@pytest.mark.parametrize("values", [{"is_active": False}, {"source": "redmine"}])
def test_a_link_of_an_account_that_is_shut_out_or_not_local_is_void(
    visit: Visit, services: Services, link: str, values: dict[str, Any]
) -> None:
    change = sa.update(Person).where(Person.id == PEOPLE_IDS["anna"]).values(**values)
    services.database.run_here(lambda db: db.execute(change), writes=True)
    assert visit().post(link, json=body()).status_code == 404


@pytest.mark.parametrize("token", ["x", "x" * 5_000, "%00", "'%20OR%201=1", "%D1%8F" * 60, "..%2Fx"])
def test_a_made_up_link_says_that_it_is_not_valid(visit: Visit, link: str, token: str) -> None:
    answer = visit().get(f"{ADDRESS}/{token}", headers=HTML)
    assert answer.status_code == 404
    assert visit().post(f"{link}x", json=body()).json()["error"] == "not_found"


def test_void_links_keep_nobody_behind_the_same_address_from_a_right_one(visit: Visit, link: str) -> None:
    guest = visit(login_rate_limit=LIMIT)
    assert {guest.get(f"{ADDRESS}/x").status_code for _ in range(2 * LIMIT.count)} == {404}
    assert guest.get(link, headers=HTML).status_code == 200
    assert guest.post(link, json=body()).status_code == 200


def test_a_link_opened_in_the_session_of_somebody_else_says_so_and_ends_it(visit: Visit, link: str) -> None:
    boris, elsewhere, said = visit("boris"), visit("boris"), "You are signed in as"
    assert said in boris.get(link, headers=HTML).text
    assert said not in visit("anna").get(link, headers=HTML).text and said not in visit().get(link, headers=HTML).text
    assert said in boris.post(link, data=body(new="short"), headers=HTML).text and works(boris)
    answer = boris.post(link, data=body(), headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/users/login")
    page = boris.get("/users/login", headers=HTML)
    assert page.status_code == 200 and "Please sign in with it." in page.text
    assert (works(boris), works(elsewhere)) == (False, True)


def test_a_refused_password_leaves_the_link_valid(visit: Visit, link: str) -> None:
    guest = visit()
    answer = guest.post(link, data=body(new="short"), headers=HTML)
    assert answer.status_code == 422 and "at least 8 characters" in answer.text
    assert guest.post(link, json=body(again="x")).json()["errors"].keys() == {"confirm_password"}
    assert guest.post(link, json=body()).status_code == 200


def test_of_two_at_once_with_one_link_one_sets_the_password(visit: Visit, link: str) -> None:
    new = [f"new-password-{number}" for number in range(3)]
    clients = [visit() for _ in new]
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(lambda it: it[0].post(link, json=body(new=it[1])), zip(clients, new, strict=True))
        statuses = [it.status_code for it in answers]
    assert sorted(statuses) == [200, 404, 404]
    assert [may_sign_in(visit, it) for it in new] == [it == 200 for it in statuses]


def test_the_form_of_another_site_sets_no_password(visit: Visit, link: str) -> None:
    assert visit().post(link, data=body(), headers={"Origin": "https://evil.test"}).status_code == 403
    assert may_sign_in(visit, OLD)


def test_a_link_reveals_itself_to_nobody(
    visit: Visit, services: Services, link: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither to other sites by the Referer, nor to whoever reads the log or the store, not even when all fails."""
    caplog.set_level(logging.DEBUG)
    token, guest = link.rpartition("/")[2], visit()
    page = guest.get(link, headers=HTML)
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("strict-origin", "no-store")
    guest.get(f"{link}/")
    guest.put(link)
    guest.post(link, json=body(new="short"))
    with monkeypatch.context() as patch:
        patch.setattr(local_passwords, "use_link", broken)
        assert guest.post(link, json=body()).status_code == 500
    assert guest.post(link, json=body()).status_code == 200
    log = whole_log(caplog)
    assert f"{ADDRESS}/…" in log and "a request failed" in log and "a password was set by a link" in log
    assert token not in log and NEW not in log
    assert token.encode() not in whole_store(services) and NEW.encode() not in whole_store(services)


def broken(*_: object) -> None:
    raise ZeroDivisionError


# The command


def test_the_command_is_recorded_without_the_link(helpdesk_user: Command, services: Services) -> None:
    token = made(helpdesk_user).rpartition("/")[2]
    rows = services.database.run_here(lambda db: db.exec(select(AuditRecord)).all())
    assert ("password_link", PEOPLE_IDS["anna"], None) in [(it.action, it.person_id, it.actor_id) for it in rows]
    assert token not in str(rows)


def test_the_command_refuses_accounts_that_have_no_password_here(helpdesk_user: Command, services: Services) -> None:
    def settle(db: Session) -> None:
        people.expect(db, "redmine", "ivanov")
        db.exec(sa.update(Person).where(Person.id == PEOPLE_IDS["boris"]).values(is_active=False))

    services.database.run_here(settle, writes=True)
    for login, reason in (("ivanov", "no local account"), ("nobody", "no local account"), ("boris", "shut out")):
        code, told = helpdesk_user("password-link", login)
        assert code == 1 and reason in told and ADDRESS not in told


def test_without_an_address_of_ours_the_command_says_so(helpdesk_user: Command) -> None:
    code, told = helpdesk_user("password-link", "local:ANNA", public_url="")
    assert code == 0 and told.startswith(f"{ADDRESS}/") and "PUBLIC_URL" in told

"""The first start without Redmine: from an empty store to people who ask and are answered, in four steps."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from itsdangerous import Signer
from sqlmodel import select

from helpdesk.services import Services
from helpdesk.settings import settings as configuration
from helpdesk.store import registration, schema, sessions
from helpdesk.store.database import Database
from helpdesk.store.models.tables import FirstAnswer, Person
from helpdesk.web.routes import ROUTES
from helpdesk.wiring import wire
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import Element, parsed
from tests.web.leaks import SECRET

AT = "/admin/tracker/setup"


@pytest.fixture
def database(tmp_path: Path) -> Any:
    """A store in which there is nothing."""
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    schema.migrate(database, "production")
    yield database
    database.close()


@pytest.fixture
def chief(visit: Visit, services: Services) -> Client:
    """The first administrator."""
    return come(visit, services, "chief", is_admin=True)


def come(visit: Visit, services: Services, login: str, is_admin: bool = False) -> Client:
    """Somebody with a new account, signed in."""

    def work(db: Any) -> str:
        account = registration.Registration(login, f"{login}@example.test", login.title())
        person = registration.add(db, account, "x", is_admin)
        assert person.id
        return sessions.begin(db, person.id, datetime.now(UTC), False, "", "")[0]

    client = visit()
    client.cookies.set(
        "session", Signer(SECRET, salt="session").sign(services.database.run_here(work, writes=True)).decode()
    )
    return client


def step(client: Client) -> str | None:
    told: str | None = client.get(AT).json()["next"]
    return told


def offered(client: Client) -> bool:
    return f'href="{AT}"' in client.get("/", headers=HTML).text


def test_an_empty_helpdesk_shows_every_page_and_offers_the_steps(
    chief: Client, visit: Visit, services: Services
) -> None:
    for address in ("/", "/tasks/my-tasks", "/tasks", "/tasks/board", "/tasks/statistics", "/tasks/new", "/admin", AT):
        assert chief.get(address, headers=HTML).status_code in (200, 303), address
    for part in ("", "/roles", "/workflow", "/statuses", "/priorities", "/types", "/fields"):
        assert chief.get(f"/admin/tracker{part}", headers=HTML).status_code == 200, part
    assert offered(chief) and not offered(come(visit, services, "anna"))


def test_four_steps_lead_to_people_who_ask_and_are_answered(chief: Client, visit: Visit, services: Services) -> None:
    anna, irina = come(visit, services, "anna"), come(visit, services, "irina")
    ids = {it["login"]: it["id"] for it in people(services)}
    assert step(chief) == "project"
    assert chief.post(f"{AT}/project", data={"name": "Помощь"}, headers=HTML).headers["location"] == AT
    assert step(chief) == "workflow" and irina.get("/tasks/new", headers=HTML).status_code == 200
    assert chief.post(f"{AT}/workflow", data={}, headers=HTML | {"Accept-Language": "ru"}).status_code == 303
    assert step(chief) == "people"
    assert chief.post(f"{AT}/people", data={"person_id": ids["anna"]}, headers=HTML).status_code == 303
    assert step(chief) == "category" and offered(chief)
    project = chief.get("/admin/tracker").json()["projects"][0]
    sent = {"name": "Не работает", "hint": "Что угодно", "project_id": project["id"], "type_id": ""}
    assert chief.post(f"{AT}/category", data=sent, headers=HTML).status_code == 303
    assert step(chief) is None and not offered(chief)
    made = irina.post("/tasks/api/task", json={"subject": "Принтер", "project_id": project["id"]})
    number = made.json()["data"]["task_id"]
    assert made.json()["data"]["status"] == "Новая"
    answer = {"status_id": status_id(anna, number, "Решена"), "comment": "Готово"}
    assert anna.put(f"/tasks/api/task/{number}/status", json=answer).status_code == 200
    assert {it["name"] for it in statuses(irina, number)} == {"Решена", "Закрыта", "В работе"}
    assert irina.get(f"/tasks/api/task/{number}/history").json()["history"][-1]["notes"] == "Готово"


def people(services: Services) -> list[dict[str, Any]]:
    rows = services.database.run_here(lambda db: db.exec(select(Person)).all())
    return [{"id": it.id, "login": it.login} for it in rows]


def statuses(client: Client, number: int) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = client.get(f"/tasks/api/task/{number}/statuses").json()["available_statuses"]
    return told


def status_id(client: Client, number: int, name: str) -> int:
    return next(it["id"] for it in statuses(client, number) if it["name"] == name)


def test_what_is_there_already_stays_and_a_press_twice_makes_no_second_set(chief: Client) -> None:
    chief.post("/admin/tracker/statuses", json={"name": "Моя"}).raise_for_status()
    for role in ({"name": "Все", "for_everybody": True}, {"name": "support STAFF"}):
        chief.post("/admin/tracker/roles", json=role).raise_for_status()
    for _ in range(2):
        chief.post(f"{AT}/workflow", json={}).raise_for_status()
    told = {part: [it["name"] for it in chief.get(f"/admin/tracker/{part}").json()[part]] for part in PARTS}
    assert told["statuses"] == ["Моя"] and told["roles"] == ["Все", "support STAFF", "Support staff 2"]
    assert told["priorities"] == ["Low", "Normal", "High", "Urgent"] and len(told["types"]) == 3


PARTS = ("statuses", "priorities", "types", "roles")


def test_a_step_before_its_time_says_what_is_missing(chief: Client) -> None:
    refused = chief.post(f"{AT}/people", data={"person_id": "1"}, headers=HTML)
    assert refused.status_code == 409 and "do the step before first" in refused.text
    assert chief.post(f"{AT}/people", json={}).json()["errors"].keys() == {"person_id"}
    assert chief.post(f"{AT}/category", json={"name": "x", "project_id": 7}).status_code == 422
    assert chief.post(f"{AT}/category", json={"name": "x" * 65_536, "project_id": 7}).status_code == 422
    assert chief.post(f"{AT}/project", data={"name": " "}, headers=HTML).status_code == 422


def test_an_account_gets_a_link_that_is_shown_once_and_sets_a_password(chief: Client, visit: Visit) -> None:
    chief.post(f"{AT}/project", json={"name": "Помощь"}).raise_for_status()
    chief.post(f"{AT}/workflow", json={}).raise_for_status()
    sent = {"username": "anna", "email": "anna@example.test", "full_name": "Анна", "is_staff": "1"}
    shown = chief.post(f"{AT}/account", data=sent, headers=HTML)
    link = element(shown.text, "link").text
    assert shown.status_code == 200 and shown.headers["cache-control"] == "no-store"
    assert link not in chief.get(f"{AT}?step=people", headers=HTML).text and step(chief) == "category"
    assert link.startswith("/users/password/")  # the request's host may be anybody's
    anna, secret = visit(), {"password": "long-enough-77", "confirm_password": "long-enough-77"}
    assert (
        anna.post("/users/login", json={"username": "anna", "password": "a password that nobody has"}).status_code
        == 401
    )
    assert anna.post(re.sub("^http://[^/]+", "", link), data=secret, headers=HTML).status_code == 303
    assert anna.post("/users/login", json={"username": "anna", "password": "long-enough-77"}).status_code == 200
    for wrong, field in (
        ({**sent, "email": "no"}, "email"),
        (sent, "username"),
        ({**sent, "username": "a b"}, "username"),
    ):
        refused = chief.post(f"{AT}/account", json=wrong)
        assert refused.status_code == 422 and field in refused.json()["errors"]


def test_an_account_that_is_sent_twice_is_made_once_and_its_link_is_stored_nowhere(
    chief: Client, services: Services
) -> None:
    sent = {"username": "anna", "email": "anna@example.test", "idempotency_key": "k"}
    link = element(chief.post(f"{AT}/account", data=sent, headers=HTML).text, "link").text
    again = chief.post(f"{AT}/account", data=sent, headers=HTML)
    number = next(it["id"] for it in people(services) if it["login"] == "anna")
    assert (again.status_code, again.headers["location"]) == (303, f"/admin/people/{number}")
    assert "A fresh link" in chief.get(again.headers["location"], headers=HTML).text
    body = {"username": "boris", "email": "boris@example.test"}
    first, second = (chief.post(f"{AT}/account", json=body, headers={"Idempotency-Key": "k2"}) for _ in range(2))
    assert first.status_code == second.status_code == 201 and "link" not in second.json()
    assert second.json()["address"] == first.json()["address"]
    stored = services.database.run_here(lambda db: str(db.exec(select(FirstAnswer)).all()))
    assert link.rpartition("/")[2] not in stored and first.json()["link"].rpartition("/")[2] not in stored


def element(text: str, name: str) -> Element:
    found = parsed(text).by_id(name)
    assert found
    return found


def test_the_steps_can_be_left_for_good(chief: Client) -> None:
    assert chief.post(f"{AT}/finish", data={}, headers=HTML).headers["location"] == "/"
    assert not offered(chief) and step(chief) == "project"
    assert chief.get(f"{AT}?step=people", headers=HTML).status_code == 200
    assert chief.get(f"{AT}?step=nothing", headers=HTML).status_code == 200


def test_with_redmine_no_steps_are_offered(visit: Visit, chief: Client, services: Services) -> None:
    told = visit(redmine_url="http://redmine.test")
    told.cookies.set("session", chief.cookies["session"])
    assert not offered(told) and told.get(AT).status_code == 404
    assert {"tracker:setup"} <= {getattr(it, "name", "") for it in ROUTES}


@pytest.fixture
def services(database: Database) -> Services:
    environ = {"SECRET_KEY": SECRET, "DATABASE_URL": str(database.engine.url), "DEFAULT_LOCALE": "en"}
    return wire(configuration.load(environ, Path("/nonexistent")))

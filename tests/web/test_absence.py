"""Away until a day: colleagues see it beside the name, a press passes the task on, and another one ends it."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select, update

from helpdesk.services import Services
from helpdesk.store.models.tables import AuditRecord, Person
from tests.web.conftest import HTML, HTMX, Visit
from tests.web.dom import parsed
from tests.world import PEOPLE_IDS, EmbeddedWorld

ADDRESS = "/users/absence"


def tomorrow(services: Services, days: int = 1) -> date:
    return services.clock().astimezone(services.settings.timezone).date() + timedelta(days)


def mark(visit: Visit, services: Services, deputy: str = "boris", login: str = "anna") -> dict[str, Any]:
    body = {"until": tomorrow(services).isoformat(), "deputy": deputy}
    marked: dict[str, Any] = visit(login).post(ADDRESS, json=body).raise_for_status().json()
    return marked


def change(services: Services, login: str, **values: object) -> None:
    statement = update(Person).where(col(Person.id) == PEOPLE_IDS[login]).values(**values)
    services.database.run_here(lambda db: db.exec(statement), writes=True)


def test_colleagues_see_until_when_somebody_is_away_and_pass_the_task_to_the_deputy(
    visit: Visit, services: Services, number: int
) -> None:
    mark(visit, services)
    boris, until = visit("boris"), tomorrow(services).strftime("%d.%m.%Y")
    page = boris.get(f"/tasks/{number}", headers=HTML).text
    assert page.count(f"away until {until}, deputy: Борис Кузнецов") >= 2, "beside the name, and among the choices"
    button = parsed(page).one(lambda it: it.get("id") == f"deputy-{number}")
    form = {"deputy": button["value"], "idempotency_key": "k"}
    saved = boris.post(f"/tasks/{number}/fields", data=form, headers=HTMX)
    assert saved.status_code == 200 and f'id="away-{number}"' not in saved.text
    assert boris.get(f"/tasks/api/task/{number}").json()["assignee"]["name"] == "Борис Кузнецов"
    assert "away until" in boris.get(f"/tasks/{number}/row?edit=1", headers=HTMX).text
    assert "away until" in boris.get(f"/tasks/{number}/card", headers=HTMX).text
    assert "away until" in boris.get(f"/tasks/bulk?task_id={number}", headers=HTML).text


def test_a_deputy_to_whom_the_task_can_not_go_is_named_without_a_button(
    visit: Visit, services: Services, number: int
) -> None:
    mark(visit, services, "stranger")
    page = visit("boris").get(f"/tasks/{number}", headers=HTML).text
    assert "deputy: Степан Чужой" in page and f"deputy-{number}" not in page
    assert visit("boris").post(f"/tasks/{number}/fields", data={"deputy": "x"}, headers=HTML).status_code == 422


def test_one_press_on_the_start_page_ends_it(visit: Visit, services: Services, number: int) -> None:
    anna = visit("anna")
    assert "You are marked as away" not in anna.get("/", headers=HTML).text
    page = anna.post(ADDRESS, data={"until": tomorrow(services).isoformat()}, headers=HTML)
    assert page.headers["location"] == ADDRESS
    start = parsed(anna.get("/", headers=HTML).text)
    assert start.one(lambda it: it.get("action") == f"{ADDRESS}/end").get("method") == "post"
    back = anna.post(f"{ADDRESS}/end", headers=HTML | {"Referer": "http://testserver/"})
    assert (back.status_code, back.headers["location"]) == (303, "/")
    assert "away until" not in anna.get(f"/tasks/{number}", headers=HTML).text
    assert anna.post(f"{ADDRESS}/end").json()["away_until"] is None
    about_anna = (
        select(AuditRecord.action).where(AuditRecord.person_id == PEOPLE_IDS["anna"]).order_by(col(AuditRecord.id))
    )
    acts = services.database.run_here(lambda db: db.exec(about_anna).all())
    assert list(acts) == ["away", "back"]


def test_the_page_says_who_stands_in_and_for_whom(visit: Visit, services: Services) -> None:
    mark(visit, services, "BORIS@example.test")
    told = visit("anna").get(ADDRESS).json()
    boris = {"id": PEOPLE_IDS["boris"], "username": "boris", "full_name": "Борис Кузнецов"}
    assert told["deputy"] == told["stands_in"] == boris and told["represents"] == []
    assert "Борис Кузнецов is offered your new tasks" in visit("anna").get(ADDRESS, headers=HTML).text
    (represented,) = visit("boris").get(ADDRESS).json()["represents"]
    assert (represented["username"], represented["away_until"]) == ("anna", tomorrow(services).isoformat())
    assert "Анна Смирнова" in visit("boris").get(ADDRESS, headers=HTML).text
    mark(visit, services, "irina", "boris")
    followed = visit("anna").get(ADDRESS)
    assert (followed.json()["deputy"]["username"], followed.json()["stands_in"]["username"]) == ("boris", "irina")
    assert "Борис Кузнецов is away, too" in visit("anna").get(ADDRESS, headers=HTML).text
    change(services, "irina", is_active=False)
    assert visit("anna").get(ADDRESS).json()["stands_in"] is None
    assert "can't stand in for you now" in visit("anna").get(ADDRESS, headers=HTML).text


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "until"),
        ({"until": ""}, "until"),
        ({"until": "31.12.2026"}, "until"),
        ({"until": "2026-02-30"}, "until"),
        ({"until": 7}, "until"),
        ({"until": -1}, "until"),
        ({"until": 400}, "until"),
        ({"until": 1, "deputy": "anna"}, "deputy"),
        ({"until": 1, "deputy": "nobody"}, "deputy"),
        ({"until": 1, "deputy": "irina"}, "deputy"),
        ({"until": 1, "deputy": "%"}, "deputy"),
        ({"until": 1, "deputy": ["boris"]}, "deputy"),
        ({"until": 1, "deputy": "x" * 201}, "deputy"),
    ],
)
def test_what_can_not_be_is_refused_and_changes_nothing(
    visit: Visit, services: Services, sent: dict[str, Any], field: str
) -> None:
    change(services, "irina", is_active=False)
    if type(sent.get("until")) is int and sent["until"] != 7:
        sent = sent | {"until": tomorrow(services, sent["until"]).isoformat()}
    refused = visit("anna").post(ADDRESS, json=sent)
    assert refused.status_code == 422 and list(refused.json()["errors"]) == [field]
    form = {name: str(value) for name, value in sent.items()}
    assert visit("anna").post(ADDRESS, data=form, headers=HTML).status_code == 422
    assert visit("anna").get(ADDRESS).json()["away_until"] is None


def test_two_people_with_one_login_are_told_apart_by_their_mail(visit: Visit, services: Services) -> None:
    def twin(session: Session) -> None:
        made = Person(source="ldap", login="boris", login_folded="boris", created_at=services.clock())
        session.add(made)

    services.database.run_here(twin, writes=True)
    refused = visit("anna").post(ADDRESS, json={"until": tomorrow(services).isoformat(), "deputy": "Boris"})
    assert refused.status_code == 422 and "e-mail" in refused.json()["errors"]["deputy"][0]
    assert mark(visit, services, "boris@example.test")["deputy"]["id"] == PEOPLE_IDS["boris"]


def test_an_absence_that_is_over_is_shown_nowhere(visit: Visit, services: Services, embedded: EmbeddedWorld) -> None:
    change(services, "anna", away_until=tomorrow(services, -1), deputy_id=PEOPLE_IDS["boris"])
    anna = visit("anna")
    assert "You are marked as away" not in anna.get("/", headers=HTML).text
    assert "away until" not in anna.get(f"/tasks/{embedded.new_task()}", headers=HTML).text
    assert anna.get(ADDRESS).json()["deputy"] is None

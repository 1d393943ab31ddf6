"""Administrators keep the categories of requests, and none of them overwrites another's change unseen."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from helpdesk.services import Services
from helpdesk.store.models.tables import AuditRecord, Project
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.web.test_drafts import hidden
from tests.world import PEOPLE_IDS, PROJECT_IDS

ADDRESS = "/admin/categories"
ACCESS = {"name": "Доступ", "hint": "Нет входа", "project_id": 1, "tracker_id": 2, "is_active": True}


@pytest.fixture
def admin(visit: Visit) -> Client:
    return visit("admin")


def add(client: Client, name: str, **more: object) -> Mapping[str, Any]:
    answer = client.post(ADDRESS, json={**ACCESS, "name": name, **more})
    assert answer.status_code == 201, answer.text
    told: Mapping[str, Any] = answer.json()
    return told


def names(client: Client) -> list[str]:
    return [it["name"] for it in client.get(ADDRESS).json()["categories"]]


def acts(services: Services) -> list[tuple[int | None, str, dict[str, Any]]]:
    rows = services.database.run_here(lambda db: db.exec(select(AuditRecord)).all())
    return [(it.actor_id, it.action, json.loads(it.details)) for it in rows if it.action.startswith("category")]


def archive(services: Services, project: str) -> None:
    change = sa.update(Project).where(Project.id == PROJECT_IDS[project]).values(is_archived=True)  # type: ignore[arg-type]
    services.database.run_here(lambda db: db.execute(change), writes=True)


def test_a_category_is_added_once_and_offered(admin: Client, visit: Visit, services: Services) -> None:
    form = {"name": " Доступ ", "hint": "Нет входа", "project_id": "1", "tracker_id": "", "is_active": "1"}
    for _ in range(2):
        answer = admin.post(ADDRESS, data={**form, "idempotency_key": "once"}, headers=HTML)
        assert answer.status_code == 303 and answer.headers["location"].startswith(f"{ADDRESS}#category-")
    assert [it["name"] for it in visit("irina").get("/requests/new").json()["categories"]] == ["Доступ"]
    assert "the first type of the project" in parsed(admin.get(ADDRESS, headers=HTML).text).text
    ((actor, action, details),) = acts(services)
    assert (actor, action, details["name"]) == (PEOPLE_IDS["admin"], "category_added", "Доступ")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "х" * 101}, "name"),
        ({"hint": "х" * 201}, "hint"),
        ({"project_id": None}, "project_id"),
        ({"project_id": 999}, "project_id"),
        ({"tracker_id": 999}, "tracker_id"),
        ({"project_id": 999, "is_active": ""}, "project_id"),
        ({"tracker_id": 999, "is_active": ""}, "tracker_id"),
        ({"is_active": "nonsense"}, "is_active"),
    ],
)
def test_a_wrong_category_is_refused_and_stays_in_its_form(admin: Client, change: dict[str, Any], field: str) -> None:
    refused = admin.post(ADDRESS, json=ACCESS | change)
    assert refused.status_code == 422 and list(refused.json()["errors"]) == [field]
    form = {name: str(value or "") for name, value in (ACCESS | change).items()}
    page = admin.post(ADDRESS, data=form, headers=HTML)
    assert page.status_code == 422 and f'value="{form["hint"]}"' in page.text
    assert names(admin) == []


def test_two_administrators_at_once_lose_nothing(admin: Client, services: Services) -> None:
    number = add(admin, "Доступ")["id"]
    one = f"{ADDRESS}/{number}"
    version = hidden(admin.get(one, headers=HTML).text, "lock_version")
    form = {"name": "Доступ", "hint": "Моя подсказка", "project_id": "1", "is_active": "1", "lock_version": version}
    theirs = {**ACCESS, "name": "Пароли", "lock_version": version}
    assert admin.put(one, json=theirs).status_code == 405
    assert admin.post(one, json=theirs).json()["name"] == "Пароли"
    assert admin.post(one, json={**ACCESS, "lock_version": version}).json()["error"] == "conflict"
    conflict = admin.post(one, data=form, headers=HTML)
    assert conflict.status_code == 409 and "Now: Пароли" in parsed(conflict.text).text
    assert "Моя подсказка" in conflict.text and names(admin) == ["Пароли"]
    again = form | {"lock_version": hidden(conflict.text, "lock_version")}
    assert admin.post(one, data=again, headers=HTML).status_code == 303 and names(admin) == ["Доступ"]
    assert [action for _, action, _ in acts(services)] == ["category_added", "category_changed", "category_changed"]


def test_categories_are_moved_and_switched_off(admin: Client, visit: Visit) -> None:
    numbers = [add(admin, name)["id"] for name in ("А", "Б", "В")]
    for number, to, order in ((numbers[2], "up", "АВБ"), (numbers[0], "up", "АВБ"), (numbers[0], "down", "ВАБ")):
        answer = admin.post(f"{ADDRESS}/{number}/move", data={"to": to}, headers=HTML)
        assert answer.headers["location"] == ADDRESS and "".join(names(admin)) == order
    assert admin.post(f"{ADDRESS}/{numbers[0]}/move", json={"to": "aside"}).status_code == 422
    assert admin.post(f"{ADDRESS}/999/move", json={"to": "up"}).status_code == 404
    admin.post(f"{ADDRESS}/{numbers[0]}", json={**ACCESS, "name": "А", "is_active": False})
    assert [it["name"] for it in visit("irina").get("/requests/new").json()["categories"]] == ["В", "Б"]
    assert "switched off" in admin.get(ADDRESS, headers=HTML).text


def test_a_category_is_deleted_and_without_an_active_one_people_choose_projects(admin: Client, visit: Visit) -> None:
    first, second = (add(admin, name)["id"] for name in ("А\nБ", "В"))
    assert names(admin) == ["А Б", "В"]
    admin.post(f"{ADDRESS}/{first}", json={**ACCESS, "name": "А", "is_active": False})
    gone = admin.post(f"{ADDRESS}/{second}/delete", data={}, headers=HTML)
    assert gone.headers["location"] == ADDRESS and names(admin) == ["А"]
    assert admin.post(f"{ADDRESS}/{second}/delete", json={}).status_code == 404
    assert "None is switched on" in parsed(admin.get(ADDRESS, headers=HTML).text).text
    assert all(it["id"] < 0 for it in visit("irina").get("/requests/new").json()["categories"])


def test_a_category_whose_project_is_archived_is_marked_and_not_offered(
    admin: Client, visit: Visit, services: Services
) -> None:
    number = add(admin, "Доступ")["id"]
    archive(services, "help")
    assert visit("irina").get("/requests/new").json()["categories"] == []
    shown = parsed(admin.get(ADDRESS, headers=HTML).text).text
    assert "its project is gone or closed" in shown and "nobody can ask for anything" in shown
    assert admin.get(f"{ADDRESS}/{number}").json()["leads_nowhere"] is True
    assert admin.get(f"{ADDRESS}/{number}", headers=HTML).status_code == 200
    assert list(admin.post(f"{ADDRESS}/{number}", json=ACCESS).json()["errors"]) == ["project_id"]
    switched_off = ACCESS | {"is_active": False}
    assert admin.post(f"{ADDRESS}/{number}", json=switched_off).status_code == 200


def test_a_category_that_is_not_there_is_not_found(admin: Client) -> None:
    assert admin.get(f"{ADDRESS}/999").status_code == 404
    assert admin.post(f"{ADDRESS}/999", json=ACCESS).status_code == 404

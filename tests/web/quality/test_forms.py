"""Administrators write forms of criteria, and none of them overwrites another's change unseen."""

import json
from typing import Any

import pytest
from sqlmodel import select

from helpdesk.services import Services
from helpdesk.store.models.tables import AuditRecord
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.web.quality.assessing import CRITERIA, FORMS, add_form
from tests.web.test_drafts import hidden

FIELDS = {
    "name": "Письмо",
    "is_active": "1",
    **{"name-1": "Точность", "weight-1": "2", "most-1": "5", "place-1": "2"},
    **{"name-2": "Краткость", "weight-2": "1", "most-2": "1", "place-2": "1"},
    **{"name-3": " ", "weight-3": "1", "most-3": "5", "place-3": "3"},
}


@pytest.fixture
def admin(visit: Visit) -> Client:
    return visit("admin")


def acts(services: Services) -> list[tuple[str, dict[str, Any]]]:
    rows = services.database.run_here(lambda db: db.exec(select(AuditRecord)).all())
    return [(it.action, json.loads(it.details)) for it in rows if it.action.startswith("form")]


def test_a_form_is_added_once_in_the_order_of_its_places(admin: Client, services: Services) -> None:
    for _ in range(2):
        answer = admin.post(FORMS, data={**FIELDS, "idempotency_key": "once"}, headers=HTML)
        assert answer.status_code == 303
    (form,) = admin.get(FORMS).json()["forms"]
    assert [it["name"] for it in form["criteria"]] == ["Краткость", "Точность"]
    ((action, details),) = acts(services)
    assert action == "form_added" and details["criteria"] == ["Краткость ×1 (0–1)", "Точность ×2 (0–5)"]
    page = parsed(admin.get(answer.headers["location"], headers=HTML).text)
    assert "The form was saved." in page.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "х" * 101}, "name"),
        ({"criteria": []}, "name-1"),
        ({"criteria": "x"}, "criteria"),
        ({"criteria": [7]}, "criteria"),
        ({"criteria": CRITERIA * 16}, "criteria"),
        ({"criteria": [CRITERIA[0] | {"weight": 101}]}, "weight-1"),
        ({"criteria": [CRITERIA[0] | {"weight": 0}]}, "weight-1"),
        ({"criteria": [CRITERIA[0], CRITERIA[1] | {"most": 11}]}, "most-2"),
        ({"criteria": [CRITERIA[0] | {"most": None}]}, "most-1"),
        ({"criteria": [CRITERIA[0] | {"hint": ["x"]}]}, "hint-1"),
        ({"criteria": [CRITERIA[0] | {"name": "х" * 201}]}, "name-1"),
        ({"is_active": "nonsense"}, "is_active"),
    ],
)
def test_a_wrong_form_is_refused(admin: Client, change: dict[str, Any], field: str) -> None:
    refused = admin.post(FORMS, json={"name": "Письмо", "criteria": CRITERIA} | change)
    assert refused.status_code == 422 and list(refused.json()["errors"]) == [field], refused.text
    assert admin.get(FORMS).json()["forms"] == []


def test_a_refused_page_keeps_what_was_typed(admin: Client) -> None:
    page = admin.post(FORMS, data={**FIELDS, "weight-1": "много"}, headers=HTML)
    assert page.status_code == 422 and 'value="много"' in page.text and 'value="Точность"' in page.text
    assert 'aria-describedby="form-weight-1-fault"' in page.text


def test_a_name_is_taken_in_any_case(admin: Client) -> None:
    add_form(admin, "Звонок")
    assert list(admin.post(FORMS, json={"name": "ЗВОНОК", "criteria": CRITERIA}).json()["errors"]) == ["name"]


def test_two_administrators_at_once_lose_nothing(admin: Client) -> None:
    form = add_form(admin)
    one, version = f"{FORMS}/{form['id']}", form["lock_version"]
    polite, quick = form["criteria"]
    added = {"name": "Грамотность", "weight": 1, "most": 5}
    theirs = {"name": "Звонок", "criteria": [polite, added], "lock_version": version}
    assert admin.post(one, json=theirs | {"lock_version": ""}).status_code == 422
    assert [it["name"] for it in admin.post(one, json=theirs).json()["criteria"]] == ["Вежливость", "Грамотность"]
    stale = admin.post(one, json=theirs)
    assert stale.status_code == 409 and stale.json()["current"]["criteria"][1]["name"] == "Грамотность"
    mine = {"name": "Звонок", "is_active": "1", "lock_version": version}
    for row, it in enumerate((polite, quick), start=1):
        mine |= {f"id-{row}": it["id"], f"name-{row}": f"{it['name']}!", f"place-{row}": row}
        mine |= {f"hint-{row}": "", f"weight-{row}": it["weight"], f"most-{row}": it["most"]}
    conflict = admin.post(one, data=mine, headers=HTML)
    page = parsed(conflict.text)
    assert conflict.status_code == 409 and "Now: Звонок · Вежливость ×3 (0–5) · Грамотность ×1" in page.text
    inputs = page.all(lambda it: it.tag == "input" and it.get("name"))
    typed = {it["name"]: it.get("value") or "" for it in inputs}
    assert typed["name-2"] == "Скорость!" and typed["id-2"] == "", "it was removed, and is a new one here"
    assert typed["name-3"] == "Грамотность", "what the other has added is not lost"
    again = {**typed, "is_active": "1", "idempotency_key": "again"}
    again = {name: value for name, value in again.items() if not name.startswith("remove")}
    assert admin.post(one, data=again, headers=HTML).status_code == 303
    names = [it["name"] for it in admin.get(one).json()["criteria"]]
    assert names == ["Вежливость!", "Скорость!", "Грамотность"]
    assert hidden(admin.get(one, headers=HTML).text, "lock_version") == "3"


def test_only_administrators_write_forms(visit: Visit, anna: Client) -> None:
    assert anna.get(FORMS).status_code == anna.post(FORMS, json={}).status_code == 403
    assert visit().get(FORMS).status_code == 401
    assert visit("admin").get(f"{FORMS}/77").status_code == 404


def test_a_foreign_criterion_is_refused(admin: Client) -> None:
    form, other = add_form(admin), add_form(admin, "Письмо")
    body = {"name": "Звонок", "criteria": other["criteria"], "lock_version": form["lock_version"]}
    assert admin.post(f"{FORMS}/{form['id']}", json=body).status_code == 404
    assert admin.get(f"{FORMS}/{form['id']}").json()["criteria"] == form["criteria"]


def test_a_criterion_that_is_named_twice_is_refused(admin: Client) -> None:
    form = add_form(admin)
    twice = {**form, "criteria": [form["criteria"][0]] * 2}
    refused = admin.post(f"{FORMS}/{form['id']}", json=twice)
    assert refused.status_code == 422 and refused.json()["errors"] == {"name": ["A criterion stands here twice."]}

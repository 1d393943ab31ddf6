"""Administrators keep promises, and none of them overwrites another's change unseen."""

import json
from typing import Any

import pytest
from sqlmodel import col, select

from helpdesk.services import Services
from helpdesk.store.models.tables import AuditRecord
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed, sent
from tests.web.promises.conftest import PROMISE
from tests.world import PEOPLE_IDS

ADDRESS = "/admin/promises"
FORM = {
    "name": " Срочные  заявки ",
    "project_id": "1",
    "tracker_id": "",
    "priority_id": "2",
    "answer": "0:30",
    "solution": "",
    "escalate_to": "boris",
    "is_active": "1",
}


def acts(services: Services) -> list[tuple[int | None, str, dict[str, Any]]]:
    chosen = select(AuditRecord).where(col(AuditRecord.action).startswith("promise"))
    rows = services.database.run_here(lambda db: db.exec(chosen).all())
    return [(it.actor_id, it.action, json.loads(it.details)) for it in rows]


def test_a_promise_is_added_once_and_recorded(admin: Client, services: Services) -> None:
    for _ in range(2):
        answer = admin.post(ADDRESS, data={**FORM, "idempotency_key": "once"}, headers=HTML)
        assert answer.status_code == 303 and answer.headers["location"].startswith(f"{ADDRESS}#promise-")
    page = parsed(admin.get(ADDRESS, headers=HTML).text).text
    assert "Срочные заявки" in page and "First answer: 30 min" in page and "when broken, tell Борис" in page
    ((actor, action, details),) = acts(services)
    assert (actor, action) == (PEOPLE_IDS["admin"], "promise_added")
    assert details["escalate_to"] == PEOPLE_IDS["boris"] and details["answer_minutes"] == 30
    assert "a promise of time was added" in admin.get("/admin/audit", headers=HTML).text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "я" * 101}, "name"),
        ({"project_id": 99}, "project_id"),
        ({"tracker_id": "x"}, "tracker_id"),
        ({"priority_id": 2**31}, "priority_id"),
        ({"answer": "", "solution": ""}, "answer"),
        ({"answer": "0:00"}, "answer"),
        ({"answer": "4:60"}, "answer"),
        ({"answer": "10000"}, "answer"),
        ({"solution": "9999 h 1 min"}, "solution"),
        ({"answer": True}, "answer"),
        ({"answer": "1,5"}, "answer"),
        ({"answer_minutes": 31}, "answer_minutes"),
        ({"answer_minutes": 0}, "answer_minutes"),
        ({"solution_minutes": "soon"}, "solution_minutes"),
        ({"solution_minutes": 9_999 * 60 + 1}, "solution_minutes"),
        ({"answer": "9" * 5_000}, "answer"),
        ({"escalate_to": "nobody-at-all"}, "escalate_to"),
        ({"is_active": "perhaps"}, "is_active"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(admin: Client, change: dict[str, object], field: str) -> None:
    answer = admin.post(ADDRESS, json={**FORM, **change})
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [field], answer.text
    page = admin.post(ADDRESS, data={**FORM, **{name: str(it) for name, it in change.items()}}, headers=HTML)
    if change != {"answer": True} and not field.endswith("_minutes"):  # no form can send it
        assert page.status_code == 422 and 'aria-invalid="true"' in page.text or field == "is_active"
    assert admin.get(ADDRESS).json()["promises"] == []


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("4:30", 270),
        ("4", 240),
        ("16 ч", 960),
        ("1h 5min", 65),
        ("90 мин", 90),
        ("4 hours", 240),
        ("4 часа 5 минут", 245),
        ("30 минут", 30),
        ("1,5 ч", 90),
        ("0.33 h", 20),
    ],
)
def test_times_are_typed_as_people_write_them(admin: Client, typed: str, minutes: int) -> None:
    assert admin.post(ADDRESS, json={**FORM, "answer": typed}).json()["answer_minutes"] == minutes


def test_programs_can_send_minutes(admin: Client) -> None:
    told = admin.post(ADDRESS, json={**PROMISE, "solution": None, "answer_minutes": 7}).json()
    assert (told["answer"], told["answer_minutes"], told["solution"]) == ("0:07", 7, None)
    address = f"{ADDRESS}/{told['id']}"

    def kept(**change: object) -> list[object]:
        answer = admin.post(address, json=admin.get(address).json() | change)
        assert answer.status_code == 200, answer.text
        return [answer.json()[it] for it in ("answer_minutes", "solution_minutes")]

    assert kept() == [7, None]
    assert kept(answer_minutes=8, solution_minutes=90) == [8, 90]
    assert kept(answer="0:09") == [9, 90]
    assert kept(answer="0:10", answer_minutes=10) == [10, 90]
    assert kept(answer_minutes=None) == [None, 90]
    assert admin.post(address, json={"answer_minutes": 11}).json()["answer_minutes"] == 11
    assert kept(answer=None) == [None, 90]
    both = admin.post(address, json={"solution": "1:00", "solution_minutes": 61})
    assert both.status_code == 422 and list(both.json()["errors"]) == ["solution_minutes"]


def test_the_same_tasks_have_one_promise(admin: Client, promised: int) -> None:
    twin = admin.post(ADDRESS, json={**PROMISE, "name": "Ещё одно"})
    assert twin.status_code == 422 and list(twin.json()["errors"]) == ["project_id"]
    other = admin.post(ADDRESS, json={**PROMISE, "project_id": None})
    moved = admin.post(f"{ADDRESS}/{other.json()['id']}", json={"project_id": 1})
    assert moved.status_code == 422 and admin.post(f"{ADDRESS}/{promised}", json={"name": "То же"}).status_code == 200


def test_nobody_overwrites_unseen_what_another_has_changed(admin: Client, promised: int) -> None:
    address, form = f"{ADDRESS}/{promised}", {**FORM, "lock_version": "1"}
    admin.post(address, json={"solution": "8:00"}).raise_for_status()
    refused = admin.post(address, data={**form, "solution": "2:00"}, headers=HTML)
    assert refused.status_code == 409
    assert "Now: 8:00" in parsed(refused.text).text and 'value="2:00"' in refused.text
    assert 'name="lock_version" value="2"' in refused.text
    assert admin.post(address, json={"lock_version": "1", "name": "Моё"}).json()["current"]["solution"] == "8:00"
    again = admin.post(address, data={**form, "solution": "2:00", "lock_version": "2"}, headers=HTML)
    assert again.status_code == 303 and admin.get(address).json()["solution"] == "2:00"


def test_a_conflict_tells_that_a_promise_was_switched_off(admin: Client, promised: int) -> None:
    address = f"{ADDRESS}/{promised}"
    admin.post(address, json={"is_active": False}).raise_for_status()
    form = {**PROMISE, "is_active": "1", "lock_version": "1"}
    refused = admin.post(address, data=form, headers=HTML)
    assert refused.status_code == 409 and "Now: switched off" in parsed(refused.text).text
    same = admin.post(address, data=form | {"is_active": ""}, headers=HTML)
    text = parsed(same.text).text
    assert same.status_code == 409 and "Now:" not in text and "This is how it is now." in text


def test_nobody_deletes_unseen_what_another_has_changed(admin: Client, promised: int) -> None:
    address = f"{ADDRESS}/{promised}"
    admin.post(address, json={"solution": "8:00"}).raise_for_status()
    refused = admin.post(f"{address}/delete", data={"lock_version": "1"}, headers=HTML)
    assert refused.status_code == 409 and 'value="8:00"' in refused.text
    (form,) = parsed(refused.text).all(lambda it: it.get("action") == f"{address}/delete")
    program = admin.post(f"{address}/delete", json={"lock_version": "1"})
    assert program.status_code == 409 and program.json()["current"]["solution"] == "8:00"
    assert admin.post(f"{address}/delete", data=sent(form), headers=HTML).status_code == 303
    assert admin.get(address).status_code == 404


def test_the_audit_tells_what_was_switched_off(admin: Client, promised: int, services: Services) -> None:
    for is_active in (False, True):
        admin.post(f"{ADDRESS}/{promised}", json={"is_active": is_active}).raise_for_status()
    assert [details["is_active"] for _, _, details in acts(services)] == [True, False, True]


def test_a_program_leaves_alone_what_it_does_not_send(admin: Client, promised: int) -> None:
    before = admin.get(f"{ADDRESS}/{promised}").json()
    after = admin.post(f"{ADDRESS}/{promised}", json={"answer": "0:15"}).json()
    assert after["answer_minutes"] == 15 and after["solution"] == before["solution"] and after["is_active"]
    same = admin.post(f"{ADDRESS}/{promised}", json={"answer": "0:15"}).json()
    assert same["lock_version"] == after["lock_version"] == "2"


def test_a_page_tells_which_promise_holds(admin: Client, promised: int) -> None:
    admin.post(ADDRESS, json={**FORM, "name": "Точнее", "solution": "1:00"}).raise_for_status()
    asked = f"{ADDRESS}?project_id=1&tracker_id=1&priority_id="
    assert [admin.get(f"{asked}{it}").json()["holds"]["name"] for it in (1, 2)] == [PROMISE["name"], "Точнее"]
    assert admin.get(f"{ADDRESS}?project_id=2&tracker_id=1&priority_id=1").json()["holds"] is None
    assert "Nothing is promised" in admin.get(f"{ADDRESS}?project_id=2&tracker_id=1&priority_id=1", headers=HTML).text
    assert admin.get(f"{ADDRESS}?project_id=99").status_code == 422


def test_a_promise_that_is_off_or_gone_holds_no_more(admin: Client, promised: int, anna: Client, number: int) -> None:
    assert "promises" in anna.get(f"/tasks/{number}").json()
    admin.post(f"{ADDRESS}/{promised}", json={"is_active": False}).raise_for_status()
    assert "promises" not in anna.get(f"/tasks/{number}").json()
    admin.post(f"{ADDRESS}/{promised}", json={"is_active": True}).raise_for_status()
    assert "promises" in anna.get(f"/tasks/{number}").json()
    answer = admin.post(f"{ADDRESS}/{promised}/delete", data={"idempotency_key": "x"}, headers=HTML)
    assert answer.status_code == 303 and "promises" not in anna.get(f"/tasks/{number}").json()
    assert admin.get(f"{ADDRESS}/{promised}").status_code == 404


def test_only_administrators_keep_promises(visit: Visit, promised: int) -> None:
    for login in ("anna", "irina", "stranger"):
        client = visit(login)
        assert client.get(ADDRESS).status_code == 403
        assert client.post(f"{ADDRESS}/{promised}/delete").status_code == 403

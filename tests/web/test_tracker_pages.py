"""Administrators arrange the embedded tracker: as pages, as forms and for programs that send their session."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from helpdesk.services import Services
from helpdesk.store.models.tables import AuditRecord, Membership, Person, Task
from helpdesk.store.tracker.vocabulary import MOST
from helpdesk.web.routes import ROUTES
from helpdesk.web.tracker import pages
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import Element, parsed
from tests.world import FIELD_IDS, PEOPLE_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld

AT = "/admin/tracker"
HELP = f"{AT}/projects/{PROJECT_IDS['help']}"
WAITING = f"{AT}/statuses/{STATUS_IDS['waiting']}"
STATUS = {"name": "Ждёт", "position": "4"}
PAGES = ("", "/roles", "/workflow", "/statuses", "/priorities", "/types", "/fields", "/setup")
ONES = (
    HELP,
    f"{AT}/roles/1",
    f"{AT}/workflow?role=2",
    WAITING,
    f"{AT}/priorities/1",
    f"{AT}/types/2",
    f"{AT}/fields/2",
)


@pytest.fixture
def admin(visit: Visit) -> Client:
    return visit("admin")


def page(client: Client, address: str, status: int = 200) -> Element:
    answer = client.get(address, headers=HTML)
    assert answer.status_code == status, answer.text
    return parsed(answer.text)


def form_of(document: Element, action: str) -> dict[str, Any]:
    """The values that a browser sends of a form as it is shown, without those of its button."""
    form = document.one(lambda it: it.tag == "form" and it.get("action") == action and it.get("method") == "post")
    assert form
    values: dict[str, Any] = {}
    for it in form.all(lambda each: each.get("name")):
        if it.get("type") == "checkbox":
            if it.get("checked") is not None:
                values.setdefault(it["name"], []).append(it["value"])
        elif it.tag == "select":
            options = it.all(lambda each: each.tag == "option")
            values[it["name"]] = next((o for o in options if o.get("selected") is not None), options[0])["value"]
        else:
            values[it["name"]] = "".join(map(str, it.children)) if it.tag == "textarea" else it.get("value") or ""
    return values


def names(client: Client, part: str) -> list[str]:
    return [it["name"] for it in client.get(f"{AT}/{part}").json()[part]]


def faults(answer: Any) -> list[str]:
    """The fields that a program is told to be wrong."""
    assert answer.status_code == 422, answer.text
    return list(answer.json()["errors"])


@pytest.mark.parametrize("address", [*(AT + it for it in PAGES), *ONES])
def test_what_a_page_shows_can_be_sent_back_and_changes_nothing(
    admin: Client, services: Services, address: str
) -> None:
    document = page(admin, address)
    told = admin.get(address).json()
    assert told["success"] and document.one(lambda it: it.get("aria-current") is not None)
    action = address.partition("?")[0]
    if address in ONES:
        sent = form_of(document, action)
        answer = admin.post(action, data=sent, headers=HTML)
        assert answer.status_code == 303 and "lock_version" in sent
        assert admin.get(address).json() | {"execution_time": 0} == told | {"execution_time": 0}
        count = sa.select(sa.func.count()).where(sa.column("action").like("tracker%")).select_from(AuditRecord)
        assert services.database.run_here(lambda db: db.scalar(count)) == 0


def test_a_page_is_rendered_beside_the_event_loop(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    render = pages.section_page

    def beside(*values: Any, **named: Any) -> Any:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return render(*values, **named)

    monkeypatch.setattr(pages, "section_page", beside)
    for address in (AT, HELP, f"{AT}/workflow?role=1"):
        page(admin, address)


def test_with_redmine_there_is_nothing_here_and_no_link_leads_here(visit: Visit) -> None:
    admin = visit("admin", redmine_url="http://redmine.test")
    for route in ROUTES:
        if route.path.startswith(AT):
            address = route.path.replace(":int}", "}").format_map(dict.fromkeys(route.param_convertors, 1))
            for method in sorted(route.methods - {"HEAD"}):
                assert admin.request(method, address).status_code == 404, (method, address)
    assert AT not in admin.get("/admin", headers=HTML).text
    assert f'href="{AT}"' in visit("admin").get("/admin", headers=HTML).text


def test_who_is_no_administrator_is_refused(anna: Client) -> None:
    for method, address in (("GET", AT), ("POST", AT), ("POST", f"{HELP}/archive"), ("POST", f"{AT}/setup/workflow")):
        assert anna.request(method, address, json={} if method == "POST" else None).status_code == 403


# Statuses, priorities, types


@pytest.mark.parametrize(("part", "one"), [("statuses", "status"), ("priorities", "priority"), ("types", "type")])
def test_a_word_is_added_changed_and_deleted(admin: Client, part: str, one: str) -> None:
    made = admin.post(f"{AT}/{part}", json={"name": " Новое ", "position": 1}, headers={"Idempotency-Key": "k"})
    again = admin.post(f"{AT}/{part}", json={"name": " Новое ", "position": 1}, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201 and again.json() == made.json()
    word = made.json()[one]
    assert names(admin, part)[0] == "Новое" and names(admin, part).count("Новое") == 1
    changed = admin.post(f"{AT}/{part}/{word['id']}", json={**word, "name": "Другое", "position": 99}).json()[one]
    assert names(admin, part)[-1] == "Другое" and changed["lock_version"] != word["lock_version"]
    deleted = admin.post(f"{AT}/{part}/{word['id']}/delete", headers=HTML)
    assert deleted.headers["location"] == f"{AT}/{part}" and "Другое" not in names(admin, part)
    assert admin.post(f"{AT}/{part}/{word['id']}/delete").status_code == 404


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "name"),
        ({"name": "\u200b "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "x" * 65_536}, "name"),
        ({"name": "a\0"}, "name"),
        ({"name": ["a"]}, "name"),
        ({"name": "NEW"}, "name"),
        ({"name": "a", "position": "first"}, "position"),
        ({"name": "a", "is_closed": "perhaps"}, "is_closed"),
    ],
)
def test_a_wrong_word_is_refused_by_its_field_and_typed_text_stays(
    admin: Client, sent: dict[str, Any], field: str
) -> None:
    before = admin.get(f"{AT}/statuses").json()["statuses"]
    assert faults(admin.post(f"{AT}/statuses", json=sent)) == [field]
    typed = {name: value for name, value in sent.items() if isinstance(value, str)}
    refused = admin.post(f"{AT}/statuses", data=typed | {"is_default": "1"}, headers=HTML)
    assert refused.status_code == 422
    wrong = parsed(refused.text).one(lambda it: it.get("aria-invalid") == "true")
    assert wrong and wrong["name"] == (field if field in typed else "name")
    assert admin.get(f"{AT}/statuses").json()["statuses"] == before


def test_a_status_that_tasks_have_says_by_how_many_and_stays(admin: Client, embedded: EmbeddedWorld) -> None:
    for _ in range(2):
        embedded.new_task(status="waiting")
    refused = admin.post(f"{WAITING}/delete")
    assert (refused.status_code, refused.json()["error"]) == (409, "conflict")
    assert "Tasks have it: 2." in refused.json()["message"] == admin.post(f"{WAITING}/delete").json()["message"]
    assert "Tasks have it: 2." in page_text(admin.post(f"{WAITING}/delete", headers=HTML))
    default = admin.post(f"{AT}/statuses/{STATUS_IDS['new']}/delete")
    assert default.status_code == 409 and "default" in default.json()["message"]
    assert len(names(admin, "statuses")) == len(STATUS_IDS)


def page_text(answer: Any) -> str:
    return " ".join(parsed(answer.text).text.split())


def test_the_default_moves_and_is_never_taken_away(admin: Client) -> None:
    admin.post(WAITING, json={**STATUS, "is_default": True}).raise_for_status()
    told = admin.get(f"{AT}/statuses").json()["statuses"]
    assert [it["id"] for it in told if it["is_default"]] == [STATUS_IDS["waiting"]]
    assert faults(admin.post(WAITING, json={"is_default": False})) == ["is_default"]
    assert faults(admin.post(WAITING, data=STATUS)) == ["is_default"]
    assert faults(admin.post(WAITING, json={"is_closed": True})) == ["is_closed"]


def test_what_a_program_leaves_out_stays_and_what_a_form_leaves_out_is_no(admin: Client) -> None:
    field = admin.post(f"{AT}/fields", json={"name": "Этаж", "kind": "list", "options": ["1", "2"], "required": True})
    made = f"{AT}/fields/{field.json()['field']['id']}"
    for address, one in ((HELP, "project"), (f"{AT}/roles/1", "role"), (made, "field"), (WAITING, "status")):
        before = admin.get(address).json()[one] | {"lock_version": "", "name": "Иначе"}
        after = admin.post(address, json={"name": "Иначе"}).json()[one]
        assert after | {"lock_version": ""} == before, one
    for address, name in ((HELP, "members_only"), (f"{AT}/roles/1", "permissions")):
        assert admin.post(address, json={name: None}).status_code == 200
    assert (
        admin.get(HELP).json()["project"]["members_only"] and admin.get(f"{AT}/roles/1").json()["role"]["permissions"]
    )
    assert admin.post(AT, json={"name": "Новый"}).json()["project"]["members_only"]
    assert admin.post(HELP, data={"name": "x", "identifier": "help"}, headers=HTML).status_code == 303
    assert not admin.get(HELP).json()["project"]["members_only"]


# Two at once


def test_of_two_forms_the_later_is_refused_with_what_the_earlier_wrote(admin: Client, visit: Visit) -> None:
    first, second = (form_of(page(admin, WAITING), WAITING) for _ in range(2))
    assert admin.post(WAITING, data=first | {"name": "Ждём"}, headers=HTML).status_code == 303
    refused = admin.post(WAITING, data=second | {"name": "Пауза"}, headers=HTML)
    document = parsed(refused.text)
    alert = document.one(lambda it: it.get("role") == "alert")
    assert refused.status_code == 409 and alert and "Name Ждём" in alert.text and "Place" not in alert.text
    shown = form_of(document, WAITING)
    assert shown["name"] == "Пауза" and shown["lock_version"] != second["lock_version"]
    told = admin.post(WAITING, json={**STATUS, "lock_version": second["lock_version"]})
    assert told.status_code == 409 and told.json()["current"]["name"] == "Ждём"
    assert admin.post(WAITING, data=shown, headers=HTML).status_code == 303
    assert admin.get(WAITING).json()["status"]["name"] == "Пауза"


def test_two_at_the_same_moment_do_not_both_write(visit: Visit) -> None:
    mark = visit("admin").get(WAITING).json()["status"]["lock_version"]
    clients = [visit("admin") for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        sent = pool.map(
            lambda it: it[0].post(WAITING, json={"name": it[1], "lock_version": mark}).status_code,
            zip(clients, ("Раз", "Два"), strict=True),
        )
        assert sorted(sent) == [200, 409]


# Roles and the workflow


def test_a_role_permits_what_its_grid_says(admin: Client, visit: Visit, number: int) -> None:
    anna = visit("anna")
    assert anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "слово"}).status_code == 201
    role = form_of(page(admin, f"{AT}/roles/1"), f"{AT}/roles/1")
    role["permissions"].remove("comment")
    assert admin.post(f"{AT}/roles/1", data=role, headers=HTML).status_code == 303
    assert anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "слово"}).status_code == 403
    assert faults(admin.post(f"{AT}/roles/1", json={"name": "x", "permissions": ["fly"]})) == ["permissions"]
    assert faults(admin.post(f"{AT}/roles/1", json={"name": "x", "permissions": [{}] * 101})) == ["permissions"]


def test_the_last_role_and_one_that_people_have_stay(admin: Client, services: Services) -> None:
    assert "Members of projects have it: 2." in admin.post(f"{AT}/roles/1/delete").json()["message"]
    services.database.run_here(lambda db: db.execute(sa.delete(Membership)), writes=True)
    assert admin.post(f"{AT}/roles/2/delete").status_code == 200
    assert admin.post(f"{AT}/roles/1/delete").status_code == 409
    assert names(admin, "roles") == ["support"]


def test_the_workflow_of_a_role_is_what_its_grid_says(admin: Client, visit: Visit, number: int) -> None:
    def offered() -> set[int]:
        told = visit("anna").get(f"/tasks/api/task/{number}/statuses").json()["available_statuses"]
        return {it["id"] for it in told} - {STATUS_IDS["new"]}

    grid = f"{AT}/workflow"
    sent = form_of(page(admin, f"{grid}?role=1"), grid)
    assert {int(it) for it in sent["to_1"]} == offered()
    sent["to_1"] = [str(STATUS_IDS["closed"])]
    assert admin.post(grid, data=sent, headers=HTML).headers["location"] == f"{grid}?role=1"
    assert offered() == {STATUS_IDS["closed"]}
    stale = admin.post(grid, data=sent | {"to_2": [], "idempotency_key": ""}, headers=HTML)
    alert = parsed(stale.text).one(lambda it: it.get("role") == "alert")
    assert stale.status_code == 409 and alert and "Allowed now in_progress → resolved" in alert.text
    assert offered() == {STATUS_IDS["closed"]}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"role": 1, "to_1": [99]}, 422),
        ({"role": 1, "to_99": [1]}, 422),
        ({"role": 1, "to_x": [1]}, 422),
        ({"role": 1, "to_1": ["x"]}, 422),
        ({"role": 1, "to_1": {"a": 1}}, 422),
        ({"role": 1, "to_1": list(range(2_000))}, 422),
        ({"role": 99, "to_1": [2]}, 404),
        ({"role": None}, 422),
        ({}, 422),
    ],
)
def test_an_impossible_workflow_is_refused(admin: Client, sent: dict[str, Any], status: int) -> None:
    before = admin.get(f"{AT}/workflow?role=1").json()
    assert admin.post(f"{AT}/workflow", json=sent).status_code == status
    assert admin.get(f"{AT}/workflow?role=1").json() | {"execution_time": 0} == before | {"execution_time": 0}
    assert admin.get(f"{AT}/workflow?role=99").status_code == 404


def test_the_largest_grid_is_one_form_that_is_accepted(admin: Client) -> None:
    for number in range(MOST - len(STATUS_IDS)):
        admin.post(f"{AT}/statuses", json={"name": f"s{number}"}).raise_for_status()
    grid = f"{AT}/workflow"
    document = page(admin, f"{grid}?role=1")
    sent = form_of(document, grid)
    for box in document.all(lambda it: it.get("type") == "checkbox"):
        sent.setdefault(box["name"], [])
        sent[box["name"]] = sorted({*sent[box["name"]], box["value"]})
    assert admin.post(grid, data=sent, headers=HTML).status_code == 303
    saved = admin.get(f"{grid}?role=1").json()
    assert sum(len(moves) for name, moves in saved.items() if name.startswith("to_")) == MOST * (MOST - 1)


# Projects and their members


def test_a_project_is_made_below_another_and_found_in_the_tree(admin: Client, visit: Visit) -> None:
    sent = {"name": "Печать", "parent_id": PROJECT_IDS["help"], "description": "Принтеры", "members_only": False}
    made = admin.post(AT, json=sent).json()["project"]
    assert made["identifier"] == "project" and made["parent_id"] == PROJECT_IDS["help"]
    tree = page(admin, AT).of_class("tree")[0]
    assert [it.classes & {"depth-1"} for it in tree.elements if "Печать" in it.text] == [{"depth-1"}]
    address = f"{AT}/projects/{made['id']}"
    assert (
        admin.post(address, json={**made, "name": "Печать и сканеры"}).json()["project"]["name"] == "Печать и сканеры"
    )


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": "x" * 65_536}, "name"),
        ({"name": "x", "identifier": "НЕТ"}, "identifier"),
        ({"name": "x", "identifier": "office"}, "identifier"),
        ({"name": "x", "identifier": "help", "parent_id": PROJECT_IDS["help"]}, "parent_id"),
        ({"name": "x", "identifier": "help", "parent_id": 10**6}, "parent_id"),
        ({"name": "x", "identifier": "help", "parent_id": "above"}, "parent_id"),
        ({"name": "x", "identifier": "help", "parent_id": -1}, "parent_id"),
        ({"name": "x", "identifier": "help", "description": "x" * 65_536}, "description"),
    ],
)
def test_a_wrong_project_is_refused_by_its_field(admin: Client, sent: dict[str, Any], field: str) -> None:
    before = admin.get(HELP).json()["project"]
    assert faults(admin.post(HELP, json=sent)) == [field]
    assert admin.post(HELP, data={k: str(v) for k, v in sent.items()}, headers=HTML).status_code == 422
    assert admin.get(HELP).json()["project"] == before


def test_no_circle_of_projects_comes_about(admin: Client) -> None:
    lower = admin.post(AT, json={"name": "Ниже", "parent_id": PROJECT_IDS["help"]}).json()["project"]["id"]
    assert faults(admin.post(HELP, json={"name": "x", "identifier": "help", "parent_id": lower})) == ["parent_id"]
    options = page(admin, HELP).one(lambda it: it.get("name") == "parent_id")
    assert options and str(lower) not in {it.get("value") for it in options.elements}


def test_an_archived_project_is_hidden_until_it_is_restored(admin: Client, visit: Visit, number: int) -> None:
    anna, about = visit("anna"), f"/tasks/{number}"
    assert anna.get(about).status_code == 200
    archived = admin.post(f"{HELP}/archive", data={"archived": "1"}, headers=HTML)
    assert archived.headers["location"] == HELP
    for client in (anna, admin):
        assert client.get(about).status_code == 404
        assert client.get("/tasks?closed=1").json()["pagination"]["total"] == 0
    assert "Restore" in page(admin, HELP).text and "archived" in page(admin, AT).text
    assert admin.post(HELP, json={"name": "x", "identifier": "help"}).status_code == 409
    assert not admin.post(f"{HELP}/archive", json={"archived": False}).json()["project"]["is_archived"]
    assert anna.get(about).status_code == admin.get(about).status_code == 200


def test_people_are_found_and_become_members(admin: Client, visit: Visit, number: int) -> None:
    stranger, action = visit("stranger"), f"{HELP}/members/{PEOPLE_IDS['stranger']}"
    assert stranger.get(f"/tasks/{number}").status_code == 404
    found = page(admin, f"{HELP}?q=STRANGER")
    link = found.one(lambda it: f"member={PEOPLE_IDS['stranger']}" in (it.get("href") or ""))
    assert link and not found.all(lambda it: it.get("name") == "role_id")
    sent = form_of(page(admin, link["href"]), action)
    assert "role_id" not in sent
    assert admin.post(action, data=sent | {"role_id": ["1", "2"]}, headers=HTML).status_code == 303
    assert stranger.get(f"/tasks/{number}").status_code == 200
    stale = admin.post(action, data=sent | {"role_id": ["2"], "idempotency_key": ""}, headers=HTML)
    assert stale.status_code == 409 and "support, requester" in page_text(stale)
    removed = admin.post(action, json={})
    assert removed.json()["member"]["role_ids"] == [] and stranger.get(f"/tasks/{number}").status_code == 404


def test_a_project_shows_a_page_of_its_members_at_a_time(admin: Client, services: Services) -> None:
    def many(db: Any) -> None:
        names = [f"member{number:03}" for number in range(120)]
        people = [
            Person(
                source="local",
                created_at=datetime.now(UTC),
                login=it,
                login_folded=it,
                email=f"{it}@example.test",
                full_name=it,
                words=it,
            )
            for it in names
        ]
        db.add_all(people)
        db.flush()
        db.add_all(Membership(project_id=PROJECT_IDS["help"], person_id=it.id, role_id=1) for it in people)

    services.database.run_here(many, writes=True)
    first = page(admin, HELP)
    rows = first.all(lambda it: it.tag == "li" and (it.get("id") or "").startswith("member-"))
    following = first.one(lambda it: it.get("rel") == "next")
    assert len(rows) == 50 and following and "role_id" not in {it.get("name") for it in first.all(lambda _: True)}
    told = admin.get(following["href"]).json()
    assert told["pagination"] == {"page": 2, "per_page": 50, "total": 123, "pages": 3} and len(told["members"]) == 50
    found = admin.get(HELP, params={"q": "MEMBER07", "per_page": 5}).json()
    assert [it["login"] for it in found["members"]] == [f"member07{number}" for number in range(5)]
    last = found["members"][4]["id"]
    action, opened = f"{HELP}/members/{last}", page(admin, f"{HELP}?q=member07&page=2&member={last}")
    saved = admin.post(action, data=form_of(opened, action), headers=HTML)
    assert saved.headers["location"] == f"{HELP}?q=member07&page=2#members"
    for wrong in ("page=0", "page=x", "per_page=0"):
        assert admin.get(f"{HELP}?{wrong}").status_code == 422


@pytest.mark.parametrize(
    ("person", "sent", "status"),
    [
        (PEOPLE_IDS["stranger"], {"role_id": [99]}, 422),
        (PEOPLE_IDS["stranger"], {"role_id": ["x"]}, 422),
        (PEOPLE_IDS["stranger"], {"role_id": [1] * 1_001}, 422),
        (10**6, {"role_id": [1]}, 404),
        (0, {"role_id": [1]}, 404),
    ],
)
def test_an_impossible_member_is_refused(admin: Client, person: int, sent: dict[str, Any], status: int) -> None:
    assert admin.post(f"{HELP}/members/{person}", json=sent).status_code == status
    assert PEOPLE_IDS["stranger"] not in {it["id"] for it in admin.get(HELP).json()["members"]}


def test_a_search_bears_any_text(admin: Client) -> None:
    for text in ("%", "_", "\\", "a" * 200, "'; drop table person; --", "<script>"):
        assert page(admin, HELP + "?q=" + text).one(lambda it: it.tag == "script" and "drop" in it.text) is None
    assert admin.get(HELP, params={"q": "a" * 201}, headers=HTML).status_code == 422


# Custom fields


def test_a_custom_field_is_made_and_tasks_have_it(admin: Client, number: int) -> None:
    sent = {"name": "Этаж", "kind": "list", "options": "1\n 2 \n\n3", "default": "2", "required": "1", "hint": "Где?"}
    answer = admin.post(f"{AT}/fields", data=sent, headers=HTML)
    assert answer.status_code == 303
    made = admin.get(f"{AT}/fields").json()["fields"][-1]
    assert (made["options"], made["default"], made["required"]) == (["1", "2", "3"], ["2"], True)
    assert "Этаж" in admin.get("/tasks/new?project_id=1", headers=HTML).text
    assert admin.post(f"{AT}/fields/{made['id']}/delete").status_code == 200


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "file"}, "kind"),
        ({"kind": ["text"]}, "kind"),
        ({}, "kind"),
        ({"kind": "list"}, "options"),
        ({"kind": "list", "options": " \n\n"}, "options"),
        ({"kind": "list", "options": "a\nb\na"}, "options"),
        ({"kind": "list", "options": ["a\nb"]}, "options"),
        ({"kind": "list", "options": ["a\u2028b"]}, "options"),
        ({"kind": "list", "options": [1]}, "options"),
        ({"kind": "list", "options": ["x" * 256]}, "options"),
        ({"kind": "list", "options": [str(it) for it in range(501)]}, "options"),
        ({"kind": "list", "options": "a\nb", "default": "c"}, "default"),
        ({"kind": "list", "options": "a\nb", "default": "a\nb"}, "default"),
        ({"kind": "integer", "default": "many"}, "default"),
        ({"kind": "date", "default": "2026-02-30"}, "default"),
        ({"kind": "text", "project_id": 99}, "project_id"),
        ({"kind": "text", "type_id": 99}, "type_id"),
        ({"kind": "text", "hint": "x" * 201}, "hint"),
    ],
)
def test_a_wrong_custom_field_is_refused_by_its_field(admin: Client, sent: dict[str, Any], field: str) -> None:
    assert faults(admin.post(f"{AT}/fields", json={"name": "Этаж", **sent})) == [field]
    assert len(names(admin, "fields")) == len(FIELD_IDS)


def test_a_field_of_an_archived_project_stays_with_it(admin: Client) -> None:
    made = admin.post(f"{AT}/fields", json={"name": "Этаж", "kind": "text", "project_id": PROJECT_IDS["help"]})
    address = f"{AT}/fields/{made.json()['field']['id']}"
    admin.post(f"{HELP}/archive", json={}).raise_for_status()
    document = page(admin, address)
    assert "(archived)" in document.text
    assert admin.post(address, data=form_of(document, address), headers=HTML).status_code == 303
    assert admin.get(address).json()["field"]["project_id"] == PROJECT_IDS["help"]


def test_a_field_with_values_keeps_its_kind(admin: Client, number: int) -> None:
    field_id = FIELD_IDS["Кабинет"]
    value = {"custom_fields": [{"id": field_id, "value": "12"}]}
    admin.put(f"/tasks/api/task/{number}", json=value).raise_for_status()
    address = f"{AT}/fields/{field_id}"
    assert faults(admin.post(address, json={"name": "Кабинет", "kind": "date"})) == ["kind"]
    assert "Tasks have a value of it: 1." in admin.post(f"{address}/delete").json()["message"]
    assert admin.post(address, json={"name": "Комната", "kind": "text"}).status_code == 200


def test_what_is_done_is_recorded_with_who_did_it(admin: Client, services: Services) -> None:
    admin.post(WAITING, json=STATUS).raise_for_status()
    admin.post(f"{HELP}/archive", json={}).raise_for_status()
    rows = services.database.run_here(lambda db: db.execute(sa.select(AuditRecord.__table__)).all())
    told = {it.action: (it.actor_id, it.details) for it in rows}
    assert {"tracker_change", "tracker_archive"} <= told.keys()
    assert told["tracker_change"][0] == PEOPLE_IDS["admin"] and "Ждёт" in told["tracker_change"][1]
    count = sa.select(sa.func.count()).select_from(Task)
    assert services.database.run_here(lambda db: db.scalar(count)) == 0

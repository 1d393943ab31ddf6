"""New tasks in Redmine's own way: on a real Redmine, and where it can't be brought to it, on an imitation."""

import json
import secrets
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from helpdesk.errors import BadResponse, Invalid, OutcomeUnknown, Unavailable
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.model import Actor, Status
from tests.servers import imitated_redmine as imitation
from tests.servers.imitated_redmine import CREATED, IRINA, ISSUES, NEW, ImitatedRedmine, says, tells
from tests.servers.mariadb import url_of
from tests.tasks.test_redmine_failures import ACTOR, backend_at
from tests.tasks.worlds import RedmineWorld

ROWS_OF_AN_ISSUE = {
    "issues": "id = %s",
    "custom_values": "customized_type = 'Issue' AND customized_id = %s ORDER BY id",
    "journals": "journalized_type = 'Issue' AND journalized_id = %s",
    "watchers": "watchable_type = 'Issue' AND watchable_id = %s",
}
FIELDS = ["Кабинет", "Способ связи", "Согласовано", "Дата замены", "Инвентарный номер"]
WISH = NewTask(8, "Стол", "Шатается")


def rows_of(world: RedmineWorld, number: int) -> dict[str, list[dict[str, Any]]]:
    """All that Redmine keeps of an issue: without numbers, and with times as what has passed since it was made."""
    engine, found = sa.create_engine(url_of(world.redmine.mysql_writer)), {}
    with engine.connect() as db:
        for table, which in ROWS_OF_AN_ISSUE.items():
            read = db.exec_driver_sql(f"SELECT * FROM {table} WHERE {which}", (number,)).mappings()
            found[table] = [{column: value for column, value in row.items() if value != number} for row in read]
    engine.dispose()
    (issue,) = found["issues"]
    made = issue["created_on"]
    found["issues"] = [
        issue
        | {name: issue[name] and issue[name] - made for name in ("created_on", "updated_on", "closed_on")}
        | {"start_date": issue["start_date"] - made.date()}
    ]
    for row in found["custom_values"]:
        del row["id"]
    return found


@pytest.mark.parametrize("assignee", ["boris", None])
def test_a_task_that_tests_insert_has_the_rows_of_one_that_redmine_makes(
    redmine_world: RedmineWorld, assignee: str | None
) -> None:
    """Tests of what happens to tasks rely on it."""
    text, numbers = "Тема: '\"><script> %s 😀\n\nвторая строка", []
    for inserts in (False, True):
        redmine_world.inserts = inserts
        numbers.append(
            redmine_world.new_task(
                "Печь", project="office", author="anna", assignee=assignee, priority="high", description=text
            )
        )
    by_redmine, by_us = (rows_of(redmine_world, number) for number in numbers)
    assert by_us == by_redmine and len(by_us["custom_values"]) == len(FIELDS) and by_us["journals"] == []


def test_an_inserted_task_is_closed_as_redmine_closes_it(redmine_world: RedmineWorld) -> None:
    closed = []
    for inserts in (False, True):
        redmine_world.inserts = inserts
        (issue,) = rows_of(redmine_world, redmine_world.new_task(status="rejected"))["issues"]
        closed.append((issue["status_id"], issue["closed_on"] is None))
    assert closed == [(redmine_world.status("rejected"), False)] * 2


async def test_a_real_blank_holds_the_fields_of_its_project_and_tracker(redmine_world: RedmineWorld) -> None:
    anna = redmine_world.actor("anna")
    redmine_world.new_task()
    support = redmine_world.redmine.trackers["Поддержка"]
    blank = await redmine_world.backend.new_task_form(anna, redmine_world.project("help"), support)
    assert [field.name for field in blank.custom] == FIELDS
    assert [status.name for status in blank.statuses] == ["Новая"] and blank.default_priority
    assert blank.details == {"description", "start_date", "due_date", "estimated_hours", "parent", "is_private"}


async def test_a_real_project_without_tasks_has_the_fields_of_all_projects(redmine_world: RedmineWorld) -> None:
    with redmine_world.project_below("help") as project:
        fresh = RedmineWorld(redmine_world.redmine)
        blank = await fresh.backend.new_task_form(redmine_world.actor("anna"), project)
        assert [field.name for field in blank.custom] == FIELDS
        await fresh.client.close()


async def test_a_real_task_keeps_the_custom_fields_and_hours_it_is_made_with(redmine_world: RedmineWorld) -> None:
    anna, number = redmine_world.actor("anna"), redmine_world.new_task()
    room, way = (redmine_world.custom_field(name) for name in ("Кабинет", "Способ связи"))
    custom = {room: ("214",), way: ("Почта",), redmine_world.custom_field("Согласовано"): ("1",)}
    wish = NewTask(redmine_world.project("help"), "Стол", estimated_hours=1.5, parent_id=number, custom=custom)
    task = await redmine_world.backend.create(anna, wish)
    assert {field: task.custom_value(field) for field in custom} == custom
    assert task.estimated_hours == 1.5 and task.parent and task.parent.id == number
    assert task.start_date  # Redmine's own default is the day of creation


async def test_without_the_right_to_sub_tasks_in_a_real_redmine_no_parent_is_offered(
    redmine_world: RedmineWorld,
) -> None:
    blank = await redmine_world.backend.new_task_form(redmine_world.actor("irina"), redmine_world.project("help"))
    assert "parent" not in blank.details and "due_date" in blank.details


async def test_a_refusal_only_a_real_redmine_knows_is_shown_in_its_own_sentence(
    redmine_world: RedmineWorld,
) -> None:
    anna, foreign = redmine_world.actor("anna"), redmine_world.new_task(project="office")
    for parent in (foreign, 999_999):
        with pytest.raises(Invalid) as refusal:
            await redmine_world.backend.create(anna, NewTask(redmine_world.project("help"), "Стол", parent_id=parent))
        assert [says.text for says in refusal.value.fields["base"]] == ["Родительская задача имеет неверное значение"]


async def test_a_real_project_that_keeps_no_tasks_is_not_offered(redmine_world: RedmineWorld) -> None:
    told: dict[str, Any] = {"name": "Без задач", "identifier": f"none-{secrets.token_hex(8)}", "inherit_members": True}
    told |= {"parent_id": redmine_world.project("help"), "enabled_module_names": ["wiki"]}
    made = redmine_world.http.post("/projects.json", json={"project": told}).raise_for_status()
    number, fresh = made.json()["project"]["id"], RedmineWorld(redmine_world.redmine)
    for login in ("anna", "admin"):
        actor = redmine_world.actor(login)
        offered = {project.id for project in await fresh.backend.projects_for_new(actor)}
        assert number not in offered and redmine_world.project("help") in offered
        assert number in {project.id for project in (await fresh.backend.vocabulary(actor)).projects}
    redmine_world.http.delete(f"/projects/{number}.json").raise_for_status()
    await fresh.client.close()


async def test_an_imitated_older_task_with_the_same_texts_is_not_taken_for_the_lost_one(
    server: ImitatedRedmine,
) -> None:
    server.issue |= {"subject": WISH.subject, "description": WISH.description}
    server.loses_the_answer_to(f"POST {ISSUES}", imitation.hang_up, saved=False)
    async with backend_at(server.url) as backend:
        with pytest.raises(OutcomeUnknown):
            await backend.create(ACTOR, WISH)
    assert server.count("POST", ISSUES) == 1


async def test_an_imitated_task_that_its_author_may_not_see_is_made_all_the_same(server: ImitatedRedmine) -> None:
    server.answers[CREATED] = says(403)
    async with backend_at(server.url) as backend:
        task = await backend.create(ACTOR, WISH)
    assert (task.id, task.row.subject, task.description) == (8, WISH.subject, WISH.description)


async def test_values_that_an_imitated_redmine_ignored_of_a_new_task_are_shown_and_no_error(
    server: ImitatedRedmine,
) -> None:
    async with backend_at(server.url) as backend:
        task = await backend.create(ACTOR, WISH._replace(assignee_id=ACTOR.id, due_date=date(2027, 1, 11)))
    sent = json.loads(next(request.body for request in server.requests if request.method == "POST"))["issue"]
    assert (sent["due_date"], sent["assigned_to_id"]) == ("2027-01-11", ACTOR.id)
    assert task.row.due_date is None


@pytest.mark.parametrize("body", ["{}", '{"issue": {}}', '{"issue": {"id": "8"}}', "[]", ""])
async def test_an_imitated_answer_that_does_not_tell_the_new_task_is_looked_after(
    server: ImitatedRedmine, body: str
) -> None:
    """Whether it was made is not known then, unless it is found."""
    server.answers[f"POST {ISSUES}"] = says(201, body)
    async with backend_at(server.url) as backend:
        with pytest.raises((OutcomeUnknown, BadResponse)) as failure:
            await backend.create(ACTOR, WISH)
    assert server.count("POST", ISSUES) == 1 and failure.value.message != Unavailable.default


async def test_imitated_fields_are_those_of_the_tracker_which_no_other_project_has_for_itself(
    server: ImitatedRedmine,
) -> None:
    told = {"customized_type": "issue", "field_format": "string", "visible": True, "trackers": [imitation.SUPPORT]}
    fields = [{**told, "id": number, "name": f"Field {number}", "roles": []} for number in range(1, 7)]
    fields[2]["trackers"] = []
    fields[3] |= {"visible": False, "roles": [{"id": 2, "name": "Support"}]}
    fields[4] |= {"visible": False, "roles": [{"id": 3, "name": "Boss"}]}
    fields[5] |= {"customized_type": "project"}
    server.issues.clear()
    projects = server.read(imitation.Request("GET", "/projects.json", {}, b"")) or {}
    here = {**projects["projects"][0], "issue_custom_fields": [{"id": 1, "name": "Field 1"}]}
    there = {**here, "id": 9, "name": "Elsewhere", "issue_custom_fields": [{"id": 2, "name": "Field 2"}]}
    server.answers["/custom_fields.json"] = tells({"custom_fields": fields})
    server.answers["/projects.json"] = tells({"projects": [here, there], "total_count": 2})
    server.answers["/projects/8.json"] = tells({"project": here})
    async with backend_at(server.url) as backend:
        blank = await backend.new_task_form(ACTOR, 8)
    assert [field.name for field in blank.custom] == ["Field 1", "Field 4"]


async def test_an_imitated_older_redmine_that_does_not_tell_the_first_status_offers_none(
    server: ImitatedRedmine,
) -> None:
    async with backend_at(server.url) as backend:
        assert (await backend.new_task_form(ACTOR, 8)).statuses == (Status(NEW["id"], "New", False, True),)
    server.answers["/trackers.json"] = tells({"trackers": [imitation.SUPPORT]})
    async with backend_at(server.url) as backend:
        assert (await backend.new_task_form(ACTOR, 8)).statuses == ()


async def test_imitated_people_without_a_known_right_are_offered_no_project(server: ImitatedRedmine) -> None:
    server.answers["/roles/2.json"] = tells({"role": {"assignable": True, "permissions": ["view_issues"]}})
    async with backend_at(server.url) as backend:
        assert await backend.projects_for_new(ACTOR) == ()
        assert await backend.projects_for_new(Actor(IRINA, "irina")) == ()

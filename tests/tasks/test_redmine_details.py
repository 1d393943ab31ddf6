"""What of one task is Redmine's own way: on a real Redmine, and where it can't be brought to it, on an imitation."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pymysql  # type: ignore[import-untyped]  # ships no types
import pytest

from helpdesk.errors import Invalid, NotAllowed
from helpdesk.tasks.fields import CustomField, Option
from helpdesk.tasks.model import Edit, FieldChange
from tests.servers.imitated_redmine import SUPPORT, ImitatedRedmine, Request, says, tells
from tests.tasks.test_redmine_failures import ACTOR, backend_at
from tests.tasks.worlds import RedmineWorld

WHOLE, NETWORK, PHONES = "Переезд отдела на третий этаж", "Проложить сеть на третьем этаже", "Перевезти телефоны"


@contextmanager
def field_rule(
    world: RedmineWorld, field: str, rule: str, tracker: str, role: str = "Поддержка", status: str = "new"
) -> Iterator[None]:
    """While it lasts, a field of a task in that status is `readonly` or `required` for a role: Redmine has no REST for
    this."""
    redmine = world.redmine
    row = (redmine.trackers[tracker], world.status(status), redmine.roles[role], field)
    access = redmine.mysql_writer
    with pymysql.connect(
        host=access.host, port=access.port, user=access.user, password=access.password, database=access.database,
        autocommit=True,
    ) as connection, connection.cursor() as cursor:  # fmt: skip
        cursor.execute(
            "INSERT INTO workflows (type, tracker_id, old_status_id, role_id, field_name, rule)"
            " VALUES ('WorkflowPermission', %s, %s, %s, %s, %s)",
            (*row, rule),
        )
        yield
        cursor.execute(
            "DELETE FROM workflows WHERE tracker_id = %s AND old_status_id = %s AND role_id = %s AND field_name = %s",
            row,
        )


def post(world: RedmineWorld, path: str, **body: dict[str, object]) -> Any:
    made = world.http.post(path, json=body)
    made.raise_for_status()
    return made.json()


async def test_a_real_task_shows_what_hangs_on_it(redmine_world: RedmineWorld) -> None:
    ids = redmine_world.redmine.issues
    anna, boris = redmine_world.actor("anna"), redmine_world.actor("boris")
    task = await redmine_world.backend.task(anna, ids[NETWORK])
    assert task.parent and task.parent[:2] == (ids[WHOLE], WHOLE)
    ((kind, other),) = task.relations
    assert (kind, other.id, other.subject) == ("blocks", ids[PHONES], PHONES)
    assert anna.id in {who.id for who in task.watchers} and task.watched and task.spent_hours == 1.5
    assert task.custom_value(redmine_world.custom_field("Кабинет")) == ("301",)
    (file,) = task.attachments
    assert file.author and file.author.id == boris.id and file.created_on and file.created_on.tzinfo
    whole = await redmine_world.backend.task(boris, ids[WHOLE])
    assert {(child.id, child.status and child.status.name) for child in whole.children} == {
        (ids[NETWORK], "В работе"),
        (ids[PHONES], "Новая"),
    }
    assert not whole.watched and whole.spent_hours == 0


async def test_a_real_parent_is_not_offered_what_follows_from_its_sub_tasks(redmine_world: RedmineWorld) -> None:
    anna, whole = redmine_world.actor("anna"), redmine_world.new_task()
    part = redmine_world.new_task(parent=whole)
    choices = (await redmine_world.backend.task(anna, whole)).choices
    assert not {"start_date", "due_date", "done_ratio"} & choices.details and choices.priorities == ()
    assert {"subject", "description", "estimated_hours", "parent"} <= choices.details
    for edit in (Edit(details={"due_date": date(2027, 1, 11)}), Edit({"priority": redmine_world.priority("urgent")})):
        with pytest.raises(NotAllowed):
            await redmine_world.backend.change(anna, whole, edit)
    await redmine_world.backend.change(anna, part, Edit(details={"parent": None}))
    freed = (await redmine_world.backend.task(anna, whole)).choices
    assert {"start_date", "due_date", "done_ratio"} <= freed.details and freed.priorities


async def test_a_real_history_names_versions_categories_and_tasks(redmine_world: RedmineWorld) -> None:
    number, project = redmine_world.new_task(), f"/projects/{redmine_world.project('help')}"
    unique = secrets.token_hex(4)
    version = post(redmine_world, f"{project}/versions.json", version={"name": f"Осень {unique}"})["version"]
    category = post(redmine_world, f"{project}/issue_categories.json", issue_category={"name": f"Печать {unique}"})
    parent, fresh = redmine_world.new_task(), RedmineWorld(redmine_world.redmine)
    changed = {"fixed_version_id": version["id"], "category_id": category["issue_category"]["id"]}
    redmine_world.put(number, {**changed, "parent_issue_id": parent}, "admin")
    (entry,) = (await fresh.backend.task(redmine_world.actor("anna"), number)).entries
    assert {(change.field, change.old, change.new) for change in entry.changes} == {
        ("fixed_version_id", None, f"Осень {unique}"),
        ("category_id", None, f"Печать {unique}"),
        ("parent_id", None, f"#{parent}"),
    }
    await fresh.client.close()


async def test_a_field_that_the_workflow_keeps_is_reported_as_not_taken(redmine_world: RedmineWorld) -> None:
    anna, number = redmine_world.actor("anna"), redmine_world.new_task()
    with field_rule(redmine_world, "due_date", "readonly", "Поддержка"):
        edit = Edit(details={"due_date": date(2027, 1, 11), "done_ratio": 20}, comment="К сроку")
        with pytest.raises(NotAllowed) as refusal:
            await redmine_world.backend.change(anna, number, edit)
    assert "due_date" in refusal.value.detail and "done_ratio" not in refusal.value.detail
    assert "kept your comment" in refusal.value.message.text


@pytest.mark.parametrize("field", ["due_date", "Кабинет"])
async def test_a_field_that_the_workflow_asks_for_is_told_in_redmines_own_sentence(
    redmine_world: RedmineWorld, field: str
) -> None:
    anna, number = redmine_world.actor("anna"), redmine_world.new_task()
    before = await redmine_world.backend.task(anna, number)
    name, edit = redmine_world.redmine.fields.get(field, field), Edit(details={"done_ratio": 20}, comment="не должно")
    with field_rule(redmine_world, str(name), "required", "Поддержка"), pytest.raises(Invalid) as refusal:
        await redmine_world.backend.change(anna, number, edit)
    (says,) = refusal.value.fields["base"]
    assert "не может быть пустым" in says.text
    assert await redmine_world.backend.task(anna, number) == before


async def test_a_watcher_without_the_right_to_see_watchers_knows_that_he_watches(redmine_world: RedmineWorld) -> None:
    number, irina = redmine_world.new_task(), redmine_world.actor("irina")
    assert (await redmine_world.backend.task(irina, number)).choices.may_watch
    watching = await redmine_world.backend.watch(irina, number, True)
    assert (watching.watched, watching.watchers) == (True, ())
    seen = await redmine_world.backend.task(redmine_world.actor("anna"), number)
    assert [who.id for who in seen.watchers] == [irina.id] and not seen.watched
    assert not (await redmine_world.backend.watch(irina, number, False)).watched
    assert (await redmine_world.backend.task(redmine_world.actor("anna"), number)).watchers == ()


async def test_in_a_closed_real_project_everything_is_read_and_nothing_written(redmine_world: RedmineWorld) -> None:
    with redmine_world.project_below("help") as project:
        number = redmine_world.new_task(project=project)
        redmine_world.http.put(f"/projects/{project}/close.json").raise_for_status()
        fresh = RedmineWorld(redmine_world.redmine)
        for login in ("anna", "admin"):
            choices = (await fresh.backend.task(redmine_world.actor(login), number)).choices
            assert choices == type(choices)(), login
            with pytest.raises(NotAllowed):
                await fresh.backend.comment(redmine_world.actor(login), number, "поздно")
            with pytest.raises(NotAllowed):
                await fresh.backend.watch(redmine_world.actor(login), number, True)
        await fresh.client.close()


async def test_an_imitated_key_that_may_not_read_definitions_leaves_fields_to_be_seen(server: ImitatedRedmine) -> None:
    server.answers["/custom_fields.json"] = says(403)
    async with backend_at(server.url) as backend:
        task = await backend.task(ACTOR, 7)
        (held,) = task.custom
        assert (held.field, held.value) == (CustomField(1, "Room", "other"), ("214",))
        assert task.choices.custom == frozenset()
        with pytest.raises(NotAllowed):
            await backend.change(ACTOR, 7, Edit(custom={1: ("215",)}))
    assert server.count("PUT", "/issues/7.json") == 0


async def test_imitated_former_members_in_fields_are_asked_for_side_by_side(server: ImitatedRedmine) -> None:
    field = {"id": 1, "name": "Who", "field_format": "user", "customized_type": "issue", "visible": True}
    server.answers["/custom_fields.json"] = tells({"custom_fields": [{**field, "trackers": [SUPPORT], "roles": []}]})
    server.issue["custom_fields"] = [{"id": 1, "name": "Who", "multiple": True, "value": ["97", "98", "99"]}]
    all_are_there = asyncio.Barrier(3)

    async def answer(writer: asyncio.StreamWriter, request: Request) -> None:
        await all_are_there.wait()
        await tells({"user": {"firstname": "Number", "lastname": request.path[7:9]}})(writer, request)

    server.answers |= {f"/users/{number}.json": answer for number in (97, 98, 99)}
    async with backend_at(server.url) as backend:
        (held,) = (await backend.task(ACTOR, 7)).custom
    assert [option.label for option in held.field.unlisted] == ["Number 97", "Number 98", "Number 99"]


async def test_imitated_people_and_versions_in_fields_are_named_and_not_written(server: ImitatedRedmine) -> None:
    told = {"customized_type": "issue", "visible": True, "trackers": [SUPPORT], "roles": []}
    fields = [{"id": 1, "name": "Who", "field_format": "user"}, {"id": 2, "name": "When", "field_format": "version"}]
    server.answers["/custom_fields.json"] = tells({"custom_fields": [{**told, **field} for field in fields]})
    server.answers["/projects/8/versions.json"] = tells({"versions": [{"id": 3, "name": "Autumn"}]})
    server.issue["custom_fields"] = [
        {"id": 1, "name": "Who", "multiple": True, "value": ["5", "99"]},
        {"id": 2, "name": "When", "value": "3"},
    ]
    async with backend_at(server.url) as backend:
        task = await backend.task(ACTOR, 7)
    assert [held.field.labels(held.value) for held in task.custom] == [("Anna Test", "#99"), ("Autumn",)]
    assert task.choices.custom == frozenset()


async def test_an_imitated_tracker_without_a_field_does_not_offer_it(server: ImitatedRedmine) -> None:
    used = ["description", "start_date", "estimated_hours"]
    server.answers["/trackers.json"] = tells({"trackers": [{**SUPPORT, "enabled_standard_fields": used}]})
    async with backend_at(server.url) as backend:
        choices = (await backend.task(ACTOR, 7)).choices
        blank = await backend.new_task_form(ACTOR, 8)
    assert choices.details == {"subject", "tracker", *used} and choices.assignees == () == blank.assignees
    assert blank.details == set(used)


async def test_an_imitated_field_is_told_in_a_history_by_its_options_names(server: ImitatedRedmine) -> None:
    server.answers["/custom_fields.json"] = tells({"custom_fields": [
        {"id": 1, "name": "Room", "customized_type": "issue", "field_format": "enumeration", "visible": True,
         "possible_values": [{"value": "11", "label": "By the window"}, {"value": "12", "label": "By the door"}]},
    ]})  # fmt: skip
    server.issue["journals"][0]["details"] = [{"property": "cf", "name": "1", "old_value": "11", "new_value": "12"}]
    async with backend_at(server.url) as backend:
        task = await backend.task(ACTOR, 7)
    assert task.entries[0].changes == (FieldChange("custom_field", "By the window", "By the door", "Room", "list"),)
    assert task.custom[0].field.options == (Option("11", "By the window"), Option("12", "By the door"))


async def test_hundreds_of_links_are_asked_for_a_hundred_at_a_time(server: ImitatedRedmine) -> None:
    server.issue["children"] = [{"id": number, "subject": "Part"} for number in range(1_000, 1_250)]
    async with backend_at(server.url) as backend:
        await backend.task(ACTOR, 7)
    assert server.count("GET", "/issues.json") == 3

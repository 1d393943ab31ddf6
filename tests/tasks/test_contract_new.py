"""What every tracker does with a new task: where, of what, and nothing when anything is refused."""

from datetime import date

import pytest

from helpdesk.errors import Invalid, NotAllowed, NotFound, TransitionNotAllowed
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, Attachment
from tests.tasks.test_contract_files import read, stage
from tests.tasks.worlds import READ_ALIKE, World

pytestmark = pytest.mark.usefixtures("nothing_is_set_up")

SUBJECT = "Сломался стул у окна"


async def found(world: World, subject: str) -> int:
    """How many tasks of that subject anna sees."""
    return (await world.backend.tasks(world.actor("anna"), TaskQuery(search=subject, include_closed=True))).total


async def test_projects_for_new_tasks_are_those_the_person_may_create_in(world: World) -> None:
    for login, wanted in (
        ("anna", {"help", "office", "warehouse"}),
        ("irina", {"help", "office"}),
        ("stranger", set()),
    ):
        offered = await world.backend.projects_for_new(world.actor(login))
        known = {world.project(name): name for name in ("help", "office", "warehouse")}
        assert {known[project.id] for project in offered if project.id in known} == wanted, login
        words = await world.backend.vocabulary(world.actor(login))
        ids = [project.id for project in offered]
        assert ids == [project.id for project in words.projects if project.id in ids]


async def test_a_blank_tells_what_may_be_said(world: World) -> None:
    blank = await world.backend.new_task_form(world.actor("anna"), world.project("office"))
    assert blank.project.id == world.project("office") and blank.tracker == blank.trackers[0]
    assert len(blank.trackers) > 1 and blank.may_attach
    assert world.status("new") in {status.id for status in blank.statuses}
    assert {priority.id for priority in blank.priorities} >= {world.priority("low"), world.priority("urgent")}
    assert blank.default_priority == world.priority("normal")
    offered = {ref.id for ref in blank.assignees}
    assert {world.actor("anna").id, world.actor("boris").id} <= offered
    assert not {world.actor("stranger").id, world.actor("irina").id} & offered
    assert {"description", "start_date", "due_date"} <= blank.details and "subject" in blank.required


async def test_a_blank_is_of_the_tracker_that_is_named(world: World) -> None:
    anna, office = world.actor("anna"), world.project("office")
    for tracker in (await world.backend.new_task_form(anna, office)).trackers:
        assert (await world.backend.new_task_form(anna, office, tracker.id)).tracker == tracker


@pytest.mark.parametrize("login", ["irina", "stranger"])
async def test_there_is_no_blank_where_one_may_not_create(world: World, login: str) -> None:
    for project in (world.project("warehouse"), 4_711):
        with pytest.raises(NotFound):
            await world.backend.new_task_form(world.actor(login), project)
        with pytest.raises(NotFound):
            await world.backend.create(world.actor(login), NewTask(project, SUBJECT))


async def test_an_unknown_tracker_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await world.backend.new_task_form(world.actor("anna"), world.project("help"), 4_711)
    with pytest.raises(NotFound):
        await world.backend.create(world.actor("anna"), NewTask(world.project("help"), SUBJECT, tracker_id=4_711))


async def test_a_subject_is_enough(world: World) -> None:
    irina = world.actor("irina")
    task = await world.backend.create(irina, NewTask(world.project("help"), f"  {SUBJECT} "))
    blank = await world.backend.new_task_form(irina, world.project("help"))
    row = task.row
    assert (row.subject, row.project, row.tracker) == (SUBJECT, blank.project, blank.tracker)
    assert (row.status.id, row.priority.id) == (world.status("new"), world.priority("normal"))
    assert (row.assignee, row.author and row.author.name) == (None, world.name("irina"))
    assert (task.description, task.attachments, task.entries, task.done_ratio) == ("", (), (), 0)
    seen = await world.backend.task(world.actor("anna"), task.id)
    assert seen.row == row and await found(world, "окна сломался") >= 1


async def test_everything_that_is_said_is_kept(world: World, anna: Actor) -> None:
    blank = await world.backend.new_task_form(anna, world.project("office"))
    wish = NewTask(
        world.project("office"),
        "Тема: '\"><script> %s",
        "Первая строка\n\nвторая: ё 😀 {{7*7}}",
        tracker_id=blank.trackers[-1].id,
        status_id=world.status("new"),
        priority_id=world.priority("urgent"),
        assignee_id=world.actor("boris").id,
        start_date=date(2027, 1, 11),
        due_date=date(2027, 1, 15),
    )
    task = await world.backend.create(anna, wish)
    row = task.row
    assert (row.subject, task.description.replace("\r\n", "\n")) == (wish.subject, wish.description)
    assert (row.tracker, row.priority.id) == (blank.trackers[-1], wish.priority_id)
    assert row.assignee and row.assignee.name == world.name("boris")
    assert (task.start_date, row.due_date) == (wish.start_date, wish.due_date)


async def test_a_new_task_brings_its_files(world: World) -> None:
    irina = world.actor("irina")
    staged = [await stage(world, "irina", content, f"файл {content.decode()}.txt") for content in (b"1", b"2")]
    task = await world.backend.create(irina, NewTask(world.project("help"), SUBJECT, files=tuple(staged)))

    def name(file: Attachment) -> str:
        return file.filename

    assert [name(file) for file in sorted(task.attachments, key=name)] == ["файл 1.txt", "файл 2.txt"]
    assert {await read(world, "anna", task.id, file.id) for file in task.attachments} == {b"1", b"2"}


async def test_nothing_is_made_when_anything_is_refused(world: World) -> None:
    anna, project, subject = world.actor("anna"), world.project("help"), f"Не должно быть {world.new_task()}"
    wish = NewTask(project, subject)
    used = await stage(world, "anna", b"1")
    await world.backend.create(anna, NewTask(project, "С файлом", files=(used,)))
    for bad, error, field in (
        (wish._replace(assignee_id=world.actor("stranger").id), Invalid, "assignee_id"),
        (wish._replace(assignee_id=4_711), Invalid, "assignee_id"),
        (wish._replace(priority_id=4_711), Invalid, "priority_id"),
        (wish._replace(status_id=world.status("closed")), TransitionNotAllowed, "status_id"),
        (wish._replace(start_date=date(2027, 1, 15), due_date=date(2027, 1, 11)), Invalid, "due_date"),
        (wish._replace(files=(used,)), Invalid, "files"),
        (wish._replace(subject=subject + "й" * 256), Invalid, "subject"),
    ):
        with pytest.raises(error) as refusal:
            await world.backend.create(anna, bad)
        assert list(refusal.value.fields) == [field]
    assert await found(world, subject) == 0


@pytest.mark.parametrize("subject", ["", "  \n\t "])
@READ_ALIKE
async def test_a_task_without_a_subject_is_refused(world: World, subject: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await world.backend.create(world.actor("irina"), NewTask(world.project("help"), subject))
    assert list(refusal.value.fields) == ["subject"]


async def test_a_blank_has_the_fields_that_a_company_added_and_the_task_keeps_them(world: World) -> None:
    irina = world.actor("irina")
    blank = await world.backend.new_task_form(irina, world.project("help"))
    fields = {field.name: field for field in blank.custom}
    kinds = {"Кабинет": "text", "Способ связи": "list", "Согласовано": "yes_no", "Дата замены": "date"}
    assert {name: fields[name].kind for name in kinds} == kinds
    by_mail = next(option.value for option in fields["Способ связи"].options if option.label == "Почта")
    values = {
        fields["Кабинет"].id: ("214-б",),
        fields["Способ связи"].id: (by_mail,),
        fields["Согласовано"].id: ("1",),
        fields["Дата замены"].id: ("2027-02-01",),
    }
    task = await world.backend.create(irina, NewTask(world.project("help"), SUBJECT, custom=values))
    assert {number: task.custom_value(number) for number in values} == values
    empty = await world.backend.create(irina, NewTask(world.project("help"), SUBJECT))
    assert all(empty.custom_value(field.id) == field.default for field in fields.values() if field.kind != "yes_no")


async def test_a_value_that_a_custom_field_does_not_take_is_refused(world: World) -> None:
    field = world.custom_field("Способ связи")
    wish = NewTask(world.project("help"), f"Не должно быть {world.new_task()}", custom={field: ("Голубем",)})
    with pytest.raises(Invalid) as refusal:
        await world.backend.create(world.actor("anna"), wish)
    assert list(refusal.value.fields) == [f"cf_{field}"] and await found(world, wish.subject) == 0


async def test_a_new_task_can_be_part_of_another(world: World) -> None:
    anna, parent = world.actor("anna"), world.new_task()
    task = await world.backend.create(anna, NewTask(world.project("help"), SUBJECT, parent_id=parent))
    assert task.parent and task.parent.id == parent
    for foreign in (999_999, world.new_task(project="office")):
        wish = NewTask(world.project("help"), f"Не должно быть {world.new_task()}", parent_id=foreign)
        with pytest.raises(Invalid) as refusal:
            await world.backend.create(anna, wish)
        # Redmine tells in a sentence, and not of which field it speaks.
        assert set(refusal.value.fields) <= {"parent_id", "base"} and await found(world, wish.subject) == 0


async def test_a_custom_field_that_is_not_there_is_refused(world: World) -> None:
    wish = NewTask(world.project("help"), f"Не должно быть {world.new_task()}", custom={4_711: ("1",)})
    with pytest.raises(NotAllowed):
        await world.backend.create(world.actor("anna"), wish)
    assert await found(world, wish.subject) == 0

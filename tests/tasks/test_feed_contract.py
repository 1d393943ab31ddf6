"""What every feed tells, of the embedded tracker and of a real Redmine, over REST and by SQL."""

import pytest

from helpdesk.notifications.event_processing import record_of, records_visible_to
from helpdesk.tasks.feed import Event, FeedPage
from helpdesk.tasks.model import Edit
from tests.tasks.worlds import World

pytestmark = pytest.mark.usefixtures("long_after_others", "nothing_is_set_up")

EVERYBODY = ("admin", "anna", "boris", "irina", "stranger")


def of(told: FeedPage, task: int) -> list[Event]:
    """Other tests make things happen meanwhile."""
    return [it for it in told.events if it.task_id == task]


async def visible_to(world: World, event: Event) -> set[str]:
    actors = {login: world.actor(login) for login in EVERYBODY}
    seen = await world.feed.visible_to(event, actors.values())
    return {login for login, actor in actors.items() if actor.id in seen}


async def task_viewers(world: World, event: Event) -> set[str]:
    """Whose open pages are told of it: asked by what the store keeps of an act, which is less than the act."""
    actors = {login: world.actor(login) for login in EVERYBODY}
    seen = await records_visible_to(world.feed)(record_of(event), actors.values())
    return {login for login, actor in actors.items() if actor.id in seen}


async def test_events_before_the_start_are_not_read(world: World) -> None:
    task = world.new_task()
    await world.backend.comment(world.actor("anna"), task, "Было раньше")
    position = await world.feed.start()
    told = await world.feed.read(position)
    assert of(told, task) == [] and of(await world.feed.read(told.cursor), task) == []
    await world.backend.comment(world.actor("anna"), task, "Стало позже")
    assert [it.notes for it in of(await world.feed.read(told.cursor), task)] == ["Стало позже"]


async def test_a_new_task_is_told_with_whose_it_is(world: World) -> None:
    position = await world.feed.start()
    task = world.new_task("Сломался стул", project="office", author="irina", assignee="anna")
    (told,) = of(await world.feed.read(position), task)
    irina, anna = world.actor("irina").id, world.actor("anna").id
    assert told.is_new and told.by and (told.by.id, told.by.name) == (irina, world.name("irina"))
    assert (told.subject, told.project_id) == ("Сломался стул", world.project("office")) and told.project
    assert (told.author, told.assignees, told.former) == (irina, {anna}, set())
    assert told.at.tzinfo and not told.notes and not told.was_assigned


async def test_a_new_task_is_told_with_its_description(world: World) -> None:
    position = await world.feed.start()
    task, other = world.new_task(description="Зовите @boris,\nон знает"), world.new_task(description="Не то")
    await world.backend.comment(world.actor("anna"), task, "Позову")
    told = await world.feed.read(position)
    assert [it.notes for it in of(told, task)] == ["Зовите @boris,\nон знает", "Позову"]
    assert [(it.is_new, it.private, it.notes) for it in of(told, other)] == [(True, False, "Не то")]


async def test_one_change_is_one_event_with_all_that_it_changed(world: World) -> None:
    task, anna, boris = world.new_task(), world.actor("anna"), world.actor("boris")
    before = (await world.backend.task(anna, task)).row
    position = await world.feed.start()
    changes = {
        "status": world.status("in_progress"), "priority": world.priority("urgent"), "assignee": boris.id
    }  # fmt: skip
    after = (await world.backend.change(anna, task, Edit(changes, "Передаю Борису"))).after.row
    (told,) = of(await world.feed.read(position), task)
    assert told.by and told.by.id == anna.id and not told.is_new
    assert told.status == (before.status.name, after.status.name)
    assert told.priority == (before.priority.name, after.priority.name)
    assert (told.was_assigned, told.former, told.assignees) == (True, {anna.id}, {boris.id})
    assert (told.notes, told.private) == ("Передаю Борису", False)


async def test_each_event_has_the_assignees_after_it(world: World) -> None:
    task, anna, boris = world.new_task(), world.actor("anna"), world.actor("boris")
    position = await world.feed.start()
    await world.backend.comment(anna, task, "Пока моя")
    await world.backend.change(anna, task, Edit({"assignee": boris.id}))
    await world.backend.comment(boris, task, "Теперь моя")
    await world.backend.change(boris, task, Edit({"assignee": anna.id}))
    first, handed, second, back = of(await world.feed.read(position), task)
    assert [it.assignees for it in (first, handed, second, back)] == [{anna.id}, {boris.id}, {boris.id}, {anna.id}]
    assert (handed.former, back.former) == ({anna.id}, {boris.id})
    assert not first.was_assigned and not first.former


async def test_watchers_are_named_in_the_event(world: World) -> None:
    task, boris = world.new_task(), world.actor("boris")
    await world.backend.watch(boris, task, True)
    position = await world.feed.start()
    await world.backend.comment(world.actor("anna"), task, "Смотрите")
    (told,) = of(await world.feed.read(position), task)
    assert boris.id in told.watchers and world.actor("irina").id not in told.watchers


async def test_reading_again_from_a_cursor_returns_the_same_events(world: World) -> None:
    task, anna = world.new_task(), world.actor("anna")
    position = await world.feed.start()
    await world.backend.comment(anna, task, "Раз")
    first = await world.feed.read(position)
    await world.backend.comment(anna, task, "Два")
    again, later = of(await world.feed.read(position), task), of(await world.feed.read(first.cursor), task)
    assert [it.notes for it in again] == ["Раз", "Два"]
    assert len({it.key for it in again}) == 2 and {it.key for it in of(first, task)} < {it.key for it in again}
    assert later[-1] == again[-1]


async def test_an_entry_of_a_task_is_an_event_that_can_be_read_by_itself(world: World) -> None:
    task, other, anna, boris = world.new_task(), world.new_task(), world.actor("anna"), world.actor("boris")
    await world.backend.watch(boris, task, True)
    position = await world.feed.start()
    await world.backend.comment(anna, task, "Раз", private=True)
    edit = Edit({"assignee": boris.id, "status": world.status("in_progress")}, "Передаю")
    written = await world.backend.change(anna, task, edit)
    entries = [entry.id for entry in written.after.entries]
    told = of(await world.feed.read(position), task)
    assert [await world.feed.event(task, entry) for entry in entries] == told and len(told) == 2
    assert [world.feed.key(entry) for entry in entries] == [it.key for it in told]
    for wrong in ((other, entries[0]), (task, 2**31 - 1), (2**31 - 1, entries[0])):
        assert await world.feed.event(*wrong) is None


async def test_only_those_who_see_the_task_see_what_happens_to_it(world: World) -> None:
    position = await world.feed.start()
    task = world.new_task(author="anna", assignee="boris", project="warehouse")
    await world.backend.comment(world.actor("boris"), task, "На складе")
    for told in of(await world.feed.read(position), task):
        assert await visible_to(world, told) == {"admin", "anna", "boris"}


async def test_a_private_comment_is_seen_by_those_who_may_read_such(world: World) -> None:
    task, anna = world.new_task(author="irina", assignee="anna"), world.actor("anna")
    position = await world.feed.start()
    await world.backend.comment(anna, task, "Между нами", private=True)
    await world.backend.comment(anna, task, "Всем")
    hidden, public = of(await world.feed.read(position), task)
    assert (hidden.private, public.private) == (True, False)
    assert await visible_to(world, hidden) == await task_viewers(world, hidden) == {"admin", "anna", "boris"}
    assert await visible_to(world, public) == await task_viewers(world, public) == {"admin", "anna", "boris", "irina"}


async def test_nobody_sees_what_is_gone(world: World) -> None:
    position = await world.feed.start()
    task = world.new_task()
    (told,) = of(await world.feed.read(position), task)
    await world.backend.delete(world.actor("admin"), task)
    assert await visible_to(world, told) == set()
    assert of(await world.feed.read(position), task) == []


async def test_a_deleted_number_is_not_given_again_so_that_no_event_is_missed(world: World) -> None:
    """A number that were given again would be below where reading goes on, under a key that is known."""
    admin, last = world.actor("admin"), world.new_task()
    position = await world.feed.start()
    await world.backend.delete(admin, last)
    task = world.new_task()
    (told,) = of(await world.feed.read(position), task)
    assert told.is_new and task != last

    first = await world.backend.comment(admin, task, "Сказано и взято назад")
    position, gone = await world.feed.start(), first.new_entries[-1].id
    await world.backend.edit_comment(admin, task, gone, "")
    await world.backend.comment(admin, task, "Сказано снова")
    (told,) = of(await world.feed.read(position), task)
    assert told.notes == "Сказано снова" and not told.key.endswith(f".{gone}")


async def test_asking_about_nobody_gives_nobody(world: World) -> None:
    position = await world.feed.start()
    task = world.new_task()
    (told,) = of(await world.feed.read(position), task)
    assert await world.feed.visible_to(told, ()) == frozenset()

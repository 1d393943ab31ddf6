"""Two people change one task: different fields stand beside each other, the same one conflicts, in every tracker."""

import os
from datetime import date
from random import Random

import pytest

from helpdesk.errors import Conflict, Unchanged
from helpdesk.tasks.model import Actor, Edit, Task
from tests.tasks.worlds import EmbeddedWorld, World

pytestmark = pytest.mark.usefixtures("nothing_is_set_up")

ROUNDS = 4 if os.environ.get("SOAK") else 1
ROOM, NUMBER, WAY = "Кабинет", "Инвентарный номер", "Способ связи"


def wishes(world: World, whose: int) -> dict[str, Edit]:
    """What each of two people may wish for each field; never the same."""
    fields = {name: world.custom_field(name) for name in (ROOM, NUMBER, WAY)}
    return {
        "status_id": Edit({"status": world.status(("in_progress", "rejected")[whose])}),
        "priority_id": Edit({"priority": world.priority(("high", "urgent")[whose])}),
        "assignee_id": Edit({"assignee": (world.actor("boris").id, None)[whose]}),
        "subject": Edit(details={"subject": f"Тема {whose}"}),
        "description": Edit(details={"description": f"Описание {whose}"}),
        "due_date": Edit(details={"due_date": date(2040, 1, 1 + whose)}),
        "done_ratio": Edit(details={"done_ratio": (30, 60)[whose]}),
        "estimated_hours": Edit(details={"estimated_hours": 1.5 + whose}),
        f"cf_{fields[ROOM]}": Edit(custom={fields[ROOM]: (f"21{whose}",)}),
        f"cf_{fields[NUMBER]}": Edit(custom={fields[NUMBER]: (f"100{whose}",)}),
        f"cf_{fields[WAY]}": Edit(custom={fields[WAY]: (("Телефон", "Почта")[whose],)}),
    }


def together(edits: list[Edit], **more: object) -> Edit:
    whole = Edit(**more)
    for each in edits:
        whole = whole._replace(
            changes={**whole.changes, **each.changes},
            details={**whole.details, **each.details},
            custom={**whole.custom, **each.custom},
        )
    return whole


def holds(task: Task, edit: Edit) -> bool:
    return (
        all(task.value(field) == value for field, value in edit.changes.items())
        and all(task.detail(detail) == value for detail, value in edit.details.items())
        and all(task.custom_value(number) == value for number, value in edit.custom.items())
    )


@pytest.mark.soak
async def test_changes_of_different_fields_merge_and_a_conflict_names_just_the_fields_that_both_changed(
    world: World,
) -> None:
    dice, anna, boris = Random(os.environ.get("SEED", "1")), world.actor("anna"), world.actor("boris")
    # How fields merge is decided in Python, alike in all databases: the quickest world tries most.
    is_quick = isinstance(world, EmbeddedWorld) and world.database.engine.dialect.name == "sqlite"
    for _ in range(ROUNDS * (8 if is_quick else 2)):
        for overlap in (False, True):
            number = world.new_task()
            page = await world.backend.task(anna, number)
            names = dice.sample(sorted(wishes(world, 0)), 6)
            his, hers = names[:4], names[3:] if overlap else names[4:]
            theirs = together([wishes(world, 0)[name] for name in his[:2]])
            await world.backend.change(boris, number, theirs)
            await world.backend.comment(boris, number, "Между делом")
            theirs = together([theirs, *(wishes(world, 0)[name] for name in his[2:])])
            await world.backend.change(boris, number, theirs)
            mine = together([wishes(world, 1)[name] for name in hers], version=page.version, comment="Моё")
            if not overlap:
                written = await world.backend.change(anna, number, mine)
                assert holds(written.after, mine) and holds(written.after, theirs), (his, hers)
                assert written.comment_of(anna.id).notes == "Моё" and written.overwrote(anna.id) == ()
                continue
            with pytest.raises(Conflict) as conflict:
                await world.backend.change(anna, number, mine)
            assert {it.name for it in conflict.value.theirs} == set(his) & set(hers), (his, hers)
            assert all(it.entry.author and it.entry.author.id == boris.id for it in conflict.value.theirs)
            now = await world.backend.task(anna, number)
            assert conflict.value.current == now and holds(now, theirs) and len(now.entries) == 3


async def test_a_conflict_names_both_authors_and_values_and_the_second_try_counts(
    world: World, anna: Actor, number: int
) -> None:
    page = await world.backend.task(anna, number)
    done = await world.backend.change(world.actor("boris"), number, Edit({"priority": world.priority("high")}))
    await world.backend.comment(world.actor("irina"), number, "А когда?")
    mine = Edit({"priority": world.priority("low")}, version=page.version)
    with pytest.raises(Conflict) as conflict:
        await world.backend.change(anna, number, mine)
    (it,) = conflict.value.theirs
    assert (it.name, it.change.new) == ("priority_id", done.after.row.priority.name)
    assert it.entry.id == done.own_entries(world.actor("boris").id)[0].id
    assert isinstance(conflict.value.current, Task)
    again = mine._replace(version=conflict.value.current.version)
    assert (await world.backend.change(anna, number, again)).after.row.priority.id == world.priority("low")


async def test_the_same_value_written_by_both_is_no_conflict(world: World, anna: Actor, number: int) -> None:
    page = await world.backend.task(anna, number)
    urgent = Edit({"priority": world.priority("urgent")}, version=page.version)
    await world.backend.change(world.actor("boris"), number, urgent)
    with pytest.raises(Unchanged):
        await world.backend.change(anna, number, urgent)
    said = await world.backend.change(anna, number, urgent._replace(comment="И я за это"))
    assert [(it.notes, it.changes) for it in said.own_entries(anna.id)] == [("И я за это", ())]


async def test_one_change_after_another_from_one_page_needs_no_new_page(world: World, anna: Actor, number: int) -> None:
    page = await world.backend.task(anna, number)
    for mine in (
        Edit({"status": world.status("in_progress")}, version=page.version),
        Edit({"priority": world.priority("high")}, version=page.version),
        Edit(comment="Просто слова", version=page.version),
        Edit(details={"due_date": date(2040, 1, 1)}, version=page.version),
    ):
        assert holds((await world.backend.change(anna, number, mine)).after, mine)


async def test_a_version_that_there_never_was_is_a_conflict_but_for_a_comment(
    world: World, anna: Actor, number: int
) -> None:
    task = await world.backend.task(anna, number)
    never = ("nonsense", f"{task.version}1", "0")
    for known in never:
        with pytest.raises(Conflict):
            await world.backend.change(anna, number, Edit({"priority": world.priority("high")}, version=known))
    for said, known in enumerate(never, 1):
        task = (await world.backend.change(anna, number, Edit(comment="Слова", version=known))).after
        assert len(task.entries) == said and task.row.priority.id == world.priority("normal")

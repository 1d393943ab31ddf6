"""What every tracker does with the rest of a task: its details and custom fields, links, watchers, comments mended."""

from datetime import date

import pytest

from helpdesk.errors import Conflict, Invalid, NotAllowed, NotFound, Unchanged
from helpdesk.tasks.change_messages import YES_NO, in_words
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.fields import Detail, Texts, Value, cf_name
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, Edit, FieldChange, Task
from tests.tasks.test_backend_contract import HOSTILE
from tests.tasks.worlds import READ_ALIKE, World

pytestmark = pytest.mark.usefixtures("nothing_is_set_up")

FIELDS: dict[str, tuple[str, str]] = {
    "Кабинет": ("text", "214"),
    "Способ связи": ("list", "Почта"),
    "Согласовано": ("yes_no", "1"),
    "Дата замены": ("date", "2026-12-01"),
    "Инвентарный номер": ("integer", "4711"),
}


async def seen(world: World, login: str, number: int) -> Task:
    return await world.backend.task(world.actor(login), number)


def told(changes: tuple[FieldChange, ...]) -> dict[str, FieldChange]:
    return {change.label or change.field: change for change in changes}


# Details


async def test_details_are_changed_at_once_in_one_entry(world: World) -> None:
    number, anna = world.new_task("Не печатает принтер", description="Совсем"), world.actor("anna")
    wish: dict[Detail, Value] = {
        "subject": "Печатает полосами",
        "description": HOSTILE,
        "start_date": date(2026, 11, 2),
        "due_date": date(2026, 11, 20),
        "done_ratio": 40,
        "estimated_hours": 2.5,
    }
    written = await world.backend.change(anna, number, Edit(details=wish, comment="Уточнила"))
    assert {detail: written.after.detail(detail) for detail in wish} == wish
    assert written.after.version != written.before.version
    (entry,) = written.new_entries
    changes = told(entry.changes)
    assert entry.notes == "Уточнила" and set(changes) == set(wish)
    assert (changes["subject"].old, changes["subject"].new) == ("Не печатает принтер", "Печатает полосами")
    assert (changes["description"].old, changes["description"].new) == (None, None)
    assert (changes["start_date"].new, changes["due_date"].new) == ("2026-11-02", "2026-11-20")
    assert (changes["done_ratio"].new, float(changes["estimated_hours"].new or 0)) == ("40", 2.5)
    assert await seen(world, "anna", number) == written.after


async def test_details_are_emptied(world: World) -> None:
    number, anna = world.new_task(description="Совсем"), world.actor("anna")
    full: dict[Detail, Value] = {
        "start_date": date(2026, 11, 2),
        "due_date": date(2026, 11, 20),
        "estimated_hours": 2.0,
    }
    await world.backend.change(anna, number, Edit(details=full))
    empty: dict[Detail, Value] = {"description": "", "start_date": None, "due_date": None, "estimated_hours": None}
    written = await world.backend.change(anna, number, Edit(details=empty))
    assert {detail: written.after.detail(detail) for detail in empty} == empty
    changes = told(written.new_entries[0].changes)
    assert (changes["due_date"].old, changes["due_date"].new) == ("2026-11-20", None)


async def test_a_detail_a_status_and_a_custom_field_change_together(world: World) -> None:
    number, anna, room = world.new_task(), world.actor("anna"), world.custom_field("Кабинет")
    edit = Edit({"status": world.status("in_progress")}, details={"done_ratio": 10}, custom={room: ("214",)})
    written = await world.backend.change(anna, number, edit)
    assert set(told(written.new_entries[0].changes)) == {"status", "done_ratio", "Кабинет"}
    assert written.after.row.status.id == world.status("in_progress") and written.after.done_ratio == 10


async def test_the_tracker_is_changed_and_told_by_name(world: World, anna: Actor, number: int) -> None:
    before = await seen(world, "anna", number)
    other = next(ref for ref in before.choices.trackers if ref.id != before.row.tracker.id)
    written = await world.backend.change(anna, number, Edit(details={"tracker": other.id}))
    assert written.after.row.tracker == other
    change = told(written.new_entries[0].changes)["tracker"]
    assert (change.old, change.new) == (before.row.tracker.name, other.name)


async def test_the_choices_say_which_details_and_fields_may_be_written(world: World, number: int) -> None:
    choices = (await seen(world, "anna", number)).choices
    assert choices.details >= {
        "subject", "description", "tracker", "start_date", "due_date", "done_ratio", "estimated_hours", "parent"
    }  # fmt: skip
    assert choices.custom >= {world.custom_field(name) for name in FIELDS} and "subject" in choices.required
    hers = (await seen(world, "irina", number)).choices
    assert (hers.details, hers.custom) == (frozenset(), frozenset())


IMPOSSIBLE: tuple[tuple[dict[Detail, Value], str], ...] = (
    ({"subject": "  "}, "subject"),
    ({"subject": "x" * 256}, "subject"),
    ({"start_date": date(2026, 11, 20), "due_date": date(2026, 11, 19)}, "due_date"),
    ({"done_ratio": 101}, "done_ratio"),
    ({"done_ratio": -1}, "done_ratio"),
    ({"done_ratio": None}, "done_ratio"),
    ({"estimated_hours": -1.0}, "estimated_hours"),
    ({"estimated_hours": float("nan")}, "estimated_hours"),
    ({"tracker": 4_711}, "tracker_id"),
    ({"tracker": None}, "tracker_id"),
)


@READ_ALIKE
async def test_an_impossible_detail_is_refused_and_nothing_is_written(world: World, number: int) -> None:
    before = await seen(world, "anna", number)
    for wish, field in IMPOSSIBLE:
        with pytest.raises(Invalid) as refusal:
            edit = Edit({"status": world.status("in_progress")}, "не должно остаться", details=wish)
            await world.backend.change(world.actor("anna"), number, edit)
        assert list(refusal.value.fields) == [field], wish
    assert await seen(world, "anna", number) == before


async def test_dates_that_cross_only_with_what_is_there_are_refused(world: World, anna: Actor, number: int) -> None:
    both: dict[Detail, Value] = {"start_date": date(2026, 11, 2), "due_date": date(2026, 11, 20)}
    await world.backend.change(anna, number, Edit(details=both))
    for wish in ({"start_date": date(2026, 11, 21)}, {"due_date": date(2026, 11, 1)}):
        with pytest.raises(Invalid) as refusal:
            await world.backend.change(anna, number, Edit(details=wish))
        assert list(refusal.value.fields) == ["due_date"]


async def test_without_the_right_to_edit_no_detail_and_no_field_changes(world: World) -> None:
    number, irina = world.new_task(), world.actor("irina")
    before = await seen(world, "irina", number)
    for edit in (
        Edit(details={"subject": "Моё"}, comment="не должно остаться"),
        Edit(custom={world.custom_field("Кабинет"): ("214",)}, comment="не должно остаться"),
    ):
        with pytest.raises(NotAllowed):
            await world.backend.change(irina, number, edit)
    assert await seen(world, "irina", number) == before


async def test_the_same_values_are_no_change_and_a_stale_version_of_the_same_field_is_a_conflict(world: World) -> None:
    number, anna, room = world.new_task("Стул"), world.actor("anna"), world.custom_field("Кабинет")
    with pytest.raises(Unchanged):
        await world.backend.change(anna, number, Edit(details={"subject": "Стул"}, custom={room: ()}))
    stale = (await seen(world, "anna", number)).version
    await world.backend.change(world.actor("boris"), number, Edit(details={"subject": "Полка"}))
    with pytest.raises(Conflict) as conflict:
        await world.backend.change(anna, number, Edit(details={"subject": "Стол"}, version=stale))
    assert conflict.value.current == await seen(world, "anna", number)
    assert (await seen(world, "anna", number)).row.subject == "Полка"


# Private tasks


async def test_a_private_task_is_seen_by_those_it_concerns_and_is_told_as_such(world: World) -> None:
    anna, number = world.actor("anna"), world.new_task(author="irina", assignee="anna")
    assert not (await seen(world, "irina", number)).row.is_private
    written = await world.backend.change(anna, number, Edit(details={"is_private": True}))
    assert written.after.row.is_private and written.after.detail("is_private") is True
    (change,) = written.new_entries[0].changes
    assert (change.field, change.old, change.new) == ("is_private", "0", "1")
    assert in_words(change).values["new"] == YES_NO["1"]
    for login in ("irina", "anna"):
        page = await world.backend.tasks(world.actor(login), TaskQuery(search=f"#{number}"))
        assert [row.is_private for row in page.rows] == [True]
        assert (await seen(world, login, number)).row.is_private
    back = await world.backend.change(anna, number, Edit(details={"is_private": False}))
    assert not back.after.row.is_private
    with pytest.raises(Unchanged):
        await world.backend.change(anna, number, Edit(details={"is_private": False}))


async def test_only_the_right_to_set_private_makes_a_task_private(world: World) -> None:
    number, irina, project = world.new_task(author="irina"), world.actor("irina"), world.project("help")
    assert "is_private" in (await seen(world, "anna", number)).choices.details
    assert "is_private" not in (await seen(world, "irina", number)).choices.details
    assert "is_private" not in (await world.backend.new_task_form(irina, project)).details
    with pytest.raises(NotAllowed):
        await world.backend.change(irina, number, Edit(details={"is_private": True}))
    with pytest.raises(NotAllowed):
        await world.backend.create(irina, NewTask(project, "Личное", is_private=True))
    assert not (await seen(world, "anna", number)).row.is_private


async def test_a_task_is_private_from_its_beginning(world: World) -> None:
    anna, project = world.actor("anna"), world.project("help")
    assert "is_private" in (await world.backend.new_task_form(anna, project)).details
    made = await world.backend.create(anna, NewTask(project, "Личное", is_private=True))
    assert made.row.is_private and (await seen(world, "anna", made.id)).row.is_private
    usual = await world.backend.create(anna, NewTask(project, "Обычное", is_private=False))
    assert not usual.row.is_private


# Custom fields


async def test_a_task_has_its_custom_fields_whether_filled_in_or_not(world: World) -> None:
    task = await seen(world, "anna", world.new_task())
    held = {each.field.name: each for each in task.custom if each.field.name in FIELDS}
    assert list(held) == list(FIELDS) and all(each.value == () for each in held.values())
    assert {name: each.field.kind for name, each in held.items()} == {name: kind for name, (kind, _) in FIELDS.items()}
    assert [option.label for option in held["Способ связи"].field.options] == ["Телефон", "Почта", "Лично"]


async def test_custom_fields_are_filled_in_and_told_by_name(world: World, anna: Actor, number: int) -> None:
    task = await seen(world, "anna", number)
    fields = {each.field.name: each.field for each in task.custom}
    values: dict[int, Texts] = {}
    for name, (kind, value) in FIELDS.items():
        picked = next((option.value for option in fields[name].options if option.label == value), value)
        values[fields[name].id] = (picked if kind == "list" else value,)
    written = await world.backend.change(anna, number, Edit(custom=values))
    assert {number: written.after.custom_value(number) for number in values} == values
    changes = told(written.new_entries[0].changes)
    assert {name: (it.old, it.new, it.kind) for name, it in changes.items()} == {
        name: (None, value, kind) for name, (kind, value) in FIELDS.items()
    }
    emptied = await world.backend.change(anna, number, Edit(custom=dict.fromkeys(values, ())))
    assert all(emptied.after.custom_value(number) == () for number in values)
    assert told(emptied.new_entries[0].changes)["Кабинет"][1:3] == ("214", None)


async def test_a_custom_field_takes_what_people_and_programs_write(world: World, anna: Actor, number: int) -> None:
    for name, written, kept in (
        ("Согласовано", "yes", "1"),
        ("Согласовано", "Off", "0"),
        ("Инвентарный номер", "12\u00a0345", "12345"),
    ):
        field = world.custom_field(name)
        after = (await world.backend.change(anna, number, Edit(custom={field: (written,)}))).after
        assert after.custom_value(field) == (kept,)
        with pytest.raises(Unchanged):
            await world.backend.change(anna, number, Edit(custom={field: (written,)}))


async def test_a_value_that_a_custom_field_does_not_take_is_refused(world: World, number: int) -> None:
    before = await seen(world, "anna", number)
    for name, value in (
        ("Способ связи", ("Голубь",)),
        ("Способ связи", ("Телефон", "Почта")),
        ("Согласовано", ("2",)),
        ("Дата замены", ("завтра",)),
        ("Дата замены", ("2026-02-30",)),
        ("Инвентарный номер", ("много",)),
        ("Инвентарный номер", ("1_000",)),
    ):
        field = world.custom_field(name)
        with pytest.raises(Invalid) as refusal:
            edit = Edit(details={"subject": "не должно остаться"}, custom={field: value})
            await world.backend.change(world.actor("anna"), number, edit)
        assert list(refusal.value.fields) == [cf_name(field)], value
    assert await seen(world, "anna", number) == before


async def test_a_field_that_the_task_does_not_have_may_not_be_written(world: World) -> None:
    with pytest.raises(NotAllowed):
        await world.backend.change(world.actor("anna"), world.new_task(), Edit(custom={4_711: ("x",)}))


# Parents, sub-tasks, relations, spent time


async def test_a_parent_is_given_told_and_taken_away(world: World) -> None:
    whole, part, anna = world.new_task("Переезд"), world.new_task("Упаковать"), world.actor("anna")
    written = await world.backend.change(anna, part, Edit(details={"parent": whole}))
    assert written.after.parent and written.after.parent[:2] == (whole, "Переезд")
    change = told(written.new_entries[0].changes)["parent_id"]
    assert (change.old, change.new) == (None, f"#{whole}")
    assert [child[:2] for child in (await seen(world, "anna", whole)).children] == [(part, "Упаковать")]
    await world.backend.change(anna, part, Edit(details={"parent": None}))
    assert (await seen(world, "anna", part)).parent is None
    assert (await seen(world, "anna", whole)).children == ()


async def test_a_task_can_not_be_its_own_parent_nor_have_one_that_is_not_there(world: World) -> None:
    whole = world.new_task()
    part = world.new_task(parent=whole)
    before = await seen(world, "anna", whole)
    for parent in (whole, part, 999_999):
        with pytest.raises(Invalid):
            await world.backend.change(world.actor("anna"), whole, Edit(details={"parent": parent}))
    assert await seen(world, "anna", whole) == before


async def test_links_show_only_what_a_person_may_see(world: World) -> None:
    hidden, hers = world.new_task("Тайна", author="anna"), world.new_task("Её")
    part, shown = world.new_task("Часть", author="anna", parent=hers), world.new_task("Её часть", parent=hers)
    own, near = world.new_task("Подзадача", parent=hidden), world.new_task("Рядом")
    for other in (hidden, near):
        world.relate(hers, other, "blocks")
    task = await seen(world, "anna", hers)
    assert {child.id for child in task.children} == {part, shown}
    assert {(relation.kind, relation.other.id) for relation in task.relations} == {
        ("blocks", hidden),
        ("blocks", near),
    }
    assert [(r.kind, r.other[:2]) for r in (await seen(world, "anna", hidden)).relations] == [("blocked", (hers, "Её"))]
    mine = await seen(world, "irina", hers)
    assert [child.id for child in mine.children] == [shown]
    assert [(relation.kind, relation.other.id) for relation in mine.relations] == [("blocks", near)]
    assert (await seen(world, "irina", own)).parent is None
    assert (await seen(world, "anna", own)).parent


async def test_a_relation_is_shown_from_either_side(world: World) -> None:
    kinds = {"relates": "relates", "duplicates": "duplicated", "precedes": "follows", "copied_to": "copied_from"}
    one, others = world.new_task(), {kind: world.new_task() for kind in kinds}
    for kind, other in others.items():
        world.relate(one, other, kind)
        seen_there = (await seen(world, "anna", other)).relations
        assert [(it.kind, it.other.id) for it in seen_there] == [(kinds[kind], one)]
    relations = (await seen(world, "anna", one)).relations
    assert sorted((it.kind, it.other.id) for it in relations) == sorted(others.items())


async def test_spent_time_is_summed_for_those_who_work(world: World, number: int) -> None:
    assert (await seen(world, "anna", number)).spent_hours == 0
    world.spend(number, 1.5)
    world.spend(number, 0.25, "boris")
    assert (await seen(world, "anna", number)).spent_hours == 1.75
    assert (await seen(world, "irina", number)).spent_hours == 0


# Watching


async def test_a_task_is_watched_and_not_watched_any_more_as_often_as_one_says_so(
    world: World, anna: Actor, number: int
) -> None:
    before = await world.backend.watch(anna, number, False)
    assert not before.watched and before.choices.may_watch
    for _ in range(2):
        after = await world.backend.watch(anna, number, True)
        assert after.watched and (after.version, after.entries) == (before.version, before.entries)
    assert anna.id in {who.id for who in (await seen(world, "boris", number)).watchers}
    assert not (await seen(world, "boris", number)).watched
    for _ in range(2):
        after = await world.backend.watch(anna, number, False)
        assert not after.watched and anna.id not in {who.id for who in after.watchers}


async def test_nobody_watches_what_one_may_not_see(world: World, number: int) -> None:
    with pytest.raises(NotFound):
        await world.backend.watch(world.actor("stranger"), number, True)
    assert (await seen(world, "anna", number)).watchers == (await seen(world, "boris", number)).watchers


# Comments mended


async def test_an_edited_own_comment_keeps_its_other_properties(world: World, anna: Actor, number: int) -> None:
    first = await world.backend.comment(anna, number, "между нами", private=True)
    (entry,) = first.new_entries
    assert entry.may_edit
    written = await world.backend.edit_comment(anna, number, entry.id, f"  {HOSTILE}\n")
    (mended,) = written.after.entries
    assert (mended.id, mended.notes, mended.private) == (entry.id, HOSTILE, True)
    assert mended.author == entry.author and mended.created_on == entry.created_on
    assert (await seen(world, "irina", number)).entries == ()
    with pytest.raises(Unchanged):
        await world.backend.edit_comment(anna, number, entry.id, HOSTILE)


async def test_a_comment_emptied_is_gone_and_what_it_came_with_stays(world: World, anna: Actor, number: int) -> None:
    alone = (await world.backend.comment(anna, number, "лишнее")).comment_of(anna.id)
    edit = Edit({"status": world.status("in_progress")}, "тоже лишнее")
    change = (await world.backend.change(anna, number, edit)).comment_of(anna.id)
    for entry in (alone, change):
        await world.backend.edit_comment(anna, number, entry.id, " \n")
    (left,) = (await seen(world, "anna", number)).entries
    assert (left.id, left.notes, left.may_edit) == (change.id, "", False) and left.changes == change.changes


async def test_editing_another_persons_comment_needs_the_right(world: World, number: int) -> None:
    entry = (await world.backend.comment(world.actor("anna"), number, "моё")).new_entries[0]
    assert [it.may_edit for it in (await seen(world, "boris", number)).entries] == [False]
    with pytest.raises(NotAllowed):
        await world.backend.edit_comment(world.actor("boris"), number, entry.id, "чужое")
    assert [it.may_edit for it in (await seen(world, "admin", number)).entries] == [True]
    written = await world.backend.edit_comment(world.actor("admin"), number, entry.id, "поправлено")
    assert [(it.notes, it.author) for it in written.after.entries] == [("поправлено", entry.author)]


async def test_the_right_to_comment_alone_does_not_let_one_edit_ones_own(world: World) -> None:
    number, irina = world.new_task(), world.actor("irina")
    (entry,) = (await world.backend.comment(irina, number, "Когда?")).new_entries
    assert not entry.may_edit
    with pytest.raises(NotAllowed):
        await world.backend.edit_comment(irina, number, entry.id, "Скоро?")


async def test_a_comment_that_is_not_there_for_a_person_is_not_found(world: World) -> None:
    number, other, anna = world.new_task(), world.new_task(), world.actor("anna")
    entry = (await world.backend.comment(anna, number, "между нами", private=True)).comment_of(anna.id)
    for login, task, wanted in (("anna", other, entry.id), ("anna", number, 999_999), ("irina", number, entry.id)):
        with pytest.raises(NotFound):
            await world.backend.edit_comment(world.actor(login), task, wanted, "x")
    with pytest.raises(NotFound):
        await world.backend.edit_comment(world.actor("stranger"), number, entry.id, "x")
    assert [it.notes for it in (await seen(world, "anna", number)).entries] == ["между нами"]


# Deleting


async def test_a_task_is_deleted_with_all_that_hangs_on_it_by_who_may(world: World) -> None:
    number, anna, admin = world.new_task(), world.actor("anna"), world.actor("admin")
    part, related = world.new_task(parent=number), world.new_task()
    world.relate(number, related, "relates")
    world.spend(number, 1.0)
    await world.backend.change(anna, number, Edit(comment="слово", custom={world.custom_field("Кабинет"): ("1",)}))
    await world.backend.watch(anna, number, True)
    assert not (await seen(world, "anna", number)).choices.may_delete
    for login, error in (("anna", NotAllowed), ("irina", NotAllowed), ("stranger", NotFound)):
        with pytest.raises(error):
            await world.backend.delete(world.actor(login), number)
    assert (await seen(world, "admin", number)).choices.may_delete
    await world.backend.delete(admin, number)
    for gone in (number, part):
        with pytest.raises(NotFound):
            await world.backend.task(admin, gone)
    assert await world.backend.seen(anna, (number, part, related)) == {related: True}
    assert (await seen(world, "anna", related)).relations == ()
    with pytest.raises(NotFound):
        await world.backend.delete(admin, number)

"""What only the embedded tracker has of details: fields by project and kind, required and multiple ones, parents."""

import pytest
from sqlmodel import Session

from helpdesk.errors import Invalid, NotAllowed
from helpdesk.store.models import tables
from helpdesk.tasks.fields import name_of
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Edit
from tests.world import FIELD_IDS, PROJECT_IDS, EmbeddedWorld

ROOM = FIELD_IDS["Кабинет"]


async def test_a_required_field_may_not_be_emptied_but_need_not_be_touched(embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task(), embedded.actor("anna")
    await embedded.backend.change(anna, number, Edit(custom={ROOM: ("214",)}))
    embedded.alter_field(ROOM, required=True)
    for empty in ((), (" ",)):
        with pytest.raises(Invalid) as refusal:
            await embedded.backend.change(anna, number, Edit(custom={ROOM: empty}))
        assert list(refusal.value.fields) == [name_of(ROOM)]
    assert (await embedded.backend.change(anna, number, Edit(details={"done_ratio": 10}))).after.done_ratio == 10


@pytest.mark.parametrize("limit", [{"project_id": PROJECT_IDS["office"]}, {"kind_id": 2}])
async def test_a_field_of_another_project_or_kind_is_not_there(embedded: EmbeddedWorld, limit: dict[str, int]) -> None:
    number, anna = embedded.new_task(), embedded.actor("anna")
    embedded.alter_field(ROOM, **limit)
    task = await embedded.backend.task(anna, number)
    assert ROOM not in {held.field.id for held in task.custom} | task.choices.custom
    with pytest.raises(NotAllowed):
        await embedded.backend.change(anna, number, Edit(custom={ROOM: ("214",)}))
    other = embedded.new_task(project="office")
    await embedded.backend.change(anna, other, Edit(details={"tracker": 2}))
    assert ROOM in (await embedded.backend.task(anna, other)).choices.custom


async def test_several_values_keep_their_order_and_are_told_together(embedded: EmbeddedWorld) -> None:
    number, anna, ways = embedded.new_task(), embedded.actor("anna"), FIELD_IDS["Способ связи"]
    embedded.alter_field(ways, multiple=True)
    written = await embedded.backend.change(anna, number, Edit(custom={ways: ("Почта", "Телефон")}))
    assert written.after.custom_value(ways) == ("Почта", "Телефон")
    (change,) = written.new_entries[0].changes
    assert (change.label, change.old, change.new) == ("Способ связи", None, "Почта, Телефон")


async def test_a_long_value_is_told_as_a_text_that_was_changed(embedded: EmbeddedWorld) -> None:
    number, anna, long = embedded.new_task(), embedded.actor("anna"), "ж" * 5_000
    written = await embedded.backend.change(anna, number, Edit(custom={ROOM: (long,)}))
    (change,) = written.new_entries[0].changes
    assert written.after.custom_value(ROOM) == (long,) and (change.old, change.new) == (None, None)


async def test_a_field_that_is_only_shown_is_not_written(embedded: EmbeddedWorld) -> None:
    embedded.alter_field(ROOM, kind="other")
    with pytest.raises(NotAllowed):
        await embedded.backend.change(embedded.actor("anna"), embedded.new_task(), Edit(custom={ROOM: ("1",)}))


async def test_a_parent_of_another_project_or_out_of_sight_is_refused(embedded: EmbeddedWorld) -> None:
    number, elsewhere = embedded.new_task(), embedded.new_task(project="office")

    def leave(session: Session) -> None:
        session.delete(session.get_one(tables.Membership, (PROJECT_IDS["warehouse"], 2, 1)))

    embedded.database.run_here(leave, writes=True)
    for parent in (elsewhere, embedded.new_task(project="warehouse", author="boris", assignee=None)):
        with pytest.raises(Invalid) as refusal:
            await embedded.backend.change(embedded.actor("anna"), number, Edit(details={"parent": parent}))
        assert list(refusal.value.fields) == ["parent_id"]


async def test_a_changed_subject_is_found_by_its_new_words_alone(embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Принтер", description="Сломался"), embedded.actor("anna")
    await embedded.backend.change(anna, number, Edit(details={"subject": "Сканер"}))
    for search, found in (("принтер", []), ("сканер сломался", [number])):
        page = await embedded.backend.tasks(anna, TaskQuery(search=search))
        assert [row.id for row in page.rows] == found


async def test_watchers_are_shown_to_colleagues_and_to_oneself(embedded: EmbeddedWorld) -> None:
    number = embedded.new_task()
    for login in ("anna", "irina"):
        await embedded.backend.watch(embedded.actor(login), number, True)
    for login, names in (("boris", {"anna", "irina"}), ("irina", {"irina"})):
        task = await embedded.backend.task(embedded.actor(login), number)
        assert {who.name for who in task.watchers} == {embedded.name(name) for name in names}
        assert task.watched is (login == "irina")


async def test_a_mended_comment_makes_nobodys_form_stale(embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task(), embedded.actor("anna")
    written = await embedded.backend.comment(anna, number, "опечатка")
    after = (await embedded.backend.edit_comment(anna, number, written.new_entries[0].id, "слово")).after
    assert (after.version, after.row.updated_on) == (written.after.version, written.after.row.updated_on)

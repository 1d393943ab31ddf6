"""With Redmine's rules read by SQL, what they forbid is refused before anything is sent to the real Redmine.

Redmine raises `lock_version` even for a write of which it ignores everything: where it stayed, none was sent.
"""

from collections.abc import Awaitable
from datetime import date

import pytest

from helpdesk.errors import HelpdeskError, Invalid, NotAllowed, TransitionNotAllowed
from helpdesk.tasks.model import Edit
from tests.tasks.test_redmine_details import field_rule
from tests.tasks.worlds import SqlWorld

CAREFUL = Edit(comment="не должно остаться")


async def refusal_of(world: SqlWorld, number: int, write: Awaitable[object]) -> HelpdeskError:
    boris = world.actor("boris")
    before = await world.backend.task(boris, number)
    with pytest.raises(HelpdeskError) as refusal:
        await write
    assert await world.backend.task(boris, number) == before
    return refusal.value


@pytest.mark.parametrize("field", ["due_date", "Кабинет"])
async def test_a_read_only_field_is_not_even_tried(sql_world: SqlWorld, field: str) -> None:
    anna, number = sql_world.actor("anna"), sql_world.new_task()
    room = sql_world.redmine.fields["Кабинет"]
    with field_rule(sql_world, "due_date" if field == "due_date" else str(room), "readonly", "Поддержка"):
        sql_world.restart_reading()
        edit = CAREFUL._replace(custom={room: ("1",)})
        if field == "due_date":
            edit = CAREFUL._replace(details={"due_date": date(2027, 1, 11)})
        refusal = await refusal_of(sql_world, number, sql_world.backend.change(anna, number, edit))
    assert type(refusal) is NotAllowed


@pytest.mark.parametrize("field", ["description", "Кабинет"])
async def test_a_required_field_is_not_emptied_and_named(sql_world: SqlWorld, field: str) -> None:
    anna, number = sql_world.actor("anna"), sql_world.new_task(description="Есть")
    room = sql_world.redmine.fields["Кабинет"]
    await sql_world.backend.change(anna, number, Edit(custom={room: ("1",)}))
    with field_rule(sql_world, "description" if field == "description" else str(room), "required", "Поддержка"):
        sql_world.restart_reading()
        edit = CAREFUL._replace(custom={room: ()})
        if field == "description":
            edit = CAREFUL._replace(details={"description": ""})
        refusal = await refusal_of(sql_world, number, sql_world.backend.change(anna, number, edit))
    assert isinstance(refusal, Invalid) and refusal.fields.keys() == {field if field == "description" else f"cf_{room}"}


async def test_neither_a_forbidden_transition_nor_a_forbidden_private_note_is_tried(sql_world: SqlWorld) -> None:
    number, backend = sql_world.new_task(), sql_world.backend
    closing = CAREFUL._replace(changes={"status": sql_world.status("closed")})
    refusal = await refusal_of(sql_world, number, backend.change(sql_world.actor("anna"), number, closing))
    assert type(refusal) is TransitionNotAllowed
    private = backend.comment(sql_world.actor("irina"), number, "между нами", private=True)
    assert type(await refusal_of(sql_world, number, private)) is NotAllowed

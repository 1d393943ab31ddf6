"""A change of which a person sees nothing is not noticed by that person: over REST and by SQL alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from helpdesk.tasks.feed import Event
from tests.tasks.test_feed_contract import task_viewers, visible_to
from tests.tasks.test_redmine_feed import FEEDS, writing
from tests.tasks.worlds import RedmineWorld

STAFF = {"admin", "anna", "boris"}
EVERYBODY = {*STAFF, "irina"}


@pytest.fixture(autouse=True)
def all_of_it(long_after_others: None) -> None:
    """What other tests did is of no interest."""


def journals(world: RedmineWorld, task: int) -> list[int]:
    found: dict[str, Any] = world.http.get(f"/issues/{task}.json", params={"include": "journals"}).json()
    return [journal["id"] for journal in found["issue"]["journals"]]


async def last_act(world: RedmineWorld, task: int) -> Event:
    """The act of the last entry of the task's history, told by a feed that has read no rules yet."""
    world.feed = world.make_feed()
    found = await world.feed.event(task, journals(world, task)[-1])
    assert found
    return found


async def told_to(world: RedmineWorld, act: Event) -> set[str]:
    """Who is told of it, and whose pages are: always the same."""
    people = await visible_to(world, act)
    assert await task_viewers(world, act) == people
    return people


@contextmanager
def for_staff_alone(world: RedmineWorld, field: int) -> Iterator[None]:
    """Meanwhile a custom field is visible to the role of those who support, and to no other."""
    role = world.redmine.roles["Поддержка"]
    with writing(world) as db:
        db.execute(sa.text("UPDATE custom_fields SET visible = 0 WHERE id = :field"), {"field": field})
        db.execute(sa.text("INSERT INTO custom_fields_roles VALUES (:field, :role)"), {"field": field, "role": role})
        db.commit()
    try:
        yield
    finally:
        with writing(world) as db:
            db.execute(sa.text("UPDATE custom_fields SET visible = 1 WHERE id = :field"), {"field": field})
            db.execute(sa.text("DELETE FROM custom_fields_roles WHERE custom_field_id = :field"), {"field": field})
            db.commit()


@FEEDS
async def test_a_hidden_field_is_noticed_by_those_alone_who_see_it(world: RedmineWorld) -> None:
    field, task = world.custom_field("Кабинет"), world.new_task(author="irina", assignee="anna")
    change: dict[str, object] = {"custom_fields": [{"id": field, "value": "214"}]}
    with for_staff_alone(world, field):
        world.put(task, change, "anna")
        act = await last_act(world, task)
        assert await told_to(world, act) == STAFF
        world.put(task, {"custom_fields": [{"id": field, "value": "215"}], "notes": "Переехали"}, "anna")
        assert await told_to(world, await last_act(world, task)) == EVERYBODY
    world.feed = world.make_feed()
    assert await told_to(world, act) == EVERYBODY


@FEEDS
async def test_a_relation_to_a_hidden_task_is_noticed_by_those_alone_who_see_that(world: RedmineWorld) -> None:
    task = world.new_task(author="irina", assignee="anna")
    hidden, own = world.new_task(author="anna", assignee="boris"), world.new_task(author="irina", assignee="anna")
    world.relate(task, hidden, "relates")
    assert await told_to(world, await last_act(world, task)) == STAFF
    world.relate(task, own, "relates")
    assert await told_to(world, await last_act(world, task)) == EVERYBODY
    assert await told_to(world, await last_act(world, hidden)) == STAFF


@FEEDS
async def test_an_entry_of_which_nothing_is_left_is_noticed_by_nobody(world: RedmineWorld) -> None:
    task = world.new_task(author="irina", assignee="anna")
    await world.backend.comment(world.actor("anna"), task, "Сказано")
    act = await last_act(world, task)
    with writing(world) as db:
        db.execute(sa.text("UPDATE journals SET notes = ' ' WHERE journalized_id = :task"), {"task": task})
        db.commit()
    assert await told_to(world, act) == set()

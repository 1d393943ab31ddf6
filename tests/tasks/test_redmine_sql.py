"""What only SQL can read of a real Redmine, and how it reads it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from helpdesk.errors import LockedOut, NotFound, WrongKey
from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.backend import State
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.lists import CardQuery, TaskQuery, Vocabulary
from helpdesk.tasks.model import Edit
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.sql import config_snapshot
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.source import Source
from tests.servers.mariadb import url_of
from tests.tasks.worlds import SqlWorld

SOAK = bool(os.environ.get("SOAK"))
pytestmark = pytest.mark.xdist_group("sql")


@contextmanager
def written(world: SqlWorld, *statements: str) -> Iterator[None]:
    """What Redmine's administrators or owner would have done before; each undone by the statement after ` -- `."""
    engine = sa.create_engine(url_of(world.redmine.mysql_writer))
    done = [statement.partition(" -- ") for statement in statements]
    with engine.begin() as db:
        for do, _, _ in done:
            db.exec_driver_sql(do)
    try:
        yield
    finally:
        with engine.begin() as db:
            for _, _, undo in reversed(done):
                db.exec_driver_sql(undo)
        engine.dispose()


@pytest.fixture
def rest(sql_world: SqlWorld) -> RedmineBackend:
    return RedmineBackend(sql_world.client, "textile")


@pytest.mark.soak
@pytest.mark.parametrize("login", ["anna", "irina", "admin", "stranger"])
async def test_sql_and_rest_tell_the_same_of_every_task(sql_world: SqlWorld, rest: RedmineBackend, login: str) -> None:
    actor, query = sql_world.actor(login), TaskQuery(include_closed=True, sort="id", per_page=40)
    page = await sql_world.backend.tasks(actor, query, summed=True)
    assert page == await rest.tasks(actor, query, summed=True)
    known, told = await sql_world.backend.vocabulary(actor), await rest.vocabulary(actor)
    assert known == told._replace(may_edit=known.may_edit) and told.may_edit >= known.may_edit
    for row in page.rows[-12 if SOAK else -4 :]:
        ours, theirs = await sql_world.backend.task(actor, row.id), await rest.task(actor, row.id)
        exact = theirs.choices._replace(assignees=ours.choices.assignees)
        assert ours == theirs._replace(version=ours.version, choices=exact)
        assert ours.version.startswith(theirs.version)
        assert set(ours.choices.assignees) <= set(theirs.choices.assignees)


@pytest.mark.parametrize("login", ["anna", "irina", "admin", "stranger"])
async def test_sql_rest_and_the_fallback_to_rest_have_the_same_cards(
    sql_world: SqlWorld, rest: RedmineBackend, login: str
) -> None:
    def everything(words: Vocabulary) -> CardQuery:
        statuses = tuple(status.id for status in words.statuses)
        return CardQuery(TaskQuery(sort="id", per_page=10), statuses, statuses)

    actor = sql_world.actor(login)
    with_comments = await sql_world.backend.cards(actor, everything)
    cards = tuple(card._replace(comments=None) for card in with_comments.cards)
    unasked = RedmineDatabase(url_of(sql_world.redmine.mysql), ZoneInfo(sql_world.redmine.timezone))
    unasked.distrusted = State("differing")
    for backend in (rest, RedmineBackend(sql_world.client, "textile", Source(unasked))):
        told = await backend.cards(actor, everything)
        known = with_comments.vocabulary._replace(may_edit=told.vocabulary.may_edit)
        assert told == with_comments._replace(cards=cards, vocabulary=known)
    unasked.close()
    assert all(card.comments is not None for card in with_comments.cards)


async def test_times_are_those_of_redmine_in_another_zone(sql_world: SqlWorld, rest: RedmineBackend) -> None:
    """The tests' Redmine runs in Europe/Moscow: some columns are TIMESTAMP, others DATETIME, one of them closed_on."""
    anna, number = sql_world.actor("anna"), sql_world.new_task(status="closed")
    ours, theirs = await sql_world.backend.task(anna, number), await rest.task(anna, number)
    assert (ours.closed_on, ours.row.updated_on) == (theirs.closed_on, theirs.row.updated_on)
    assert ours.closed_on and ours.entries[-1].created_on - ours.closed_on < timedelta(minutes=1)
    since = TaskQuery(include_closed=True, updated_since=ours.row.updated_on, per_page=100)
    later = since._replace(updated_since=ours.row.updated_on + timedelta(hours=1))
    assert number in {row.id for row in (await sql_world.backend.tasks(anna, since)).rows}
    assert number not in {row.id for row in (await sql_world.backend.tasks(anna, later)).rows}


async def test_words_are_found_in_descriptions_and_in_comments_one_may_read(sql_world: SqlWorld) -> None:
    anna, irina = sql_world.actor("anna"), sql_world.actor("irina")
    number = sql_world.new_task("Стул", description="На складе крокодил 100%_")
    await sql_world.backend.comment(anna, number, "Позвонила бегемоту")
    await sql_world.backend.comment(anna, number, "Тайный жираф", private=True)

    async def found(login: str, words: str) -> bool:
        page = await sql_world.backend.tasks(sql_world.actor(login), TaskQuery(search=words, per_page=100))
        return number in {row.id for row in page.rows}

    assert await found("irina", "крокодил стул") and await found("irina", "бегемоту")
    assert await found("irina", "100%_") and not await found("irina", "100_%")
    assert await found("anna", "жираф") and not await found("irina", "жираф")
    assert not [entry for entry in (await sql_world.backend.task(irina, number)).entries if entry.private]


async def test_a_company_may_call_statuses_and_priorities_its_own_way(sql_world: SqlWorld) -> None:
    status, high = sql_world.status("new"), sql_world.priority("high")
    number = sql_world.new_task(priority="high")
    with written(
        sql_world,
        f"INSERT INTO u_statuses VALUES ({status}, 'Свежая') -- DELETE FROM u_statuses",
        f"INSERT INTO u_Priority VALUES ({high}, 'Горит') -- DELETE FROM u_Priority",
    ):
        task = await sql_world.backend.task(sql_world.actor("anna"), number)
        words = await sql_world.backend.vocabulary(sql_world.actor("anna"))
    assert (task.row.status.name, task.row.priority.name) == ("Свежая", "Горит")
    assert "Свежая" in {it.name for it in words.statuses} and "Решена" in {it.name for it in words.statuses}


async def test_a_person_locked_in_redmine_reads_nothing_from_then_on(sql_world: SqlWorld) -> None:
    for verb in (sql_world.backend.vocabulary, lambda who: sql_world.backend.tasks(who, TaskQuery())):
        with pytest.raises(LockedOut):
            await verb(sql_world.actor("locked"))
    with pytest.raises(LockedOut):
        await sql_world.backend.task(sql_world.actor("anna")._replace(id=999_999), 1)


async def test_a_new_name_is_shown_when_the_configuration_is_read_again(sql_world: SqlWorld) -> None:
    number, anna = sql_world.new_task(), sql_world.actor("anna")
    before = (await sql_world.backend.task(anna, number)).row.assignee
    with written(
        sql_world,
        f"UPDATE users SET lastname = 'Новикова' WHERE id = {anna.id}"
        f" -- UPDATE users SET lastname = '{sql_world.name('anna').split()[1]}' WHERE id = {anna.id}",
    ):
        sql_world.restart_reading()
        after = await sql_world.backend.tasks(anna, TaskQuery(("me",)))
    sql_world.restart_reading()
    assert before and before.name == sql_world.name("anna")
    assert {row.assignee.name for row in after.rows if row.assignee} == {f"{before.name.split()[0]} Новикова"}


async def test_fields_are_fixed_or_required_by_the_workflow(sql_world: SqlWorld) -> None:
    tracker, role = sql_world.redmine.trackers["Поддержка"], sql_world.redmine.roles["Поддержка"]
    number, room = sql_world.new_task(), sql_world.custom_field("Кабинет")
    rule = "INSERT INTO workflows (tracker_id, old_status_id, new_status_id, role_id, type, field_name, rule) VALUES"
    rules = [("due_date", "readonly"), ("description", "required"), ("priority_id", "readonly"), (room, "readonly")]
    with written(
        sql_world,
        *(
            f"{rule} ({tracker}, {sql_world.status('new')}, 0, {role}, 'WorkflowPermission', '{field}', '{kind}')"
            " -- DELETE FROM workflows WHERE type = 'WorkflowPermission'"
            for field, kind in rules
        ),
    ):
        choices = (await sql_world.backend.task(sql_world.actor("anna"), number)).choices
        blank = await sql_world.backend.new_task_form(sql_world.actor("anna"), sql_world.project("help"), tracker)
    assert "due_date" not in choices.details | blank.details and "start_date" in choices.details & blank.details
    assert "description" in choices.required & blank.required
    assert choices.priorities == blank.priorities == () and room not in choices.custom
    assert room not in {field.id for field in blank.custom}


async def test_a_parent_keeps_what_its_sub_tasks_do_not_decide(sql_world: SqlWorld) -> None:
    parent = sql_world.new_task()
    sql_world.new_task(parent=parent)
    anna = sql_world.actor("anna")
    assert not {"due_date", "done_ratio"} & (await sql_world.backend.task(anna, parent)).choices.details
    alone = "INSERT INTO settings (name, value) VALUES ('parent_issue_dates', 'independent')"
    with written(sql_world, f"{alone} -- DELETE FROM settings WHERE name = 'parent_issue_dates'"):
        sql_world.restart_reading()
        choices = (await sql_world.backend.task(anna, parent)).choices
    assert "due_date" in choices.details and "done_ratio" not in choices.details and not choices.priorities


async def test_no_key_among_redmines_settings_is_read_and_no_table_twice(sql_world: SqlWorld) -> None:
    asked: list[str] = []

    def load(db: sa.Connection) -> config_snapshot.ConfigSnapshot:
        sa.event.listen(db, "before_cursor_execute", lambda *it: asked.append(re.search(r"FROM (\w+)", it[2])[1]))
        return config_snapshot.load(db, frozenset())

    key = "INSERT INTO settings (name, value) VALUES ('mail_handler_api_key', 'secret')"
    with written(sql_world, f"{key} -- DELETE FROM settings WHERE name = 'mail_handler_api_key'"):
        config = await sql_world.database.run(load)
    assert config.settings.keys() == config_snapshot.SETTINGS.keys()
    assert sorted(asked) == sorted(set(asked))


async def test_a_former_member_sees_nothing_at_once(sql_world: SqlWorld) -> None:
    number, irina = sql_world.new_task(), sql_world.actor("irina")
    assert await sql_world.backend.task(irina, number)
    everything = f"UPDATE members SET user_id = 0 WHERE user_id = {irina.id}"
    back = f"UPDATE members SET user_id = {irina.id} WHERE user_id = 0"
    with written(sql_world, f"{everything} -- {back}"), pytest.raises(NotFound):
        await sql_world.backend.task(irina, number)


async def test_a_lock_version_rises_with_each_change(sql_world: SqlWorld) -> None:
    anna, number = sql_world.actor("anna"), sql_world.new_task()
    before = (await sql_world.backend.task(anna, number)).version
    edit = Edit({"status": sql_world.status("in_progress")})
    after = (await sql_world.backend.change(anna, number, edit)).after.version
    assert int(after.rpartition(".")[2]) == int(before.rpartition(".")[2]) + 1


async def test_nobody_writes_as_the_owner_of_a_key_that_may_not_switch(sql_world: SqlWorld) -> None:
    """Redmine ignores X-Redmine-Switch-User silently then, and reading by SQL goes well all the same."""
    anna, number = sql_world.actor("anna"), sql_world.new_task()
    client = RedmineClient(sql_world.redmine.url, sql_world.redmine.plain_key)
    backend = RedmineBackend(client, "textile", Source(sql_world.database))
    assert await backend.task(anna, number)
    for write in (
        lambda: backend.comment(anna, number, "Чужими руками"),
        lambda: backend.change(anna, number, Edit({"status": sql_world.status("in_progress")})),
        lambda: backend.watch(anna, number, True),
        lambda: backend.create(anna, NewTask(sql_world.project("help"), "Чужими руками")),
    ):
        with pytest.raises(WrongKey):
            await write()
    await client.close()
    task = await sql_world.backend.task(anna, number)
    assert not task.entries and task.value("status") == sql_world.status("new")

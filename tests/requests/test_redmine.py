"""Requests of people without an account in a real Redmine: written through another user, or without signing in."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from helpdesk.errors import BadResponse, NotAllowed, NotFound
from helpdesk.redmine_client import RedmineClient
from helpdesk.requests.model import NewRequest, RequestQuery
from helpdesk.store import request_categories
from helpdesk.store.database import Database
from helpdesk.store.request_categories import CategoryValues
from helpdesk.tasks.files import Upload
from helpdesk.tasks.redmine.requests import NOT_CORRECTED
from tests.requests.desk import Desk
from tests.servers.mariadb import url_of
from tests.tasks.worlds import RedmineWorld

BOTH = pytest.mark.parametrize(
    "world",
    [pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in ("redmine", "sql")],
    indirect=True,
)


@contextmanager
def changed(world: RedmineWorld, statement: str, undo: str) -> Iterator[None]:
    """Change Redmine's own set-up for the length of a block."""
    engine = sa.create_engine(url_of(world.redmine.mysql_writer))

    def run(text: str) -> None:
        with engine.begin() as db:
            db.execute(sa.text(text))

    run(statement)
    try:
        yield
    finally:
        run(undo)
        engine.dispose()


def anonymous_id(world: RedmineWorld) -> int:
    engine = sa.create_engine(url_of(world.redmine.mysql_writer))
    with engine.begin() as db:
        number = db.scalar(sa.text("SELECT id FROM users WHERE type = 'AnonymousUser'"))
    engine.dispose()
    return int(number)


def categorized(desk: Desk, project: str) -> int:
    wanted = CategoryValues("Компьютер", "", desk.world.project(project), None, True)
    return desk.database.run_here(lambda db: request_categories.add(db, 1, wanted), writes=True).id or 0


def proven(desk: Desk, *logins: str) -> None:
    for login in logins:
        desk.set(login, is_email_proven=True)


@pytest.fixture
def through_boris(world: RedmineWorld, database: Database) -> Desk:
    """Boris's user writes for people without an account."""
    desk = Desk(world, database, anonymous=world.actor("boris").id)
    desk.bind("anna")
    proven(desk, "irina", "anna")
    return desk


@pytest.fixture
async def nameless(world: RedmineWorld, database: Database) -> AsyncIterator[Desk]:
    """Nobody signs in to write for them."""
    client = RedmineClient(world.redmine.url, "")
    desk = Desk(world, database, anonymous=anonymous_id(world), nameless=client)
    proven(desk, "irina")
    yield desk
    await client.close()


async def text_of(text: bytes) -> AsyncIterator[bytes]:
    yield text


@BOTH
async def test_another_user_writes_for_somebody_without_an_account(world: RedmineWorld, through_boris: Desk) -> None:
    desk, category = through_boris, categorized(through_boris, "help")
    irina = await desk.who("irina")
    assert irina.actor is None
    file = await desk.service.stage(irina, Upload("экран.txt", "text/plain", 5, text_of(b"12345")))
    task = await desk.service.create(irina, NewRequest("Не работает", "Совсем", category, (file,)))
    request = await desk.service.show(irina, task)
    assert request.row.author and request.row.author.id == world.actor("boris").id
    assert [it.filename for it in request.files] == ["экран.txt"] and request.may_answer
    answered = await desk.service.answer(irina, task, "И ещё вот что")
    assert answered.entries[-1].notes == "Ирина Соколова <irina@example.test>:\n\nИ ещё вот что"
    assert await desk.service.visible(await desk.who("anna"), [task]) == frozenset()
    desk.bind("boris")
    boris = await desk.who("boris")
    assert await desk.service.visible(boris, [task]) == frozenset(), "he only writes for others"
    desk.bind("stranger")
    proven(desk, "stranger")
    stranger = await desk.who("stranger")
    desk.address(task, "stranger@example.test")
    file = await desk.service.stage(stranger, Upload("ещё.txt", "text/plain", 1, text_of(b"1")))
    answered = await desk.service.answer(stranger, task, "У меня нет прав", (file,))
    assert answered.entries[-1].author and answered.entries[-1].author.id == world.actor("boris").id


@BOTH
async def test_the_anonymous_user_writes_where_anonymous_people_may(world: RedmineWorld, nameless: Desk) -> None:
    desk, category = nameless, categorized(nameless, "public-board")
    irina, new = await desk.who("irina"), NewRequest("Не работает", "Совсем", category)
    before = (await desk.service.page(irina, RequestQuery())).total
    with pytest.raises(NotAllowed):
        await desk.service.create(irina, new)
    assert (await desk.service.page(irina, RequestQuery())).total == before
    may = "'---\n- :view_issues\n- :add_issues\n- :add_issue_notes\n'"
    with changed(
        world,
        f"UPDATE roles SET permissions = {may.replace(':', chr(92) + ':')} WHERE builtin = 2",
        "UPDATE roles SET permissions = NULL WHERE builtin = 2",
    ):
        task = await desk.service.create(irina, new)
        request = await desk.service.answer(irina, task, "И ещё")
        assert request.row.author and request.row.author.id == desk.rules.anonymous_id
        assert request.entries[-1].notes == "Ирина Соколова <irina@example.test>:\n\nИ ещё"
        with pytest.raises(NotFound):
            await desk.service.show(await desk.who("stranger"), task)
    with pytest.raises(NotAllowed):
        await desk.service.answer(irina, task, "А теперь нельзя")
    assert (await desk.service.show(irina, task)).entries == request.entries


@BOTH
async def test_nobody_writes_where_no_user_is_set_for_that(world: RedmineWorld, database: Database) -> None:
    desk = Desk(world, database)
    proven(desk, "irina")
    irina, category, task = await desk.who("irina"), categorized(desk, "help"), world.new_task(author="boris")
    desk.address(task, "irina@example.test")
    assert not (await desk.service.show(irina, task)).may_answer
    with pytest.raises(NotAllowed):
        await desk.service.answer(irina, task, "Ау")
    with pytest.raises(NotAllowed):
        await desk.service.create(irina, NewRequest("Не работает", "Совсем", category))


@BOTH
async def test_a_file_that_came_with_a_private_comment_is_hidden(world: RedmineWorld, database: Database) -> None:
    """Redmine names it in a public entry, and shows it to everybody who sees the issue."""
    desk = Desk(world, database)
    desk.bind("irina")
    task, anna, irina = world.new_task(), world.actor("anna"), await desk.who("irina")
    for name, private in (("открыто.txt", False), ("внутри.txt", True), ("ещё.txt", False)):
        file = await world.backend.stage(anna, Upload(name, "text/plain", 2, text_of(b"ab")))
        uploads = [{"token": file.token, "filename": name}]
        world.put(task, {"notes": name, "private_notes": private, "uploads": uploads}, "anna")
    request = await desk.service.show(irina, task)
    assert [it.filename for it in request.files] == ["открыто.txt", "ещё.txt"]
    named = [change.new for entry in request.entries for change in entry.changes]
    assert named == ["открыто.txt", "ещё.txt"]
    every = {it.filename: it.id for it in (await world.backend.task(anna, task)).attachments}
    assert (await desk.service.open_file(irina, task, every["ещё.txt"])).file.filename == "ещё.txt"
    with pytest.raises(NotFound):
        await desk.service.open_file(irina, task, every["внутри.txt"])


async def test_a_list_over_rest_takes_few_calls(
    redmine_world: RedmineWorld, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, calls, send = Desk(redmine_world, database), list[str](), httpx.AsyncClient.send
    desk.bind("irina")
    proven(desk, "irina")
    for number in range(10):
        task = redmine_world.new_task(f"Стул {number}")
        await redmine_world.backend.comment(redmine_world.actor("anna"), task, "Несу")
    irina, since = await desk.who("irina"), datetime.now(UTC) - timedelta(days=1)
    await desk.service.page(irina, RequestQuery())  # reads what is kept for minutes: statuses, projects, roles

    async def counted(self: httpx.AsyncClient, request: httpx.Request, **how: Any) -> httpx.Response:
        calls.append(request.url.path)
        return await send(self, request, **how)

    monkeypatch.setattr(httpx.AsyncClient, "send", counted)
    own = await desk.service.own(irina)
    page = await desk.service.page(irina, RequestQuery(search="стул"), own)
    told = await desk.service.activity(irina, since, 50, own)
    assert page.total >= 10 and len({it.task_id for it in told}) == 8
    assert len([each for each in calls if each == "/issues.json"]) == 3, "by author, and by each of two domains"
    assert len(calls) <= 3 + 8 + 4, calls


@BOTH
async def test_a_field_that_staff_may_not_see_does_not_tell_them_who_asked(
    world: RedmineWorld, database: Database
) -> None:
    desk, task, number = Desk(world, database), world.new_task(author="boris"), world.custom_field("Кабинет")
    desk.address(task, "somebody@x.test")
    for is_visible in (1, 0):
        hidden = f"UPDATE custom_fields SET visible = {is_visible} WHERE id = {number}"
        with changed(world, hidden, f"UPDATE custom_fields SET visible = 1 WHERE id = {number}"):
            world.restart_reading()
            read = await world.backend.task(world.actor("anna"), task)
            told = {it.email for it in await Desk(world, database).service.asked_by(read)}
        assert ("somebody@x.test" in told) == bool(is_visible)


async def test_a_filter_that_redmine_ignores_is_refused(redmine_world: RedmineWorld, database: Database) -> None:
    desk, number = Desk(redmine_world, database), redmine_world.custom_field("Кабинет")
    proven(desk, "irina")
    task = redmine_world.new_task(author="boris")
    desk.address(task, "boris@example.test")
    irina = await desk.who("irina")
    with (
        changed(
            redmine_world,
            f"UPDATE custom_fields SET is_filter = 0 WHERE id = {number}",
            f"UPDATE custom_fields SET is_filter = 1 WHERE id = {number}",
        ),
        pytest.raises(BadResponse),
    ):
        await desk.service.page(irina, RequestQuery())


async def test_columns_of_easy_redmine_are_read_where_they_are(sql_world: RedmineWorld, database: Database) -> None:
    """An imitation: Easy Redmine keeps the addresses of mails in columns that Redmine's own table lacks."""
    desk = Desk(sql_world, database, fields=("easy_email_to", "easy_email_cc"))
    proven(desk, "irina")
    to, cc, other = (sql_world.new_task(author="boris") for _ in range(3))
    irina = await desk.who("irina")
    assert await desk.service.visible(irina, [to, cc, other]) == frozenset(), "there are no such columns"
    with changed(
        sql_world,
        "ALTER TABLE issues ADD easy_email_to TEXT, ADD easy_email_cc TEXT",
        "ALTER TABLE issues DROP easy_email_to, DROP easy_email_cc",
    ):
        engine = sa.create_engine(url_of(sql_world.redmine.mysql_writer))
        with engine.begin() as db:
            set_to = sa.text("UPDATE issues SET easy_email_to = :text WHERE id = :id")
            db.execute(set_to, {"text": "Ирина <Irina@MSK.example.test>", "id": to})
            db.execute(set_to, {"text": "joirina@example.test", "id": other})
            set_cc = sa.text("UPDATE issues SET easy_email_cc = :text WHERE id = :id")
            db.execute(set_cc, {"text": "a@b; irina@example.test", "id": cc})
        engine.dispose()
        assert await desk.service.visible(irina, [to, cc, other]) == {to, cc}
        listed = (await desk.service.page(irina, RequestQuery())).rows
        assert {row.id for row in listed} == {to, cc}
        with pytest.raises(NotAllowed) as refused:
            await desk.service.correct_requester(sql_world.actor("anna"), other, None, irina.person.id)
        assert refused.value.message == NOT_CORRECTED, "people can not change the column"

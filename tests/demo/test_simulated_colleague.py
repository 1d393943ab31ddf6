"""The simulated colleague in a demo of a test's own."""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from helpdesk import commands
from helpdesk.__main__ import main
from helpdesk.demo import seed, simulated_colleague
from helpdesk.demo.load import load
from helpdesk.demo.simulated_colleague import SimulatedColleague
from helpdesk.errors import StoreUnavailable, Unavailable
from helpdesk.people.local import LocalDirectory
from helpdesk.services import Services
from helpdesk.settings import settings
from helpdesk.store import notifications, people
from helpdesk.store.models import tables
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor
from helpdesk.wiring import wire
from tests.demo.test_seed import NOW
from tests.running import STORE

AT_ONCE = (0.0, 0.01)


@pytest.fixture
def services(seeded: Path, tmp_path: Path) -> Iterator[Services]:
    shutil.copy(seeded / STORE, tmp_path / STORE)
    told = settings.demo({}, tmp_path, tmp_path, "for the length of a test and no longer")
    found = wire(replace(told, poll_interval=0))
    yield found
    found.database.close()


def number(services: Services, login: str) -> int:
    row = services.database.run_here(lambda db: people.by_login_or_email(db, "local", login))
    assert row and row.id
    return row.id


def entries_of(services: Services, login: str) -> list[int]:
    author = number(services, login)
    wanted = select(tables.Entry.task_id).where(tables.Entry.author_id == author)
    return services.database.run_here(lambda db: list(db.exec(wanted)))


@asynccontextmanager
async def at_work(*watchers: Callable[[], Awaitable[None]]):
    running = [asyncio.ensure_future(watch()) for watch in watchers]
    try:
        yield
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_visitors_of_the_demo_are_notified_of_the_colleagues_work(services: Services) -> None:
    anna, wakeups = number(services, "anna"), services.wakeups

    def found(session: Session) -> list[NotificationRow]:
        return notifications.page(session, anna, unread_only=True, type=None, limit=50, offset=0)

    with wakeups.listening() as listener:
        async with asyncio.timeout(30), at_work(*services.watchers):
            while not services.feed_status().live:
                await listener.wait()
            async with at_work(SimulatedColleague(services.backend, services.database, AT_ONCE).watch):
                while anna not in await listener.wait():
                    pass
    (first, *_) = services.database.run_here(found)
    assert first.author == simulated_colleague.FULL_NAME


def test_he_works_like_the_support_for_people_of_the_demo() -> None:
    world = seed.read().world
    assert simulated_colleague.SUPPORT_ROLE in {it["name"] for it in world["role"]}
    logins = {it["login"] for it in world["person"]}
    assert set(simulated_colleague.RECIPIENTS) < logins and simulated_colleague.LOGIN not in logins


async def test_each_recipient_is_notified_within_a_minute(services: Services) -> None:
    assert (
        simulated_colleague.PAUSE_SECONDS[1] * len(simulated_colleague.RECIPIENTS)
        < 60 - services.settings.poll_interval
    )
    colleague = SimulatedColleague(services.backend, services.database)
    for login in simulated_colleague.RECIPIENTS * 10:
        assert await colleague.act(login)
    assert len(entries_of(services, simulated_colleague.LOGIN)) == 20


async def test_he_has_an_account_that_works_and_lets_nobody_in(services: Services) -> None:
    directory = LocalDirectory(services.database)
    for password in ("demo", "", "None"):
        assert await directory.sign_in("kolya", password) is None
    assert await directory.sign_in("anna", "demo")
    him = Actor(number(services, "kolya"), "kolya")
    words = await services.backend.vocabulary(him)
    assert {project.identifier for project in words.projects} == {it["key"] for it in seed.read().world["project"]}
    page = await services.backend.tasks(him, TaskQuery(per_page=1))
    task = await services.backend.task(him, page.rows[0].id)
    assert not task.choices.may_delete and him.id not in {person.id for person in task.choices.assignees}


async def test_a_failure_is_logged_and_the_next_thing_is_tried(
    services: Services, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    colleague, retry_queue = SimulatedColleague(services.backend, services.database, AT_ONCE), [
        Unavailable(detail="not now"), StoreUnavailable("locked"), KeyError("a mistake")
    ]  # fmt: skip
    real, done = colleague.act, asyncio.Event()

    async def act(login: str) -> bool:
        if retry_queue:
            raise retry_queue.pop(0)
        done.set()
        return await real(login)

    monkeypatch.setattr(colleague, "act", act)
    with caplog.at_level(logging.INFO, "helpdesk.demo"):
        async with asyncio.timeout(30), at_work(colleague.watch):
            await done.wait()
    assert [(it.levelname, getattr(it, "error", "")) for it in caplog.records] == [
        ("INFO", "not now"),
        ("INFO", "locked"),
        ("ERROR", ""),
    ]


async def test_shut_out_he_does_nothing(services: Services) -> None:
    services.database.run_here(lambda db: people.disable(db, "kolya"), writes=True)
    colleague = SimulatedColleague(services.backend, services.database)
    assert not await colleague.act("anna")
    services.database.run_here(lambda db: db.exec(select(tables.Person)).all())


def test_a_demo_of_before_him_gets_him_and_nothing_else(services: Services) -> None:
    def without_him(session: Session) -> None:
        him = session.exec(select(tables.Person).where(tables.Person.login == "kolya")).one()
        (role,) = session.exec(select(tables.Role).where(tables.Role.name == simulated_colleague.ROLE))
        for model, column in ((tables.Membership, "person_id"), (tables.Transition, "role_id")):
            of = him.id if column == "person_id" else role.id
            for each in session.exec(select(model).where(col(getattr(model, column)) == of)):
                session.delete(each)
        session.flush()
        session.delete(him)
        session.delete(role)

    def counted(session: Session) -> dict[str, int]:
        kinds = (tables.Person, tables.Role, tables.Membership, tables.Transition, tables.Task, tables.Entry)
        return {kind.__name__: len(session.exec(select(kind)).all()) for kind in kinds}

    run = services.database.run_here
    whole = run(counted)
    run(without_him, writes=True)
    assert run(counted) != whole
    for _ in range(2):
        assert run(lambda session: load(session, NOW), writes=True) is False
        assert run(counted) == whole


@pytest.mark.parametrize(("switch", "works"), [((), True), (("--no-colleague",), False)])
def test_the_command_has_him_unless_told_not_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switch: tuple[str, ...], works: bool
) -> None:
    served: list[Services] = []
    monkeypatch.setattr(commands, "create_app", served.append)
    monkeypatch.setattr(commands, "_run", lambda *_, **__: None)
    assert main(["demo", "--data", str(tmp_path), *switch]) == 0
    owners = [getattr(watch, "__self__", None) for watch in served[0].watchers]
    assert any(isinstance(owner, SimulatedColleague) for owner in owners) == works
    served[0].database.close()

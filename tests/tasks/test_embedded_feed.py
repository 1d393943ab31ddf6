"""What only the embedded tracker's feed does: out of order in a real MariaDB, locked accounts, parts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.errors import Unavailable
from helpdesk.people.rights import ADMIN
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.tracker import task_events
from helpdesk.tasks.embedded.feed import EmbeddedFeed
from helpdesk.tasks.feed import FeedPage
from tests.world import PEOPLE_IDS, PROJECT_IDS, EmbeddedWorld


def entry(task: int, notes: str) -> tables.Entry:
    return tables.Entry(task_id=task, author_id=PEOPLE_IDS["anna"], created_at=datetime.now(UTC), notes=notes)


def said(told: FeedPage, task: int) -> list[str]:
    return [it.notes for it in told.events if it.task_id == task]


@pytest.mark.xdist_group("mariadb")
async def test_an_entry_committed_after_later_ones_is_read(embedded_on_mariadb: EmbeddedWorld) -> None:
    world = embedded_on_mariadb
    task, kept = world.new_task(), await world.feed.start()
    with Session(world.database.engine) as slow, Session(world.database.engine) as quick:
        slow.add(entry(task, "Писалось долго"))
        slow.flush()
        quick.add(entry(task, "Писалось быстро"))
        quick.commit()
        first = await world.feed.read(kept)
        assert said(first, task) == ["Писалось быстро"]
        slow.commit()
    assert "Писалось долго" in said(await world.feed.read(first.cursor), task)


async def test_a_person_disabled_meanwhile_sees_nothing(embedded: EmbeddedWorld) -> None:
    kept = await embedded.feed.start()
    embedded.new_task()
    (told,) = (await embedded.feed.read(kept)).events
    people = [embedded.actor(login) for login in ("admin", "anna", "boris")]

    def disable(session: Session) -> None:
        session.get_one(tables.Person, PEOPLE_IDS["anna"]).is_active = False
        session.delete(session.get_one(tables.RightGrant, (PEOPLE_IDS["admin"], ADMIN, "")))

    embedded.database.run_here(disable, writes=True)
    assert await embedded.feed.visible_to(told, people) == {PEOPLE_IDS["boris"]}


async def test_an_administrator_by_setting_sees_what_administrators_see(embedded: EmbeddedWorld) -> None:
    kept = await embedded.feed.start()
    embedded.new_task()
    (told,) = (await embedded.feed.read(kept)).events
    named = EmbeddedFeed(embedded.database, is_named=lambda source, login: (source, login) == ("local", "stranger"))
    stranger = embedded.actor("stranger")
    assert await embedded.feed.visible_to(told, [stranger]) == frozenset()
    assert await named.visible_to(told, [stranger]) == {stranger.id}


async def test_those_see_an_event_who_see_its_task(embedded: EmbeddedWorld) -> None:
    def open_office(session: Session) -> None:
        session.get_one(tables.Project, PROJECT_IDS["office"]).members_only = False
        session.add(tables.Role(id=3, name="guest", permissions="view_all", for_everybody=True))
        session.add(tables.Role(id=4, name="only reads", permissions="view_all"))
        session.flush()
        session.add(tables.Membership(project_id=PROJECT_IDS["warehouse"], person_id=PEOPLE_IDS["irina"], role_id=4))

    embedded.database.run_here(open_office, writes=True)
    people = [embedded.actor(login) for login in PEOPLE_IDS]
    kept, seeing = await embedded.feed.start(), set()
    for project in PROJECT_IDS:
        for author, is_private in (("irina", False), ("irina", True), ("anna", False), ("anna", True)):
            task = embedded.new_task(project=project, author=author)
            change = sa.update(tables.Task).where(tables.Task.id == task).values(is_private=is_private)
            embedded.database.run_here(lambda session, change=change: session.execute(change), writes=True)
    for told in (await embedded.feed.read(kept)).events:
        expected = {person.id for person in people if await embedded.backend.seen(person, [told.task_id])}
        assert await embedded.feed.visible_to(told, people) == expected
        seeing.add(frozenset(expected))
    assert len(seeing) == 4


async def test_many_people_take_no_more_queries_than_one(embedded: EmbeddedWorld, statements: list[str]) -> None:
    kept = await embedded.feed.start()
    embedded.new_task()
    (told,) = (await embedded.feed.read(kept)).events
    counts = []
    for logins in (["anna"], list(PEOPLE_IDS)):
        statements.clear()
        assert await embedded.feed.visible_to(told, [embedded.actor(login) for login in logins])
        counts.append(len(statements))
    assert counts[1] == counts[0] <= 6


async def test_a_long_list_is_read_in_parts(embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_events, "NEW_AT_ONCE", 2)
    task, kept, counts = embedded.new_task(), await embedded.feed.start(), []
    embedded.database.run_here(lambda session: session.add_all(entry(task, str(n)) for n in range(5)), writes=True)
    for _ in range(3):
        told = await embedded.feed.read(kept)
        kept = told.cursor
        counts.append((len(said(told, task)), told.more))
    assert counts == [(2, True), (4, True), (5, False)]


async def test_a_store_that_does_not_answer_is_a_tracker_that_does_not(embedded: EmbeddedWorld, tmp_path: Path) -> None:
    kept = await embedded.feed.start()
    embedded.new_task()
    (told,) = (await embedded.feed.read(kept)).events
    feed = EmbeddedFeed(Database(f"sqlite:///{tmp_path}/nowhere/helpdesk.db"))
    for call in (feed.start(), feed.read(kept), feed.visible_to(told, [embedded.actor("anna")])):
        with pytest.raises(Unavailable, match="unable to open"):
            await call

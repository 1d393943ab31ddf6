"""What only Redmine's feeds do: transactions out of order, groups, the way from SQL to REST and back, few questions."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.errors import WrongKey
from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks import watermark
from helpdesk.tasks.backend import State
from helpdesk.tasks.feed import Event, FeedPage
from helpdesk.tasks.model import Edit
from helpdesk.tasks.redmine import feed_model
from helpdesk.tasks.redmine.feed import FallbackFeed, RestFeed, SqlFeed
from helpdesk.tasks.redmine.rest import feed as rest_feed
from helpdesk.tasks.redmine.sql import feed as sql
from helpdesk.tasks.redmine.sql.source import Source
from tests.servers.mariadb import url_of
from tests.tasks.worlds import RedmineWorld, SqlWorld

pytestmark = pytest.mark.usefixtures("long_after_others")

JOURNAL = sa.text(
    "INSERT INTO journals (journalized_id, journalized_type, user_id, notes, created_on, private_notes)"
    " VALUES (:task, 'Issue', :user, :notes, :now, 0)"
)
UPDATED = sa.text("UPDATE issues SET updated_on = :now WHERE id = :task")
FEEDS = pytest.mark.parametrize(
    "world",
    [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("redmine", "sql")],
    indirect=True,
)


@contextmanager
def writing(world: RedmineWorld) -> Iterator[Connection]:
    """A line to Redmine's database of its own, whose transactions end when the test says so."""
    engine = sa.create_engine(url_of(world.redmine.mysql_writer))
    with engine.connect() as db:
        yield db
    engine.dispose()


def write(db: Connection, world: RedmineWorld, task: int, notes: str, ago: float = 0) -> None:
    """What Redmine writes for a comment, its time as it stood so many seconds ago."""
    now = datetime.now(ZoneInfo(world.redmine.timezone)).replace(tzinfo=None, microsecond=0) - timedelta(seconds=ago)
    db.execute(UPDATED, {"task": task, "now": now})
    db.execute(JOURNAL, {"task": task, "user": world.redmine.user_ids["anna"], "notes": notes, "now": now})


def of(told: FeedPage, *tasks: int) -> list[Event]:
    return [it for it in told.events if it.task_id in tasks]


def said(told: FeedPage, *tasks: int) -> list[str]:
    return [it.notes for it in of(told, *tasks)]


@FEEDS
async def test_a_journal_committed_after_later_ones_is_read(world: RedmineWorld) -> None:
    slow_one, quick_one = world.new_task(), world.new_task()
    kept = await world.feed.start()
    with writing(world) as slow, writing(world) as quick:
        write(slow, world, slow_one, "Писалось долго", ago=20)
        write(quick, world, quick_one, "Писалось быстро")
        quick.commit()
        first = await world.feed.read(kept)
        assert said(first, slow_one, quick_one) == ["Писалось быстро"]
        slow.commit()
    second = await world.feed.read(first.cursor)
    assert "Писалось долго" in said(second, slow_one, quick_one)
    assert of(second, slow_one)[-1].key < of(first, quick_one)[-1].key


@FEEDS
async def test_a_group_is_its_members(world: RedmineWorld) -> None:
    made = world.http.post(
        "/groups.json",
        json={"group": {"name": "Дежурные", "user_ids": [world.actor(who).id for who in ("boris", "irina")]}},
    )
    group, empty = made.json()["group"]["id"], world.http.post("/groups.json", json={"group": {"name": "Пустая"}})
    kept = await world.feed.start()
    task = world.new_task(assignee="anna")
    with writing(world) as db:
        for watcher in (group, empty.json()["group"]["id"]):
            db.execute(
                sa.text("INSERT INTO watchers VALUES (NULL, 'Issue', :task, :user)"), {"task": task, "user": watcher}
            )
        write(db, world, task, "Дежурным")
        number = db.scalar(sa.text("SELECT MAX(id) FROM journals WHERE journalized_id = :task"), {"task": task})
        change = "INSERT INTO journal_details (journal_id, property, prop_key, old_value, value)"
        db.execute(
            sa.text(f"{change} VALUES (:journal, 'attr', 'assigned_to_id', :old, :new)"),
            {"journal": number, "old": world.actor("anna").id, "new": group},
        )
        db.execute(sa.text("UPDATE issues SET assigned_to_id = :who WHERE id = :task"), {"task": task, "who": group})
        db.commit()
    created, handed = of(await world.feed.read(kept), task)
    members = {world.actor("boris").id, world.actor("irina").id}
    assert (created.assignees, handed.former) == ({world.actor("anna").id}, {world.actor("anna").id})
    assert handed.assignees == members and members <= handed.watchers
    assert not {group, empty.json()["group"]["id"]} & handed.watchers
    for each in (group, empty.json()["group"]["id"]):
        world.http.delete(f"/groups/{each}.json").raise_for_status()


@FEEDS
async def test_a_locked_or_unknown_person_sees_nothing_and_keeps_nobody_else_from_it(world: RedmineWorld) -> None:
    kept = await world.feed.start()
    task = world.new_task()
    (told,) = of(await world.feed.read(kept), task)
    anna, nobody = world.actor("anna"), world.actor("anna")._replace(id=999_999, login="gone", session="none")
    assert await world.feed.visible_to(told, [world.actor("locked"), nobody, anna]) == {anna.id}


@FEEDS
async def test_a_comment_made_private_since_is_seen_as_it_is_now(world: RedmineWorld) -> None:
    kept = await world.feed.start()
    task = world.new_task(author="irina", assignee="anna")
    await world.backend.comment(world.actor("anna"), task, "Сначала всем")
    told = of(await world.feed.read(kept), task)[-1]
    with writing(world) as db:
        db.execute(sa.text("UPDATE journals SET private_notes = 1 WHERE journalized_id = :task"), {"task": task})
        db.commit()
    people = [world.actor(login) for login in ("anna", "irina", "boris")]
    assert await world.feed.visible_to(told, people) == {world.actor("anna").id, world.actor("boris").id}


@FEEDS
async def test_files_are_told_by_their_names(world: RedmineWorld) -> None:
    task, kept = world.new_task(), await world.feed.start()
    sent = world.http.post(
        "/uploads.json?filename=plan.txt", content=b"plan", headers={"Content-Type": "application/octet-stream"}
    )
    world.put(task, {"uploads": [{"token": sent.json()["upload"]["token"], "filename": "plan.txt"}]}, "anna")
    assert [it.files for it in of(await world.feed.read(kept), task)] == [("plan.txt",)]


async def test_the_way_changes_and_nothing_is_lost_or_has_another_key(sql_world: SqlWorld) -> None:
    feed, database = FallbackFeed(SqlFeed(Source(sql_world.database)), RestFeed(sql_world.client)), sql_world.database
    first, second, anna = sql_world.new_task(), sql_world.new_task(), sql_world.actor("anna")
    kept, keys = await feed.start(), {}
    for number, silent in enumerate([False, True, True, False, True, False]):
        database.distrusted = State("distrusted", datetime.now(UTC)) if silent else None
        task = (first, second)[number % 2]
        sql_world.put(task, {"notes": str(number)}, "anna")
        # Over REST a change in the second of the last reading is found by a later one (CachedIssue).
        async with asyncio.timeout(20):
            while str(number) not in keys:
                told = await feed.read(kept)
                kept = told.cursor
                for it in of(told, first, second):
                    assert keys.setdefault(it.notes, it) == it
                await asyncio.sleep(0.02)
        assert anna.id in await feed.visible_to(keys[str(number)], [anna])
    database.distrusted = None
    assert len({it.key for it in keys.values()}) == 6


@pytest.mark.parametrize("begins", ["rest", "sql"])
async def test_whichever_way_it_starts_the_other_goes_on_from_there(sql_world: SqlWorld, begins: str) -> None:
    rest, by_sql = RestFeed(sql_world.client), sql_world.feed
    one, other = (rest, by_sql) if begins == "rest" else (by_sql, rest)
    task = sql_world.new_task()
    sql_world.put(task, {"notes": "Раньше"}, "anna")
    kept = await one.start()
    sql_world.put(task, {"notes": "Позже"}, "anna")
    assert said(await other.read(kept), task) == ["Позже"]


@FEEDS
async def test_both_ways_tell_the_same(world: RedmineWorld, sql_world: SqlWorld) -> None:
    kept, other = await world.feed.start(), RestFeed(world.client)
    task, anna, boris = world.new_task(), world.actor("anna"), world.actor("boris")
    await world.backend.change(anna, task, Edit({"status": world.status("in_progress")}, "Раз"))
    await world.backend.change(anna, task, Edit({"assignee": boris.id, "priority": world.priority("low")}))
    await world.backend.comment(boris, task, "Два", private=True)
    assert of(await sql_world.feed.read(kept), task) == of(await other.read(kept), task)


async def test_a_long_list_is_read_in_parts_and_nothing_of_it_is_lost(
    redmine_world: RedmineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest_feed, "READ_AT_ONCE", 2)
    monkeypatch.setattr(rest_feed, "PAGE", 3)
    monkeypatch.setattr(rest_feed, "STEP", 2)
    monkeypatch.setattr(watermark, "LONGEST_WRITE", timedelta())  # as if each look came long after the one before it
    world, tasks = redmine_world, [redmine_world.new_task() for _ in range(5)]
    now = feed_model.read_cursor(await world.feed.start())
    long_ago = now.updated - timedelta(hours=1)
    with writing(world) as db:
        for number, task in enumerate(tasks):
            write(db, world, task, f"{number} раньше", ago=2_000)
            write(db, world, task, f"{number} позже", ago=500 + 100 * number)
        db.commit()
    kept, found = now._replace(begun=long_ago, updated=long_ago).written(), set()
    for _ in range(100):
        told = await world.feed.read(kept)
        kept = told.cursor
        found |= set(said(told, *tasks))
        if len(found) == 2 * len(tasks):
            break
    assert found == {f"{number} {when}" for number in range(5) for when in ("раньше", "позже")}


async def test_a_time_yet_to_come_keeps_nothing_else_back(redmine_world: RedmineWorld) -> None:
    odd, task, kept = redmine_world.new_task(), redmine_world.new_task(), await redmine_world.feed.start()
    with writing(redmine_world) as db:
        write(db, redmine_world, odd, "Из будущего", ago=-500)
        db.commit()
    kept = (await redmine_world.feed.read(kept)).cursor
    redmine_world.put(task, {"notes": "Сейчас"}, "anna")
    assert said(await redmine_world.feed.read(kept), task) == ["Сейчас"]
    with writing(redmine_world) as db:
        db.execute(UPDATED, {"task": odd, "now": datetime(2026, 9, 1)})
        db.commit()


async def test_sql_reads_a_long_list_in_parts(sql_world: SqlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "NEW_AT_ONCE", 2)
    task, kept = sql_world.new_task(), await sql_world.feed.start()
    with writing(sql_world) as db:
        for number in range(5):
            write(db, sql_world, task, str(number))
        db.commit()
    counts = []
    for _ in range(3):
        told = await sql_world.feed.read(kept)
        kept = told.cursor
        counts.append((len(said(told, task)), told.more))
    assert counts == [(2, True), (4, True), (5, False)]


async def test_sql_reads_past_journals_of_other_things(sql_world: SqlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redmine has none, its derivatives do."""
    monkeypatch.setattr(sql, "NEW_AT_ONCE", 2)
    task, kept = sql_world.new_task(), await sql_world.feed.start()
    with writing(sql_world) as db:
        for number in range(5):
            write(db, sql_world, task, str(number))
        of_others = "UPDATE journals SET journalized_type = 'Project' WHERE journalized_id = :task AND notes < '4'"
        db.execute(sa.text(of_others), {"task": task})
        db.commit()
    told = await sql_world.feed.read(kept)
    assert said(told, task) == ["4"] and not told.more


async def test_rest_reads_an_issue_again_ever_more_seldom(redmine_world: RedmineWorld) -> None:
    world, seconds, asked = redmine_world, [0.0], []

    async def note(request: httpx.Request) -> None:
        asked.append(request.url.path)

    feed = RestFeed(world.client)
    feed.changed_issues.ticks = lambda: seconds[0]
    kept, task = await feed.start(), world.new_task()
    world.client.http.event_hooks["request"].append(note)
    for _ in range(60):
        told = await feed.read(kept)
        assert of(told, task) or feed_model.read_cursor(told.cursor).issues.floor >= task
        kept = told.cursor
        seconds[0] += 3
    assert asked.count("/issues.json") == 60
    assert asked.count(f"/issues/{task}.json") <= 7
    world.client.http.event_hooks["request"].remove(note)
    world.put(task, {"notes": "И всё же"}, "anna")
    assert "И всё же" in said(await feed.read(kept), task)


async def test_a_key_that_is_no_administrators_is_reported_and_nothing_is_skipped(redmine_world: RedmineWorld) -> None:
    kept = await redmine_world.feed.start()
    redmine_world.new_task()
    plain = RedmineClient(redmine_world.redmine.url, redmine_world.redmine.plain_key)
    with pytest.raises(WrongKey):
        await RestFeed(plain).read(kept)
    await plain.close()


def test_a_position_of_moments_to_come_is_not_believed() -> None:
    """Whoever kept it had a clock that was ahead: what happens until then would be told nobody."""
    now, then = datetime(2026, 3, 4, tzinfo=UTC), datetime(2027, 3, 4, tzinfo=UTC)
    kept = feed_model.read_cursor(feed_model.cursor_behind(7, 9, then, then).written())
    assert kept.believed(now).since == kept.believed(now).begun == now - watermark.LONGEST_WRITE
    assert kept.believed(then) == kept
